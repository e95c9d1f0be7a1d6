"""No read of persons reads a whole table: the planner is asked, on tables of life's shape."""

import datetime as dt
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from tests.identity.past import PASSPORT, Past, on

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.fact import Fact
from kruispunt_identity.domain.number import Register
from kruispunt_identity.domain.protection import Decision, Protection
from kruispunt_identity.domain.rights import EVERYTHING
from kruispunt_identity.domain.values import ALWAYS, Address, DataGroup, Name, Nationalities, Value
from kruispunt_identity.store.reading import PersonReader
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.call import InstitutionKey
from kruispunt_server.database import Database

DAY = dt.date(2026, 6, 1)
PERSONS = [
    Ssin.assemble(854_101 + month * 100, sequence, born_from_2000=False)
    for month in range(10)
    for sequence in range(1, 601)
]
SOMEBODY, FORMER = PERSONS[3000], PERSONS[3001]
VALUES: dict[DataGroup, Value] = {
    DataGroup.NAME: Name("X"),
    DataGroup.NATIONALITIES: Nationalities(("MA",)),
    DataGroup.RESIDENTIAL_ADDRESS: Address("MA"),
}


@pytest.fixture
def filled(identity_database: Database, identity_tables: IdentityTables) -> Past:
    """6,000 persons, three facts and a foreign identifier each; some replaced."""
    past = Past(identity_database, identity_tables)
    facts = [
        Fact(
            uuid.UUID(int=10_000 + n * 3 + m),
            ssin,
            group,
            value,
            ALWAYS,
            InstitutionKey(5, 1),
            None,
            on(2, 1),
        )
        for n, ssin in enumerate(PERSONS)
        for m, (group, value) in enumerate(VALUES.items())
    ]
    links = [
        {
            "ssin": int(ssin),
            "link_id": uuid.UUID(int=n + 1),
            "version": 1,
            "country": "MA",
            "scheme": 2,
            "identifier": f"EH{n}",
            "folded": f"EH{n}",
            "sector": 5,
            "institution": 1,
            "recorded_at": on(2, 1),
        }
        for n, ssin in enumerate(PERSONS)
    ]
    with identity_database.writing() as connection:
        past.numbers.insert_many(connection, [(ssin, Register.BIS) for ssin in PERSONS], on(2, 1))
        past.facts.add_many(connection, facts)
        connection.execute(sa.insert(identity_tables.persons.foreign_identifier), links)
    for former, next_ in zip(PERSONS[1:200:2], PERSONS[0:200:2], strict=True):
        past.replace(former, next_, on(3, 1))
    past.replace(FORMER, SOMEBODY, on(3, 1))
    decision = Decision(DAY, "court", "registrar")
    with identity_database.writing() as connection:
        marks = [Protection.new(ssin, decision, on(3, 2)) for ssin in PERSONS[::2]]
        past.numbers.protections.add(connection, marks)
    with identity_database.reading() as connection:
        connection.exec_driver_sql("ANALYZE")
    return past


QUERIES: dict[str, Callable[[PersonReader], Any]] = {
    "person": lambda reader: reader.persons([FORMER], valid_at=DAY),
    "person_known_at": lambda reader: reader.persons([FORMER], valid_at=DAY, known_at=on(5, 1)),
    # Many of so few rows are rightly read by a scan.
    "persons": lambda reader: reader.persons(PERSONS[:20], valid_at=DAY),
    "persons_known_at": lambda reader: reader.persons(PERSONS[:20], valid_at=DAY, known_at=on(5, 1)),
    "linked": lambda reader: reader.linked(PASSPORT, valid_at=DAY),
    "linked_known_at": lambda reader: reader.linked(PASSPORT, valid_at=DAY, known_at=on(5, 1)),
    "versions": lambda reader: reader.versions(FORMER, EVERYTHING, known_at=None, after=None, limit=10),
    "versions_known_at": lambda reader: reader.versions(
        FORMER, EVERYTHING, known_at=on(5, 1), after=None, limit=10
    ),
    "protected": lambda reader: reader.protected([FORMER]),
    "many_protected": lambda reader: reader.protected(PERSONS[:20]),
}

SCANS = {
    "postgresql": re.compile(r"Seq Scan on (number|number_event|fact|foreign_identifier|protection)\b"),
    "sqlite": re.compile(r"\bSCAN (number|root|member|number_event|fact|foreign_identifier|protection)\b"),
}


def test_no_read_scans(filled: Past) -> None:
    """Every read uses an index on the tables that grow with the population."""
    database, scanning = filled.database, []
    for name, query in QUERIES.items():
        seen: list[tuple[str, Any]] = []

        def keep(
            _c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool,
            kept: list[tuple[str, Any]] = seen,
        ) -> None:  # fmt: skip
            kept.append((statement, parameters))

        sa.event.listen(database.engine, "before_cursor_execute", keep)
        query(filled.reader)
        sa.event.remove(database.engine, "before_cursor_execute", keep)
        explained = [line for statement in seen for line in explain(database, *statement)]
        assert explained, name
        scanning += [f"{name}: {line}" for line in explained if SCANS[database.dialect].search(line)]

    assert [] == scanning


def test_a_scan_would_be_seen(filled: Past) -> None:
    """The test above can fail: a question without index is found out."""
    table = filled.tables.persons.fact
    statement = str(
        sa.select(table.c.ssin).where(table.c.value == sa.text("'x'")).compile(filled.database.engine)
    )
    explained = explain(filled.database, statement, None)

    assert [line for line in explained if SCANS[filled.database.dialect].search(line)]


def explain(database: Database, statement: str, parameters: Any) -> list[str]:
    """Return the plan of a statement, a line each; none for what is no query."""
    if not statement.lstrip().upper().startswith(("SELECT", "WITH")):
        return []
    prefix = "EXPLAIN " if database.dialect == "postgresql" else "EXPLAIN QUERY PLAN "
    with database.reading() as connection:
        cursor = connection.connection.cursor()
        cursor.execute(prefix + statement, *([parameters] if parameters else []))
        return [str(row[-1]) for row in cursor.fetchall()]


@pytest.mark.parametrize("known_at", [None, on(5, 1)])
def test_a_thousand_persons_cost_as_many_statements_as_ten(
    filled: Past, known_at: dt.datetime | None
) -> None:
    """Whatever is read of persons is read by arrays: replaced, protected and linked ones among them."""
    counts = []
    reader = filled.reader
    for some in (PERSONS[:10], PERSONS[:1000]):
        made: list[str] = []

        def note(_c: Any, _cursor: Any, statement: str, *_: Any, kept: list[str] = made) -> None:
            kept.append(statement)

        sa.event.listen(filled.database.engine, "before_cursor_execute", note)
        found = reader.persons(some, valid_at=DAY, known_at=known_at)
        sa.event.remove(filled.database.engine, "before_cursor_execute", note)
        counts.append((len(found), len(made)))

    (ten, few), (thousand, many) = counts
    assert (10, 1000) == (ten, thousand)
    assert few == many
    assert many <= 12
