"""What the identity registers say of a number, asked through the public contract, under the caller's own purpose.

The directory is a participant of identity like any other: it sees name, birth date and gender, and asks for them only
where an institution sent a claim along to be compared.
"""

import time
from typing import TypeVar

import grpc
from google.protobuf.message import Message

from kruispunt._connection import Connection, purpose_metadata
from kruispunt.errors import CallCancelled, DeadlineExceeded, PersonUnknown, TooManyCalls, Unavailable
from kruispunt.identity.v1 import identity_service_pb2 as pb
from kruispunt.identity.v1 import person_pb2
from kruispunt.identity.v1.identity_service_pb2_grpc import IdentityServiceStub
from kruispunt.profiles import ClientCertificates
from kruispunt.ssin import Ssin
from kruispunt.values import Purpose
from kruispunt_directory.domain.claim import Claim, PartialDate, RegisteredPerson
from kruispunt_server.call import Call
from kruispunt_server.errors import Reason, RegistryError

Q = TypeVar("Q", bound=Message)
A = TypeVar("A", bound=Message)

_PATIENCE_S = 2.0
_RETRY_S = 1.0
_COMPARED = (person_pb2.DATA_GROUP_NAME, person_pb2.DATA_GROUP_BIRTH, person_pb2.DATA_GROUP_GENDER)
_PASSING = (Unavailable, DeadlineExceeded, CallCancelled, TooManyCalls)


class IdentityRegister:
    """The identity service. Nothing is kept.

    Args:
        endpoint: `host:port`.
        certificates: who the directory is there; none: plaintext, on loopback only.
        patience_s: how long identity is waited for.

    Raises:
        ValueError: no certificates, and not on loopback.
    """

    def __init__(
        self, endpoint: str, certificates: ClientCertificates | None, patience_s: float = _PATIENCE_S
    ) -> None:
        self._connection = Connection(endpoint, certificates, channels=1)
        self._patience_s = patience_s

    def find(self, call: Call, number: Ssin, *, with_claim: bool) -> RegisteredPerson | None:
        """Return what the registers say of a number.

        Raises:
            RegistryError: as `kruispunt_directory.domain.claim.PersonRegister`.
        """
        stub = self._connection.stub(IdentityServiceStub)
        if with_claim:
            wanted = pb.GetPersonRequest(ssin=str(number), data_groups=_COMPARED)
            try:
                answer = self._ask(call, stub.GetPerson, wanted)
            except PersonUnknown:
                return None
            return _registered(answer.resolution, _claim_of(answer.person))
        resolved = self._ask(call, stub.ResolveNumbers, pb.ResolveNumbersRequest(ssins=[str(number)]))
        return _registered(resolved.results[0], None)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _ask(self, call: Call, method: "grpc.UnaryUnaryMultiCallable[Q, A]", request: Q) -> A:
        left_s = min(call.deadline - time.monotonic(), self._patience_s)
        if left_s <= 0:
            raise _given_up(call)
        assert call.purpose is not None, "whoever registers a dossier said why"
        purpose = Purpose(call.purpose.legal_basis, call.purpose.end_user, call.purpose.case)
        try:
            return self._connection.call(
                method, request, timeout_s=left_s, metadata=purpose_metadata(purpose)
            )
        except _PASSING as error:
            raise _given_up(call, error.retry_after_s) from error


def _registered(resolved: pb.ResolvedNumber, claim: Claim | None) -> RegisteredPerson | None:
    if resolved.outcome in (pb.NUMBER_OUTCOME_UNKNOWN, pb.NUMBER_OUTCOME_MALFORMED):
        return None
    return RegisteredPerson(
        claim,
        is_replaced=resolved.current_ssin != resolved.asked_ssin,
        is_cancelled=resolved.outcome == pb.NUMBER_OUTCOME_CANCELLED,
    )


def _claim_of(person: person_pb2.Person) -> Claim:
    """Return what can be compared; what the registers do not know stays empty."""
    name, birth, gender = person_pb2.Name(), None, 0
    for fact in person.facts:
        match fact.value.WhichOneof("value"):
            case "name":
                name = fact.value.name
            case "birth":
                born = fact.value.birth.date
                birth = PartialDate(born.year, born.month, born.day)
            case "gender":
                gender = fact.value.gender
    return Claim(name.family_name, tuple(name.given_names), birth, gender)


def _given_up(call: Call, retry_after_s: float | None = None) -> RegistryError:
    if time.monotonic() >= call.deadline:
        return RegistryError(Reason.DEADLINE_OVER, "the deadline passed before the registers answered")
    return RegistryError(
        Reason.REGISTER_UNAVAILABLE,
        "the identity registers cannot be asked now whether the number stands",
        retry_after_s=retry_after_s or _RETRY_S,
    )
