"""Inserting some rows by themselves, often: one transaction, on the driver's own cursor.

PostgreSQL gets all rows as one parameter of JSON, so that one prepared statement and one round trip do for any count;
an array per column costs psycopg ten times as much for a single row (docs/decisions/0035-access-record.md). SQLite
gets them row by row between BEGIN IMMEDIATE and COMMIT, in the turn of its writers.
"""

import json
import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from kruispunt_server.hot import HotPool, HotStatement, Processor, Row, SqliteSession
from kruispunt_server.instant import Instant


class HotInsert(Protocol):
    """Inserts into some columns of one table."""

    def run(self, rows: Sequence[Row]) -> None:
        """Insert the rows, all or none; they are committed when this returns.

        Args:
            rows: 1 or more, in the order of the columns, as the domain has them: `uuid.UUID`, zone-aware instants,
                `bytes`, text, numbers, none.

        Raises:
            RegistryError: the store cannot be used; UNAVAILABLE / STORE_UNAVAILABLE.
            sqlalchemy.exc.IntegrityError: a constraint was violated; none of them is there.
        """
        ...


class PostgresInsert:
    """Inserts rows from an array of arrays in JSON."""

    def __init__(
        self, table: sa.Table, names: Sequence[str], statement: Callable[[sa.Executable], HotStatement]
    ) -> None:
        each = sa.func.jsonb_array_elements(sa.cast(sa.bindparam("rows", type_=sa.Text), JSONB)).table_valued(
            sa.column("value", JSONB), name="each"
        )
        values = [_out_of_json(each.c.value, at, table.c[name]) for at, name in enumerate(names)]
        self._statement = statement(sa.insert(table).from_select(list(names), sa.select(*values)))
        self._into_json = [_into_json(table.c[name].type) for name in names]

    def run(self, rows: Sequence[Row]) -> None:
        """Insert the rows, as said of `HotInsert`."""
        self._statement.run(rows=json.dumps([_processed(row, self._into_json) for row in rows]))


class SqliteInsert:
    """Inserts row by row in one transaction."""

    def __init__(
        self,
        table: sa.Table,
        names: Sequence[str],
        dialect: sa.Dialect,
        pool: HotPool,
        turn: Callable[[], AbstractContextManager[None]],
    ) -> None:
        bound = sa.insert(table).values({name: sa.bindparam(name) for name in names})
        self._sql = str(bound.compile(dialect=dialect))
        self._names = names
        self._processors = [
            table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names
        ]
        self._pool = pool
        self._turn = turn

    def run(self, rows: Sequence[Row]) -> None:
        """Insert the rows, as said of `HotInsert`."""
        stored = [dict(zip(self._names, _processed(row, self._processors), strict=True)) for row in rows]
        with self._turn():
            self._pool.use(lambda session: cast("SqliteSession", session).run_for_each(self._sql, stored))


def _processed(row: Row, processors: Sequence[Processor | None]) -> list[Any]:
    return [
        value if processor is None or value is None else processor(value)
        for value, processor in zip(row, processors, strict=True)
    ]


def _into_json(kind: sa.types.TypeEngine[Any]) -> Processor | None:
    """Return how a value of a column becomes one of JSON; none: as it is."""
    if isinstance(kind, sa.Uuid):
        return _hexadecimal
    if isinstance(kind, Instant):
        return _iso
    return bytes.hex if isinstance(kind, sa.LargeBinary) else None


def _out_of_json(row: sa.ColumnElement[Any], at: int, column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """Return the value at a place of a row as its column takes it."""
    text = row.op("->>")(sa.literal_column(str(at)))
    if isinstance(column.type, sa.LargeBinary):
        return sa.func.decode(text, sa.literal_column("'hex'"))
    if isinstance(column.type, Instant):
        return sa.cast(text, sa.DateTime(timezone=True))
    return sa.cast(text, column.type)


def _hexadecimal(value: uuid.UUID) -> str:
    return value.hex


def _iso(value: Any) -> str:
    return str(value.isoformat())
