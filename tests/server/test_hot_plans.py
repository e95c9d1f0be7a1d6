"""No hot statement of either server reads a table from end to end: all of them, as the servers themselves compile them.

Whatever is compiled by `Database.hot` is asked for its plan, so a new statement cannot be forgotten; and a table that
one of them reads must be said to be small, or be filled here.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.conftest import as_server
from tests.support.filling import fill
from tests.support.postgres import Cluster, template_of

from kruispunt_directory.settings import DirectorySettings
from kruispunt_directory.tables import metadata as directory_metadata
from kruispunt_directory.wiring import wire as wire_directory
from kruispunt_identity.settings import IdentitySettings
from kruispunt_identity.tables import metadata as identity_metadata
from kruispunt_identity.wiring import wire as wire_identity
from kruispunt_server.assembly import Assembly, Telemetry
from kruispunt_server.database import Database, HotStatement
from kruispunt_server.events import Events

FEW, MANY = 20_000, 1_000_000
METADATA = {"directory": directory_metadata, "identity": identity_metadata}

# One row, or a few thousand, whatever the number of persons.
SMALL = {"rights_version", "log", "knowledge_revision"}

# Indexes that leave all out but what waits to be sealed: read from end to end they are few rows.
TAILS = {"ix_access_unsealed", "ix_change_unsealed"}

# What grows, with what is particular about it. Both logs are sealed but for the last hundred records.
SEALED = {"position": "CASE WHEN i > {rows} - 100 THEN NULL ELSE i END"}
GROWS: dict[str, dict[str, dict[str, str]]] = {
    "directory": {
        # Four dossiers a person.
        "dossier": {
            "person": "85000000000 + i / 4",
            "registered_under": "85000000000 + i / 4",
            "capacity": "i % 4",
            "sector": "i % 20",
            "phase": "0",
        },
        "number": {"ssin": "85000000000 + i", "current_ssin": "85000000000 + i", "status": "1"},
        "access": SEALED,
        "change": SEALED,
    },
    "identity": {
        # Of a key a few persons, of a person several keys.
        "match_key": {"generation": "1", "key": "i / 8", "ssin": "85000000000 + i % 100003"},
        "number": {
            "ssin": "85000000000 + i",
            "root_ssin": "85000000000 + i",
            "status": "1",
            "height": "1",
            "version": "1",
        },
        "number_event": {"ssin": "85000000000 + i", "event_no": "1"},
        # Five facts a person.
        "fact": {"ssin": "85000000000 + i / 5", "data_group": "i % 5", "value": "'{}'"},
        "foreign_identifier": {"ssin": "85000000000 + i", "version": "1"},
        "protection": {"ssin": "85000000000 + i"},
        "match_profile": {
            "ssin": "85000000000 + i",
            "generation": "1",
            "letters": "'x'",
            "birth": "19850101",
        },
        "access": SEALED,
        "change": SEALED,
    },
}


@pytest.fixture(params=[FEW, pytest.param(MANY, marks=pytest.mark.full)])
def rows(request: pytest.FixtureRequest) -> int:
    """How many rows every table has that grows."""
    return int(request.param)


@pytest.fixture(params=["directory", "identity"])
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["sqlite", "postgresql"])
def server_url(
    request: pytest.FixtureRequest, service: str, rows: int, tmp_path: Path, sqlite_templates: dict[str, Path]
) -> Iterator[str]:
    """The address of a filled database, for a server; with statistics as after autovacuum."""
    if request.param == "sqlite":
        path = tmp_path / "filled.db"
        path.write_bytes(sqlite_templates[service].read_bytes())
        prepare(f"sqlite:///{path}", service, rows)
        yield f"sqlite:///{path}"
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    with cluster.database(template_of(cluster, service)) as url:
        prepare(url, service, rows)
        yield as_server(url)


def prepare(url: str, service: str, rows: int) -> None:
    database = Database.open(url, pool_size=1, statement_timeout_s=600)
    for name, expressions in GROWS[service].items():
        of_rows = {column: text.replace("{rows}", str(rows)) for column, text in expressions.items()}
        fill(database, METADATA[service].tables[name], rows, of_rows)
    with database.reading() as connection:
        connection.exec_driver_sql("ANALYZE" if database.dialect == "sqlite" else "VACUUM ANALYZE")
    database.close()


@pytest.fixture
def assembly(service: str, server_url: str, tmp_path: Path) -> Iterator[Assembly]:
    """A server as the command wires it, that serves nothing."""
    (tmp_path / "secret").write_bytes(b"s" * 32)
    given = {
        "database_url": server_url,
        "secret_file": tmp_path / "secret",
        "plaintext_participant": "nobody",
    }
    telemetry = Telemetry(Events(service))
    if service == "directory":
        made = wire_directory(DirectorySettings(**given), telemetry)
    else:
        made = wire_identity(IdentitySettings(**given), telemetry)
    yield made
    for step in made.closing:
        step()
    made.parts.database.close()


def test_no_hot_statement_scans(assembly: Assembly, service: str) -> None:
    """With whatever values: the plan that PostgreSQL keeps for all, and the one that SQLite makes for all."""
    database = assembly.parts.database
    plans = {statement.sql: plan_of(database, statement) for statement in database.hot_statements}
    tables = {table for plan in plans.values() for table in tables_of(database, plan)}

    assert len(plans) >= AT_LEAST[service]
    assert tables <= SMALL | GROWS[service].keys()
    assert {} == {sql: bad for sql, plan in plans.items() if (bad := scanned(database, plan))}


# Compiled today; fewer would mean that the registry missed some.
AT_LEAST = {"directory": 10, "identity": 20}


def test_a_scan_would_be_seen(assembly: Assembly, service: str) -> None:
    """The test above can fail: a statement without index is found out, and so is a table that nobody filled."""
    database = assembly.parts.database
    table = METADATA[service].tables["access"]
    bad = database.hot(sa.select(table.c.entry_no).where(table.c.result == sa.bindparam("result")))
    unknown = database.hot(sa.select(METADATA[service].tables["participant"].c.roles))

    assert bad in database.hot_statements
    assert ["access"] == scanned(database, plan_of(database, bad))
    assert {"participant"} == tables_of(database, plan_of(database, unknown))


def plan_of(database: Database, statement: HotStatement) -> list[str]:
    """Return the plan of a statement for any values, a line each."""
    sql = statement.sql
    names = dict.fromkeys(re.findall(r"%\((\w+)\)[sb]|(?<![:\w]):(\w+)", sql))
    if database.dialect == "sqlite":
        with database.reading() as connection:
            driver = connection.connection.cursor()
            driver.execute(f"EXPLAIN QUERY PLAN {sql}", {b: None for _, b in names})
            return [str(row[-1]) for row in driver.fetchall()]
    for number, (name, _) in enumerate(names, 1):
        sql = re.sub(rf"%\({name}\)[sb]", f"${number}", sql)
    with database.reading() as connection:
        return [str(row[0]) for row in connection.exec_driver_sql(f"EXPLAIN (GENERIC_PLAN) {sql}")]


_READ = {
    "postgresql": re.compile(
        r"(?P<how>Seq|Index|Index Only|Bitmap Heap) Scan(?: Backward)?(?: using (?P<index>\w+))? on (?P<table>\w+)"
    ),
    "sqlite": re.compile(
        r"(?P<how>SCAN|SEARCH) (?P<table>\w+)(?! VIRTUAL)(?: USING (?:COVERING )?INDEX (?P<index>\w+))?"
    ),
}


def reads(database: Database, plan: list[str]) -> Iterator[tuple[str, bool]]:
    """Give each table that a plan reads, and whether from end to end, be it by an index."""
    tables = set(sa.inspect(database.engine).get_table_names())
    for line, next_line in zip(plan, [*plan[1:], ""], strict=True):
        found = _READ[database.dialect].search(line)
        if found is None or found["table"] not in tables:
            continue
        if database.dialect == "sqlite":
            whole = found["how"] == "SCAN"
        else:
            whole = found["how"] == "Seq" or (found["index"] is not None and "Index Cond" not in next_line)
        yield found["table"], whole and found["index"] not in TAILS


def tables_of(database: Database, plan: list[str]) -> set[str]:
    """Return the tables that a plan reads."""
    return {table for table, _ in reads(database, plan)}


def scanned(database: Database, plan: list[str]) -> list[str]:
    """Return the tables of life's size that a plan reads from end to end."""
    return [table for table, whole in reads(database, plan) if whole and table not in SMALL]
