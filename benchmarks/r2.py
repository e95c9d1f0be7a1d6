"""R2 and R3: ListDossiers with everything on, against an echo over mutual TLS; PostgreSQL and SQLite."""

from typing import Any

from benchmarks.against_echo import compare
from benchmarks.comparing import Size
from benchmarks.stores import opened


def on_postgresql(size: Size) -> list[dict[str, Any]]:
    """Measure R2."""
    with opened("postgresql", size.rows) as store:
        return [compare("R2", "list", store, size, 0.65)]


def on_sqlite(size: Size) -> list[dict[str, Any]]:
    """Measure R3."""
    with opened("sqlite", size.rows) as store:
        return [compare("R3", "list", store, size, 0.50)]
