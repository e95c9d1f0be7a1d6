"""What the planner does with the statements of a query: asked while they reach the driver, on real tables."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from kruispunt_server.database import Database

_PREFIX = {"postgresql": "EXPLAIN ", "sqlite": "EXPLAIN QUERY PLAN "}


@contextmanager
def statements(database: Database) -> Iterator[dict[str, Any]]:
    """Give a dictionary that fills with each statement and one set of its values."""
    seen: dict[str, Any] = {}

    def keep(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        seen[statement] = parameters[0] if many else parameters

    sa.event.listen(database.engine, "before_cursor_execute", keep)
    try:
        yield seen
    finally:
        sa.event.remove(database.engine, "before_cursor_execute", keep)


def plan_of(database: Database, query: Callable[[], object]) -> list[str]:
    """Run a query and return the plans of its statements, a line each."""
    with statements(database) as seen:
        query()
    return [line for statement, values in seen.items() for line in explain(database, statement, values)]


def explain(database: Database, statement: str, parameters: Any = None) -> list[str]:
    """Return the plan of a statement, a line each; none for what neither reads, changes nor deletes."""
    if not statement.lstrip().upper().startswith(("SELECT", "WITH", "UPDATE", "DELETE")):
        return []
    with database.reading() as connection:
        cursor = connection.connection.cursor()
        cursor.execute(_PREFIX[database.dialect] + statement, *([parameters] if parameters else []))
        return [str(row[-1]) for row in cursor.fetchall()]


def scans(database: Database, plan: list[str], tables: str) -> list[str]:
    """Return the lines of a plan that read one of some tables from end to end.

    Args:
        database: whose planner spoke.
        plan: its lines.
        tables: their names and aliases, parted by `|`.
    """
    words = "Seq Scan on" if database.dialect == "postgresql" else "SCAN"
    return [line for line in plan if re.search(rf"\b{words} ({tables})\b", line)]
