"""Pairs of numbers: those that somebody decided are two persons, and those that wait for somebody to decide.

A decision is kept under the numbers it was told of and judged by the persons they stand for now: that a number was
replaced since takes nothing away, and a split gives each person its own decisions back.
"""

import datetime as dt
import json
from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.decision import DistinctReason
from kruispunt_identity.domain.number import Outcome, Register
from kruispunt_identity.matching.grade import Grade
from kruispunt_identity.matching.score import Part
from kruispunt_identity.matching.suspicion import Pair, Suspicion, SuspicionPosition, in_order
from kruispunt_identity.store.numbers import NumberStore
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.arrays import among, array
from kruispunt_server.database import Database

# Rows read beyond a page at once, for those that are left out.
_SPARE = 10


class DecisionStore:
    """Reads and writes decisions on pairs, and the work list; but for `page` on the caller's connection."""

    def __init__(self, database: Database, tables: IdentityTables, numbers: NumberStore) -> None:
        self._database = database
        self._dialect = database.dialect
        self._numbers = numbers
        insert = postgresql.insert if self._dialect == "postgresql" else sqlite.insert
        pair, suspected = tables.registration.distinct_pair, tables.registration.suspected_duplicate
        number = tables.persons.number
        self._insert_pair = insert(pair).on_conflict_do_nothing()
        # Index: ix_number_root_ssin.
        self._members = sa.select(number.c.ssin, number.c.root_ssin).where(
            among(number.c.root_ssin, "roots", self._dialect)
        )
        # Primary keys: both numbers are among those asked for.
        self._select_pairs = sa.select(pair.c.low_ssin, pair.c.high_ssin).where(
            among(pair.c.low_ssin, "lows", self._dialect), among(pair.c.high_ssin, "highs", self._dialect)
        )
        self._select_open = sa.select(suspected.c.low_ssin, suspected.c.high_ssin).where(
            among(suspected.c.low_ssin, "lows", self._dialect),
            among(suspected.c.high_ssin, "highs", self._dialect),
            suspected.c.settled_at.is_(None),
        )
        self._settle = (
            sa.update(suspected)
            .where(
                suspected.c.low_ssin == sa.bindparam("of_low"),
                suspected.c.high_ssin == sa.bindparam("of_high"),
            )
            .values(settled_at=sa.bindparam("at"))
        )
        suspect = insert(suspected)
        self._suspect = suspect.on_conflict_do_update(
            index_elements=[suspected.c.low_ssin, suspected.c.high_ssin],
            set_={name: suspect.excluded[name] for name in ("grade", "log2_odds", "parts", "rules_version")},
            where=suspected.c.settled_at.is_(None),
        )
        self._order = (suspected.c.log2_odds, suspected.c.low_ssin, suspected.c.high_ssin)
        # Index: ix_suspected_duplicate_open, backward.
        self._first_page = (
            sa.select(
                suspected.c.low_ssin,
                suspected.c.high_ssin,
                suspected.c.grade,
                suspected.c.log2_odds,
                suspected.c.parts,
                suspected.c.rules_version,
                suspected.c.found_at,
            )
            .where(suspected.c.settled_at.is_(None), suspected.c.grade >= sa.bindparam("least"))
            .order_by(*(column.desc() for column in self._order))
            .limit(sa.bindparam("size"))
        )

    def record_distinct(
        self,
        connection: sa.Connection,
        pair: Pair,
        *,
        reason: DistinctReason,
        note: str,
        participant_id: str,
        now: dt.datetime,
    ) -> bool:
        """Keep the decision that two numbers are two persons, and take them off the work list.

        Args:
            connection: one of `Database.writing`.
            pair: two numbers of two persons, in any order.
            reason: why.
            note: at most 200 characters.
            participant_id: who decided.
            now: when.

        Returns:
            Whether it is new: false if the two persons were told apart already.
        """
        low, high = in_order(*pair)
        found = self._numbers.resolve_many(connection, [low, high])
        roots = [_current(found, number) for number in (low, high)]
        stood = bool(self.told_apart(connection, roots))
        connection.execute(
            self._insert_pair,
            {
                "low_ssin": int(low),
                "high_ssin": int(high),
                "reason": int(reason),
                "note": note,
                "participant_id": participant_id,
                "recorded_at": now,
            },
        )
        self._take_off(connection, roots, now)
        return not stood

    def told_apart(self, connection: sa.Connection, roots: Collection[Ssin]) -> set[Pair]:
        """Return which pairs of `roots`, numbers that stand, were decided to be two persons; in order.

        Two statements, however many.
        """
        root_of = self._root_of(connection, roots)
        numbers = array(sorted(root_of), self._dialect)
        rows = connection.execute(self._select_pairs, {"lows": numbers, "highs": numbers})
        pairs = {in_order(root_of[low], root_of[high]) for low, high in rows}
        return {(first, second) for first, second in pairs if first != second}

    def suspect(self, connection: sa.Connection, suspicions: Sequence[Suspicion]) -> None:
        """Put pairs on the work list; of a pair that waits there already only the explanation is renewed."""
        rows = [
            {
                "low_ssin": int(each.low),
                "high_ssin": int(each.high),
                "grade": int(each.grade),
                "log2_odds": each.log2_odds,
                "parts": json.dumps([[part.field, part.level, part.weight] for part in each.parts]),
                "rules_version": each.rules_version,
                "found_at": each.found_at,
                "settled_at": None,
            }
            for each in suspicions
        ]
        if rows:
            connection.execute(self._suspect, rows)

    def waiting(
        self,
        connection: sa.Connection,
        *,
        least: int = 0,
        after: SuspicionPosition | None = None,
        limit: int = 100,
    ) -> list[Suspicion]:
        """Return pairs that wait for somebody to decide, most likely first.

        Left out are pairs that became one person since, that were told apart, and those with a cancelled number.

        Args:
            connection: one that sees one state throughout.
            least: the lowest grade wanted.
            after: the last pair of the page before.
            limit: pairs at most.
        """
        found: list[Suspicion] = []
        size = limit + _SPARE
        while True:
            statement = self._first_page
            if after is not None:
                place = sa.tuple_(*after, types=[column.type for column in self._order])
                statement = statement.where(sa.tuple_(*self._order) < place)
            rows = connection.execute(statement, {"least": least, "size": size}).all()
            found += self._undecided(connection, rows)
            if len(found) >= limit or len(rows) < size:
                return found[:limit]
            after = SuspicionPosition(rows[-1].log2_odds, rows[-1].low_ssin, rows[-1].high_ssin)

    def page(self, *, least: int, after: SuspicionPosition | None, limit: int) -> list[Suspicion]:
        """Return pairs that wait for somebody to decide, on a connection of its own; as of `waiting`."""
        with self._database.snapshot() as connection:
            return self.waiting(connection, least=least, after=after, limit=limit)

    def undecided(self, connection: sa.Connection, pairs: Collection[Pair]) -> dict[Pair, Pair]:
        """Return, for each pair that somebody has to decide, the numbers that stand for it now, in order.

        Left out are pairs of one person, pairs told apart, pairs with a cancelled number, and pairs of two persons
        of the national register, which keeps its own house.
        """
        found = self._numbers.resolve_many(connection, sorted({number for pair in pairs for number in pair}))
        persons = {}
        for pair in pairs:
            if any(number in found and found[number].outcome is Outcome.CANCELLED for number in pair):
                continue
            first, second = (_current(found, number) for number in pair)
            ours = [number in found and found[number].register is not Register.NATIONAL for number in pair]
            if first != second and any(ours):
                persons[pair] = in_order(first, second)
        apart = self.told_apart(connection, {number for pair in persons.values() for number in pair})
        return {pair: roots for pair, roots in persons.items() if roots not in apart}

    def _undecided(self, connection: sa.Connection, rows: Sequence[Any]) -> list[Suspicion]:
        pairs = [(Ssin(row.low_ssin), Ssin(row.high_ssin)) for row in rows]
        persons = self.undecided(connection, pairs)
        return [
            Suspicion(
                *pair,
                Grade(row.grade),
                row.log2_odds,
                tuple(Part(*part) for part in json.loads(row.parts)),
                row.rules_version,
                row.found_at,
                persons[pair],
            )
            for pair, row in zip(pairs, rows, strict=True)
            if pair in persons
        ]

    def _take_off(self, connection: sa.Connection, roots: Collection[Ssin], now: dt.datetime) -> None:
        root_of = self._root_of(connection, roots)
        numbers = array(sorted(root_of), self._dialect)
        rows = connection.execute(self._select_open, {"lows": numbers, "highs": numbers}).all()
        between = [(low, high) for low, high in rows if root_of[low] != root_of[high]]
        if between:
            connection.execute(
                self._settle, [{"of_low": low, "of_high": high, "at": now} for low, high in between]
            )

    def _root_of(self, connection: sa.Connection, roots: Collection[Ssin]) -> dict[int, Ssin]:
        """Return every number that leads to one of `roots`, themselves included, with the one it leads to."""
        rows = connection.execute(self._members, {"roots": array(sorted(set(roots)), self._dialect)})
        return {**{int(root): root for root in roots}, **{ssin: Ssin(root) for ssin, root in rows}}


def _current(found: dict[int, Any], number: Ssin) -> Ssin:
    resolved = found.get(int(number))
    return number if resolved is None else resolved.current
