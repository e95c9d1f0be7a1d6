"""The identity server, in this process, with mutual TLS and real databases."""

import datetime as dt
import io
import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
import sqlalchemy as sa
from tests.conftest import as_server
from tests.directory.service.conftest import sandbox_pki
from tests.support.rights import load_sandbox

from kruispunt import ClientCertificates, IdentityClient, Purpose
from kruispunt.ssin import Ssin
from kruispunt_identity.servicer.guard import Guard
from kruispunt_identity.settings import IdentitySettings
from kruispunt_identity.tables import IdentityTables, identity_tables
from kruispunt_identity.wiring import servicers, surroundings
from kruispunt_server.assembly import Assembly, Telemetry, open_parts
from kruispunt_server.call import Call, InstitutionKey
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database
from kruispunt_server.events import Events
from kruispunt_server.server import Server

__all__ = ["sandbox_pki"]

NOON = dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)
PURPOSE = Purpose(legal_basis="18/042", end_user="clerk-7", case="2026/1")

PENSIONS, WELFARE, REGISTRAR = "institution-5-1", "institution-17-1", "registry-registrar"


@dataclass
class Holders:
    """Stands in for the directory: who holds a dossier on whom, as a test says."""

    everybody: bool = True
    held: set[tuple[InstitutionKey, Ssin]] = field(default_factory=set)

    def holds(self, _call: Call, institution: InstitutionKey, numbers: Sequence[Ssin]) -> bool:
        return self.everybody or any((institution, number) in self.held for number in numbers)

    def held_among(self, call: Call, institution: InstitutionKey, numbers: Sequence[Ssin]) -> frozenset[Ssin]:
        return frozenset(number for number in numbers if self.holds(call, institution, [number]))

    def institutions(self, _call: Call, numbers: Sequence[Ssin]) -> list[InstitutionKey]:
        return sorted({institution for institution, number in self.held if number in numbers})


@dataclass
class Identity:
    """The running server, and ways to use it."""

    endpoint: str
    pki: Path
    database: Database
    tables: IdentityTables
    clock: FixedClock
    holders: Holders
    log: io.StringIO
    assembly: Assembly
    clients: list[Any] = field(default_factory=list)

    def certificates(self, participant: str) -> ClientCertificates:
        folder = self.pki / "clients"
        return ClientCertificates.from_files(
            self.pki / "ca.crt", folder / f"{participant}.crt", folder / f"{participant}.key"
        )

    def client(self, participant: str, purpose: Purpose = PURPOSE) -> IdentityClient:
        """Connect as an institution does."""
        client = IdentityClient(
            self.endpoint, certificates=self.certificates(participant), purpose=purpose, timeout_s=20
        )
        self.clients.append(client)
        return client

    def channel(self, participant: str) -> grpc.Channel:
        """Connect without the client, to say what it never would."""
        certificates = self.certificates(participant)
        channel = grpc.secure_channel(
            self.endpoint,
            grpc.ssl_channel_credentials(certificates.ca, certificates.key, certificates.certificate),
            [("grpc.use_local_subchannel_pool", 1)],
        )
        self.clients.append(channel)
        return channel

    def count(self, table: sa.Table) -> int:
        """Return how many rows a table has."""
        with self.database.reading() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0

    def counts(self) -> dict[str, int]:
        """Return how many rows every table has that a call may write to, the access log aside."""
        tables = [*vars(self.tables.persons).values(), *vars(self.tables.matching).values()]
        tables += [*vars(self.tables.registration).values(), self.tables.shared.change]
        return {table.name: self.count(table) for table in tables}

    def accesses(self) -> list[tuple[str, str, str]]:
        """Return (method, data groups, result) of every access record, in the order of recording."""
        table = self.tables.shared.access
        with self.database.reading() as connection:
            rows = connection.execute(
                sa.select(table.c.method, table.c.data_groups, table.c.result).order_by(table.c.access_id)
            )
            return [(row.method.rsplit("/", 1)[1], row.data_groups, row.result) for row in rows]

    def lines(self) -> list[dict[str, Any]]:
        """Return what was logged."""
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


def settings_of(database_url: str, pki: Path, **more: Any) -> IdentitySettings:
    """Return settings for a server on a database."""
    secret = pki / "secret"
    if not secret.exists():
        secret.write_bytes(uuid.uuid4().hex.encode() * 2)
    return IdentitySettings(
        database_url=as_server(database_url),
        tls_certificate=pki / "server.crt",
        tls_key=pki / "server.key",
        tls_authority=pki / "ca.crt",
        secret_file=secret,
        lame_duck_s=0,
        strict_events=True,
        **more,
    )


@pytest.fixture
def identity(identity_url: str, sandbox_pki: Path, tmp_path: Path) -> Iterator[Identity]:
    """The running identity server; the test runs once on each kind of database."""
    with serving_identity(identity_url, sandbox_pki, national_register_file=tmp_path / "national.db") as one:
        yield one


@contextmanager
def serving_identity(database_url: str, pki: Path, **more: Any) -> Iterator[Identity]:
    """Start identity, with further settings; stop it when the test has ended."""
    clock, log, holders = FixedClock(NOON), io.StringIO(), Holders()
    settings = settings_of(database_url, pki, **more)
    tables = identity_tables()
    telemetry = Telemetry(Events("identity", strict=True, stream=log))
    parts = open_parts(settings, tables.shared, telemetry, clock=clock)
    load_sandbox(parts.database, tables.shared)
    around = surroundings(settings, Guard(holders, alone=False))
    assembly = Assembly(parts, servicers(parts, around))
    server = Server(settings, assembly)
    port = server.start(0)
    one = Identity(f"127.0.0.1:{port}", pki, parts.database, tables, clock, holders, log, assembly)
    yield one
    for client in one.clients:
        client.close()
    assert server.drain() == 0
