"""Bad input over the wire: each kind has its own reason and field path, and nothing is half-written."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from google.type.date_pb2 import Date
from grpc_status import rpc_status
from tests.identity.service.conftest import PENSIONS, PURPOSE, REGISTRAR, Identity

from kruispunt.identity.v1 import identity_service_pb2 as reading_pb
from kruispunt.identity.v1 import person_pb2, search_pb2
from kruispunt.identity.v1 import registration_service_pb2 as pb
from kruispunt.identity.v1.identity_service_pb2_grpc import IdentityServiceStub
from kruispunt.identity.v1.registration_service_pb2_grpc import RegistrationServiceStub

METADATA = (
    ("kruispunt-legal-basis", PURPOSE.legal_basis),
    ("kruispunt-end-user", PURPOSE.end_user),
    ("kruispunt-case", PURPOSE.case),
)
Refusal = tuple[grpc.StatusCode, str, str]
INVALID, MISSING, PRECONDITION, ABORTED = (
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.ABORTED,
)


@dataclass
class Desk:
    """Two persons, and stubs that say what the client never would."""

    identity: Identity
    reading: Any
    writing: Any
    desk: Any
    first: person_pb2.Person
    second: person_pb2.Person


def refusal_of(ask: Callable[..., Any], request: Any) -> Refusal:
    """Return status, reason and field of the refusal of a call."""
    with pytest.raises(grpc.RpcError) as refused:
        ask(request, metadata=METADATA, timeout=20)
    error = refused.value
    status = rpc_status.from_call(error)
    assert status is not None
    info = error_details_pb2.ErrorInfo()
    status.details[0].Unpack(info)
    return error.code(), info.reason, info.metadata["field"]


def facts_of(
    family_name: str = "Bazlamaci",
    given_name: str = "Feyza",
    born: Date | None = None,
    country: str = "TR",
    **more: Any,
) -> list[person_pb2.FactStatement]:
    """Return what a registration says."""
    values = [
        person_pb2.FactValue(name=person_pb2.Name(family_name=family_name, given_names=[given_name])),
        person_pb2.FactValue(
            birth=person_pb2.Birth(
                date=born or Date(year=1980, month=6, day=15), place=person_pb2.Place(country=country)
            )
        ),
        person_pb2.FactValue(gender=person_pb2.GENDER_FEMALE),
        *(person_pb2.FactValue(**{name: value}) for name, value in more.items()),
    ]
    statements = [person_pb2.FactStatement(value=value) for value in values]
    statements[0].evidence.kind = person_pb2.EVIDENCE_KIND_PASSPORT
    return statements


def registration_of(**said: Any) -> pb.RegisterPersonRequest:
    """Return the request to register somebody."""
    return pb.RegisterPersonRequest(request_id=str(uuid.uuid4()), facts=facts_of(**said))


@pytest.fixture
def desk(identity: Identity) -> Desk:
    """Two persons are registered."""
    channel = identity.channel(PENSIONS)
    writing = RegistrationServiceStub(channel)
    first, second = (
        writing.RegisterPerson(request, metadata=METADATA, timeout=20).person
        for request in (registration_of(), registration_of(family_name="Quispel", given_name="Ottoline"))
    )
    registrar = RegistrationServiceStub(identity.channel(REGISTRAR))
    return Desk(identity, IdentityServiceStub(channel), writing, registrar, first, second)


def change_of(ssin: str, value: person_pb2.FactValue, **more: Any) -> pb.UpdatePersonRequest:
    """Return the request to say one thing."""
    change = pb.FactChange(statement=person_pb2.FactStatement(value=value), **more)
    return pb.UpdatePersonRequest(request_id=str(uuid.uuid4()), ssin=ssin, changes=[change])


FAMILY = "facts[0].value.name.family_name"


@pytest.mark.parametrize(
    ("said", "reason", "field"),
    [
        ({"born": Date(year=1980, month=2, day=30)}, "DATE_INVALID", "facts[1].value.birth.date"),
        ({"born": Date(year=1980, month=13)}, "DATE_INVALID", "facts[1].value.birth.date"),
        ({"born": Date(year=1980, day=3)}, "DATE_INVALID", "facts[1].value.birth.date"),
        ({"born": Date(year=2026, month=3, day=4)}, "TIME_IN_FUTURE", "facts[1].value.birth.date"),
        ({"family_name": "A" * 10_240}, "TEXT_TOO_LONG", FAMILY),
        ({"family_name": "Bazla\0maci"}, "TEXT_FORBIDDEN", FAMILY),
        ({"family_name": "Bazla\u202emaci"}, "TEXT_FORBIDDEN", FAMILY),
        ({"family_name": "Bazla\u200fmaci"}, "TEXT_FORBIDDEN", FAMILY),
        ({"family_name": ""}, "FIELD_REQUIRED", FAMILY),
        ({"given_name": "\t"}, "TEXT_FORBIDDEN", "facts[0].value.name.given_names[0]"),
        ({"country": "XX"}, "COUNTRY_UNKNOWN", "facts[1].value.birth.place.country"),
        (
            {"civil_state": person_pb2.CivilState(code=21)},
            "CODE_UNKNOWN",
            "facts[3].value.civil_state.code",
        ),
        (
            {"civil_state": person_pb2.CivilState(code=20, partner_ssin="85073003329")},
            "NUMBER_MALFORMED",
            "facts[3].value.civil_state.partner_ssin",
        ),
        (
            {"decease": person_pb2.Decease(date=Date(year=1979))},
            "DATE_INVALID",
            "facts[3].value.decease.date",
        ),
    ],
)
def test_a_wrong_registration_is_refused_with_its_reason_and_path(
    desk: Desk, said: dict[str, Any], reason: str, field: str
) -> None:
    """Dates, codes, texts, countries: refused before anything is written."""
    before = desk.identity.counts()
    request = registration_of(**{"family_name": "Newcomer", "given_name": "Zebedee", **said})

    assert (INVALID, reason, field) == refusal_of(desk.writing.RegisterPerson, request)
    assert before == desk.identity.counts()


def test_too_little_is_refused(desk: Desk) -> None:
    """Name and birth alone are no person."""
    request = pb.RegisterPersonRequest(request_id=str(uuid.uuid4()), facts=facts_of()[:2])

    assert (INVALID, "MINIMUM_DATA_MISSING", "facts") == refusal_of(desk.writing.RegisterPerson, request)


def test_a_stale_etag_is_refused(desk: Desk) -> None:
    """Who changes what somebody else changed meanwhile reads again."""
    ssin, civil = desk.first.ssin, person_pb2.FactValue(civil_state=person_pb2.CivilState(code=20))
    desk.writing.UpdatePerson(change_of(ssin, civil), metadata=METADATA, timeout=20)
    before = desk.identity.counts()
    late = change_of(ssin, person_pb2.FactValue(civil_state=person_pb2.CivilState(code=30)))
    late.etag = desk.first.etag

    assert (ABORTED, "ETAG_MISMATCH", "etag") == refusal_of(desk.writing.UpdatePerson, late)
    assert before == desk.identity.counts()


def test_a_fact_of_another_person_is_unknown(desk: Desk) -> None:
    """Neither correcting nor retracting reaches into another person, and it does not tell whose the fact is."""
    before = desk.identity.counts()
    foreign = desk.second.facts[0].fact_id
    name = person_pb2.FactValue(name=person_pb2.Name(family_name="Other"))
    request = change_of(desk.first.ssin, name, corrects_fact_id=foreign)
    (result,) = desk.writing.UpdatePerson(request, metadata=METADATA, timeout=20).results
    retraction = pb.RetractFactRequest(request_id=str(uuid.uuid4()), ssin=desk.first.ssin, fact_id=foreign)

    assert pb.GROUP_OUTCOME_REFUSED == result.outcome
    assert "changes[0].corrects_fact_id" == result.field
    assert (MISSING, "FACT_UNKNOWN", "fact_id") == refusal_of(desk.writing.RetractFact, retraction)
    assert before == desk.identity.counts()


def test_a_replaced_number_is_no_target(desk: Desk) -> None:
    """A number that leads elsewhere takes nobody's place."""
    third = desk.writing.RegisterPerson(
        registration_of(family_name="Overzee", given_name="Wilma"), metadata=METADATA, timeout=20
    ).person
    desk.writing.ReplaceNumber(replacement(desk.first.ssin, desk.second.ssin), metadata=METADATA, timeout=20)
    before = desk.identity.counts()

    assert (PRECONDITION, "NUMBER_REPLACED", "next_ssin") == refusal_of(
        desk.writing.ReplaceNumber, replacement(third.ssin, desk.first.ssin)
    )
    assert (PRECONDITION, "NUMBER_REPLACED", "former_ssin") == refusal_of(
        desk.writing.ReplaceNumber, replacement(desk.first.ssin, third.ssin)
    )
    assert before == desk.identity.counts()


def test_a_person_is_not_merged_with_itself(desk: Desk) -> None:
    """Not by the same number, and not by one that leads to it."""
    before = desk.identity.counts()

    assert (INVALID, "SAME_PERSON", "next_ssin") == refusal_of(
        desk.writing.ReplaceNumber, replacement(desk.first.ssin, desk.first.ssin)
    )
    assert before == desk.identity.counts()


def test_splitting_what_was_not_replaced_is_refused(desk: Desk) -> None:
    """There is nothing to undo."""
    request = pb.SplitNumberRequest(request_id=str(uuid.uuid4()), ssin=desk.first.ssin)

    assert (PRECONDITION, "NOT_REPLACED", "ssin") == refusal_of(desk.desk.SplitNumber, request)


@pytest.mark.parametrize(
    ("criteria", "reason", "field"),
    [
        (search_pb2.PersonCriteria(), "FIELD_REQUIRED", "criteria.family_name"),
        (search_pb2.PersonCriteria(family_name="Peeters"), "FIELD_REQUIRED", "criteria.birth_date"),
        (
            search_pb2.PersonCriteria(family_name="Peeters", birth_date=Date(year=1980, month=14)),
            "DATE_INVALID",
            "criteria.birth_date",
        ),
        (
            search_pb2.PersonCriteria(family_name="P\u2066ters", birth_date=Date(year=1980)),
            "TEXT_FORBIDDEN",
            "criteria.family_name",
        ),
        (
            search_pb2.PersonCriteria(family_name="Peeters", birth_date=Date(year=1980), year_tolerance=6),
            "FIELD_INVALID",
            "criteria.year_tolerance",
        ),
    ],
)
def test_a_weak_or_wrong_search_is_refused(
    desk: Desk, criteria: search_pb2.PersonCriteria, reason: str, field: str
) -> None:
    """Family name and birth year are mandatory."""
    request = reading_pb.SearchPersonsRequest(criteria=criteria)

    status, told, path = refusal_of(desk.reading.SearchPersons, request)

    assert (INVALID, reason) == (status, told)
    assert path.startswith(field)


def test_no_refusal_tells_anything_personal(desk: Desk) -> None:
    """Neither the message nor the log holds what was sent."""
    secret = "Bazlamaciogluoglu"
    with pytest.raises(grpc.RpcError) as refused:
        desk.writing.RegisterPerson(registration_of(family_name=secret + "\0"), metadata=METADATA, timeout=20)

    assert secret not in str(refused.value)
    assert secret not in desk.identity.log.getvalue()
    assert desk.first.ssin not in desk.identity.log.getvalue()


def replacement(former: str, next_: str) -> pb.ReplaceNumberRequest:
    """Return the request to replace a number."""
    return pb.ReplaceNumberRequest(
        request_id=str(uuid.uuid4()),
        former_ssin=former,
        next_ssin=next_,
        reason=person_pb2.NUMBER_CHANGE_REASON_DUPLICATE,
    )
