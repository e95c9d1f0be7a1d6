"""Both services, running, over mutual TLS: each a participant of the other, on databases of one kind."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.conftest import as_server
from tests.directory.service.conftest import NOON, PURPOSE, Directory, directory, sandbox_pki
from tests.identity.service.conftest import Identity, identity
from tests.support.rights import load_sandbox

from kruispunt_directory.code_tables import load_code_tables
from kruispunt_directory.identity_client import IdentityRegister
from kruispunt_directory.settings import DirectorySettings
from kruispunt_directory.store.code_tables import load_into
from kruispunt_directory.tables import directory_tables
from kruispunt_directory.wiring import servicers
from kruispunt_identity.directory_client import DirectoryHolders
from kruispunt_server.assembly import Assembly, Parts, Telemetry, open_parts
from kruispunt_server.clock import FixedClock
from kruispunt_server.events import Events
from kruispunt_server.server import Server

__all__ = ["directory", "identity", "sandbox_pki"]

_PATIENCE_S = 20.0


@pytest.fixture
def identity_url(request: pytest.FixtureRequest, database_url: str) -> str:
    """A database for identity, of the kind that the directory has."""
    kind = "sqlite" if database_url.startswith("sqlite") else "postgres"
    url: str = request.getfixturevalue(f"identity_{kind}_url")
    return url


@dataclass
class Both:
    """The two services."""

    identity: Identity
    directory: Directory
    parts: Parts


@pytest.fixture
def both(identity: Identity, database_url: str, sandbox_pki: Path) -> Iterator[Both]:
    """The two services, each asking the other."""
    clock, log, tables = identity.clock, io.StringIO(), directory_tables()
    settings = DirectorySettings(
        database_url=as_server(database_url),
        tls_certificate=sandbox_pki / "server.crt",
        tls_key=sandbox_pki / "server.key",
        tls_authority=sandbox_pki / "ca.crt",
        secret_file=sandbox_pki / "secret",
        lame_duck_s=0,
        strict_events=True,
    )
    parts = open_parts(
        settings, tables.shared, Telemetry(Events("directory", strict=True, stream=log)), clock=clock
    )
    load_into(parts.database, tables, FixedClock(NOON), load_code_tables())
    load_sandbox(parts.database, tables.shared)
    register = IdentityRegister.over(
        identity.endpoint, identity.certificates("directory-service"), _PATIENCE_S
    )
    server = Server(settings, Assembly(parts, servicers(parts, register), [register.close]))
    one = Directory(
        f"127.0.0.1:{server.start(0)}",
        sandbox_pki,
        parts.database,
        tables,
        clock,
        log,
        parts.subject_keys,
        parts.rights,
    )
    holders = DirectoryHolders(one.client("identity-service", PURPOSE), patience_s=_PATIENCE_S)
    identity.holders.holds = holders.holds  # type: ignore[method-assign]
    identity.holders.held_among = holders.held_among  # type: ignore[method-assign]
    identity.holders.institutions = holders.institutions  # type: ignore[method-assign]
    yield Both(identity, one, parts)
    for client in one.clients:
        client.close()
    assert server.drain() == 0
