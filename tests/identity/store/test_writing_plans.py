"""No writing of a person reads a whole table: the planner is asked, on tables of life's shape."""

import re
from typing import Any

import pytest
import sqlalchemy as sa
from tests.identity.service.telling import ANNA, BEA, NOON, PENSIONS, Told, change, date, name, told_on

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.fact import Fact
from kruispunt_identity.domain.number import Register
from kruispunt_identity.domain.values import ALWAYS, DataGroup, Name
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.database import Database
from kruispunt_server.ids import new_id

OTHERS = [
    Ssin.assemble(854_101 + month * 100, sequence, born_from_2000=False)
    for month in range(10)
    for sequence in range(1, 401)
]
SCANS = {
    "postgresql": re.compile(r"Seq Scan on (number|number_event|fact|foreign_identifier)\b"),
    "sqlite": re.compile(r"\bSCAN (number|root|number_event|fact|foreign_identifier)\b"),
}


@pytest.fixture
def told(identity_database: Database, identity_tables: IdentityTables) -> Told:
    """4,000 persons with a name and a foreign identifier each, and ANNA, to whom BEA leads."""
    made = told_on(identity_database, identity_tables)
    source = PENSIONS.own_institution()
    links = [
        {
            "ssin": int(ssin),
            "link_id": new_id(),
            "version": 1,
            "country": "MA",
            "scheme": 2,
            "identifier": f"EH{place}",
            "folded": f"EH{place}",
            "sector": 5,
            "institution": 1,
            "recorded_at": NOON,
        }
        for place, ssin in enumerate(OTHERS)
    ]
    with identity_database.writing() as connection:
        made.numbers.insert_many(connection, [(ssin, Register.BIS) for ssin in OTHERS], NOON)
        made.facts.add_many(
            connection,
            [Fact(new_id(), ssin, DataGroup.NAME, Name("X"), ALWAYS, source, None, NOON) for ssin in OTHERS],
        )
        connection.execute(sa.insert(identity_tables.persons.foreign_identifier), links)
    made.register(ANNA)
    made.register(BEA, "Bea")
    made.replace(BEA, ANNA)
    with identity_database.reading() as connection:
        connection.exec_driver_sql("ANALYZE")
    return made


def test_no_write_scans(told: Told) -> None:
    """Every statement of every command uses an index on the tables that grow with the population."""
    seen: list[tuple[str, Any]] = []

    def keep(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        seen.append((statement, parameters[0] if many else parameters))

    sa.event.listen(told.database.engine, "before_cursor_execute", keep)
    fact = told.update(BEA, change(name("Janssens"))).results[0].fact
    told.update(ANNA, change(name("Janssen"), fact.fact_id))
    told.retract(ANNA, str(told.standing(ANNA)[0].fact_id))
    link = told.link(BEA).foreign_identifier
    told.end(ANNA, link.link_id, date(2027, 1, 1))
    sa.event.remove(told.database.engine, "before_cursor_execute", keep)

    explained = [line for statement in seen for line in explain(told.database, *statement)]
    scanning = SCANS[told.database.dialect]
    assert len(explained) > 20
    assert [] == [line for line in explained if scanning.search(line)]


def test_a_scan_would_be_seen(told: Told) -> None:
    """The test above can fail: a change without index is found out."""
    explained = explain(told.database, "UPDATE fact SET superseded_at = NULL WHERE value = 'x'", None)

    assert [line for line in explained if SCANS[told.database.dialect].search(line)]


def explain(database: Database, statement: str, parameters: Any) -> list[str]:
    """Return the plan of a statement, a line each; none for what neither reads nor changes."""
    if not statement.lstrip().upper().startswith(("SELECT", "WITH", "UPDATE")):
        return []
    prefix = "EXPLAIN " if database.dialect == "postgresql" else "EXPLAIN QUERY PLAN "
    with database.reading() as connection:
        cursor = connection.connection.cursor()
        cursor.execute(prefix + statement, *([parameters] if parameters else []))
        return [str(row[-1]) for row in cursor.fetchall()]
