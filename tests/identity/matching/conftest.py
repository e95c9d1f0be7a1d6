"""Databases of the person search, of both kinds, one of its own per test."""

from collections.abc import Iterator

import pytest
from tests.identity.matching.people import NOW

from kruispunt_identity.matching.peppers import DerivedPeppers
from kruispunt_identity.store.matching import MatchStore
from kruispunt_identity.tables import identity_tables
from kruispunt_identity.tables_matching import MatchingTables
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database
from kruispunt_server.keys import Keys

SECRET = b"a secret of thirty-two bytes or more"


@pytest.fixture(name="clock")
def clock_fixture() -> FixedClock:
    """A clock that stands still."""
    return FixedClock(NOW)


@pytest.fixture(scope="session")
def matching_tables() -> MatchingTables:
    """The tables of the person search."""
    return identity_tables().matching


@pytest.fixture
def match_database(empty_database_url: str, matching_tables: MatchingTables) -> Iterator[Database]:
    """A database with the tables of the person search; the test runs once on each kind."""
    database = opened(empty_database_url, matching_tables)
    yield database
    database.close()


@pytest.fixture
def both_databases(
    empty_sqlite_url: str, empty_postgres_url: str, matching_tables: MatchingTables
) -> Iterator[tuple[Database, Database]]:
    """The same empty tables on SQLite and on PostgreSQL."""
    pair = opened(empty_sqlite_url, matching_tables), opened(empty_postgres_url, matching_tables)
    yield pair
    for database in pair:
        database.close()


@pytest.fixture
def peppers() -> DerivedPeppers:
    """Peppers that follow from one secret."""
    return DerivedPeppers(Keys(SECRET))


@pytest.fixture
def match_store(
    match_database: Database, matching_tables: MatchingTables, peppers: DerivedPeppers, clock: FixedClock
) -> MatchStore:
    """A store of keys and profiles."""
    return MatchStore(match_database, matching_tables, peppers, clock)


def opened(url: str, tables: MatchingTables) -> Database:
    """Open a database and make the tables of the person search in it."""
    database = Database.open(url)
    with database.writing() as connection:
        tables.match_key.metadata.create_all(
            connection,
            tables=[tables.match_generation, tables.match_key, tables.match_profile, tables.match_frequency],
        )
    return database
