"""W1 and W2: RegisterDossier with everything on, durable, 64 calls in flight, against an echo over mutual TLS.

Every call registers a dossier on another person: rules, row, version, idempotency, change, access record. Each of
these is counted afterwards. The databases are copies, and keep their usual durability.
"""

from typing import Any

from benchmarks import knowledge
from benchmarks.against_echo import compare
from benchmarks.comparing import Size
from benchmarks.stores import copied
from kruispunt_directory.tables import directory_tables

GOAL = 0.35


def on_postgresql(size: Size) -> list[dict[str, Any]]:
    """Measure W1."""
    return [_on("postgresql", "W1", size)]


def on_sqlite(size: Size) -> list[dict[str, Any]]:
    """Measure W2."""
    return [_on("sqlite", "W2", size)]


def _on(kind: str, name: str, size: Size) -> dict[str, Any]:
    tables = directory_tables()
    written = (
        tables.dossiers.dossier,
        tables.dossiers.dossier_version,
        tables.shared.idempotency,
        tables.shared.change,
    )
    with copied(kind, size.rows) as (store,):
        knowledge.load(store)
        return compare(name, "register", store, size, GOAL, written)
