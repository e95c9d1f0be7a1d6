"""The migrations lead from nothing to what the code works on, and back, on both databases."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from kruispunt_server import migrate
from kruispunt_server.database import Database
from kruispunt_server.migrate import MigrationError

SERVICES = ("identity", "directory")


@pytest.mark.parametrize("service", SERVICES)
def test_up_down_and_up_again_ends_at_the_tables_in_the_code(empty_database_url: str, service: str) -> None:
    """Both directions work, and what they make is what the code expects."""
    migrate.upgrade(empty_database_url, service)
    migrate.downgrade(empty_database_url, service, "base")
    left = _table_names(empty_database_url)
    migrate.upgrade(empty_database_url, service)

    assert {"alembic_version"} == left
    assert migrate.head(service) == migrate.current(empty_database_url, service)
    migrate.check_drift(empty_database_url, service)


@pytest.mark.parametrize(
    ("service", "revision"),
    [(service, revision) for service in SERVICES for revision in migrate.revisions(service)],
)
def test_every_earlier_revision_leads_to_the_head(
    empty_database_url: str, service: str, revision: str
) -> None:
    """A database left at any revision can be brought to the head, and one step down."""
    migrate.upgrade(empty_database_url, service, revision)
    migrate.upgrade(empty_database_url, service)
    migrate.downgrade(empty_database_url, service, "-1")
    migrate.upgrade(empty_database_url, service)

    assert migrate.head(service) == migrate.current(empty_database_url, service)
    migrate.check_drift(empty_database_url, service)


def test_a_drift_between_code_and_migrations_is_noticed(database_url: str) -> None:
    """A table that no migration made fails the check."""
    with _engine(database_url) as connection:
        connection.execute(sa.text("DROP TABLE synchronisation"))

    with pytest.raises(Exception, match="New upgrade operations detected"):
        migrate.check_drift(database_url, "directory")


def test_a_database_at_the_head_is_accepted(database: Database) -> None:
    """Nothing is raised."""
    migrate.check_head(database, "directory")


def test_an_empty_database_is_refused(empty_database_url: str) -> None:
    """The refusal says that there are no tables and what to do."""
    database = Database.open(empty_database_url)

    with pytest.raises(MigrationError, match=r"^the directory database has no tables yet: migrate it to "):
        migrate.check_head(database, "directory")
    database.close()


def test_an_earlier_revision_is_refused(database: Database, database_url: str) -> None:
    """The refusal says where the database is."""
    migrate.downgrade(database_url, "directory", "0001")

    with pytest.raises(MigrationError, match=r"^the directory database is at revision 0001: migrate it to "):
        migrate.check_head(database, "directory")


def test_a_newer_revision_is_refused(database: Database) -> None:
    """A database that a newer version of the software migrated is not touched by an older one."""
    with database.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(MigrationError, match="newer version of the software"):
        migrate.check_head(database, "directory")


def test_two_processes_that_migrate_at_once_both_succeed(empty_database_url: str) -> None:
    """The second waits, and finds nothing left to do."""
    migrate.upgrade(empty_database_url, "directory", "0001")
    code = "import sys; from kruispunt_server.migrate import upgrade; upgrade(sys.argv[1], 'directory')"
    started = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", code, empty_database_url], stderr=subprocess.PIPE
        )
        for _ in range(3)
    ]
    complaints = [process.communicate()[1].decode() for process in started]

    assert ["", "", ""] == complaints
    assert [0, 0, 0] == [process.returncode for process in started]
    assert migrate.head("directory") == migrate.current(empty_database_url, "directory")


def test_an_unknown_service_is_refused() -> None:
    """There are two histories."""
    with pytest.raises(MigrationError, match="there is no service 'audit'"):
        migrate.head("audit")


def _table_names(url: str) -> set[str]:
    with _engine(url) as connection:
        return set(sa.inspect(connection).get_table_names())


@contextmanager
def _engine(url: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()
