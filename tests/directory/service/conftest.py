"""A real directory server over mutual TLS, on both stores, with the shipped code tables and sandbox participants."""

import datetime as dt
import io
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
import sqlalchemy as sa
from tests.conftest import as_server
from tests.support.calls import change_log
from tests.support.rights import EVERYTHING, SANDBOX, load_sandbox

from kruispunt import ClientCertificates, DirectoryClient, Purpose, Ssin
from kruispunt_directory.code_tables import load_code_tables
from kruispunt_directory.domain.claim import PersonRegister
from kruispunt_directory.identity_client import IdentityRegister
from kruispunt_directory.servicer.dossiers import DossierServicer
from kruispunt_directory.settings import DirectorySettings
from kruispunt_directory.store.code_tables import load_into
from kruispunt_directory.store.dossiers import DossierStore
from kruispunt_directory.store.knowledge import KnowledgeStore
from kruispunt_directory.tables import DirectoryTables, directory_tables
from kruispunt_directory.wiring import servicers
from kruispunt_server import pki
from kruispunt_server.access.book import RightsBook
from kruispunt_server.access.loading import rights_in
from kruispunt_server.assembly import Assembly, Parts, Telemetry, open_parts
from kruispunt_server.call import Call, InstitutionKey, Participant, Role
from kruispunt_server.call import Purpose as CallPurpose
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database
from kruispunt_server.events import Events
from kruispunt_server.server import Server
from kruispunt_server.subject_keys import SubjectKeys
from kruispunt_server.writes import Writes

NOON = dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)
PURPOSE = Purpose(legal_basis="18/042", end_user="clerk-7", case="2026/1")

PENSIONS, WELFARE, UNEMPLOYMENT, NSSO = (
    "institution-5-1",
    "institution-17-1",
    "institution-18-1",
    "institution-12-1",
)
ADMINISTRATOR, AUDITOR = "registry-administrator", "registry-auditor"

ANNA = Ssin.parse("85073003328")
BEA = Ssin.parse("75060898009")


@dataclass
class Directory:
    """The running server, and ways to use it."""

    endpoint: str
    pki: Path
    tables: DirectoryTables
    clock: FixedClock
    log: io.StringIO
    parts: Parts
    clients: list[Any] = field(default_factory=list)

    @property
    def database(self) -> Database:
        return self.parts.database

    @property
    def subject_keys(self) -> SubjectKeys:
        return self.parts.subject_keys

    @property
    def rights(self) -> RightsBook:
        return self.parts.rights

    def certificates(self, participant: str) -> ClientCertificates:
        folder = self.pki / "clients"
        return ClientCertificates.from_files(
            self.pki / "ca.crt", folder / f"{participant}.crt", folder / f"{participant}.key"
        )

    def client(self, participant: str, purpose: Purpose = PURPOSE) -> DirectoryClient:
        """Connect as an institution does."""
        client = DirectoryClient(self.endpoint, certificates=self.certificates(participant), purpose=purpose)
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


SUPPLIER = Participant("pensions", frozenset({Role.SUPPLIER}), InstitutionKey(5, 1))


def call_of_supplier() -> Call:
    """Return a call as the boundary makes it."""
    return Call("test", SUPPLIER, CallPurpose("18/042", "clerk", "case"), NOON, 1e18, right=EVERYTHING)


def dossier_servicer(
    database: Database, tables: DirectoryTables, registers: PersonRegister | None = None
) -> DossierServicer:
    """Return the servicer of DossierService without its server, with the shipped code tables."""
    clock = FixedClock(NOON)
    log = change_log(database, tables.shared, clock)
    load_into(database, tables, clock, load_code_tables())
    return DossierServicer(
        DossierStore(database, tables, log, clock),
        KnowledgeStore(database, tables, log, clock),
        Writes(database, tables.shared, clock),
        registers,
    )


@pytest.fixture(scope="session")
def sandbox_pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates of the server and of every sandbox participant."""
    folder = tmp_path_factory.mktemp("sandbox-pki")
    registrations = rights_in(SANDBOX).registrations
    pki.issue_all(folder, {one.participant.participant_id: one.uris for one in registrations})
    (folder / "secret").write_bytes(uuid.uuid4().hex.encode() * 2)
    return folder


@pytest.fixture
def directory(database_url: str, sandbox_pki: Path) -> Iterator[Directory]:
    """The running directory; the test runs once on each kind of database."""
    with serving_directory(database_url, sandbox_pki) as one:
        yield one


@contextmanager
def serving_directory(
    database_url: str,
    sandbox_pki: Path,
    *,
    clock: FixedClock | None = None,
    registers: IdentityRegister | None = None,
    **more: Any,
) -> Iterator[Directory]:
    """Start the directory, with further settings; stop it when the test has ended.

    Args:
        database_url: migrated; code tables and sandbox rights are loaded into it.
        sandbox_pki: folder of the certificates.
        clock: its own, or that of another server.
        registers: the identity registers that it asks, closed with it; none: it asks nobody.
        more: settings.
    """
    clock, log = clock or FixedClock(NOON), io.StringIO()
    settings = DirectorySettings(
        database_url=as_server(database_url),
        tls_certificate=sandbox_pki / "server.crt",
        tls_key=sandbox_pki / "server.key",
        tls_authority=sandbox_pki / "ca.crt",
        secret_file=sandbox_pki / "secret",
        lame_duck_s=0,
        strict_events=True,
        **more,
    )
    tables = directory_tables()
    telemetry = Telemetry(Events("directory", strict=True, stream=log))
    parts = open_parts(settings, tables.shared, telemetry, clock=clock)
    before = FixedClock(NOON - dt.timedelta(days=30))
    load_into(parts.database, tables, before, load_code_tables())
    load_sandbox(parts.database, tables.shared)
    closing = [] if registers is None else [registers.close]
    server = Server(settings, Assembly(parts, servicers(parts, registers), closing))
    one = Directory(
        f"127.0.0.1:{server.start(0)}",
        sandbox_pki,
        tables,
        clock,
        log,
        parts,
    )
    yield one
    for client in one.clients:
        client.close()
    assert server.drain() == 0
