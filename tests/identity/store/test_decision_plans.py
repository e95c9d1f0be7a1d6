"""No decision, search or sweep reads a whole table: the planner is asked, on tables of life's shape."""

import datetime as dt
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from tests.identity.matching.people import person
from tests.identity.registers import NOON, Registers, registers_on
from tests.identity.store.test_reading_plans import PERSONS, explain

from kruispunt_identity.domain.decision import DistinctReason
from kruispunt_identity.domain.number import Register
from kruispunt_identity.matching.suspicion import SuspicionPosition
from kruispunt_identity.store.searches import SearchLog
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.bulk import bulk_insert
from kruispunt_server.database import Database

FIRST, SECOND = PERSONS[1000], PERSONS[1001]


@pytest.fixture
def registers(identity_database: Database, identity_tables: IdentityTables) -> Registers:
    """6,000 persons with their keys; each pair of neighbours decided on, and each suspected with the one after."""
    made = registers_on(identity_database, identity_tables)
    tables = identity_tables.registration
    decided: dict[str, Any] = {"reason": 1, "note": "", "participant_id": "pensions", "recorded_at": NOON}
    suspected: dict[str, Any] = {"grade": 3, "parts": "[]", "rules_version": 1, "found_at": NOON}
    pairs = list(zip(PERSONS[:-2], PERSONS[1:-1], PERSONS[2:], strict=True))
    with identity_database.writing() as connection:
        made.numbers.insert_many(connection, [(ssin, Register.BIS) for ssin in PERSONS], NOON)
        made.matches.write_many(
            connection,
            [
                (ssin, person("Peeters", "Jan", (1900 + n % 120, 1 + n % 12, 1 + n % 28)))
                for n, ssin in enumerate(PERSONS)
            ],
        )
        bulk_insert(
            connection,
            tables.distinct_pair,
            [
                {"low_ssin": int(one), "high_ssin": int(next_), **decided}
                for one, next_, _ in map(sorted, pairs)
            ],
        )
        bulk_insert(
            connection,
            tables.suspected_duplicate,
            [
                {"low_ssin": int(one), "high_ssin": int(after), "log2_odds": n % 50 / 7, **suspected}
                for n, (one, _, after) in enumerate(map(sorted, pairs))
            ],
        )
        search: dict[str, Any] = {
            "participant_id": "pensions", "made_at": NOON, "rules_version": 1, "criteria_digest": b"d" * 16,
            "candidates": "[]",
        }  # fmt: skip
        bulk_insert(connection, tables.search, [{"search_id": uuid.uuid4(), **search} for _ in range(3000)])
    with identity_database.reading() as connection:
        connection.exec_driver_sql("ANALYZE")
    return made


def _record(registers: Registers, connection: sa.Connection) -> None:
    registers.decisions.record_distinct(
        connection, (FIRST, SECOND), reason=DistinctReason.TWIN, note="", participant_id="p", now=NOON
    )


def _sweep(registers: Registers, _: sa.Connection) -> None:
    registers.clock.advance(dt.timedelta(hours=1))
    with registers.database.writing() as connection:
        registers.matches.write(connection, FIRST, person("Kowalski", "Piotr", (1961, 2, 8)))
    cursor = registers.tables.registration.cursor
    with registers.database.writing() as connection:
        connection.execute(
            sa.insert(cursor), {"name": "sweep", "changed_at": NOON + dt.timedelta(minutes=1), "ssin": 0}
        )
    assert [1] == [swept.persons for swept in registers.sweep().run()]


QUERIES: dict[str, Callable[[Registers, sa.Connection], Any]] = {
    "told_apart": lambda registers, connection: registers.decisions.told_apart(connection, [FIRST, SECOND]),
    # Many of so few rows are rightly read by a scan.
    "first_page": lambda registers, connection: registers.decisions.waiting(connection, limit=1),
    "next_page": lambda registers, connection: registers.decisions.waiting(
        connection, after=SuspicionPosition(3.0, int(FIRST), int(SECOND)), limit=1
    ),
    "search": lambda registers, connection: SearchLog(registers.database, registers.tables).find(
        connection, uuid.uuid4()
    ),
}
WRITES: dict[str, Callable[[Registers, sa.Connection], Any]] = {"record_distinct": _record}
ALONE: dict[str, Callable[[Registers, sa.Connection], Any]] = {"sweep": _sweep}

_GROWING = "number|distinct_pair|suspected_duplicate|search|match_profile|match_key"
SCANS = {
    "postgresql": re.compile(rf"Seq Scan on ({_GROWING})\b"),
    # Going through an index from its end, in order and until the page is full, is no scan.
    "sqlite": re.compile(rf"\bSCAN ({_GROWING})\b(?!.*ix_suspected_duplicate_open)"),
}


def test_no_decision_scans(registers: Registers) -> None:
    """Every statement uses an index on the tables that grow with the population."""
    database, scanning = registers.database, []
    for name, query in (QUERIES | WRITES | ALONE).items():
        seen: list[tuple[str, Any]] = []

        def keep(
            _c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool,
            kept: list[tuple[str, Any]] = seen,
        ) -> None:  # fmt: skip
            kept.append((statement, parameters))

        sa.event.listen(database.engine, "before_cursor_execute", keep)
        if name in ALONE:
            query(registers, None)  # type: ignore[arg-type]
        else:
            with database.writing() if name in WRITES else database.snapshot() as connection:
                query(registers, connection)
        sa.event.remove(database.engine, "before_cursor_execute", keep)
        explained = [line for statement in seen for line in explain(database, *statement)]
        assert explained, name
        scanning += [f"{name}: {line}" for line in explained if SCANS[database.dialect].search(line)]

    assert [] == scanning
