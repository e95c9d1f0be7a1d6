"""Giving out bis numbers from counters.

A counter belongs to the transaction that gives a number out: what is rolled back, or dies before its commit, was
never given out, and the next one gets it. On PostgreSQL two registrations of the same birth date and gender wait for
one another until the commit; that is what makes a number unique without gaps.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.issuing import LAST_SEQUENCE, Series, series_of
from kruispunt_identity.domain.values import Gender, PartialDate
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.arrays import among, array
from kruispunt_server.database import Database
from kruispunt_server.errors import Reason, RegistryError


class NumberIssuer:
    """Gives out numbers that nobody has."""

    def __init__(self, database: Database, tables: IdentityTables) -> None:
        self._dialect = database.dialect
        counter = tables.persons.number_counter
        number = tables.persons.number
        insert = postgresql.insert if self._dialect == "postgresql" else sqlite.insert
        self._open = insert(counter).on_conflict_do_nothing()
        # Locked in the order of the key, so that two who need several cannot wait for each other.
        self._lock = (
            sa.select(counter.c.date_part, counter.c.from_2000, counter.c.parity, counter.c.last_sequence)
            .where(among(counter.c.date_part, "date_parts", self._dialect))
            .order_by(counter.c.date_part, counter.c.from_2000, counter.c.parity)
            .with_for_update()
        )
        self._advance = (
            sa.update(counter)
            .where(
                counter.c.date_part == sa.bindparam("of_date_part"),
                counter.c.from_2000 == sa.bindparam("of_from_2000"),
                counter.c.parity == sa.bindparam("of_parity"),
            )
            .values(last_sequence=sa.bindparam("to_sequence"))
        )
        # Index: primary key.
        self._taken = sa.select(number.c.ssin).where(among(number.c.ssin, "ssins", self._dialect))

    def allocate(self, connection: sa.Connection, birth: PartialDate, gender: Gender) -> Ssin:
        """Give out one number; errors as of `allocate_many`."""
        return self.allocate_many(connection, [(birth, gender)])[0]

    def allocate_many(
        self, connection: sa.Connection, wanted: Sequence[tuple[PartialDate, Gender]]
    ) -> list[Ssin]:
        """Give out a number for each birth date and gender, in their order; four statements however many.

        The caller writes the numbers down in the same transaction. Numbers that were taken over from elsewhere are
        skipped.

        Raises:
            RegistryError: every number of a month is given out; FAILED_PRECONDITION / NUMBERS_EXHAUSTED.
        """
        given: dict[int, Ssin] = {}
        ways = {position: series_of(birth, gender) for position, (birth, gender) in enumerate(wanted)}
        while ways:
            seeking: dict[Series, list[int]] = defaultdict(list)
            for position, way in ways.items():
                seeking[_next(way)].append(position)
            free = self._take(connection, {series: len(who) for series, who in seeking.items()})
            for series, who in seeking.items():
                given.update(zip(who, free[series], strict=False))
            ways = {position: way for position, way in ways.items() if position not in given}
        return [given[position] for position in range(len(wanted))]

    def _take(self, connection: sa.Connection, need: Mapping[Series, int]) -> dict[Series, list[Ssin]]:
        """Take up to so many numbers of each series, and advance the counters."""
        in_order = sorted(need)
        connection.execute(self._open, [_row(series) for series in in_order])
        dates = array([series.date_part for series in in_order], self._dialect)
        last = {
            Series(date_part, bool(from_2000), parity): sequence
            for date_part, from_2000, parity, sequence in connection.execute(
                self._lock, {"date_parts": dates}
            )
        }
        offered = {series: list(islice(series.after(last[series]), count)) for series, count in need.items()}
        taken = self._taken_of(connection, offered)
        if taken:  # somebody took numbers over from elsewhere: look at all the rest
            offered = {series: list(series.after(last[series])) for series in need}
            taken = self._taken_of(connection, offered)
        free = {
            series: [sequence for sequence in offered[series] if series.number(sequence) not in taken][:count]
            for series, count in need.items()
        }
        # Nothing free, or less than was needed: this series is used up.
        reached = {
            series: free[series][-1] if len(free[series]) == count else LAST_SEQUENCE
            for series, count in need.items()
        }
        connection.execute(self._advance, [_key(series, reached[series]) for series in in_order])
        return {series: [series.number(sequence) for sequence in found] for series, found in free.items()}

    def _taken_of(self, connection: sa.Connection, offered: Mapping[Series, Sequence[int]]) -> set[int]:
        numbers = sorted(series.number(each) for series, sequences in offered.items() for each in sequences)
        rows = connection.execute(self._taken, {"ssins": array(numbers, self._dialect)})
        return {row.ssin for row in rows}


def _next(way: Iterator[Series]) -> Series:
    series = next(way, None)
    if series is None:
        raise RegistryError(Reason.NUMBERS_EXHAUSTED, "every number for this birth date was given out")
    return series


def _row(series: Series) -> dict[str, Any]:
    return {
        "date_part": series.date_part,
        "from_2000": series.from_2000,
        "parity": series.parity,
        "last_sequence": 0,
    }


def _key(series: Series, to: int) -> dict[str, Any]:
    return {
        "of_date_part": series.date_part,
        "of_from_2000": series.from_2000,
        "of_parity": series.parity,
        "to_sequence": to,
    }
