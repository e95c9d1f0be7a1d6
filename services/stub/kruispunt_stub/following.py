"""The directory follows identity: here at once, before the answer of the call that changed something leaves."""

import threading
from collections.abc import Iterator

from kruispunt_directory.domain.told import (
    ChangeKind,
    RegisterChange,
    RegisterCommit,
    RegisteredNumber,
    SnapshotPart,
    Told,
)
from kruispunt_identity.domain.number import NumberStatus
from kruispunt_identity.domain.telling import PART, StandingNumber, ToldChange, ToldCommit
from kruispunt_stub.directory.wiring import MemoryDirectory
from kruispunt_stub.identity.log import MemoryFeed


class Following:
    """Applies what identity tells, unless it is held.

    Args:
        feed: of identity.
        directory: follows it.
    """

    def __init__(self, feed: MemoryFeed, directory: MemoryDirectory) -> None:
        self._feed = feed
        self._directory = directory
        self._lock = threading.Lock()
        self._held = False

    def hold(self) -> None:
        """Let the directory lag behind from now on, as one does that cannot reach identity."""
        self._held = True

    def go_on(self) -> None:
        """Let the directory catch up, and follow again."""
        self._held = False
        self.catch_up()

    def catch_up(self) -> None:
        """Apply everything that was told since; nothing while it is held."""
        if self._held:
            return
        with self._lock:
            for told in self._following():
                cursor = self._directory.cursors.find()
                self._directory.applier.apply(told, None if cursor is None else cursor.resume_token)
        self._directory.hub.wake()

    def _following(self) -> Iterator[Told]:
        cursor = self._directory.cursors.find()
        end = self._feed.bounds()[0] - 1
        if cursor is None:
            yield from self._snapshot(end)
            return
        commits, _ = self._feed.read(cursor.position, end)
        for commit in commits:
            position = commit.changes[-1].position
            yield Told(str(position), position, _commit(position, commit))

    def _snapshot(self, position: int) -> Iterator[Told]:
        after, last = 0, False
        while not last:
            numbers = self._feed.numbers(after)
            last = len(numbers) < PART
            yield Told(f"{position}", position, SnapshotPart([_number(each) for each in numbers], last))
            after = int(numbers[-1].ssin) if numbers else after


def _commit(position: int, commit: ToldCommit) -> RegisterCommit:
    return RegisterCommit(position, commit.recorded_at, [_change(each) for each in commit.changes])


def _change(told: ToldChange) -> RegisterChange:
    return RegisterChange(
        kind=ChangeKind(int(told.kind)),
        ssin=told.ssin,
        other=told.other,
        change_id=told.change_id,
        groups=frozenset(told.groups),
        affects_from=told.affects_from,
        affects_until=told.affects_until,
        source=told.source,
        effective_on=told.effective_on,
        register=None if told.register is None else int(told.register),
        deceased=told.deceased,
    )


def _number(standing: StandingNumber) -> RegisteredNumber:
    return RegisteredNumber(
        standing.ssin,
        standing.next_,
        standing.replaced_on,
        standing.status is NumberStatus.CANCELLED,
        int(standing.register),
        standing.deceased,
    )
