"""What every test may ask for: real databases, migrated, one of its own per test."""

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.access.matrix import cells
from tests.support.pgbouncer import Pooler, need_pgbouncer, running
from tests.support.postgres import SERVER_ROLE, Cluster, locked, shared_cluster, template_of

from kruispunt_directory.tables import DirectoryTables
from kruispunt_directory.tables import directory_tables as all_tables
from kruispunt_identity.tables import identity_tables
from kruispunt_server import migrate
from kruispunt_server.audit.granting import grant
from kruispunt_server.database import ALLOW_UNSAFE, Database
from kruispunt_server.owned import owned
from kruispunt_server.partitioning import spread
from kruispunt_server.tables import SharedTables

# The throw-away cluster flushes nothing; tests of the refusal itself take this away again.
os.environ[ALLOW_UNSAFE] = "1"


_MAKE_ROLE = f"""
    DO $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{SERVER_ROLE}') THEN
            CREATE ROLE {SERVER_ROLE} LOGIN PASSWORD 'kruispunt';
        END IF;
    END $$"""


PARTITIONS = 4

# Kinds of database. The last two are tried by some suites in `make test`, and by all in `make test-full`.
KINDS = ["sqlite", "postgresql", "pooled", "partitioned"]
_ALWAYS_ON_ALL_KINDS = (
    "tests/directory/service/test_dossier_service.py",
    "tests/directory/store/test_history.py",
    "tests/identity/store/test_issuing.py",
    "tests/identity/store/test_numbers.py",
    "tests/identity/store/test_persons.py",
    "tests/server/test_database.py",
    "tests/server/test_writes.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the further kinds of PostgreSQL to the full run, but for the suites that try them always."""
    for item in items:
        params = (
            item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        )
        kinds = {params.get("database_url"), params.get("identity_url")}
        if not kinds.isdisjoint(KINDS[2:]) and not item.nodeid.startswith(_ALWAYS_ON_ALL_KINDS):
            item.add_marker(pytest.mark.full)


def as_server(url: str) -> str:
    """Return the address by which a server connects: as a role that owns nothing, where there are roles."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "postgresql":
        return url
    changed = parsed.set(username=SERVER_ROLE, password="kruispunt")
    return changed.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """PostgreSQL 18, shared by all workers of the session, with a migrated template per service."""
    session = getattr(request.config, "workerinput", {}).get("testrunuid") or uuid.uuid4().hex
    with shared_cluster(session) as (cluster, folder):
        with locked(folder):
            if not (folder / "templates").exists():
                cluster.execute(_MAKE_ROLE)
                for service, shared in (
                    ("directory", all_tables().shared),
                    ("identity", identity_tables().shared),
                ):
                    name = template_of(cluster, service)
                    cluster.execute(f"CREATE DATABASE {name} TEMPLATE template0")
                    migrate.upgrade(cluster.url_of(name), service)
                    owner = Database.open(cluster.url_of(name), pool_size=1)
                    grant(owner, shared, SERVER_ROLE)
                    owner.close()
                (folder / "templates").touch()
        yield cluster


@pytest.fixture(scope="session")
def sqlite_templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A migrated file per service, to be copied."""
    folder = tmp_path_factory.mktemp("templates")
    made = {}
    for service in migrate.SERVICES:
        made[service] = folder / f"{service}.db"
        migrate.upgrade(f"sqlite:///{made[service]}", service)
    return made


@pytest.fixture
def postgres_url(postgres: Cluster) -> Iterator[str]:
    """A PostgreSQL database of this test alone, with the directory's tables."""
    with postgres.database(template_of(postgres, "directory")) as url:
        yield url


@pytest.fixture
def sqlite_url(sqlite_templates: dict[str, Path], tmp_path: Path) -> str:
    """A SQLite file of this test alone, with the directory's tables."""
    shutil.copyfile(sqlite_templates["directory"], tmp_path / "directory.db")
    return f"sqlite:///{tmp_path / 'directory.db'}"


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest) -> str:
    """A database of this test alone, with the directory's tables; the test runs once on each kind."""
    fixtures = {
        "sqlite": "sqlite_url",
        "postgresql": "postgres_url",
        "pooled": "pooled_url",
        "partitioned": "partitioned_url",
    }
    return str(request.getfixturevalue(fixtures[request.param]))


@pytest.fixture(scope="session")
def partitioned_templates(postgres: Cluster) -> dict[str, str]:
    """A migrated template per service whose tables of persons are spread over partitions."""
    made = {service: template_of(postgres, f"{service}_partitioned") for service in migrate.SERVICES}
    tables = {"directory": all_tables().metadata, "identity": identity_tables().metadata}
    with locked(postgres.folder):
        if not (postgres.folder / "partitioned").exists():
            for service, name in made.items():
                postgres.execute(f"CREATE DATABASE {name} TEMPLATE {template_of(postgres, service)}")
                spread(postgres.url_of(name), owned(tables[service]), PARTITIONS)
            (postgres.folder / "partitioned").touch()
    return made


@pytest.fixture
def partitioned_url(postgres: Cluster, partitioned_templates: dict[str, str]) -> Iterator[str]:
    """A PostgreSQL database of this test alone, with the directory's tables, spread over partitions."""
    with postgres.database(partitioned_templates["directory"]) as url:
        yield url


@pytest.fixture(scope="session")
def pgbouncer(postgres: Cluster) -> Iterator[Pooler]:
    """PgBouncer in transaction mode before the PostgreSQL of the session; its own for every worker."""
    need_pgbouncer()
    with running(postgres) as pooler:
        yield pooler


@pytest.fixture
def pooled_url(pgbouncer: Pooler, postgres_url: str) -> str:
    """The PostgreSQL database of this test alone, with the directory's tables, through PgBouncer."""
    return pgbouncer.url_of(postgres_url)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest) -> str:
    """A database of this test alone, never migrated; the test runs once on each kind."""
    return _one_of(request, "empty_sqlite_url", "empty_postgres_url")


@pytest.fixture
def empty_sqlite_url(tmp_path: Path) -> str:
    """A SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'empty.db'}"


@pytest.fixture
def empty_postgres_url(postgres: Cluster) -> Iterator[str]:
    """A PostgreSQL database without tables."""
    with postgres.database() as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The directory's database, opened; the test runs once on each kind."""
    opened = Database.open(database_url)
    yield opened
    opened.close()


@pytest.fixture(name="directory_tables", scope="session")
def directory_tables_fixture() -> DirectoryTables:
    """Every table of the directory."""
    return all_tables()


@pytest.fixture(scope="session")
def tables(directory_tables: DirectoryTables) -> SharedTables:
    """The tables that both services have, in the directory."""
    return directory_tables.shared


def _one_of(request: pytest.FixtureRequest, sqlite: str, postgresql: str) -> str:
    url: str = request.getfixturevalue(sqlite if request.param == "sqlite" else postgresql)
    return url


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many expectations the table of rights holds."""
    terminalreporter.write_line(f"table of rights: {sum(1 for _ in cells())} cells")
