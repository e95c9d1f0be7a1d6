"""RegisterPerson and RecordDistinct: who is new, on both databases."""

import datetime as dt
import uuid
from typing import Any

import pytest
from tests.identity.matching.people import person
from tests.identity.registers import bis
from tests.identity.service.registering import (
    DESK,
    WELFARE,
    Desk,
    birth,
    call_of,
    contact,
    date,
    desk_on,
    gender,
    name,
    person_request,
    registration,
    residence,
    twin,
)
from tests.support.calls import said_in, subject_keys

from kruispunt.identity.v1 import person_pb2 as pb
from kruispunt.identity.v1 import registration_service_pb2 as service
from kruispunt.ssin import Ssin, SsinKind
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.call import Call
from kruispunt_server.database import Database
from kruispunt_server.errors import Reason, RegistryError

NATIONAL = Ssin.parse("85073003328")


@pytest.fixture
def desk(identity_database: Database, identity_tables: IdentityTables) -> Desk:
    """Servicers on an empty register."""
    return desk_on(identity_database, identity_tables)


def refused(desk: Desk, request: service.RegisterPersonRequest, **more: Any) -> tuple[Reason, str]:
    with pytest.raises(RegistryError) as caught:
        desk.register(request, **more)
    assert 0 == desk.count(desk.registers.tables.persons.fact)
    return caught.value.reason, caught.value.field


def looks_at(call: Call, ssin: Ssin) -> list[tuple[str, str]]:
    return [(look.data_groups, look.result) for look in call.looks if look.person == ssin]


def test_a_new_person_gets_a_bis_number_of_their_birth_and_gender(desk: Desk) -> None:
    """Month raised by 40, an even sequence for a woman; the facts are answered as they were told."""
    call = call_of()

    response = desk.register(person_request(), call)

    assert service.PERSON_OUTCOME_CREATED == response.outcome
    number = Ssin.parse(response.person.ssin)
    assert (SsinKind.BIS, "914417", "002") == (number.kind, str(number)[:6], str(number)[6:9])
    assert ["name", "birth", "gender"] == [fact.value.WhichOneof("value") for fact in response.person.facts]
    assert pb.REGISTER_BIS == response.person.register
    assert ("1", 5) == (response.person.etag, response.person.facts[0].source.sector)
    assert [] == list(response.candidates)
    assert [(int(number), "birth,gender,name", "written")] == [
        (look.person, look.data_groups, look.result) for look in call.looks
    ]


def test_the_journal_says_who_registered_and_nothing_of_the_person(desk: Desk) -> None:
    """One change with the groups that were told, no value of them."""
    request = person_request()
    desk.register(request)

    table = desk.registers.tables.shared.change
    with desk.registers.database.reading() as connection:
        rows = connection.execute(table.select()).all()

    assert [("person.registered", "pensions", uuid.UUID(request.request_id))] == [
        (row.kind, row.participant_id, row.request_id) for row in rows
    ]
    keys = subject_keys(desk.registers.database, desk.registers.tables.shared, desk.registers.clock)
    with desk.registers.database.reading() as connection:
        said = said_in(connection, keys, rows[0])
    assert ["name", "birth", "gender"] == [fact["data_group"] for fact in said["after"]["facts"]]
    assert {"groups": [1, 2, 4], "source": "5/1", "register": 2} == said["told"]
    assert "Diallo" not in str(rows[0])
    assert b"Diallo" not in rows[0].payload


@pytest.mark.parametrize(
    "facts",
    [
        [name("Diallo"), birth(date(1991, 4, 17), "GN"), gender(pb.GENDER_FEMALE)],
        [name("Diallo"), birth(date(1991)), residence("GN")],
        [name("Diallo"), birth(date(1991, 4)), contact("BE")],
        [name("Diallo"), birth(date(0)), residence("GN")],
    ],
    ids=["place and gender", "residence abroad", "contact in Belgium", "date unknown"],
)
def test_each_kind_of_minimum_suffices(desk: Desk, facts: list[pb.FactStatement]) -> None:
    """Name and birth, and one of three things beside."""
    assert service.PERSON_OUTCOME_CREATED == desk.register(registration(*facts)).outcome


@pytest.mark.parametrize(
    "facts",
    [
        [],
        [name("Diallo"), residence("GN")],
        [birth(date(1991, 4, 17), "GN"), gender(pb.GENDER_FEMALE)],
        [name("Diallo"), birth(date(1991, 4, 17), "GN")],
        [name("Diallo"), birth(date(1991, 4, 17), "GN"), gender(pb.GENDER_UNSPECIFIED)],
        [name("Diallo"), birth(date(1991, 4), "GN"), gender(pb.GENDER_FEMALE)],
        [name("Diallo"), birth(date(1991, 4, 17)), gender(pb.GENDER_FEMALE)],
        [name("Diallo"), birth(date(1991, 4, 17)), residence("BE")],
        [name("Diallo"), birth(date(1991, 4, 17)), contact("FR")],
    ],
    ids=["nothing", "no birth", "no name", "no gender", "gender unknown", "date not whole", "no place",
         "residence at home", "contact abroad"],
)  # fmt: skip
def test_less_than_the_minimum_is_refused(desk: Desk, facts: list[pb.FactStatement]) -> None:
    """Nothing is registered of whom too little is known."""
    assert (Reason.MINIMUM_DATA_MISSING, "facts") == refused(desk, registration(*facts))


def test_bad_requests_have_a_reason_and_a_place_each(desk: Desk) -> None:
    """A group told twice, no evidence, a name with a mark, a wrong decision: each is refused for what it is."""
    facts = [name("Diallo", "A"), birth(date(1991, 4, 17), "GN"), gender(pb.GENDER_FEMALE)]
    unseen = [name("Diallo", "A", seen=False), *facts[1:]]
    marked = [name("Diallo\u200f"), *facts[1:]]

    assert (Reason.FIELD_INVALID, "facts[3].value") == refused(desk, registration(*facts, name("Barry")))
    assert (Reason.FIELD_REQUIRED, "facts[0].evidence") == refused(desk, registration(*unseen))
    assert (Reason.TEXT_FORBIDDEN, "facts[0].value.name.family_name") == refused(desk, registration(*marked))
    assert (Reason.TOO_MANY_ELEMENTS, "facts") == refused(desk, registration(*facts * 3))
    assert (Reason.NUMBER_MALFORMED, "distinct[0].ssin") == refused(
        desk, person_request(distinct=[twin("1")])
    )
    assert (Reason.FIELD_REQUIRED, "distinct[0].reason") == refused(
        desk, person_request(distinct=[twin(str(bis(1)), 0)])
    )
    assert (Reason.CODE_UNKNOWN, "distinct[0].reason") == refused(
        desk, person_request(distinct=[twin(str(bis(1)), 9)])
    )
    assert (Reason.TEXT_TOO_LONG, "distinct[0].note") == refused(
        desk, person_request(distinct=[twin(str(bis(1)), note="x" * 201)])
    )
    assert (Reason.FIELD_INVALID, "distinct[1].ssin") == refused(
        desk, person_request(distinct=[twin(str(bis(1)))] * 2)
    )
    assert (Reason.FIELD_INVALID, "search_id") == refused(desk, person_request(search_id="x"))


def test_a_strong_candidate_stands_in_the_way(desk: Desk) -> None:
    """Somebody spelled a little otherwise: nothing is created, and the candidate is shown and accounted for."""
    first = desk.register(person_request("Diallo", "Aminata")).person.ssin
    call = call_of(WELFARE)

    response = desk.register(person_request("DIALO", "Aminata"), call)

    assert service.PERSON_OUTCOME_CANDIDATES == response.outcome
    assert not response.HasField("person")
    assert [(first, "Diallo")] == [
        (each.ssin, each.person.facts[0].value.name.family_name) for each in response.candidates
    ]
    assert 1 == desk.count(desk.registers.tables.persons.number)
    assert [(int(first), "name,birth,gender,nationalities", "candidate")] == [
        (look.person, look.data_groups, look.result) for look in call.looks
    ]


def test_a_national_person_stands_in_the_way_too(desk: Desk) -> None:
    """The national register is searched as well; its person can be told apart like any other."""
    profile = person("Diallo", "Aminata", (1991, 4, 17), gender=2, countries="GN")
    desk.registers.add_national(NATIONAL, profile)

    assert [str(NATIONAL)] == [each.ssin for each in desk.register(person_request()).candidates]
    created = desk.register(person_request(distinct=[twin(str(NATIONAL))]))
    assert service.PERSON_OUTCOME_CREATED == created.outcome


def test_a_decision_lets_the_twin_in_and_is_kept(desk: Desk) -> None:
    """The pair is told apart for ever: the candidate is not named again, and no sweep lists the two."""
    first = Ssin.parse(desk.register(person_request()).person.ssin)

    response = desk.register(person_request(distinct=[twin(str(first), note="seen together")]))

    assert service.PERSON_OUTCOME_CREATED == response.outcome
    assert [] == list(response.candidates)
    second = Ssin.parse(response.person.ssin)
    with desk.registers.database.reading() as connection:
        assert {(first, second)} == desk.registers.decisions.told_apart(connection, [first, second])
    list(desk.registers.sweep().run())
    assert [] == desk.registers.decisions.page(least=0, after=None, limit=10)


def test_every_strong_candidate_needs_a_decision(desk: Desk) -> None:
    """Of two candidates one is decided on: the other still stands in the way, alone."""
    first = desk.register(person_request()).person.ssin
    second = desk.register(person_request(distinct=[twin(first)])).person.ssin

    response = desk.register(person_request(distinct=[twin(first)]))

    assert service.PERSON_OUTCOME_CANDIDATES == response.outcome
    assert [second] == [each.ssin for each in response.candidates]


def test_a_decision_may_name_a_former_number(desk: Desk) -> None:
    """Whoever is named by any of their numbers is named."""
    desk.registers.add(bis(1), person("Diallo", "Aminata", (1991, 4, 17)))
    desk.registers.add(bis(3), person("Barry", "Aminata", (1991, 4, 17)))
    desk.registers.replace(bis(1), bis(3))

    assert [(str(bis(3)), str(bis(1)))] == [
        (each.ssin, each.found_under_ssin) for each in desk.register(person_request()).candidates[:1]
    ]
    created = desk.register(person_request(distinct=[twin(str(bis(1)))]))
    assert service.PERSON_OUTCOME_CREATED == created.outcome


def test_a_decision_on_nobody_is_refused(desk: Desk) -> None:
    """An unknown number and a cancelled one: each with its reason and its place."""
    desk.registers.add(bis(1), person("Peeters", "Jan"))
    desk.registers.cancel(bis(1))

    assert (Reason.PERSON_UNKNOWN, "distinct[0].ssin") == refused(
        desk, person_request(distinct=[twin(str(bis(3)))])
    )
    assert (Reason.NUMBER_CANCELLED, "distinct[0].ssin") == refused(
        desk, person_request(distinct=[twin(str(bis(1)))])
    )


def test_whom_a_decision_names_is_noted(desk: Desk) -> None:
    """A refusal tells whether a number is somebody's: each number asked about so is in the access log, rehearsed or not."""
    desk.registers.add(bis(1), person("Peeters", "Jan"))
    there, nowhere, rehearsed = call_of(), call_of(), call_of()

    desk.register(person_request(distinct=[twin(str(bis(1)))]), there)
    with pytest.raises(RegistryError):
        desk.register(person_request(distinct=[twin(str(bis(3)))], validate_only=True), nowhere)
    desk.register(
        person_request("Barry", day=date(1950, 2, 3), distinct=[twin(str(bis(1)))], validate_only=True),
        rehearsed,
    )

    assert ("number", "written") in looks_at(there, bis(1))
    assert [("number", "PERSON_UNKNOWN")] == looks_at(nowhere, bis(3))
    assert [("number", "validated")] == looks_at(rehearsed, bis(1))


def test_a_candidate_replaced_since_is_noted_under_the_number_that_is_shown(desk: Desk) -> None:
    """A repeated request is shown the person as they stand now: the access log says of whom."""
    desk.registers.add(bis(1), person("Diallo", "Aminata", (1991, 4, 17)))
    desk.registers.add(bis(3), person("Peeters", "Jan", (1960, 1, 1)))
    request = person_request()
    assert [str(bis(1))] == [each.ssin for each in desk.register(request).candidates]
    desk.registers.replace(bis(1), bis(3))
    again = call_of()

    assert str(bis(3)) == desk.register(request, again).candidates[0].person.ssin
    assert ["candidate"] == [result for _, result in looks_at(again, bis(3))]


def test_the_same_request_gets_the_same_answer(desk: Desk) -> None:
    """Sent again it creates nobody; one that got candidates gets them again, whatever happened meanwhile."""
    request = person_request()
    again = person_request()

    first, candidates = desk.register(request), desk.register(again)

    assert first == desk.register(request)
    desk.registers.cancel(Ssin.parse(first.person.ssin))
    repeated = desk.register(again)
    assert service.PERSON_OUTCOME_CANDIDATES == repeated.outcome
    assert [each.ssin for each in candidates.candidates] == [each.ssin for each in repeated.candidates]
    assert 1 == desk.count(desk.registers.tables.persons.number)


def test_a_rehearsal_writes_nothing_and_gives_no_number(desk: Desk) -> None:
    """Everything is checked and answered, and the number is left out: the next person may get it."""
    request = person_request(validate_only=True)
    call = call_of()

    response = desk.register(request, call)

    assert service.PERSON_OUTCOME_CREATED == response.outcome
    assert ("", "") == (response.person.ssin, response.person.facts[0].registered_ssin)
    assert [] == call.looks
    assert [0, 0, 0] == [
        desk.count(table)
        for table in (
            desk.registers.tables.persons.number,
            desk.registers.tables.matching.match_key,
            desk.registers.tables.persons.number_counter,
        )
    ]


def test_a_search_is_good_for_a_quarter_of_an_hour_and_for_who_made_it(desk: Desk) -> None:
    """Another's search, one never made, and one of 16 minutes ago are refused; one of 15 is taken."""
    search = desk.search(family_name="Diallo", birth_date=date(1991, 4, 17)).search_id

    assert (Reason.SEARCH_EXPIRED, "search_id") == refused(
        desk, person_request(search_id=search), call=call_of(WELFARE)
    )
    assert (Reason.SEARCH_EXPIRED, "search_id") == refused(desk, person_request(search_id=str(uuid.uuid4())))
    desk.registers.clock.advance(dt.timedelta(minutes=16))
    assert (Reason.SEARCH_EXPIRED, "search_id") == refused(desk, person_request(search_id=search))
    desk.registers.clock.advance(dt.timedelta(minutes=-1))
    assert service.PERSON_OUTCOME_CREATED == desk.register(person_request(search_id=search)).outcome


def decide(first: Ssin, second: Ssin, **more: Any) -> service.RecordDistinctRequest:
    return service.RecordDistinctRequest(
        request_id=str(uuid.uuid4()), ssin=str(first), decision=twin(str(second)), **more
    )


def test_a_decision_is_recorded_once_and_journalled_for_both(desk: Desk) -> None:
    """The second time it stood already; the journal has one change for each of the two persons."""
    for number in (bis(1), bis(3)):
        desk.registers.add(number, person("Peeters", "Jan"))
    call = call_of()

    first = desk.registering.RecordDistinct(decide(bis(1), bis(3)), call)
    second = desk.registering.RecordDistinct(decide(bis(3), bis(1)), call_of())

    assert (False, True) == (first.already_recorded, second.already_recorded)
    assert [(int(bis(1)), "written"), (int(bis(3)), "written")] == [
        (look.person, look.result) for look in call.looks
    ]
    assert 2 == desk.count(desk.registers.tables.shared.change)


def test_a_rehearsed_decision_is_not_kept(desk: Desk) -> None:
    """It is checked and answered as if done."""
    for number in (bis(1), bis(3)):
        desk.registers.add(number, person("Peeters", "Jan"))

    assert not desk.registering.RecordDistinct(
        decide(bis(1), bis(3), validate_only=True), call_of()
    ).already_recorded
    assert 0 == desk.count(desk.registers.tables.registration.distinct_pair)


def test_decisions_on_one_person_and_on_nobody_are_refused(desk: Desk) -> None:
    """The same number twice, two numbers of one person, an unknown one: each with its reason and place."""
    for number in (bis(1), bis(3)):
        desk.registers.add(number, person("Peeters", "Jan"))
    desk.registers.replace(bis(1), bis(3))
    outcomes = []
    for request in (decide(bis(1), bis(1)), decide(bis(1), bis(3)), decide(bis(5), bis(3)),
                    decide(bis(3), bis(5))):  # fmt: skip
        call = call_of()
        with pytest.raises(RegistryError) as caught:
            desk.registering.RecordDistinct(request, call)
        outcomes.append((caught.value.reason, caught.value.field))
        assert {caught.value.reason.label} == {look.result for look in call.looks}

    assert [
        (Reason.SAME_PERSON, "decision.ssin"),
        (Reason.SAME_PERSON, "decision.ssin"),
        (Reason.PERSON_UNKNOWN, "ssin"),
        (Reason.PERSON_UNKNOWN, "decision.ssin"),
    ] == outcomes


def test_only_who_holds_a_dossier_or_is_a_registrar_decides(desk: Desk) -> None:
    """An institution without a dossier is refused; the registry's own desk is not asked for one."""
    for number in (bis(1), bis(3)):
        desk.registers.add(number, person("Peeters", "Jan"))

    with pytest.raises(RegistryError) as caught:
        desk.guarded.RecordDistinct(decide(bis(1), bis(3)), call_of())

    assert (Reason.NO_DOSSIER, "ssin") == (caught.value.reason, caught.value.field)
    assert 0 == desk.count(desk.registers.tables.registration.distinct_pair)
    assert not desk.guarded.RecordDistinct(decide(bis(1), bis(3)), call_of(DESK)).already_recorded


def test_a_registration_needs_no_dossier(desk: Desk) -> None:
    """Nobody can hold a dossier on a person who has no number yet."""
    assert (
        service.PERSON_OUTCOME_CREATED
        == desk.guarded.RegisterPerson(person_request(), call_of(WELFARE)).outcome
    )
