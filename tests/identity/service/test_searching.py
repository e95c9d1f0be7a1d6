"""SearchPersons and ListSuspectedDuplicates, on both databases."""

import datetime as dt
from typing import Any

import pytest
from tests.identity.matching.people import person
from tests.identity.registers import NOON, bis
from tests.identity.service.registering import (
    DESK,
    READER,
    Desk,
    call_of,
    date,
    desk_on,
    person_request,
    twin,
)

from kruispunt.identity.v1 import identity_service_pb2 as service
from kruispunt.identity.v1 import person_pb2 as pb
from kruispunt.identity.v1 import search_pb2
from kruispunt.ssin import Ssin
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.database import Database
from kruispunt_server.errors import Reason, RegistryError

NATIONAL = Ssin.parse("85073003328")
JAN = person("Peeters", "Jan", (1960, 5, 9), gender=1, countries="BE")


@pytest.fixture
def desk(identity_database: Database, identity_tables: IdentityTables) -> Desk:
    """Servicers on an empty register."""
    return desk_on(identity_database, identity_tables)


def searches(desk: Desk) -> list[Any]:
    table = desk.registers.tables.registration.search
    with desk.registers.database.reading() as connection:
        return list(connection.execute(table.select().order_by(table.c.search_id)))


def refused(desk: Desk, **criteria: Any) -> tuple[Reason, str]:
    with pytest.raises(RegistryError) as caught:
        desk.search(**criteria)
    return caught.value.reason, caught.value.field


def test_a_candidate_is_shown_with_grade_parts_and_person(desk: Desk) -> None:
    """The parts add up to the odds, weightiest first; who was shown is accounted for."""
    number = desk.register(person_request("Diallo", "Aminata")).person.ssin
    call = call_of()

    response = desk.search(call, family_name="Diallo", birth_date=date(1991, 4, 17), given_names=["Aminata"])

    (candidate,) = response.candidates
    assert (number, search_pb2.GRADE_STRONG) == (candidate.ssin, candidate.grade)
    weights = [part.weight for part in candidate.parts]
    assert candidate.log2_odds == pytest.approx(sum(weights))
    assert sorted(weights, key=abs, reverse=True) == weights
    assert {"family_name", "given_names", "birth_date", "gender", "country"} <= {
        part.field for part in candidate.parts
    }
    assert [pb.DATA_GROUP_NAME, pb.DATA_GROUP_BIRTH, pb.DATA_GROUP_GENDER] == [
        {"name": 1, "birth": 2, "gender": 4}[fact.value.WhichOneof("value")]
        for fact in candidate.person.facts
    ]
    assert ("", False, False) == (
        candidate.found_under_ssin,
        candidate.by_former_name,
        response.truncated,
    )
    assert [(int(number), "name,birth,gender,nationalities", "candidate")] == [
        (look.person, look.data_groups, look.result) for look in call.looks
    ]


def test_who_is_granted_nothing_of_persons_sees_number_and_grade_only(desk: Desk) -> None:
    """Parts and odds would tell whether gender and birth date agree; they are left out with the person."""
    number = desk.register(person_request()).person.ssin
    call = call_of(READER)

    (candidate,) = desk.search(call, family_name="Diallo", birth_date=date(1991, 4, 17)).candidates

    assert search_pb2.Candidate(ssin=number, grade=search_pb2.GRADE_STRONG) == candidate
    assert [(int(number), "number", "candidate")] == [
        (look.person, look.data_groups, look.result) for look in call.looks
    ]


def test_every_search_is_kept_with_whom_it_showed(desk: Desk) -> None:
    """One row each, without the criteria; equal criteria have equal digests; nobody found is kept too."""
    number = desk.register(person_request()).person.ssin
    criteria: dict[str, Any] = {"family_name": "Diallo", "birth_date": date(1991, 4, 17)}
    first, second = desk.search(**criteria), desk.search(**criteria)
    nobody = desk.search(family_name="Vandermeulen", birth_date=date(1950, 2, 3))

    rows = searches(desk)

    assert {first.search_id, second.search_id, nobody.search_id} == {str(row.search_id) for row in rows}
    by_id = {str(row.search_id): row for row in rows}
    assert by_id[first.search_id].criteria_digest == by_id[second.search_id].criteria_digest
    assert by_id[first.search_id].criteria_digest != by_id[nobody.search_id].criteria_digest
    assert by_id[first.search_id].candidates.startswith(f"[[{int(number)},3,")
    assert ("[]", "pensions", NOON) == (
        by_id[nobody.search_id].candidates,
        by_id[nobody.search_id].participant_id,
        by_id[nobody.search_id].made_at,
    )
    assert "Diallo" not in str(rows)


def test_an_old_name_and_a_former_number_are_found(desk: Desk) -> None:
    """Both lead to the number that stands, and the answer says by what the person was found."""
    desk.registers.add(bis(1), JAN)
    desk.registers.add(bis(3), person("Kowalski", "Piotr", (1961, 2, 8)))
    desk.registers.add(bis(5), person("De Smet", "Els", (1970, 1, 2), old=[("Wouters", "Els")]))
    desk.registers.replace(bis(1), bis(3))

    (jan,) = desk.search(family_name="Peeters", given_names=["Jan"], birth_date=date(1960, 5, 9)).candidates
    (els,) = desk.search(family_name="Wouters", given_names=["Els"], birth_date=date(1970, 1, 2)).candidates

    assert (str(bis(3)), str(bis(1)), True) == (jan.ssin, jan.found_under_ssin, jan.by_former_name)
    assert (str(bis(5)), "", True) == (els.ssin, els.found_under_ssin, els.by_former_name)


def test_a_person_of_several_numbers_is_one_candidate(desk: Desk) -> None:
    """Found under both of its numbers, a person is shown once."""
    desk.registers.add(bis(1), JAN)
    desk.registers.add(bis(3), JAN)
    desk.registers.replace(bis(1), bis(3))

    response = desk.search(family_name="Peeters", given_names=["Jan"], birth_date=date(1960, 5, 9))

    assert [str(bis(3))] == [each.ssin for each in response.candidates]


def test_a_cancelled_number_is_left_out(desk: Desk) -> None:
    """It stands for nobody."""
    desk.registers.add(bis(1), JAN)
    desk.registers.cancel(bis(1))

    response = desk.search(family_name="Peeters", given_names=["Jan"], birth_date=date(1960, 5, 9))

    assert [] == list(response.candidates)


def test_a_national_person_is_found_and_shown(desk: Desk) -> None:
    """What is shown comes from the national register."""
    desk.registers.add_national(NATIONAL, JAN)

    (candidate,) = desk.search(
        family_name="Peeters", given_names=["Jan"], birth_date=date(1960, 5, 9)
    ).candidates

    assert str(NATIONAL) == candidate.ssin
    assert pb.REGISTER_NATIONAL == candidate.person.register
    assert "Peeters" == candidate.person.facts[0].value.name.family_name


def test_the_limit_cuts_and_says_so(desk: Desk) -> None:
    """Three of one name: two are shown if two are asked for; ten if nothing is said; 51 is too many to ask."""
    for number in range(1, 24, 2):
        desk.registers.add(bis(number), JAN)
    criteria: dict[str, Any] = {
        "family_name": "Peeters",
        "given_names": ["Jan"],
        "birth_date": date(1960, 5, 9),
    }

    two, usual, all_ = (
        desk.search(limit=2, **criteria),
        desk.search(**criteria),
        desk.search(limit=50, **criteria),
    )

    assert [(2, True), (10, True), (12, False)] == [
        (len(each.candidates), each.truncated) for each in (two, usual, all_)
    ]
    assert (Reason.FIELD_INVALID, "limit") == refused(desk, limit=51, **criteria)


@pytest.mark.parametrize(
    ("criteria", "weak"),
    [
        ({"birth_date": date(1960)}, "criteria.given_names"),
        ({"birth_date": date(1960), "given_names": ["Jan"]}, "criteria.birth_date"),
        ({"birth_date": date(1960, 5, 9), "given_names": ["Jan"]}, "criteria.family_name"),
    ],
    ids=["given names", "birth date", "family name"],
)
def test_above_the_cap_the_weak_criterion_is_named(desk: Desk, criteria: dict[str, Any], weak: str) -> None:
    """Sixty of one name: nobody is shown, the refusal says what to add, and the search is kept all the same."""
    for number in range(1, 120, 2):
        desk.registers.add(bis(number), JAN)

    assert (Reason.TOO_MANY_CANDIDATES, weak) == refused(desk, family_name="Peeters", **criteria)
    assert ["[]"] == [row.candidates for row in searches(desk)]


@pytest.mark.parametrize(
    ("criteria", "reason", "field"),
    [
        ({"birth_date": date(1960)}, Reason.FIELD_REQUIRED, "criteria.family_name"),
        ({"family_name": "Peeters"}, Reason.FIELD_REQUIRED, "criteria.birth_date"),
        ({"family_name": "Peeters", "birth_date": date(0)}, Reason.FIELD_REQUIRED, "criteria.birth_date"),
        (
            {"family_name": "Peeters", "birth_date": date(1960, 2, 30)},
            Reason.DATE_INVALID,
            "criteria.birth_date",
        ),
        (
            {"family_name": "Peeters", "birth_date": date(2027)},
            Reason.TIME_IN_FUTURE,
            "criteria.birth_date",
        ),
        ({"family_name": "x" * 10_000}, Reason.TEXT_TOO_LONG, "criteria.family_name"),
        ({"family_name": "Pee\0ters"}, Reason.TEXT_FORBIDDEN, "criteria.family_name"),
        (
            {"family_name": "Peeters", "given_names": ["Jan", "\u202eJan"]},
            Reason.TEXT_FORBIDDEN,
            "criteria.given_names[1]",
        ),
        (
            {"family_name": "Peeters", "given_names": ["J"] * 11},
            Reason.TOO_MANY_ELEMENTS,
            "criteria.given_names",
        ),
        (
            {"family_name": "Peeters", "birth_date": date(1960), "year_tolerance": 6},
            Reason.FIELD_INVALID,
            "criteria.year_tolerance",
        ),
        (
            {"family_name": "Peeters", "birth_date": date(1960), "gender": 3},
            Reason.CODE_UNKNOWN,
            "criteria.gender",
        ),
        (
            {"family_name": "Peeters", "birth_date": date(1960), "country": "XX"},
            Reason.COUNTRY_UNKNOWN,
            "criteria.country",
        ),
    ],
)
def test_bad_criteria_have_a_reason_and_a_place_each(
    desk: Desk, criteria: dict[str, Any], reason: Reason, field: str
) -> None:
    """Each is refused for what it is, and nothing is kept."""
    assert (reason, field) == refused(desk, **criteria)
    assert [] == searches(desk)


def test_the_tolerance_reaches_other_years(desk: Desk) -> None:
    """A birth year that is off by three is found with a tolerance of three."""
    desk.registers.add(bis(1), person("Vandermeulen", "Adelheid", (1963, 8, 2), gender=2, countries="BE"))
    criteria: dict[str, Any] = {
        "family_name": "Vandermeulen",
        "birth_date": date(1960),
    }

    assert [] == list(desk.search(**criteria).candidates)
    assert [str(bis(1))] == [each.ssin for each in desk.search(year_tolerance=3, **criteria).candidates]


def listed(desk: Desk, **more: Any) -> service.ListSuspectedDuplicatesResponse:
    return desk.searching.ListSuspectedDuplicates(
        service.ListSuspectedDuplicatesRequest(**more), call_of(DESK)
    )


def test_the_work_list_is_paged_and_explained(desk: Desk) -> None:
    """Two pairs of a sweep, one a page, with grade, parts and when they were found; a decision takes one off."""
    for number, profile in (
        (bis(1), JAN),
        (bis(3), JAN),
        (bis(5), person("Diallo", "Aminata", (1991, 4, 17))),
        (bis(7), person("Diallo", "Aminata", (1991, 4, 17))),
    ):
        desk.registers.add(number, profile)
    desk.registers.clock.advance(dt.timedelta(hours=1))
    list(desk.registers.sweep().run())

    first = listed(desk, page_size=1)
    second = listed(desk, page_size=1, page_token=first.next_page_token)

    assert {(str(bis(1)), str(bis(3))), (str(bis(5)), str(bis(7)))} == {
        (pair.first_ssin, pair.second_ssin) for pair in (*first.pairs, *second.pairs)
    }
    assert "" == second.next_page_token
    assert (search_pb2.GRADE_STRONG, 1) == (first.pairs[0].grade, first.pairs[0].rules_version)
    assert NOON + dt.timedelta(hours=1) == first.pairs[0].find_time.ToDatetime(dt.UTC)
    assert "family_name" in {part.field for part in first.pairs[0].parts}
    with pytest.raises(RegistryError) as caught:
        listed(desk, page_size=1, page_token=first.next_page_token, least_grade=search_pb2.GRADE_STRONG)
    assert Reason.PAGE_TOKEN_INVALID is caught.value.reason


def test_a_registration_despite_a_candidate_never_reaches_the_work_list(desk: Desk) -> None:
    """A twin registered with a decision is no suspicion; looks of the list are accounted for."""
    first = desk.register(person_request()).person.ssin
    desk.register(person_request(distinct=[twin(first)]))
    desk.registers.add(bis(1), JAN)
    desk.registers.add(bis(3), JAN)
    list(desk.registers.sweep().run())
    call = call_of(DESK)

    response = desk.searching.ListSuspectedDuplicates(service.ListSuspectedDuplicatesRequest(), call)

    assert [(str(bis(1)), str(bis(3)))] == [(pair.first_ssin, pair.second_ssin) for pair in response.pairs]
    assert {int(bis(1)), int(bis(3))} == {look.person for look in call.looks}
