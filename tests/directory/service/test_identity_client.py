"""What the directory asks of identity, and what it makes of the answers; identity is played by a scripted server."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from google.type.date_pb2 import Date
from tests.directory.service.conftest import ANNA, BEA
from tests.support.calls import call_of

from kruispunt.identity.v1 import identity_service_pb2 as pb
from kruispunt.identity.v1 import person_pb2
from kruispunt.identity.v1.identity_service_pb2_grpc import (
    IdentityServiceServicer,
    add_IdentityServiceServicer_to_server,
)
from kruispunt.ssin import Ssin
from kruispunt_directory.domain.claim import Claim, PartialDate, RegisteredPerson
from kruispunt_directory.identity_client import IdentityRegister
from kruispunt_server import rich_errors
from kruispunt_server.errors import Reason, RegistryError


@dataclass
class Identity(IdentityServiceServicer):
    """A server that answers everything with `answer`, or refuses with it."""

    answer: Message | RegistryError = field(default_factory=pb.GetPersonResponse)
    asked: list[Message] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    endpoint: str = ""
    persons: pb.BatchGetPersonsResponse = field(default_factory=pb.BatchGetPersonsResponse)

    def GetPerson(self, request: Any, context: Any) -> Any:  # noqa: N802 - the name of the rpc
        self.asked.append(request)
        self.metadata = dict(context.invocation_metadata())
        if isinstance(self.answer, RegistryError):
            rich_errors.abort(context, self.answer)
        return self.answer

    ResolveNumbers = GetPerson

    def BatchGetPersons(self, request: Any, context: Any) -> Any:  # noqa: N802 - the name of the rpc
        self.asked.append(request)
        if isinstance(self.answer, RegistryError):
            rich_errors.abort(context, self.answer)
        return self.persons


@pytest.fixture
def identity() -> Iterator[Identity]:
    """The scripted server."""
    one = Identity()
    server = grpc.server(ThreadPoolExecutor(2))
    add_IdentityServiceServicer_to_server(one, server)
    one.endpoint = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield one
    server.stop(None).wait()


@pytest.fixture
def register(identity: Identity) -> Iterator[IdentityRegister]:
    """What is tested."""
    one = IdentityRegister.over(identity.endpoint, None, patience_s=5.0)
    yield one
    one.close()


def _resolved(outcome: int, current: str = str(ANNA)) -> pb.ResolvedNumber:
    return pb.ResolvedNumber(asked_ssin=str(ANNA), outcome=outcome, current_ssin=current)


def _fact(**value: Any) -> person_pb2.Fact:
    return person_pb2.Fact(value=person_pb2.FactValue(**value), registered_ssin=str(ANNA))


def test_a_claim_is_read_from_the_facts(identity: Identity, register: IdentityRegister) -> None:
    """Name, birth date and gender are asked for and nothing else; the caller's purpose goes along."""
    identity.answer = pb.GetPersonResponse(
        resolution=_resolved(pb.NUMBER_OUTCOME_CURRENT),
        person=person_pb2.Person(
            ssin=str(ANNA),
            facts=[
                _fact(name=person_pb2.Name(family_name="Peeters", given_names=["Anna", "Maria"])),
                _fact(birth=person_pb2.Birth(date=Date(year=1985, month=7))),
                _fact(gender=person_pb2.GENDER_FEMALE),
            ],
        ),
    )

    found = register.find(call_of(), ANNA, with_claim=True)

    assert RegisteredPerson(Claim("Peeters", ("Anna", "Maria"), PartialDate(1985, 7), 2)) == found
    assert [pb.GetPersonRequest(ssin="85073003328", data_groups=[1, 2, 4])] == identity.asked
    assert ("08/027", "clerk-7", "file-12") == tuple(
        identity.metadata[f"kruispunt-{name}"] for name in ("legal-basis", "end-user", "case")
    )


def test_without_a_claim_only_the_number_is_asked(identity: Identity, register: IdentityRegister) -> None:
    """Nothing of the person leaves identity."""
    identity.answer = pb.ResolveNumbersResponse(results=[_resolved(pb.NUMBER_OUTCOME_CURRENT)])

    assert RegisteredPerson() == register.find(call_of(), ANNA, with_claim=False)
    assert [pb.ResolveNumbersRequest(ssins=["85073003328"])] == identity.asked


@pytest.mark.parametrize(
    ("resolved", "expected"),
    [
        (_resolved(pb.NUMBER_OUTCOME_UNKNOWN, ""), None),
        (_resolved(pb.NUMBER_OUTCOME_REPLACED, str(BEA)), RegisteredPerson(is_replaced=True)),
        (_resolved(pb.NUMBER_OUTCOME_CANCELLED), RegisteredPerson(is_cancelled=True)),
        (
            _resolved(pb.NUMBER_OUTCOME_CANCELLED, str(BEA)),
            RegisteredPerson(is_replaced=True, is_cancelled=True),
        ),
    ],
)
def test_outcomes_are_told_apart(
    identity: Identity,
    register: IdentityRegister,
    resolved: pb.ResolvedNumber,
    expected: RegisteredPerson | None,
) -> None:
    """Unknown, replaced, cancelled, and replaced by one that was cancelled."""
    identity.answer = pb.ResolveNumbersResponse(results=[resolved])

    assert expected == register.find(call_of(), ANNA, with_claim=False)


def test_many_are_asked_by_two_calls(identity: Identity, register: IdentityRegister) -> None:
    """One for the numbers, and one for the persons of whom something is claimed; whom nobody knows is left out."""
    cas, unknown, dropped = (Ssin.parse(n) for n in ("42012205181", "17073003384", "75460898095"))
    shown = person_pb2.Person(ssin=str(BEA), facts=[_fact(name=person_pb2.Name(family_name="Maes"))])
    identity.answer = pb.ResolveNumbersResponse(
        results=[
            pb.ResolvedNumber(asked_ssin=str(unknown), outcome=pb.NUMBER_OUTCOME_UNKNOWN),
            pb.ResolvedNumber(
                asked_ssin=str(cas), outcome=pb.NUMBER_OUTCOME_REPLACED, current_ssin=str(ANNA)
            ),
            pb.ResolvedNumber(
                asked_ssin=str(ANNA), outcome=pb.NUMBER_OUTCOME_CURRENT, current_ssin=str(ANNA)
            ),
        ]
    )
    identity.persons = pb.BatchGetPersonsResponse(
        results=[
            pb.PersonResult(
                resolution=pb.ResolvedNumber(
                    asked_ssin=str(BEA), outcome=pb.NUMBER_OUTCOME_CURRENT, current_ssin=str(BEA)
                ),
                person=shown,
            ),
            pb.PersonResult(resolution=pb.ResolvedNumber(outcome=pb.NUMBER_OUTCOME_UNKNOWN)),
        ]
    )

    found = register.find_many(call_of(), [ANNA, BEA, cas, unknown, dropped], [BEA, dropped])

    assert {
        cas: RegisteredPerson(is_replaced=True),
        ANNA: RegisteredPerson(),
        BEA: RegisteredPerson(Claim("Maes")),
    } == found
    resolve, batch = identity.asked
    assert [str(unknown), str(cas), str(ANNA)] == list(resolve.ssins)  # type: ignore[attr-defined]
    assert ([str(BEA), str(dropped)], [1, 2, 4]) == (list(batch.ssins), list(batch.data_groups))  # type: ignore[attr-defined]


def test_many_cannot_be_asked_of_registers_in_trouble(identity: Identity, register: IdentityRegister) -> None:
    """Whichever of the two calls fails."""
    identity.answer = RegistryError(Reason.STORE_UNAVAILABLE, "in trouble", retry_after_s=2.5)

    for claimed in ([], [ANNA]):
        with pytest.raises(RegistryError) as refusal:
            register.find_many(call_of(), [ANNA], claimed)
        assert Reason.REGISTER_UNAVAILABLE is refusal.value.reason


def test_a_person_whom_nobody_knows_is_none(identity: Identity, register: IdentityRegister) -> None:
    """Identity refuses to show one; the directory says so in its own words."""
    identity.answer = RegistryError(Reason.PERSON_UNKNOWN, "no register knows the number")

    assert register.find(call_of(), ANNA, with_claim=True) is None


@pytest.mark.parametrize("reason", [Reason.STORE_UNAVAILABLE, Reason.REGISTER_UNAVAILABLE])
def test_registers_in_trouble_are_unavailable(
    identity: Identity, register: IdentityRegister, reason: Reason
) -> None:
    """Whatever it is that identity cannot reach."""
    identity.answer = RegistryError(reason, "in trouble", retry_after_s=2.5)

    with pytest.raises(RegistryError) as refusal:
        register.find(call_of(), ANNA, with_claim=True)

    assert (Reason.REGISTER_UNAVAILABLE, 2.5) == (refusal.value.reason, refusal.value.retry_after_s)


def test_nobody_there_is_unavailable_within_the_deadline(identity: Identity) -> None:
    """The caller's deadline is told apart from identity's silence."""
    lost = IdentityRegister.over("127.0.0.1:1", None, patience_s=0.3)
    began = time.monotonic()

    with pytest.raises(RegistryError) as silence:
        lost.find(call_of(), ANNA, with_claim=False)
    with pytest.raises(RegistryError) as late:
        lost.find(call_of(seconds_left=-1), ANNA, with_claim=False)

    lost.close()
    assert [Reason.REGISTER_UNAVAILABLE, Reason.DEADLINE_OVER] == [silence.value.reason, late.value.reason]
    assert time.monotonic() - began < 5
    assert [] == identity.asked


def test_a_refusal_of_the_directory_itself_is_a_fault(identity: Identity, register: IdentityRegister) -> None:
    """Such as a role that the operator forgot: told to the operator, not to the institution as its own mistake."""
    identity.answer = RegistryError(Reason.ROLE_MISSING, "the participant lacks the role")

    with pytest.raises(Exception, match="ROLE_MISSING") as fault:
        register.find(call_of(), ANNA, with_claim=True)

    assert not isinstance(fault.value, RegistryError)
