"""Changing numbers in memory: replaced, split off, cancelled, moved between registers."""

import datetime as dt
from collections.abc import Collection
from dataclasses import replace

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.number import (
    ChangeReason,
    EventKind,
    Number,
    NumberEvent,
    NumberStatus,
    Register,
    Replacement,
)
from kruispunt_server.clock import brussels_day
from kruispunt_stub.identity.rows import IdentityRows
from kruispunt_stub.memory import Transaction


class MemoryNumberChanges:
    """Changes numbers; every method takes the transaction."""

    def __init__(self, rows: IdentityRows) -> None:
        self._rows = rows

    def replace(
        self,
        connection: Transaction,  # noqa: ARG002 - as the stores over a database have it
        former: Number,
        next_: Number,
        reason: ChangeReason,
        effective_on: dt.date,
        now: dt.datetime,
    ) -> Replacement:
        """Let `former`, and every number that leads to it, lead to `next_`. Both stand until now."""
        height = max(next_.height, former.height + 1)
        step = Replacement(former.ssin, next_.ssin, reason, effective_on, now)
        self._put(replace(next_, height=height, version=next_.version + 1, recorded_at=now))
        for number in list(self._rows.numbers.values()):
            if number.root == former.ssin and number.replacement is not None:
                self._put(replace(number, root=next_.ssin))
        self._put(
            replace(
                former,
                status=NumberStatus.REPLACED,
                root=next_.ssin,
                replacement=step,
                version=former.version + 1,
                recorded_at=now,
            )
        )
        self._happened(former, EventKind.REPLACED, effective_on, now, next_.ssin, reason)
        return step

    def split(
        self,
        connection: Transaction,  # noqa: ARG002
        number: Number,
        root: Number,
        below: Collection[Ssin],
        effective_on: dt.date,
        now: dt.datetime,
    ) -> None:
        """Let a replaced number stand again, and the numbers of `below`, which led to it, lead to it again."""
        assert number.replacement is not None
        self._put(
            replace(
                number,
                status=NumberStatus.ACTIVE,
                root=number.ssin,
                replacement=None,
                version=number.version + 1,
                recorded_at=now,
            )
        )
        for former in below:
            self._put(replace(self._rows.numbers[former], root=number.ssin))
        self._put(replace(root, version=root.version + 1, recorded_at=now))
        other = number.replacement.next_
        self._happened(number, EventKind.SPLIT, effective_on, now, other, ChangeReason.WRONGLY_REPLACED)

    def cancel(self, connection: Transaction, number: Number, now: dt.datetime) -> None:  # noqa: ARG002
        """Let a number that stands lead to nobody."""
        self._put(replace(number, status=NumberStatus.CANCELLED, version=number.version + 1, recorded_at=now))
        day = brussels_day(now)
        self._happened(number, EventKind.CANCELLED, day, now, reason=ChangeReason.GIVEN_BY_MISTAKE)

    def move(
        self,
        connection: Transaction,  # noqa: ARG002
        number: Number,
        register: Register,
        effective_on: dt.date,
        now: dt.datetime,
    ) -> None:
        """Let a person's identification be kept in another register."""
        moved = replace(number, register=register, version=number.version + 1, recorded_at=now)
        self._put(moved)
        self._happened(moved, EventKind.MOVED, effective_on, now)

    def _put(self, number: Number) -> None:
        self._rows.numbers[number.ssin] = number

    def _happened(
        self,
        number: Number,
        kind: EventKind,
        effective_on: dt.date,
        now: dt.datetime,
        other: Ssin | None = None,
        reason: ChangeReason | None = None,
    ) -> None:
        before = self._rows.events[number.ssin]
        event = NumberEvent(
            number.ssin, len(before) + 1, kind, other, number.register, reason, effective_on, now
        )
        self._rows.events[number.ssin] = (*before, event)
