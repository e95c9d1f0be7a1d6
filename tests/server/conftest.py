# ruff: noqa: ARG002, ARG004, N802
"""A real gRPC server with mutual TLS and a small servicer, to try the boundary on."""

import datetime as dt
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from tests.support.rights import EverybodyMay

from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt_server import pki
from kruispunt_server.bearer.tokens import BearerTokens
from kruispunt_server.boundary import Deadlines, Edge, Policy, handler_for
from kruispunt_server.call import Call, InstitutionKey, Look, Participant, Role
from kruispunt_server.caller import Callers
from kruispunt_server.clock import FixedClock
from kruispunt_server.edge import Watching
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.events import Events
from kruispunt_server.fair_pool import CallPool
from kruispunt_server.refusals import Refusals
from kruispunt_server.shedding import Shedding
from kruispunt_server.unknown_methods import UnknownMethods

SERVICE = pb.DESCRIPTOR.services_by_name["DirectoryService"]
NAME = "kruispunt.directory.v1.DirectoryService"
PURPOSE = (
    ("kruispunt-legal-basis", "18/042"),
    ("kruispunt-end-user", "clerk-7"),
    ("kruispunt-case", "2026/1"),
)
NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
OFFICE = Participant("pension-office", frozenset({Role.CONSUMER}), InstitutionKey(5, 1))
URIS = {"spiffe://test/participant/pension-office": OFFICE}


@dataclass
class Participants:
    """A look-up in a dictionary that tests may change."""

    found: dict[str, Participant] = field(default_factory=lambda: dict(URIS))
    revoked: frozenset[str] = frozenset()

    def by_uri(self, uri: str) -> Participant | None:
        return self.found.get(uri)

    def by_id(self, participant_id: str) -> Participant | None:
        return next((one for one in self.found.values() if one.participant_id == participant_id), None)

    def by_institution(self, institution: InstitutionKey) -> Participant | None:
        return next((one for one in self.found.values() if one.institution == institution), None)

    def revoked_certificates(self) -> frozenset[str]:
        return self.revoked


@dataclass
class RecordingJournal:
    """Keeps the looks in memory; fails when told to."""

    kept: list[Look] = field(default_factory=list)
    fault: Exception | None = None

    def commit(self, call: Call) -> None:
        if self.fault is not None:
            raise self.fault
        self.kept += call.looks
        call.looks.clear()


class FakeDirectory:
    """Answers as told; by default with a look at person 1."""

    def __init__(self, journal: RecordingJournal) -> None:
        self.journal = journal
        self.list_dossiers: Callable[[Any, Call], Any] = self._one_look
        self.resolve_dossiers: Callable[[Iterator[Any], Call], Iterator[Any]] = self._echo_chunks

    def ListDossiers(self, request: Any, call: Call) -> Any:
        return self.list_dossiers(request, call)

    def ResolveDossiers(self, requests: Iterator[Any], call: Call) -> Iterator[Any]:
        return self.resolve_dossiers(requests, call)

    def GetRoute(self, request: Any, call: Call) -> Any:
        return pb.GetRouteResponse()

    def CheckAccess(self, request: Any, call: Call) -> Any:
        return pb.CheckAccessResponse()

    def GetCoverage(self, request: Any, call: Call) -> Any:
        return pb.GetCoverageResponse()

    def ListStaleDossiers(self, request: Any, call: Call) -> Any:
        return pb.ListStaleDossiersResponse()

    def ExportDossiers(self, request: Any, call: Call) -> Iterator[Any]:
        return iter(())

    @staticmethod
    def _one_look(request: Any, call: Call) -> Any:
        call.look(1, "dossier", "none")
        return pb.ListDossiersResponse(complete=True)

    @staticmethod
    def _echo_chunks(requests: Iterator[Any], call: Call) -> Iterator[Any]:
        for request in requests:
            call.look(request.chunk, "dossier", "none")
            yield pb.ResolveDossiersResponse(chunk=request.chunk)


POLICIES = {
    "ListDossiers": Policy(personal=True),
    "ResolveDossiers": Policy(personal=True, max_streams=4),
    "ExportDossiers": Policy(personal=True, max_streams=4),
    "GetRoute": Policy(roles=frozenset({Role.SUPPLIER}), personal=True),
    "CheckAccess": Policy(personal=True),
    "GetCoverage": Policy(),
    "ListStaleDossiers": Policy(personal=True, look_required=False),
}


@dataclass(frozen=True)
class Refusal:
    """A refusal as a client sees it."""

    code: grpc.StatusCode
    text: str
    reason: str
    domain: str
    metadata: dict[str, str]
    field: str
    retry_s: float | None


def refusal_of(error: grpc.RpcError) -> Refusal:
    """Return what a failed call told."""
    trailing = dict(error.trailing_metadata() or ())
    status = status_pb2.Status.FromString(trailing["grpc-status-details-bin"])
    info, bad, retry = (
        error_details_pb2.ErrorInfo(),
        error_details_pb2.BadRequest(),
        error_details_pb2.RetryInfo(),
    )
    for detail in status.details:
        for message in (info, bad, retry):
            detail.Unpack(message)
    assert status.code == error.code().value[0]
    assert status.message == error.details()
    return Refusal(
        code=error.code(),
        text=error.details(),
        reason=info.reason,
        domain=info.domain,
        metadata=dict(info.metadata),
        field=bad.field_violations[0].field if bad.field_violations else "",
        retry_s=retry.retry_delay.ToNanoseconds() / 1e9 if retry.HasField("retry_delay") else None,
    )


@dataclass
class Served:
    """The server, and ways to call it."""

    port: int
    plain_port: int
    folder: Path
    journal: RecordingJournal
    participants: Participants
    servicer: FakeDirectory
    edge: Edge
    log: io.StringIO
    channels: list[grpc.Channel] = field(default_factory=list)

    def channel(self, client: str | None = "pension-office") -> grpc.Channel:
        """Open a connection with the certificate of `client`, or in plaintext."""
        options = [("grpc.use_local_subchannel_pool", 1)]
        if client is None:
            channel = grpc.insecure_channel(f"127.0.0.1:{self.plain_port}", options)
        else:
            credentials = grpc.ssl_channel_credentials(
                (self.folder / "ca.crt").read_bytes(),
                (self.folder / "clients" / f"{client}.key").read_bytes(),
                (self.folder / "clients" / f"{client}.crt").read_bytes(),
            )
            channel = grpc.secure_channel(f"127.0.0.1:{self.port}", credentials, options)
        self.channels.append(channel)
        return channel

    def call(
        self,
        method: str = "ListDossiers",
        request: bytes = b"",
        *,
        client: str | None = "pension-office",
        metadata: tuple[tuple[str, str], ...] = PURPOSE,
        timeout: float | None = 5.0,
    ) -> bytes:
        """Make one call of raw bytes."""
        invoke = self.channel(client).unary_unary(f"/{NAME}/{method}")
        return invoke(request, timeout=timeout, metadata=metadata)

    def refused(self, *arguments: Any, **options: Any) -> Refusal:
        """Make one call that must fail."""
        with pytest.raises(grpc.RpcError) as caught:
            self.call(*arguments, **options)
        return refusal_of(caught.value)

    def lines(self) -> list[dict[str, Any]]:
        """Return what was logged."""
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


def no_database() -> RegistryError:
    """Return what the journal raises when the database is away."""
    return RegistryError(Reason.STORE_UNAVAILABLE, "the store cannot be reached", retry_after_s=1)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority, a server certificate and the clients that tests need."""
    folder = tmp_path_factory.mktemp("pki")
    pki.make_authority(folder)
    pki.issue_server(folder)
    pki.issue_client(folder, "pension-office", "spiffe://test/participant/pension-office")
    pki.issue_client(folder, "pension-office-renewed", "spiffe://test/participant/pension-office")
    pki.issue_client(folder, "stranger", "spiffe://test/participant/stranger")
    pki.issue_client(folder, "work-office", "spiffe://test/participant/work-office")
    pki.issue_client(folder, "spiffe:", [])
    pki.issue_client(folder, "nameless", [])
    pki.issue_client(
        folder, "twofold", ["spiffe://test/participant/pension-office", "spiffe://test/participant/second"]
    )
    return folder


@pytest.fixture
def served(authority: Path) -> Iterator[Served]:
    """A running server with the fake servicer."""
    yield from serve(authority)


def serve(
    authority: Path,
    *,
    plaintext_participant: str | None = None,
    deadlines: Deadlines = Deadlines(),  # noqa: B008 - frozen
    policies: dict[str, Policy] = POLICIES,
    pool: CallPool | None = None,
    shed_above: int = 1000,
    more: Sequence[grpc.GenericRpcHandler] = (),
    bearer: Callable[[Events], BearerTokens] | None = None,
    alarm: Watching | None = None,
) -> Iterator[Served]:
    """Start a server; stop it when the test has ended."""
    journal, participants, log = RecordingJournal(), Participants(), io.StringIO()
    events = Events("directory", strict=True, stream=log)
    edge = Edge(
        callers=Callers(participants, plaintext_participant),
        rights=EverybodyMay(),
        journal=journal,
        clock=FixedClock(NOON),
        events=events,
        deadlines=deadlines,
        bearer=bearer(events) if bearer is not None else None,
        alarm=alarm,
        refusals=Refusals(events),
    )
    servicer = FakeDirectory(journal)
    pool = pool or CallPool(4)
    handlers = [
        Shedding(pool, shed_above, edge),
        handler_for(SERVICE, servicer, policies, edge),
        *more,
        UnknownMethods(edge),
    ]
    # As the server has it: of metadata between gRPC's own limit and the next it refuses some, by chance.
    server = grpc.server(pool, handlers=handlers, options=[("grpc.max_metadata_size", 16 << 10)])
    credentials = grpc.ssl_server_credentials(
        [((authority / "server.key").read_bytes(), (authority / "server.crt").read_bytes())],
        (authority / "ca.crt").read_bytes(),
        require_client_auth=True,
    )
    port = server.add_secure_port("127.0.0.1:0", credentials)
    plain_port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    one = Served(port, plain_port, authority, journal, participants, servicer, edge, log)
    yield one
    for channel in one.channels:
        channel.close()
    server.stop(0).wait()
    pool.shutdown(wait=False)
    assert edge.running.wait_none(5)
