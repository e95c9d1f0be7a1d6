"""Many rows at once, made by the database itself: a million in seconds, of life's shape where it matters to a planner."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from kruispunt_server.database import Database
from kruispunt_server.instant import Instant

# Microseconds since 1970 of 2026-01-01: instants count on from there.
_FIRST = 1_767_225_600_000_000


def fill(
    database: Database, table: sa.Table, rows: int, expressions: Mapping[str, str], *, batch: int = 250_000
) -> None:
    """Insert so many rows; `i` counts them from 1.

    Args:
        database: opened by who may write the table.
        table: empty.
        rows: how many.
        expressions: in SQL, over `i`, by column; of other columns that must be filled, one that suits their type.
        batch: rows of one statement.
    """
    names = [column.name for column in table.columns if column.name in expressions or not _left_out(column)]
    values = [expressions.get(name) or _usual(table.c[name], database.dialect) for name in names]
    listed = ", ".join(f'"{name}"' for name in names)
    for first in range(1, rows + 1, batch):
        last = min(first + batch - 1, rows)
        series = _SERIES[database.dialect].format(first=first, last=last)
        with database.writing() as connection:
            insert = f'INSERT INTO "{table.name}" ({listed}) SELECT {", ".join(values)} FROM {series}'
            connection.exec_driver_sql(
                insert.replace("%", "%%") if database.dialect == "postgresql" else insert
            )


_SERIES = {
    "postgresql": "generate_series({first}::bigint, {last}::bigint) AS i",
    "sqlite": "(WITH RECURSIVE s(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM s WHERE i < {last}) SELECT i FROM s)",
}


def _left_out(column: sa.Column[Any]) -> bool:
    generated = column.table.name in {"access", "change"} and column.name == "entry_no"
    return (column.nullable and not column.primary_key) or generated


def _usual(column: sa.Column[Any], dialect: str) -> str:
    """Return an expression over `i` of the column's type."""
    kind, postgres = column.type, dialect == "postgresql"
    if isinstance(kind, Instant):
        return f"to_timestamp(({_FIRST} + i) / 1e6)" if postgres else f"{_FIRST} + i"
    for of, on_postgres, on_sqlite in _USUAL:
        if isinstance(kind, of):
            return on_postgres if postgres else on_sqlite
    raise AssertionError(f"{column.name}: {kind}")


_HEX = "lpad(to_hex(i), 32, '0')"
_USUAL: list[tuple[type[sa.types.TypeEngine[Any]], str, str]] = [
    (sa.SmallInteger, "i % 900", "i % 900"),
    (sa.Integer, "i", "i"),
    (sa.Boolean, "true", "1"),
    (sa.Date, "DATE '2020-01-01'", "'2020-01-01'"),
    (sa.Uuid, f"{_HEX}::uuid", "printf('%032x', i)"),
    (sa.LargeBinary, f"decode({_HEX}, 'hex')", "CAST(printf('%016x', i) AS BLOB)"),
    (sa.Float, "i % 10", "i % 10"),
    (sa.String, "'x'", "'x'"),
]
