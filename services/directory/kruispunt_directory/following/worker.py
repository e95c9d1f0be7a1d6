"""The follower at work: a thread in every worker, of which the one that holds the lease follows.

A change of a person who was erased from identity's journal cannot be read; had it been a replacement, dossiers would
stay where they are for ever. So once everything else was told, a snapshot makes up for it: the registers themselves
were not erased. It is taken only where it begins where the feed ends, so that nothing told in between is left out.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from kruispunt_directory.domain.told import (
    POSITION_BEYOND_END,
    POSITION_TOO_OLD,
    PositionRefusedError,
    RegisterCommit,
    SignOfLife,
    SnapshotPart,
    Told,
)
from kruispunt_directory.following.applying import Applier, OvertakenError
from kruispunt_server.events import Events
from kruispunt_server.lease import Lease

LEASE = "follower"
_IDLE_S = 1.0
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 10.0


class Feed(Protocol):
    """Where messages come from."""

    def after(self, resume_token: str | None) -> AbstractContextManager[Iterator[Told]]:
        """Open the feed after a message; none: with a snapshot. The messages raise PositionRefusedError."""
        ...

    def close(self) -> None:
        """End what is waited for."""
        ...


class FollowingThread:
    """Follows the registers in the background until it is stopped.

    Args:
        feed: of identity.
        applier: carries out what it tells.
        lease: decides which process follows.
        events: gets faults, and what nobody could attribute.
        wake: called after every message that was applied.
    """

    def __init__(
        self,
        feed: Feed,
        applier: Applier,
        lease: Lease,
        events: Events,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._feed = feed
        self._applier = applier
        self._lease = lease
        self._events = events
        self._wake = wake
        self._failures = 0
        self._refused: str | None = None
        self._unread = False  # something is to be made up for by a snapshot
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the message at hand, let another process go on, and end."""
        self._end.set()
        self._feed.close()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._end.is_set():
            try:
                if self._lease.try_hold():
                    self._follow()
                else:
                    self._end.wait(_IDLE_S)
            except PositionRefusedError as refusal:
                self._tell_refused(refusal.reason)
            except OvertakenError:
                self._end.wait(_FIRST_PAUSE_S)
            except Exception as error:  # noqa: BLE001 - the thread must live; nothing was applied by half
                self._pause(error)
        try:
            self._lease.release()
        except Exception as error:  # noqa: BLE001 - it runs out by itself
            self._events.emit("following_failed", exception=type(error).__name__)

    def _follow(self) -> None:
        """Apply message after message for as long as this process is the one."""
        cursor = self._applier.cursor()
        after = cursor.resume_token if cursor is not None else None
        if cursor is not None and cursor.refused == POSITION_BEYOND_END:
            # Never again by itself: once the registers have grown, they would take the position for one of theirs.
            raise PositionRefusedError(cursor.refused)
        self._unread = cursor is not None and cursor.unread is not None
        try:
            end = self._apply_from(after, after)
        except PositionRefusedError as refusal:
            self._give_in(after, refusal)
        else:
            if end is not None:
                self._apply_from(None, end.resume_token, only_at=end.position)

    def _apply_from(self, start: str | None, after: str | None, *, only_at: int | None = None) -> Told | None:
        """Apply messages.

        Args:
            start: the message after which they begin; none: with a snapshot.
            after: the message that was applied last.
            only_at: the position of the first message; another: nothing is applied, and the caller tries again.

        Returns:
            The sign of life after which a snapshot is to make up for what could not be read; none: it is not due.
        """
        with self._feed.after(start) as messages:
            for told in messages:
                if self._end.is_set() or not self._lease.try_hold():
                    return None
                if only_at not in (None, told.position):
                    return None
                only_at = None
                undecided = self._applier.apply(told, after)
                after = told.resume_token
                self._failures, self._refused = 0, None
                self._say(told, undecided)
                self._wake()
                if self._unread and isinstance(told.content, SignOfLife):
                    return told
        return None

    def _say(self, told: Told, undecided: int) -> None:
        """Tell what operators should know of a message that was applied."""
        if undecided:
            self._events.emit("dossiers_undecided", spans=undecided)
        content = told.content
        if isinstance(content, RegisterCommit) and content.has_unread:
            self._unread = True
            self._events.emit("change_unreadable", position=content.position)
        if isinstance(content, SnapshotPart) and content.last:
            self._unread = False
            self._events.emit("snapshot_applied")

    def _give_in(self, after: str | None, refusal: PositionRefusedError) -> None:
        """Begin with a snapshot where nothing but time has passed; else keep the refusal, for an operator to judge.

        Raises:
            PositionRefusedError: it was kept.
            OvertakenError: another process has applied something meanwhile.
        """
        cursor = self._applier.cursor()
        if cursor is None or cursor.resume_token != after:
            raise OvertakenError
        if refusal.reason != POSITION_TOO_OLD:
            self._applier.refuse(cursor, refusal)
            raise refusal
        self._applier.start_over(cursor)
        until = cursor.told_until
        self._events.emit(
            "following_gap", reason=refusal.reason, until=None if until is None else until.isoformat()
        )

    def _tell_refused(self, reason: str) -> None:
        """Tell once why nobody follows, and wait for an operator to do something about it."""
        if reason != self._refused:
            self._events.emit("following_refused", reason=reason)
        self._refused = reason
        self._end.wait(_IDLE_S)

    def _pause(self, error: Exception) -> None:
        """Wait longer after every failure in a row; only the first is told."""
        if self._end.is_set():
            return
        if not self._failures:
            reason = getattr(error, "reason", None)
            self._events.emit("following_failed", exception=type(error).__name__, reason=str(reason or ""))
        self._end.wait(min(_FIRST_PAUSE_S * 2 ** min(self._failures, 10), _LONGEST_PAUSE_S))
        self._failures += 1
