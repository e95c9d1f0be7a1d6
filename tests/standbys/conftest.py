"""A directory on a primary, with a hot standby whose replay a test holds up and lets go."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.directory.service.conftest import Directory, sandbox_pki, serving_directory
from tests.server.processes import wait_until
from tests.support.postgres import SERVER_ROLE
from tests.support.standby import Node, primary_with

from kruispunt_directory.tables import directory_tables
from kruispunt_identity.tables import identity_tables
from kruispunt_server import migrate
from kruispunt_server.audit.granting import grant
from kruispunt_server.database import Database
from kruispunt_server.standbys.reads import Reads

__all__ = ["sandbox_pki"]


@dataclass
class Places:
    """Where reads were made."""

    seen: list[str] = field(default_factory=list)

    def read_at(self, place: str) -> None:
        """Note one."""
        self.seen.append(place)

    def last(self) -> str:
        """Return where the last was made."""
        return self.seen[-1]


@dataclass
class Pair:
    """A served directory, its primary and its standby."""

    directory: Directory
    primary: Node
    standby: Node
    places: Places
    database: str

    @property
    def reads(self) -> Reads:
        """What sends calls to the standby."""
        found = self.directory.parts.reads
        assert found is not None
        return found

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """Hold the standby where it is now, after it has come as far as the primary."""
        self.catch_up()
        self.standby.execute("SELECT pg_wal_replay_pause()")
        wait_until(
            lambda: self.standby.execute("SELECT pg_get_wal_replay_pause_state()") == [("paused",)],
            "it is held up",
        )
        try:
            yield
        finally:
            self.standby.execute("SELECT pg_wal_replay_resume()")

    def catch_up(self) -> None:
        """Wait until the standby shows everything and can be read."""
        catch_up(self.primary, self.standby)
        wait_until(self.reads.all_serve, "the standby serves")


def catch_up(primary: Node, standby: Node) -> None:
    """Wait until a standby shows everything."""
    ((flushed,),) = primary.execute("SELECT pg_current_wal_flush_lsn()::text")
    wait_until(
        lambda: standby.execute(f"SELECT pg_last_wal_replay_lsn() >= '{flushed}'") == [(True,)],
        "the standby has come so far",
    )


def migrated(primary: Node, service: str = "directory") -> None:
    """Make the database that those of the tests are copies of."""
    name = f"template_{service}"
    primary.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    migrate.upgrade(primary.url_of(name), service)
    tables = directory_tables().shared if service == "directory" else identity_tables().shared
    owner = Database.open(primary.url_of(name), pool_size=1)
    grant(owner, tables, SERVER_ROLE)
    owner.close()


@contextmanager
def served(
    database_url: str, sandbox_pki: Path, nodes: list[Node], database: str, **more: Any
) -> Iterator[Pair]:
    """Serve the directory on a database of the first node, with the second as its standby."""
    primary, standby = nodes
    settings = {
        "standby_urls": [standby.url_of(database, SERVER_ROLE)],
        "standby_staleness_s": 60,
        **more,
    }
    with serving_directory(database_url, sandbox_pki, **settings) as directory:
        places = Places()
        assert directory.parts.reads is not None
        directory.parts.reads._counted = places
        yield Pair(directory, primary, standby, places, database)


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[Node]]:
    """A primary and a standby, with a migrated template."""
    with primary_with("two") as found:
        migrated(found[0])
        yield found


@pytest.fixture
def fresh(nodes: list[Node]) -> str:
    """A database of this test alone, on both."""
    name = f"d_{len(nodes[0].execute('SELECT 1 FROM pg_database'))}"
    nodes[0].execute(f"CREATE DATABASE {name} TEMPLATE template_directory")
    return name


@pytest.fixture
def pair(nodes: list[Node], fresh: str, sandbox_pki: Path) -> Iterator[Pair]:
    """The directory, served on both."""
    with served(nodes[0].url_of(fresh), sandbox_pki, nodes, fresh) as one:
        one.catch_up()
        yield one
