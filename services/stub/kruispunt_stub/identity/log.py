"""The change log of identity in memory, and the feed that is told from it."""

import datetime as dt
import itertools
import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from kruispunt.merkle import CompactRange, leaf_hash
from kruispunt.ssin import Ssin
from kruispunt_identity.domain.number import Number
from kruispunt_identity.domain.telling import (
    KINDS,
    PART,
    DayDigest,
    StandingNumber,
    ToldChange,
    ToldCommit,
    told_change,
)
from kruispunt_identity.store.told import deceased
from kruispunt_server.call import Call
from kruispunt_server.change import Change
from kruispunt_server.clock import Clock, brussels_bounds
from kruispunt_server.ids import new_id, new_ids
from kruispunt_stub.identity.rows import IdentityRows
from kruispunt_stub.memory import Transaction


@dataclass(frozen=True, slots=True)
class _Record:
    """A change as it is kept."""

    position: int
    change_id: uuid.UUID
    commit_id: uuid.UUID
    recorded_at: dt.datetime
    kind: str
    said: dict[str, Any] = field(repr=False)

    def told(self) -> ToldChange:
        """Return what the feed tells of it."""
        return told_change(self.position, self.change_id, self.kind, self.said)


class MemoryLog:
    """Writes the change log; a position is given out at once, in the order of commits."""

    def __init__(self, rows: IdentityRows) -> None:
        self._rows = rows

    def record(
        self, connection: Transaction, call: Call, changes: Sequence[Change], *, request_id: uuid.UUID
    ) -> list[uuid.UUID]:
        """Keep changes, in their order; returns the identifier of each."""
        del request_id
        ids = new_ids(len(changes))
        for change, change_id in zip(changes, ids, strict=True):
            said = {"person": change.person, "other": change.other, "told": change.told}
            told = {name: value for name, value in said.items() if value is not None}
            position = len(self._rows.changes)
            self._rows.changes[position] = _Record(
                position, change_id, connection.commit_id, call.now, change.kind, json.loads(json.dumps(told))
            )
        return ids


class MemoryFeed:
    """Reads what the feed tells, as `FeedStore` does from a database."""

    def __init__(self, rows: IdentityRows, clock: Clock) -> None:
        self._rows = rows
        self._clock = clock
        self._log_id = new_id().hex
        self._kept_from = 0

    def log_id(self) -> str:
        """Return what tells this log apart from others."""
        return self._log_id

    def let_go(self) -> None:
        """Tell nothing any more of what was recorded until now: positions before it are too old."""
        self._kept_from = self.bounds()[0]

    def bounds(self) -> tuple[int, int]:
        """Return how many records there are, and from which position on they are told."""
        with self._rows.memory.reading():
            return len(self._rows.changes), self._kept_from

    def read(self, after: int, end: int) -> tuple[list[ToldCommit], int]:
        """Return whole commits after a position, up to `end`; and up to where was read."""
        with self._rows.memory.reading():
            records = [self._rows.changes[at] for at in range(max(after, -1) + 1, end + 1)]
        return list(_commits(records)), end

    def before(self, instant: dt.datetime) -> int:
        """Return the position after which everything recorded at an instant or later follows."""
        with self._rows.memory.reading():
            since = [each.position for each in self._rows.changes.values() if each.recorded_at >= instant]
            return min(since, default=len(self._rows.changes)) - 1

    def numbers(self, after: int) -> list[StandingNumber]:
        """Return numbers as they stand, in ascending order, the next thousand after one."""
        with self._rows.memory.reading():
            wanted = sorted(number for number in self._rows.numbers if number > after)[:PART]
            return [self._standing(self._rows.numbers[number]) for number in wanted]

    def _standing(self, number: Number) -> StandingNumber:
        lineage = [each.ssin for each in self._rows.numbers.values() if each.root == number.root]
        facts = [fact for ssin in lineage for fact in self._rows.facts.get(ssin, ())]
        step = number.replacement
        return StandingNumber(
            Ssin(number.ssin),
            number.status,
            number.root,
            None if step is None else step.next_,
            None if step is None else step.effective_on,
            number.register,
            deceased(facts),
        )

    def digest(self, day: dt.date) -> DayDigest:
        """Return count and root over the changes of persons and numbers recorded on a day in Brussels."""
        begin, end = brussels_bounds(day)
        tree = CompactRange()
        with self._rows.memory.reading():
            of_day = [each for each in self._rows.changes.values() if begin <= each.recorded_at < end]
            told = [each.told() for each in of_day if each.kind in KINDS]
            kept = all(each.position >= self._kept_from for each in of_day)
        for change in told:
            tree.append(leaf_hash(change.digest_text().encode()))
        first, last = (told[0].position, told[-1].position) if told else (0, 0)
        return DayDigest(len(told), first, last, tree.root(), self._clock.now() >= end, kept)


def _commits(records: Sequence[_Record]) -> Iterator[ToldCommit]:
    for _, group in itertools.groupby(records, key=lambda record: record.commit_id):
        members = list(group)
        told = tuple(each.told() for each in members if each.kind in KINDS)
        if told:
            yield ToldCommit(members[0].recorded_at, told)
