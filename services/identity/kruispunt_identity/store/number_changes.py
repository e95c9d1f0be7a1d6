"""Changing numbers: replaced, split off, cancelled, moved between registers.

Facts never move, so a change here is a few rows: where each number leads, and what happened. The database itself
refuses what would lead in a circle (tables_person.py): a number leads to one that stands, and to a higher one.
"""

import datetime as dt
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

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
from kruispunt_identity.store.number_rows import event_values
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.arrays import among, array
from kruispunt_server.clock import brussels_day
from kruispunt_server.database import Database

_ACTIVE = {
    "status": int(NumberStatus.ACTIVE),
    "stands": True,
    "replaced_by": None,
    "replaced_by_height": None,
    "reason": None,
    "replaced_on": None,
    "replaced_at": None,
}


class NumberChanges:
    """Changes numbers; every method takes the transaction, which holds the locks of all persons concerned."""

    def __init__(self, database: Database, tables: IdentityTables) -> None:
        self._dialect = database.dialect
        number, event = tables.persons.number, tables.persons.number_event
        of_one = number.c.ssin == sa.bindparam("of_ssin")
        self._update = sa.update(number).where(of_one)
        # Index: ix_number_root_ssin.
        self._lead_on = sa.update(number).where(
            number.c.root_ssin == sa.bindparam("of_root"), number.c.replaced_by.is_not(None)
        )
        # Index: primary key.
        self._lead_back = sa.update(number).where(among(number.c.ssin, "ssins", self._dialect))
        self._last_event = sa.select(sa.func.max(event.c.event_no)).where(
            event.c.ssin == sa.bindparam("of_ssin")
        )
        self._insert_event = sa.insert(event)

    def replace(
        self,
        connection: sa.Connection,
        former: Number,
        next_: Number,
        reason: ChangeReason,
        effective_on: dt.date,
        now: dt.datetime,
    ) -> Replacement:
        """Let `former`, and every number that leads to it, lead to `next_`. Both stand until now.

        Raises:
            sqlalchemy.exc.IntegrityError: one of them does not stand, or it would lead in a circle.
        """
        height = max(next_.height, former.height + 1)
        # First the number that stays, and by it, in the same statement, the rows that refer to its height.
        self._set(connection, next_.ssin, height=height, version=next_.version + 1, recorded_at=now)
        connection.execute(self._lead_on.values(root_ssin=int(next_.ssin)), {"of_root": int(former.ssin)})
        self._set(
            connection,
            former.ssin,
            status=int(NumberStatus.REPLACED),
            stands=False,
            root_ssin=int(next_.ssin),
            replaced_by=int(next_.ssin),
            replaced_by_height=height,
            reason=int(reason),
            replaced_on=effective_on,
            replaced_at=now,
            version=former.version + 1,
            recorded_at=now,
        )
        self._happened(connection, former, EventKind.REPLACED, effective_on, now, next_.ssin, reason)
        return Replacement(former.ssin, next_.ssin, reason, effective_on, now)

    def split(
        self,
        connection: sa.Connection,
        number: Number,
        root: Number,
        below: Collection[Ssin],
        effective_on: dt.date,
        now: dt.datetime,
    ) -> None:
        """Let a replaced number stand again, and the numbers that led to it lead to it again.

        Args:
            connection: the transaction.
            number: was replaced.
            root: the number that it leads to now.
            below: the numbers that lead to `number`, without itself.
            effective_on: day from which it holds.
            now: when.
        """
        assert number.replacement is not None
        self._set(
            connection,
            number.ssin,
            root_ssin=int(number.ssin),
            version=number.version + 1,
            recorded_at=now,
            **_ACTIVE,
        )
        if below:
            connection.execute(
                self._lead_back.values(root_ssin=int(number.ssin)),
                {"ssins": array(sorted(below), self._dialect)},
            )
        self._set(connection, root.ssin, version=root.version + 1, recorded_at=now)
        self._happened(
            connection,
            number,
            EventKind.SPLIT,
            effective_on,
            now,
            number.replacement.next_,
            ChangeReason.WRONGLY_REPLACED,
        )

    def cancel(self, connection: sa.Connection, number: Number, now: dt.datetime) -> None:
        """Let a number that stands lead to nobody."""
        self._set(
            connection,
            number.ssin,
            status=int(NumberStatus.CANCELLED),
            version=number.version + 1,
            recorded_at=now,
        )
        self._happened(
            connection,
            number,
            EventKind.CANCELLED,
            brussels_day(now),
            now,
            reason=ChangeReason.GIVEN_BY_MISTAKE,
        )

    def move(
        self,
        connection: sa.Connection,
        number: Number,
        register: Register,
        effective_on: dt.date,
        now: dt.datetime,
    ) -> None:
        """Let a person's identification be kept in another register."""
        self._set(
            connection, number.ssin, register=int(register), version=number.version + 1, recorded_at=now
        )
        self._happened(connection, number, EventKind.MOVED, effective_on, now, register=register)

    def _set(self, connection: sa.Connection, ssin: Ssin, **values: Any) -> None:
        connection.execute(self._update.values(**values), {"of_ssin": int(ssin)})

    def _happened(
        self,
        connection: sa.Connection,
        number: Number,
        kind: EventKind,
        effective_on: dt.date,
        now: dt.datetime,
        other: Ssin | None = None,
        reason: ChangeReason | None = None,
        register: Register | None = None,
    ) -> None:
        last: int = connection.scalar(self._last_event, {"of_ssin": int(number.ssin)}) or 0
        event = NumberEvent(
            number.ssin, last + 1, kind, other, register or number.register, reason, effective_on, now
        )
        connection.execute(self._insert_event, event_values(event))
