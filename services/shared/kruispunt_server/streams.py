"""What keeps streams from starving each other: places, shared out among participants, and an end to silence."""

import threading
import time
from collections import Counter
from collections.abc import Callable

from kruispunt_server.errors import Reason, RegistryError

_RETRY_S = 1.0


class Slots:
    """The places for streams of one method.

    Args:
        most: streams at once; a single participant has at most half of them, and at least one.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._share = max(1, most // 2)
        self._held: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, participant_id: str) -> None:
        """Take a place.

        Raises:
            RegistryError: all are taken, or the participant's share of them; RESOURCE_EXHAUSTED / TOO_MANY_CALLS.
        """
        with self._lock:
            if self._held.total() < self._most and self._held[participant_id] < self._share:
                self._held[participant_id] += 1
                return
        raise RegistryError(
            Reason.TOO_MANY_CALLS,
            "the server takes no more streams of this kind from the participant now",
            retry_after_s=_RETRY_S,
        )

    def give_back(self, participant_id: str) -> None:
        """Free a place that was taken."""
        with self._lock:
            self._held[participant_id] -= 1
            if not self._held[participant_id]:
                del self._held[participant_id]


class Watchdog:
    """Ends a stream whose caller neither sends, nor reads, nor hangs up; it would keep its thread.

    Args:
        end: ends the stream; called at most once, from another thread.
        latest: `time.monotonic()` at which the stream ends in any case.
        idle_s: how long the server waits for the caller at a stretch.
    """

    def __init__(self, end: Callable[[], object], latest: float, idle_s: float) -> None:
        self._end = end
        self._latest = latest
        self._idle_s = idle_s
        self._waiting_since: float | None = None
        self._lock = threading.Lock()
        self._over = False
        self._timer: threading.Timer | None = None
        self._look()

    def waits(self) -> None:
        """Note that it is the caller's turn."""
        self._waiting_since = time.monotonic()

    def hears(self) -> None:
        """Note that it is the server's turn, which takes its time."""
        self._waiting_since = None

    def stop(self) -> None:
        """Watch no longer: the stream has ended."""
        with self._lock:
            self._over = True
            if self._timer is not None:
                self._timer.cancel()

    def _look(self) -> None:
        """End the stream if its time is over, else look again at the earliest moment when it may be."""
        now, since = time.monotonic(), self._waiting_since
        due = min(self._latest, (now if since is None else since) + self._idle_s)
        with self._lock:
            if self._over:
                return
            self._over = due <= now
            if not self._over:
                self._timer = threading.Timer(due - now, self._look)
                self._timer.daemon = True
                self._timer.start()
                return
        self._end()


class Place:
    """A stream that was let in: its place, and the watch over it.

    Args:
        slots: where a place was taken.
        participant_id: by whom.
        watchdog: watches the stream.
    """

    def __init__(self, slots: Slots, participant_id: str, watchdog: Watchdog) -> None:
        self._slots = slots
        self._participant_id = participant_id
        self.watchdog = watchdog

    def leave(self) -> None:
        """Free the place; once."""
        self.watchdog.stop()
        self._slots.give_back(self._participant_id)
