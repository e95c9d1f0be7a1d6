"""Calls of raw messages, each with what it was refused for."""

from dataclasses import dataclass
from typing import Any

import grpc
from tests.server.conftest import Refusal, refusal_of

from kruispunt.directory.v1 import directory_service_pb2 as directory_pb
from kruispunt.identity.v1 import identity_service_pb2 as identity_pb

ANNA = "85073003328"
LIST = "kruispunt.directory.v1.DirectoryService/ListDossiers"
ONE = directory_pb.ListDossiersRequest(ssin=ANNA).SerializeToString()
SEARCH = "kruispunt.identity.v1.IdentityService/FindPersonsByForeignIdentifier"


@dataclass(frozen=True)
class Purposeful:
    """Metadata of a call."""

    legal_basis: str = "18/042"
    end_user: str = "clerk-7"
    on_behalf_of: str = ""

    def metadata(self) -> tuple[tuple[str, str], ...]:
        said = (
            ("kruispunt-legal-basis", self.legal_basis),
            ("kruispunt-end-user", self.end_user),
            ("kruispunt-case", "2026/1"),
        )
        return (*said, ("kruispunt-on-behalf-of", self.on_behalf_of)) if self.on_behalf_of else said


def call(
    channel: grpc.Channel,
    method: str = LIST,
    request: bytes = ONE,
    purpose: Purposeful = Purposeful(),
) -> Refusal | None:
    """Make one call; returns why it was refused, or none."""
    try:
        channel.unary_unary(f"/{method}")(request, timeout=20, metadata=purpose.metadata())
    except grpc.RpcError as error:
        return refusal_of(error)
    return None


def reasons(refusals: list[Refusal | None]) -> list[str]:
    """Return reason and quota of each, "" where it was let in."""
    return ["" if one is None else " ".join([one.reason, *one.metadata.values()]) for one in refusals]


def search(channel: grpc.Channel, end_user: str = "clerk-7", **more: Any) -> Refusal | None:
    """Search by a foreign number that nobody has."""
    request = identity_pb.FindPersonsByForeignIdentifierRequest(**more)
    return call(channel, SEARCH, request.SerializeToString(), Purposeful(end_user=end_user))
