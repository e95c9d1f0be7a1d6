"""No change of a number reads a whole table: the planner is asked, updates included."""

import re
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from tests.identity.service.numbering import EMMA, numbering_on

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.number import Register
from kruispunt_identity.domain.values import Gender, PartialDate
from kruispunt_identity.store.issuing import NumberIssuer
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.database import Database

PERSONS = [
    Ssin.assemble(854_101 + month * 100, sequence, born_from_2000=False)
    for month in range(10)
    for sequence in range(1, 401)
]
SCANS = {
    "postgresql": re.compile(r"Seq Scan on (number|number_event|number_counter)\b"),
    "sqlite": re.compile(r"\bSCAN (number|root|number_event|number_counter)\b"),
}


def test_no_change_of_a_number_scans(
    identity_database: Database, identity_tables: IdentityTables, tmp_path: Path
) -> None:
    """Replacing, splitting, cancelling, moving and giving out use an index on every table that grows."""
    numbering = numbering_on(identity_database, identity_tables, tmp_path / "national.db")
    counter = identity_tables.persons.number_counter
    rows = [
        {"date_part": part, "from_2000": False, "parity": 1, "last_sequence": 9}
        for part in range(100_000, 103_000)
    ]
    with identity_database.writing() as transaction:
        numbering.told.numbers.insert_many(
            transaction, [(each, Register.BIS) for each in PERSONS], numbering.told.clock.now()
        )
        transaction.execute(sa.insert(counter), rows)
    for place in range(0, 400, 2):
        numbering.told.replace(PERSONS[place], PERSONS[place + 1])
    with identity_database.reading() as connection:
        connection.exec_driver_sql("ANALYZE")
    numbering.told.holders.dossiers.update(
        (numbering.call().participant.own_institution(), each) for each in PERSONS[:8]
    )
    seen: list[tuple[str, Any]] = []

    def keep(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        seen.append((statement, parameters[0] if many else parameters))

    sa.event.listen(identity_database.engine, "before_cursor_execute", keep)
    numbering.preview(PERSONS[1], PERSONS[3])
    numbering.replace(PERSONS[1], PERSONS[3])
    numbering.split(PERSONS[1])
    numbering.cancel(PERSONS[5])
    numbering.move(EMMA, 3)
    numbering.move(EMMA, 1)
    with identity_database.writing() as transaction:
        NumberIssuer(identity_database, identity_tables).allocate(
            transaction, PartialDate(1985, 1, 1), Gender.MALE
        )
    sa.event.remove(identity_database.engine, "before_cursor_execute", keep)

    explained = [line for statement in seen for line in explain(identity_database, *statement)]
    assert explained
    scanning = [line for line in explained if SCANS[identity_database.dialect].search(line)]
    assert [] == scanning


def explain(database: Database, statement: str, parameters: Any) -> list[str]:
    """Return the plan of a query or an update, a line each; none for anything else."""
    if not statement.lstrip().upper().startswith(("SELECT", "WITH", "UPDATE")):
        return []
    prefix = "EXPLAIN " if database.dialect == "postgresql" else "EXPLAIN QUERY PLAN "
    with database.reading() as connection:
        cursor = connection.connection.cursor()
        cursor.execute(prefix + statement, *([parameters] if parameters else []))
        return [f"{row[-1]}   <- {statement[:300]}" for row in cursor.fetchall()]
