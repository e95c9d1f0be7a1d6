"""Facts in the database: told, closed, read as of an instant."""

import datetime as dt
import operator
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from kruispunt_identity.domain.fact import Fact, as_known
from kruispunt_identity.store.fact_rows import COLUMNS, columns, fact_of, row_of
from kruispunt_identity.tables_person import PersonTables
from kruispunt_server.arrays import among, array
from kruispunt_server.bulk import bulk_insert_columns
from kruispunt_server.database import Database

_PRIMARY_KEY = operator.itemgetter(0, 1, 2)
_BULK_FROM = 20  # facts from which COPY and executemany are faster than an insert statement


class FactStore:
    """Reads and writes facts; every method runs on the caller's connection."""

    def __init__(self, database: Database, tables: PersonTables) -> None:
        self._dialect = database.dialect
        self._table = table = tables.fact
        known_at = sa.bindparam("known_at", type_=table.c.recorded_at.type)
        recorded, closed = table.c.recorded_at <= known_at, table.c.superseded_at
        # Primary key, by number; all four.
        of_numbers = sa.select(*columns(table)).where(among(table.c.ssin, "numbers", self._dialect))
        self._select_standing = database.hot(of_numbers.where(closed.is_(None)))
        self._select_known = database.hot(
            of_numbers.where(recorded, sa.or_(closed.is_(None), closed > known_at))
        )
        self._select_all = database.hot(of_numbers)
        self._select_all_known = database.hot(of_numbers.where(recorded))
        self._insert = sa.insert(table)
        self._close = (
            sa.update(table)
            .where(
                table.c.ssin == sa.bindparam("of_ssin"),
                table.c.data_group == sa.bindparam("of_group"),
                table.c.fact_id == sa.bindparam("of_id"),
            )
            .values(superseded_at=sa.bindparam("at"), superseded_by=sa.bindparam("by"))
        )

    def of(
        self,
        connection: sa.Connection,
        numbers: Iterable[int],
        known_at: dt.datetime | None = None,
        *,
        history: bool = False,
    ) -> list[Fact]:
        """Return the facts that were told under `numbers`, in one statement.

        Args:
            connection: any.
            numbers: those of one person or of many.
            known_at: as they stood then: what was recorded later is left out, and what was closed later stands.
                None: now.
            history: whether facts that are closed come too.

        Returns:
            Facts, in the order of recording, of one instant by identifier.
        """
        asked = array(list(numbers), self._dialect)
        if known_at is None:
            select = self._select_all if history else self._select_standing
            facts = [fact_of(row) for row in select.rows_on(connection, numbers=asked)]
        else:
            select = self._select_all_known if history else self._select_known
            rows = select.rows_on(connection, numbers=asked, known_at=known_at)
            facts = [as_known(fact_of(row), known_at) for row in rows]
        facts.sort(key=lambda fact: (fact.recorded_at, fact.fact_id.int))
        return facts

    def add_many(self, connection: sa.Connection, facts: Sequence[Fact]) -> None:
        """Write new facts, in one statement; few or many thousands.

        Raises:
            sqlalchemy.exc.IntegrityError: a fact was written before.
        """
        rows = [row_of(fact) for fact in facts]
        if len(rows) >= _BULK_FROM:
            # Pages of the table are met in order.
            rows.sort(key=_PRIMARY_KEY)
            bulk_insert_columns(
                connection, self._table, dict(zip(COLUMNS, zip(*rows, strict=True), strict=True))
            )
        elif rows:
            connection.execute(self._insert, [dict(zip(COLUMNS, row, strict=True)) for row in rows])

    def close_many(self, connection: sa.Connection, facts: Sequence[Fact]) -> None:
        """Close facts as `superseded_at` and `superseded_by` of each say.

        Raises:
            sqlalchemy.exc.IntegrityError: one was closed before; the caller locks the person, and knows.
        """
        if facts:
            connection.execute(
                self._close,
                [
                    {
                        "of_ssin": int(fact.registered_under),
                        "of_group": int(fact.group),
                        "of_id": fact.fact_id,
                        "at": fact.superseded_at,
                        "by": fact.superseded_by,
                    }
                    for fact in facts
                ],
            )
