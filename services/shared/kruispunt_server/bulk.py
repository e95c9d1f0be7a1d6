"""Many rows into one table at the driver's speed: COPY on PostgreSQL, executemany on SQLite."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
import sqlalchemy as sa

from kruispunt_server.store_errors import as_integrity_error
from kruispunt_server.tables import Instant

# Of many rows most have the same day or instant: each is converted once.
_REPEATED = (sa.Date, Instant)


def bulk_insert(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert `rows` in the transaction of `connection`.

    Args:
        connection: one of `Database.writing`.
        table: where to.
        rows: 0 or more, by column name, all with the names of the first; columns left out, or NULL in every row,
            become NULL or the server's default, not SQLAlchemy's.

    Raises:
        sqlalchemy.exc.IntegrityError: a constraint was violated; none of the rows is there.
    """
    if rows:
        bulk_insert_columns(connection, table, {name: [row[name] for row in rows] for name in rows[0]})


def bulk_insert_columns(
    connection: sa.Connection, table: sa.Table, columns: Mapping[str, Sequence[Any]]
) -> None:
    """Insert rows given column by column, each of the same length; otherwise as `bulk_insert`."""
    dialect = connection.dialect
    # Columns in which nothing is said cost as much as others.
    said = {name: values for name, values in columns.items() if values.count(None) < len(values)}
    processed = [_processed(table.c[name], values, dialect) for name, values in said.items()]
    quote = dialect.identifier_preparer.quote
    target = f"{quote(table.name)} ({', '.join(map(quote, said))})"
    tuples = list(zip(*processed, strict=True))
    if dialect.name == "sqlite":
        marks = ", ".join("?" * len(processed))
        connection.exec_driver_sql(f"INSERT INTO {target} VALUES ({marks})", tuples)  # noqa: S608 - names of ours
    else:
        _copy(connection, f"COPY {target} FROM STDIN", tuples)


def _processed(column: sa.Column[Any], values: Sequence[Any], dialect: sa.Dialect) -> Sequence[Any]:
    processor = column.type.dialect_impl(dialect).bind_processor(dialect)
    if processor is None:
        return values
    if isinstance(column.type, _REPEATED):
        stored = {value: processor(value) for value in set(values)}
        return [stored[value] for value in values]
    return [processor(value) for value in values]


def _copy(connection: sa.Connection, statement: str, tuples: list[tuple[Any, ...]]) -> None:
    driver: psycopg.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    try:
        with driver.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            for row in tuples:
                copy.write_row(row)
    except psycopg.IntegrityError as error:
        raise as_integrity_error(error) or error from error
