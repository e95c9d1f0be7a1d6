"""The identity server's databases, migrated, one of its own per test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import KINDS
from tests.support.pgbouncer import Pooler
from tests.support.postgres import Cluster, template_of

from kruispunt_identity.tables import IdentityTables
from kruispunt_identity.tables import identity_tables as all_tables
from kruispunt_server.database import Database


@pytest.fixture
def identity_sqlite_url(sqlite_templates: dict[str, Path], tmp_path: Path) -> str:
    """A SQLite file of this test alone, with identity's tables."""
    shutil.copyfile(sqlite_templates["identity"], tmp_path / "identity.db")
    return f"sqlite:///{tmp_path / 'identity.db'}"


@pytest.fixture
def identity_postgres_url(postgres: Cluster) -> Iterator[str]:
    """A PostgreSQL database of this test alone, with identity's tables."""
    with postgres.database(template_of(postgres, "identity")) as url:
        yield url


@pytest.fixture
def identity_pooled_url(pgbouncer: Pooler, identity_postgres_url: str) -> str:
    """The PostgreSQL database of this test alone, with identity's tables, through PgBouncer."""
    return pgbouncer.url_of(identity_postgres_url)


@pytest.fixture
def identity_partitioned_url(postgres: Cluster, partitioned_templates: dict[str, str]) -> Iterator[str]:
    """A PostgreSQL database of this test alone, with identity's tables, spread over partitions."""
    with postgres.database(partitioned_templates["identity"]) as url:
        yield url


@pytest.fixture(params=KINDS)
def identity_url(request: pytest.FixtureRequest) -> str:
    """A database of this test alone, with identity's tables; the test runs once on each kind."""
    fixtures = {
        "sqlite": "identity_sqlite_url",
        "postgresql": "identity_postgres_url",
        "pooled": "identity_pooled_url",
        "partitioned": "identity_partitioned_url",
    }
    return str(request.getfixturevalue(fixtures[request.param]))


@pytest.fixture
def identity_database(identity_url: str) -> Iterator[Database]:
    """Identity's database, opened; the test runs once on each kind."""
    opened = Database.open(identity_url)
    yield opened
    opened.close()


@pytest.fixture(name="identity_tables", scope="session")
def identity_tables_fixture() -> IdentityTables:
    """Every table of the identity server."""
    return all_tables()
