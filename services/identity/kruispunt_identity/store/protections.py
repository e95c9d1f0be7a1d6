"""Marks of protected persons in the database; every method runs on the caller's connection."""

from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.protection import Decision, Protection
from kruispunt_identity.tables_person import PersonTables
from kruispunt_server.arrays import among, array

_COLUMNS = (
    "ssin",
    "protection_id",
    "begin_day",
    "reference",
    "set_by",
    "recorded_at",
    "superseded_at",
    "lift_day",
    "lift_reference",
    "lifted_by",
)


def has_mark(tables: PersonTables, root: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Return the condition that a mark stands under a number that leads to `root`.

    Index: ix_number_root_ssin, then ix_protection_standing. Not EXISTS, which PostgreSQL answers from a hash of all
    numbers, if it takes the marks to be many.
    """
    member, mark = tables.number.alias("member"), tables.protection
    return (
        sa.select(sa.literal_column("1"))
        .select_from(member.join(mark, mark.c.ssin == member.c.ssin))
        .where(member.c.root_ssin == root, mark.c.superseded_at.is_(None))
        .limit(1)
        .scalar_subquery()
        .is_not(None)
    )


class Protections:
    """Reads and writes marks. Who writes holds the lock of the person."""

    def __init__(self, dialect: str, tables: PersonTables) -> None:
        self._dialect = dialect
        table, number = tables.protection, tables.number
        # Index: primary key.
        self._of = (
            sa.select(*[table.c[name] for name in _COLUMNS])
            .where(among(table.c.ssin, "numbers", dialect))
            .order_by(table.c.recorded_at, table.c.protection_id)
        )
        # Index: primary key, then as of `has_mark`.
        self._among = sa.select(number.c.ssin).where(
            among(number.c.ssin, "numbers", dialect), has_mark(tables, number.c.root_ssin)
        )
        self._insert = sa.insert(table)
        self._lift = (
            sa.update(table)
            .where(table.c.ssin == sa.bindparam("of_ssin"), table.c.protection_id == sa.bindparam("of_id"))
            .values(
                superseded_at=sa.bindparam("at"),
                lift_day=sa.bindparam("day"),
                lift_reference=sa.bindparam("said"),
                lifted_by=sa.bindparam("by"),
            )
        )

    def among(self, connection: sa.Connection, numbers: Collection[int]) -> frozenset[Ssin]:
        """Return those of some numbers whose person is protected now."""
        if not numbers:
            return frozenset()
        rows = connection.execute(self._among, {"numbers": array(sorted(numbers), self._dialect)})
        return frozenset(Ssin(ssin) for (ssin,) in rows)

    def of(self, connection: sa.Connection, numbers: Collection[Ssin]) -> list[Protection]:
        """Return every mark under some numbers, those that were lifted too, in the order of recording."""
        rows = connection.execute(self._of, {"numbers": array(sorted(numbers), self._dialect)})
        return [_protection_of(row) for row in rows]

    def add(self, connection: sa.Connection, marks: Iterable[Protection]) -> None:
        """Write new marks.

        Raises:
            sqlalchemy.exc.IntegrityError: one stands under the number already.
        """
        for mark in marks:
            connection.execute(
                self._insert,
                {
                    "ssin": int(mark.registered_under),
                    "protection_id": mark.protection_id,
                    "begin_day": mark.set_by.day,
                    "reference": mark.set_by.reference,
                    "set_by": mark.set_by.participant_id,
                    "recorded_at": mark.recorded_at,
                },
            )

    def lift(self, connection: sa.Connection, marks: Iterable[Protection]) -> None:
        """Close marks, as they now are."""
        for mark in marks:
            assert mark.lifted_by is not None
            connection.execute(
                self._lift,
                {
                    "of_ssin": int(mark.registered_under),
                    "of_id": mark.protection_id,
                    "at": mark.lifted_at,
                    "day": mark.lifted_by.day,
                    "said": mark.lifted_by.reference,
                    "by": mark.lifted_by.participant_id,
                },
            )


def _protection_of(row: Any) -> Protection:
    ssin, protection_id, begin, reference, set_by, recorded_at, at, lift_day, lift_reference, lifted_by = row
    return Protection(
        protection_id,
        Ssin(ssin),
        Decision(begin, reference, set_by),
        recorded_at,
        None if at is None else Decision(lift_day, lift_reference, lifted_by),
        at,
    )
