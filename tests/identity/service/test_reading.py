"""IdentityService reads persons: what each caller is shown, as known when, and who is noted as looked at."""

import datetime as dt

import pytest
from google.type.date_pb2 import Date
from tests.identity.past import ANNA, BEA, DORA, NOBODY, PASSPORT, PENSIONS, Past, on
from tests.support.rights import EVERYTHING, IDENTIFYING

from kruispunt.identity.v1 import identity_service_pb2 as pb
from kruispunt.identity.v1 import person_pb2
from kruispunt_identity.domain.number import Register
from kruispunt_identity.domain.values import (
    Address,
    Birth,
    DataGroup,
    Gender,
    Name,
    PartialDate,
    Validity,
)
from kruispunt_identity.servicer.guard import Guard
from kruispunt_identity.servicer.reading import ReadingServicer
from kruispunt_identity.servicer.referrals import Referrals
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.call import Call, Participant, Purpose, Role
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database
from kruispunt_server.errors import RegistryError
from kruispunt_server.tokens import PageTokens
from kruispunt_server.wire import timestamp_message

NOW = on(6, 1)
REFERRALS = Referrals(b"r" * 32)
SUPPLIER = Participant("pensions", frozenset({Role.SUPPLIER, Role.CONSUMER}), PENSIONS)
CONSUMER = Participant("tax", frozenset({Role.CONSUMER}), PENSIONS)
ALL_LOOKED = (
    "name,birth,decease,gender,nationalities,civil_state,residential_address,contact_address,"
    "foreign_identifier"
)
MARCH, FEBRUARY = timestamp_message(on(3, 15)), timestamp_message(on(2, 20))
NEW_YEAR = Date(year=2026, month=1, day=1)


def call_of(participant: Participant = SUPPLIER) -> Call:
    """Return a call as the boundary makes it."""
    return Call(
        "test",
        participant,
        Purpose("18/042", "clerk", "case"),
        NOW,
        1e18,
        right=EVERYTHING if participant != CONSUMER else IDENTIFYING,
    )


def looks(call: Call) -> list[tuple[int, str, str]]:
    """Return who was noted as looked at."""
    return [(look.person, look.data_groups, look.result) for look in call.looks]


@pytest.fixture
def past(identity_database: Database, identity_tables: IdentityTables) -> Past:
    """ANNA, who became BEA in March; DORA is known to the national register."""
    past = Past(identity_database, identity_tables)
    past.national.add(DORA, "Dora")
    past.register(ANNA, on(2, 1))
    past.register(BEA, on(2, 1))
    wrong = past.tell(ANNA, Name("Wrong"), on(2, 2), Validity(dt.date(2020, 1, 1)))
    past.correct(wrong, Name("Anna"), on(3, 10))
    past.tell(BEA, Birth(PartialDate(1975, 6)), on(2, 3))
    past.tell(BEA, Gender.FEMALE, on(2, 4))
    past.tell(BEA, Address("FR"), on(2, 5), group=DataGroup.RESIDENTIAL_ADDRESS)
    past.link(BEA, on(2, 6))
    past.replace(ANNA, BEA, on(3, 20))
    return past


@pytest.fixture
def servicer(past: Past) -> ReadingServicer:
    """The servicer on these registers."""
    return ReadingServicer(
        past.reader, Guard(None, alone=True), REFERRALS, PageTokens(b"k" * 32), FixedClock(NOW)
    )


def groups(person: person_pb2.Person) -> list[str | None]:
    """Return the data groups of the facts that are shown."""
    return [fact.value.WhichOneof("value") for fact in person.facts]


def test_person_is_shown_whole(servicer: ReadingServicer) -> None:
    """A supplier sees every group, foreign identifiers, former numbers and the way there; the look is noted."""
    call = call_of()
    answer = servicer.GetPerson(pb.GetPersonRequest(ssin=str(ANNA)), call)
    person = answer.person

    assert str(BEA) == person.ssin
    assert [str(ANNA)] == person.former_ssins
    assert ["name", "birth", "gender", "residential_address"] == groups(person)
    assert ["EH-12 34"] == [one.key.identifier for one in person.foreign_identifiers]
    assert (person_pb2.REGISTER_BIS, person_pb2.NUMBER_STATUS_ACTIVE) == (person.register, person.status)
    assert ("6", on(3, 20)) == (person.etag, person.record_time.ToDatetime(dt.UTC))
    assert pb.NUMBER_OUTCOME_REPLACED == answer.resolution.outcome
    assert (str(ANNA), str(BEA)) == (answer.resolution.asked_ssin, answer.resolution.current_ssin)
    assert [(str(ANNA), str(BEA))] == [(step.former_ssin, step.next_ssin) for step in answer.resolution.chain]
    assert [] == list(person.withheld)
    assert [(int(BEA), ALL_LOOKED, "found")] == looks(call)


def test_what_we_believed_in_february_about_new_year(servicer: ReadingServicer) -> None:
    """`valid_at` and `known_at` together: the wrong name, under the number that stood then."""
    answer = servicer.GetPerson(
        pb.GetPersonRequest(ssin=str(ANNA), valid_at=NEW_YEAR, known_at=FEBRUARY), call_of()
    )
    (name,) = answer.person.facts

    assert (str(ANNA), "Wrong") == (answer.person.ssin, name.value.name.family_name)
    assert not name.HasField("supersede_time")
    assert pb.NUMBER_OUTCOME_CURRENT == answer.resolution.outcome


def test_batch_as_believed_in_march(servicer: ReadingServicer) -> None:
    """A batch answers as of the same day and instant as one person does."""
    answer = servicer.BatchGetPersons(
        pb.BatchGetPersonsRequest(ssins=[str(BEA), str(ANNA)], valid_at=NEW_YEAR, known_at=MARCH), call_of()
    )

    assert [[str(BEA)], [str(ANNA)]] == [[one.person.ssin] for one in answer.results]
    assert ["Anna"] == [fact.value.name.family_name for fact in answer.results[1].person.facts]


def test_visible_days_are_the_piece_of_the_day(servicer: ReadingServicer, past: Past) -> None:
    """The days shown as visible are those around the day asked for, not all of the fact."""
    past.tell(BEA, Name("Bea"), on(4, 1), Validity(dt.date(2025, 1, 1), dt.date(2026, 1, 1)))
    answer = servicer.GetPerson(pb.GetPersonRequest(ssin=str(BEA), valid_at=NEW_YEAR), call_of())
    name = answer.person.facts[0]

    assert (2020, 2026) == (name.validity.begin.year, name.visible.begin.year)
    assert not name.visible.HasField("end")


def test_who_is_granted_little_sees_little(servicer: ReadingServicer) -> None:
    """Other groups and foreign identifiers are withheld, and the answer says which groups."""
    call = call_of(CONSUMER)
    person = servicer.GetPerson(pb.GetPersonRequest(ssin=str(BEA)), call).person

    assert ["name", "birth", "gender"] == groups(person)
    assert [] == list(person.foreign_identifiers)
    assert [
        person_pb2.DATA_GROUP_DECEASE,
        person_pb2.DATA_GROUP_NATIONALITIES,
        person_pb2.DATA_GROUP_CIVIL_STATE,
        person_pb2.DATA_GROUP_RESIDENTIAL_ADDRESS,
        person_pb2.DATA_GROUP_CONTACT_ADDRESS,
    ] == list(person.withheld)
    assert [(int(BEA), "name,birth,gender", "found")] == looks(call)


def test_only_wanted_groups_are_shown(servicer: ReadingServicer) -> None:
    """Who names groups gets these and no others; what is withheld is counted among the wanted only."""
    wanted = [person_pb2.DATA_GROUP_GENDER, person_pb2.DATA_GROUP_RESIDENTIAL_ADDRESS]
    call = call_of(CONSUMER)
    person = servicer.GetPerson(pb.GetPersonRequest(ssin=str(BEA), data_groups=wanted), call).person

    assert ["gender"] == groups(person)
    assert [person_pb2.DATA_GROUP_RESIDENTIAL_ADDRESS] == list(person.withheld)
    assert [(int(BEA), "gender", "found")] == looks(call)


def test_unknown_person_is_refused_and_noted(servicer: ReadingServicer) -> None:
    """Asking for somebody whom no register knows is refused, and noted all the same."""
    for method, request in (
        ("GetPerson", pb.GetPersonRequest(ssin=str(NOBODY))),
        ("ListPersonVersions", pb.ListPersonVersionsRequest(ssin=str(NOBODY))),
    ):
        call = call_of()
        with pytest.raises(RegistryError) as refused:
            getattr(servicer, method)(request, call)

        assert ("PERSON_UNKNOWN", "ssin") == (refused.value.reason.label, refused.value.field)
        assert [(int(NOBODY), ALL_LOOKED, "PERSON_UNKNOWN")] == looks(call)


def test_register_out_of_reach_is_noted(servicer: ReadingServicer, past: Past) -> None:
    """Who asked for a person of the national register while it was out of reach is noted."""
    past.national.unavailable = True
    for method, request in (
        ("GetPerson", pb.GetPersonRequest(ssin=str(DORA))),
        ("BatchGetPersons", pb.BatchGetPersonsRequest(ssins=[str(DORA)])),
        ("ListPersonVersions", pb.ListPersonVersionsRequest(ssin=str(DORA))),
    ):
        call = call_of()
        with pytest.raises(RegistryError):
            getattr(servicer, method)(request, call)

        assert [(int(DORA), ALL_LOOKED, "REGISTER_UNAVAILABLE")] == looks(call)


def test_batch_answers_each_number_in_the_order_asked(servicer: ReadingServicer) -> None:
    """Known, replaced, unknown, national and malformed numbers each have their outcome; the person if there is one."""
    asked = [str(DORA), str(NOBODY), "12345678901", str(ANNA), str(BEA), str(ANNA)]
    call = call_of()
    results = servicer.BatchGetPersons(pb.BatchGetPersonsRequest(ssins=asked), call).results

    assert asked == [one.resolution.asked_ssin for one in results]
    assert [
        pb.NUMBER_OUTCOME_CURRENT,
        pb.NUMBER_OUTCOME_UNKNOWN,
        pb.NUMBER_OUTCOME_MALFORMED,
        pb.NUMBER_OUTCOME_REPLACED,
        pb.NUMBER_OUTCOME_CURRENT,
        pb.NUMBER_OUTCOME_REPLACED,
    ] == [one.resolution.outcome for one in results]
    assert [str(DORA), None, None, str(BEA), str(BEA), str(BEA)] == [
        one.person.ssin if one.HasField("person") else None for one in results
    ]
    assert [
        (int(DORA), ALL_LOOKED, "found"),
        (int(NOBODY), ALL_LOOKED, "none"),
        (int(BEA), ALL_LOOKED, "found"),
        (int(BEA), ALL_LOOKED, "found"),
        (int(BEA), ALL_LOOKED, "found"),
    ] == looks(call)


def test_cancelled_number_answers(servicer: ReadingServicer, past: Past) -> None:
    """A cancelled number is shown as such, with what was told under it."""
    past.cancel(BEA, on(5, 1))
    answer = servicer.GetPerson(pb.GetPersonRequest(ssin=str(ANNA)), call_of())

    assert pb.NUMBER_OUTCOME_CANCELLED == answer.resolution.outcome
    assert person_pb2.NUMBER_STATUS_CANCELLED == answer.person.status
    assert "name" in groups(answer.person)


def test_history_is_paged_as_of_one_instant(servicer: ReadingServicer, past: Past) -> None:
    """What is recorded while somebody turns pages comes in none of them; together they are the whole."""
    request = pb.ListPersonVersionsRequest(ssin=str(BEA), page_size=4)
    first = servicer.ListPersonVersions(request, call_of())
    past.tell(BEA, Name("Late"), on(6, 2))
    past.take_back(past.tell(BEA, Name("Later"), on(6, 2)), on(6, 3))
    request.page_token = first.next_page_token
    second = servicer.ListPersonVersions(request, call_of())
    request.page_token = second.next_page_token
    third = servicer.ListPersonVersions(request, call_of())

    assert [
        "number_event",
        "number_event",
        "fact",
        "fact",
        "fact",
        "fact",
        "foreign_identifier",
        "fact",
        "number_event",
    ] == [version.WhichOneof("entry") for page in (first, second, third) for version in page.versions]
    assert [4, 4, 1] == [len(page.versions) for page in (first, second, third)]
    assert "" == third.next_page_token


def test_a_history_that_names_another_person_s_number_notes_them(
    servicer: ReadingServicer, past: Past
) -> None:
    """ANNA was split off: BEA's history still says that she came and went, and the access log that it said so."""
    past.split(ANNA, on(5, 1))
    call = call_of()
    answer = servicer.ListPersonVersions(pb.ListPersonVersionsRequest(ssin=str(BEA)), call)
    named = {one.number_event.ssin for one in answer.versions if one.HasField("number_event")}

    assert {str(ANNA), str(BEA)} == named
    assert [(int(BEA), ALL_LOOKED, "found"), (int(ANNA), "number", "found")] == looks(call)


def test_history_shows_what_was_corrected(servicer: ReadingServicer) -> None:
    """The wrong name says when it was corrected and by which fact; only the right one is still seen."""
    answer = servicer.ListPersonVersions(
        pb.ListPersonVersionsRequest(ssin=str(ANNA), data_groups=[person_pb2.DATA_GROUP_NAME]), call_of()
    )
    wrong, right = [one.fact for one in answer.versions if one.HasField("fact")]

    assert ("Wrong", "Anna") == (wrong.value.name.family_name, right.value.name.family_name)
    assert on(3, 10) == wrong.supersede_time.ToDatetime(dt.UTC)
    assert right.fact_id == wrong.superseded_by_fact_id
    assert (False, True) == (wrong.HasField("visible"), right.HasField("visible"))
    assert str(BEA) == answer.resolution.current_ssin


def test_history_as_believed_in_february(servicer: ReadingServicer) -> None:
    """`known_at`: the correction that came later is not there, the wrong name stands."""
    answer = servicer.ListPersonVersions(
        pb.ListPersonVersionsRequest(ssin=str(ANNA), known_at=FEBRUARY), call_of()
    )
    event, name = answer.versions

    assert pb.NumberEvent.KIND_REGISTERED == event.number_event.kind
    assert ("Wrong", False) == (name.fact.value.name.family_name, name.fact.HasField("supersede_time"))
    assert name.fact.HasField("visible")


def test_history_of_one_who_is_granted_little_says_what_is_withheld(servicer: ReadingServicer) -> None:
    """A consumer alone gets no address and no foreign identifier in a history either."""
    answer = servicer.ListPersonVersions(pb.ListPersonVersionsRequest(ssin=str(BEA)), call_of(CONSUMER))
    shown = {one.fact.value.WhichOneof("value") for one in answer.versions if one.HasField("fact")}

    assert {"name", "birth", "gender"} == shown
    assert not [one for one in answer.versions if one.HasField("foreign_identifier")]
    assert person_pb2.DATA_GROUP_RESIDENTIAL_ADDRESS in answer.withheld


def test_page_token_of_another_question_is_refused(servicer: ReadingServicer) -> None:
    """A token goes with the person, the groups and the instant that it was given for."""
    token = servicer.ListPersonVersions(
        pb.ListPersonVersionsRequest(ssin=str(BEA), page_size=1), call_of()
    ).next_page_token

    for other in (
        pb.ListPersonVersionsRequest(ssin=str(ANNA), page_token=token),
        pb.ListPersonVersionsRequest(ssin=str(BEA), known_at=FEBRUARY, page_token=token),
        pb.ListPersonVersionsRequest(
            ssin=str(BEA), data_groups=[person_pb2.DATA_GROUP_NAME], page_token=token
        ),
    ):
        with pytest.raises(RegistryError) as refused:
            servicer.ListPersonVersions(other, call_of())
        assert "PAGE_TOKEN_INVALID" == refused.value.reason.label


def test_bearer_of_a_foreign_identifier(servicer: ReadingServicer) -> None:
    """However it is written, the identifier leads to the person; each one shown is noted."""
    call = call_of()
    key = person_pb2.IdentifierKey(
        country=PASSPORT.country, scheme=person_pb2.IDENTIFIER_SCHEME_PASSPORT, identifier="eh1234"
    )
    (person,) = servicer.FindPersonsByForeignIdentifier(
        pb.FindPersonsByForeignIdentifierRequest(key=key), call
    ).persons

    assert str(BEA) == person.ssin
    assert [(int(BEA), ALL_LOOKED, "found")] == looks(call)


def test_foreign_identifier_of_nobody(servicer: ReadingServicer) -> None:
    """An identifier that is linked to nobody, or was not linked yet, finds nobody; nobody is noted."""
    call = call_of()
    key = person_pb2.IdentifierKey(
        country="MA", scheme=person_pb2.IDENTIFIER_SCHEME_PASSPORT, identifier="EH1234"
    )
    before = timestamp_message(on(2, 5))
    other = person_pb2.IdentifierKey(
        country="FR", scheme=person_pb2.IDENTIFIER_SCHEME_PASSPORT, identifier="EH1234"
    )

    for request in (
        pb.FindPersonsByForeignIdentifierRequest(key=key, known_at=before),
        pb.FindPersonsByForeignIdentifierRequest(key=other),
    ):
        assert [] == list(servicer.FindPersonsByForeignIdentifier(request, call).persons)
    assert [] == looks(call)


def test_national_person(servicer: ReadingServicer) -> None:
    """A person of the national register is shown with its source, and with an etag to begin with."""
    person = servicer.GetPerson(pb.GetPersonRequest(ssin=str(DORA)), call_of()).person
    name = person.facts[0]

    assert (int(Register.NATIONAL), "0") == (person.register, person.etag)
    assert not person.HasField("record_time")
    assert (0, 0) == (name.source.sector, name.source.institution)
    assert not name.HasField("record_time")


@pytest.mark.parametrize(
    ("request_", "reason", "field"),
    [
        (pb.GetPersonRequest(), "FIELD_REQUIRED", "ssin"),
        (pb.GetPersonRequest(ssin="12345678901"), "NUMBER_MALFORMED", "ssin"),
        (
            pb.GetPersonRequest(ssin=str(BEA), data_groups=[person_pb2.DATA_GROUP_UNSPECIFIED]),
            "CODE_UNKNOWN",
            "data_groups[0]",
        ),
        (pb.GetPersonRequest(ssin=str(BEA), valid_at=Date(year=2026)), "DATE_INVALID", "valid_at"),
        (
            pb.GetPersonRequest(ssin=str(BEA), known_at=timestamp_message(on(6, 2))),
            "TIME_IN_FUTURE",
            "known_at",
        ),
        (pb.BatchGetPersonsRequest(), "FIELD_REQUIRED", "ssins"),
        (pb.BatchGetPersonsRequest(ssins=["1"] * 1001), "TOO_MANY_ELEMENTS", "ssins"),
        (pb.ListPersonVersionsRequest(ssin=str(BEA), page_size=-1), "FIELD_INVALID", "page_size"),
        (pb.ListPersonVersionsRequest(ssin=str(BEA), page_token="x"), "PAGE_TOKEN_INVALID", "page_token"),
        (pb.FindPersonsByForeignIdentifierRequest(), "FIELD_REQUIRED", "key.country"),
    ],
)
def test_bad_questions_are_refused(
    servicer: ReadingServicer, request_: object, reason: str, field: str
) -> None:
    """Every wrong field has its own reason and path."""
    method = getattr(servicer, type(request_).__name__.removesuffix("Request"))
    with pytest.raises(RegistryError) as refused:
        method(request_, call_of())

    assert (reason, field) == (refused.value.reason.label, refused.value.field)
