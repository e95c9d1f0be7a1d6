"""What happened to numbers, and where they led at an instant: read from the append-only events."""

import datetime as dt
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.number import EventKind, NumberEvent
from kruispunt_identity.domain.past import PastNumbers
from kruispunt_identity.store.number_rows import event_columns, event_of
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.arrays import among, array
from kruispunt_server.database import Database
from kruispunt_server.tables import Instant


class NumberHistory(PastNumbers):
    """Reads the events of numbers; every method takes the running connection."""

    def __init__(self, database: Database, tables: IdentityTables) -> None:
        self._dialect = database.dialect
        event = tables.persons.number_event
        known_at = sa.bindparam("known_at", type_=Instant)
        # Index: primary key.
        of_numbers = sa.select(*event_columns(event)).where(among(event.c.ssin, "ssins", database.dialect))
        in_order = (event.c.ssin, event.c.event_no)
        self._all = of_numbers.order_by(*in_order)
        self._until = of_numbers.where(event.c.recorded_at <= known_at).order_by(*in_order)
        # Index: ix_number_event_other_ssin.
        # Not distinct, though a number may come twice: SQLite would read the whole table in the order of its key.
        self._replaced_by = sa.select(event.c.ssin).where(
            among(event.c.other_ssin, "ssins", database.dialect),
            event.c.kind == int(EventKind.REPLACED),
            event.c.recorded_at <= known_at,
        )
        # Index: ix_number_event_other_ssin.
        self._others = sa.select(*event_columns(event)).where(
            among(event.c.other_ssin, "numbers", self._dialect),
            event.c.kind.in_([int(EventKind.REPLACED), int(EventKind.SPLIT)]),
        )
        self._others_until = self._others.where(event.c.recorded_at <= known_at)

    def events(
        self, connection: sa.Connection, numbers: Collection[Ssin], known_at: dt.datetime | None = None
    ) -> list[NumberEvent]:
        """Return what happened to `numbers`, by number and then in order; up to `known_at` if it is given."""
        if not numbers:
            return []
        values: dict[str, Any] = {"ssins": array(sorted(numbers), self._dialect)}
        if known_at is None:
            return [event_of(row) for row in connection.execute(self._all, values)]
        return [event_of(row) for row in connection.execute(self._until, {**values, "known_at": known_at})]

    def about(
        self, connection: sa.Connection, numbers: Collection[Ssin], known_at: dt.datetime | None = None
    ) -> list[NumberEvent]:
        """Return the replacements and splits that name one of these as the other number."""
        listed = array(sorted(numbers), self._dialect)
        if known_at is None:
            rows = connection.execute(self._others, {"numbers": listed})
        else:
            rows = connection.execute(self._others_until, {"numbers": listed, "known_at": known_at})
        return [event_of(row) for row in rows]

    def replaced_by(
        self, connection: sa.Connection, numbers: Collection[Ssin], known_at: dt.datetime
    ) -> set[Ssin]:
        """Return the numbers that one of `numbers` ever replaced up to `known_at`."""
        values = {"ssins": array(sorted(numbers), self._dialect), "known_at": known_at}
        return {Ssin(row.ssin) for row in connection.execute(self._replaced_by, values)}
