"""Institutions tell, correct and take back; every group has its own outcome, and nothing is half-written."""

import datetime as dt
import threading
import unicodedata
import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.identity.service.telling import (
    ANNA,
    BEA,
    DESK,
    NATIONAL,
    NOBODY,
    NOON,
    PENSIONS,
    WELFARE,
    Told,
    address,
    call_of,
    change,
    date,
    name,
    told_on,
    update_of,
)
from tests.support.calls import said_in, subject_keys

from kruispunt.common.v1 import error_reason_pb2
from kruispunt.identity.v1 import identity_service_pb2 as service_pb
from kruispunt.identity.v1 import registration_service_pb2 as pb
from kruispunt_identity.domain.values import Address, DataGroup, Name, Validity
from kruispunt_identity.matching.profile import MatchName
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.database import Database
from kruispunt_server.errors import RegistryError

WRITTEN, UNCHANGED = pb.GROUP_OUTCOME_WRITTEN, pb.GROUP_OUTCOME_UNCHANGED
REFUSED, LEFT_OUT = pb.GROUP_OUTCOME_REFUSED, pb.GROUP_OUTCOME_LEFT_OUT


@pytest.fixture
def told(identity_database: Database, identity_tables: IdentityTables) -> Told:
    """The servicers on a database with ANNA, on whom PENSIONS has a dossier."""
    made = told_on(identity_database, identity_tables)
    made.register(ANNA)
    return made


def outcomes(response: pb.UpdatePersonResponse) -> list[Any]:
    return [result.outcome for result in response.results]


def refusal_of(response: pb.UpdatePersonResponse, place: int = 0) -> tuple[str, str]:
    result = response.results[place]
    return error_reason_pb2.ErrorReason.Name(result.reason), result.field


def test_new_fact_covers_what_stood(told: Told) -> None:
    """A new name is true from today on, what was before stays, and the etag rises by one."""
    response = told.update(ANNA, change(name("Janssens")))

    assert [WRITTEN] == outcomes(response)
    assert response.etag == "2"
    assert [Name("Peeters"), Name("Janssens")] == [
        fact.value for fact in told.standing(ANNA) if fact.group is DataGroup.NAME
    ]
    fact = response.results[0].fact
    assert ("75460898095", "Janssens") == (fact.registered_ssin, fact.value.name.family_name)
    assert date(2026, 3, 3) == fact.visible.begin
    assert (5, 1) == (fact.source.sector, fact.source.institution)
    assert ["person.updated"] == told.kinds()


def test_same_fact_again_changes_nothing(told: Told) -> None:
    """What is seen already on all its days is not written again, be it told as several facts."""
    told.update(ANNA, change(address("A"), validity={"begin": date(2020, 1, 1), "end": date(2022, 1, 1)}))
    told.update(ANNA, change(address("A"), validity={"begin": date(2022, 1, 1)}))
    before = told.rows()

    response = told.update(ANNA, change(address("A"), validity={"begin": date(2021, 1, 1)}))

    assert [UNCHANGED] == outcomes(response)
    assert response.etag == "3"
    assert date(2022, 1, 1) == response.results[0].fact.validity.begin
    assert {**before, "idempotency": before["idempotency"] + 1} == told.rows()


@pytest.mark.parametrize(
    "more",
    [
        {"validity": {"begin": date(2019, 12, 31)}},
        {"validity": {}},
        {"validity": {"begin": date(2020, 1, 1)}, "evidence": {"kind": 1}},
    ],
)
def test_same_value_of_other_days_or_by_other_evidence_is_written(told: Told, more: dict[str, Any]) -> None:
    """One day without it, or a document not seen before, makes it something new."""
    told.update(ANNA, change(address("A"), validity={"begin": date(2020, 1, 1)}))

    assert [WRITTEN] == outcomes(told.update(ANNA, change(address("A"), **more)))


def test_same_value_that_is_covered_is_written(told: Told) -> None:
    """Who moves back is told of again."""
    told.update(ANNA, change(address("A"), validity={}))
    told.update(ANNA, change(address("B"), validity={"begin": date(2026, 1, 1), "end": date(2026, 2, 1)}))

    assert [WRITTEN] == outcomes(told.update(ANNA, change(address("A"), validity={})))


def test_correction_takes_the_wrong_fact_back(told: Told) -> None:
    """The wrong fact is closed by the right one; what was known before stays known."""
    wrong = told.update(ANNA, change(name("Janssns"))).results[0].fact.fact_id
    told.clock.advance(dt.timedelta(hours=1))

    response = told.update(ANNA, change(name("Janssens"), wrong))

    right = response.results[0].fact.fact_id
    assert [WRITTEN] == outcomes(response)
    names = [fact.value for fact in told.standing(ANNA) if fact.group is DataGroup.NAME]
    assert [Name("Peeters"), Name("Janssens")] == names
    with told.database.reading() as connection:
        history = {str(fact.fact_id): fact for fact in told.facts.of(connection, [ANNA], history=True)}
    assert right == str(history[wrong].superseded_by)
    assert NOON + dt.timedelta(hours=1) == history[wrong].superseded_at


def test_correction_without_days_keeps_those_of_the_wrong_fact(told: Told) -> None:
    """A misspelt name was misspelt on all its days; a correction that says days has its own."""
    days = {"begin": date(2020, 1, 1), "end": date(2030, 1, 1)}
    wrong = told.update(ANNA, change(name("Janssns"), validity=days)).results[0].fact.fact_id

    kept = told.update(ANNA, change(name("Jansens"), wrong)).results[0].fact
    moved = told.update(ANNA, change(name("Janssens"), kept.fact_id, validity={})).results[0].fact

    assert (date(2020, 1, 1), date(2030, 1, 1)) == (kept.validity.begin, kept.validity.end)
    assert (False, False) == (moved.validity.HasField("begin"), moved.validity.HasField("end"))


def test_correction_that_says_the_same_changes_nothing(told: Told) -> None:
    """A fact is not replaced by its equal."""
    fact = told.update(ANNA, change(name("Janssens"))).results[0].fact

    response = told.update(ANNA, change(name("Janssens"), fact.fact_id))

    assert ([UNCHANGED], "2") == (outcomes(response), response.etag)


def test_each_group_has_its_own_outcome(told: Told) -> None:
    """What is wrong with one group does not keep the others back; each says why, and where."""
    birth = next(fact for fact in told.standing(ANNA) if fact.group is DataGroup.BIRTH)
    gone = told.update(ANNA, change({"gender": 2})).results[0].fact.fact_id
    told.retract(ANNA, gone)

    response = told.update(
        ANNA,
        change(name("Janssens")),
        change(address("A"), str(birth.fact_id)),
        change({"gender": 1}, gone),
        change({"nationalities": {"countries": ["MA"]}}, str(uuid.uuid4())),
        change({"decease": {"date": date(1979)}}),
        change({"civil_state": {"code": 20, "partner_ssin": "75460898095"}}),
    )

    assert [WRITTEN, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED] == outcomes(response)
    assert [refusal_of(response, place) for place in range(1, 6)] == [
        ("ERROR_REASON_FACT_UNKNOWN", "changes[1].corrects_fact_id"),
        ("ERROR_REASON_FACT_SUPERSEDED", "changes[2].corrects_fact_id"),
        ("ERROR_REASON_FACT_UNKNOWN", "changes[3].corrects_fact_id"),
        ("ERROR_REASON_DATE_INVALID", "changes[4].statement.value.decease.date"),
        ("ERROR_REASON_SAME_PERSON", "changes[5].statement.value.civil_state.partner_ssin"),
    ]
    assert [True] * 5 == [bool(result.message) for result in response.results[1:]]
    assert Name("Janssens") in [fact.value for fact in told.standing(ANNA)]


def test_all_or_none_writes_nothing_beside_a_refusal(told: Told) -> None:
    """One refused group leaves the others out, and no row is written but the answer's."""
    before = told.rows()

    response = told.update(
        ANNA,
        change(name("Janssens")),
        change({"birth": {"date": date(1980, 4, 5)}}),
        change({"gender": 1}, str(uuid.uuid4())),
        all_or_none=True,
    )

    assert [LEFT_OUT, UNCHANGED, REFUSED] == outcomes(response)
    assert response.etag == "1"
    assert {**before, "idempotency": before["idempotency"] + 1} == told.rows()


def test_all_or_none_writes_all_where_nothing_is_refused(told: Told) -> None:
    """Everything is written in one step of the etag."""
    response = told.update(ANNA, change(name("Janssens")), change({"gender": 2}), all_or_none=True)

    assert ([WRITTEN, WRITTEN], "2") == (outcomes(response), response.etag)


def test_validate_only_writes_nothing(told: Told) -> None:
    """The answer is as if it were done; the rows are as before."""
    before = told.rows()

    response = told.update(ANNA, change(name("Janssens")), validate_only=True)

    assert ([WRITTEN], "2") == (outcomes(response), response.etag)
    assert before == told.rows()


def test_repeated_request_gets_its_first_answer(told: Told) -> None:
    """The same request twice is carried out once, even if the dossier was closed in between."""
    request = update_of(ANNA, change(name("Janssens")))
    first = told.updating.UpdatePerson(request, call_of())
    before = told.rows()
    told.holders.dossiers.clear()

    assert first == told.updating.UpdatePerson(request, call_of())
    assert before == told.rows()


def test_birth_and_decease_agree_within_one_request(told: Told) -> None:
    """A birth that is corrected makes room for a decease in the same request, and never the other way round."""
    both = (change({"decease": {"date": date(1975)}}), change({"birth": {"date": date(1920)}}))

    assert [WRITTEN, WRITTEN] == outcomes(told.update(ANNA, *both))
    refused = told.update(ANNA, change({"birth": {"date": date(1976)}}))
    assert ("ERROR_REASON_DATE_INVALID", "changes[0].statement.value.birth.date") == refusal_of(refused)
    assert [WRITTEN] == outcomes(told.update(ANNA, change({"birth": {"date": date(1975, 12, 31)}})))


def test_old_and_new_names_are_both_found_by(told: Told) -> None:
    """The search finds a person by the name that stands first, and by those they had, wrong ones too."""
    wrong = told.update(ANNA, change(name("Janssns"))).results[0].fact.fact_id
    told.update(ANNA, change(name("Janssens"), wrong), change({"nationalities": {"countries": ["MA", "FR"]}}))

    with told.database.reading() as connection:
        profile = told.matches.profiles(connection, [int(ANNA)])[int(ANNA)]
    assert profile.names == (MatchName("Janssens", ()), MatchName("Peeters", ()), MatchName("Janssns", ()))
    assert ((1980, 4, 5), frozenset({"MA", "FR"})) == (profile.birth, profile.countries)


def test_replaced_number_is_followed(told: Told) -> None:
    """What is told under a former number belongs to the person, and stands under the number it was told by."""
    told.register(BEA, "Bea")
    told.replace(BEA, ANNA)

    response = told.update(BEA, change(address("A")))

    assert ([WRITTEN], "3") == (outcomes(response), response.etag)
    assert response.results[0].fact.registered_ssin == "75260898052"
    assert response.resolution.outcome == service_pb.NUMBER_OUTCOME_REPLACED
    assert ("75260898052", "75460898095") == (
        response.resolution.asked_ssin,
        response.resolution.current_ssin,
    )
    told.split(BEA)
    assert [Address("BE", street="A")] == [
        fact.value for fact in told.standing(BEA) if fact.group is DataGroup.CONTACT_ADDRESS
    ]


def test_what_the_other_number_says_already_is_told_under_this_one_too(told: Told) -> None:
    """After a split each has what was told of it, though it was the same for both."""
    told.register(BEA, "Bea")
    told.replace(BEA, ANNA)
    told.update(ANNA, change(address("A")))

    assert [WRITTEN] == outcomes(told.update(BEA, change(address("A"))))
    assert [UNCHANGED] == outcomes(told.update(BEA, change(address("A"))))


def test_correction_stands_under_the_number_of_the_wrong_fact(told: Told) -> None:
    """Whichever number it is told by, a split gives a correction back with what it corrects."""
    told.register(BEA, "Bea")
    wrong = next(str(fact.fact_id) for fact in told.standing(BEA) if fact.group is DataGroup.NAME)
    told.replace(BEA, ANNA)

    told.update(ANNA, change(name("Beatrijs"), wrong, validity={}))
    told.split(BEA)

    assert [Name("Beatrijs")] == [fact.value for fact in told.standing(BEA) if fact.group is DataGroup.NAME]
    assert [Name("Peeters")] == [fact.value for fact in told.standing(ANNA) if fact.group is DataGroup.NAME]
    with told.database.reading() as connection:
        names = told.matches.profiles(connection, [int(BEA)])[int(BEA)].names
    assert (MatchName("Beatrijs", ()), MatchName("Bea", ())) == names


def test_national_data_is_corrected_at_the_municipality(told: Told) -> None:
    """Of a NATIONAL person the contact address is written and the rest refused, with the way to go."""
    told.holders.dossiers.add((PENSIONS.own_institution(), NATIONAL))

    response = told.update(NATIONAL, change(name("Janssens")), change(address("A")))

    assert [REFUSED, WRITTEN] == outcomes(response)
    assert ("ERROR_REASON_NATIONAL_DATA", "changes[0].statement.value") == refusal_of(response)
    assert "municipality" in response.results[0].message
    assert response.etag == "1"
    with told.database.reading() as connection:
        assert {} == told.matches.profiles(connection, [int(NATIONAL)])


def test_nothing_is_written_down_of_a_national_person_without_need(told: Told) -> None:
    """A refused or rehearsed change leaves no row of the number; the etag stays empty."""
    told.holders.dossiers.add((PENSIONS.own_institution(), NATIONAL))
    before = told.rows()

    response = told.update(NATIONAL, change(name("Janssens")))
    told.update(NATIONAL, change(address("A")), validate_only=True)

    assert response.etag == ""
    assert {**before, "idempotency": before["idempotency"] + 1} == told.rows()


def test_national_person_changes_again_under_the_next_etag(told: Told) -> None:
    """Once written down, a NATIONAL person is written like any other."""
    told.holders.dossiers.add((PENSIONS.own_institution(), NATIONAL))
    first = told.update(NATIONAL, change(address("A")))

    second = told.update(NATIONAL, change(address("B")), etag=first.etag)

    assert ([WRITTEN], "2") == (outcomes(second), second.etag)


def test_former_number_of_a_national_person_takes_no_names(told: Told) -> None:
    """A bis number that leads to a national number is of a NATIONAL person."""
    told.holders.dossiers.add((PENSIONS.own_institution(), NATIONAL))
    told.update(NATIONAL, change(address("A")))
    told.replace(ANNA, NATIONAL)

    response = told.update(ANNA, change(name("Janssens")), change(address("B")))

    assert [REFUSED, WRITTEN] == outcomes(response)
    assert ("ERROR_REASON_NATIONAL_DATA", "changes[0].statement.value") == refusal_of(response)


def test_retracted_fact_is_seen_no_more(told: Told) -> None:
    """What it had covered is seen again; the answer says when it was taken back."""
    fact = told.update(ANNA, change(name("Janssens"))).results[0].fact
    told.clock.advance(dt.timedelta(hours=1))

    response = told.retract(ANNA, fact.fact_id, etag="2")

    assert (fact.fact_id, "3") == (response.fact.fact_id, response.etag)
    assert NOON + dt.timedelta(hours=1) == response.fact.supersede_time.ToDatetime(dt.UTC)
    assert response.fact.superseded_by_fact_id == ""
    assert [Name("Peeters")] == [fact.value for fact in told.standing(ANNA) if fact.group is DataGroup.NAME]
    assert ["person.updated", "person.retracted"] == told.kinds()


def test_time_never_runs_backwards_in_a_person(told: Told) -> None:
    """Two changes of one instant are recorded one after the other, and the later covers the earlier."""
    for street in ("A", "B", "C", "D"):
        told.update(ANNA, change(address(street), validity={}))

    streets = [
        (fact.value, fact.recorded_at) for fact in told.standing(ANNA) if isinstance(fact.value, Address)
    ]
    assert streets == [
        (Address("BE", street=street), NOON + dt.timedelta(microseconds=after))
        for after, street in enumerate("ABCD", 1)
    ]


def test_absent_period_begins_today(told: Told) -> None:
    """What is true from now on needs no dates."""
    told.update(ANNA, change({"gender": 2}))

    assert Validity(dt.date(2026, 3, 3)) == told.standing(ANNA)[-1].validity


def test_registrar_writes_of_everybody(told: Told) -> None:
    """The registry's desk needs no dossier."""
    assert [WRITTEN] == outcomes(told.update(ANNA, change(name("Janssens")), call=call_of(DESK)))


def test_shown_person_is_noted_for_the_access_log(told: Told) -> None:
    """Whoever writes is noted with the groups and what came of it, refused or not."""
    call, refused = call_of(), call_of(WELFARE)
    told.update(ANNA, change(name("Janssens")), change({"gender": 2}), call=call)
    with pytest.raises(RegistryError):
        told.update(ANNA, change(name("Janssens")), call=refused)

    assert [(int(ANNA), "name,gender", "written")] == [
        (look.person, look.data_groups, look.result) for look in call.looks
    ]
    assert [(int(ANNA), "name", "NO_DOSSIER")] == [
        (look.person, look.data_groups, look.result) for look in refused.looks
    ]


def test_retraction_is_noted_with_its_group(told: Told) -> None:
    """The access log says what kind of data the answer showed; of a refusal nobody knows."""
    fact = told.update(ANNA, change({"gender": 2})).results[0].fact
    request = pb.RetractFactRequest(request_id=str(uuid.uuid4()), ssin=str(ANNA), fact_id=fact.fact_id)
    shown, refused = call_of(), call_of(WELFARE)
    told.updating.RetractFact(request, shown)
    request.request_id = str(uuid.uuid4())
    with pytest.raises(RegistryError):
        told.updating.RetractFact(request, refused)

    assert [("gender", "written")] == [(look.data_groups, look.result) for look in shown.looks]
    assert [("fact", "NO_DOSSIER")] == [(look.data_groups, look.result) for look in refused.looks]


def test_concurrent_changes_follow_one_another(told: Told) -> None:
    """Of eight who build on one etag, one writes; the others learn that the person has changed."""
    results: list[str] = []

    def write(street: str) -> None:
        try:
            results.append(told.update(ANNA, change(address(street)), etag="1").etag)
        except RegistryError as error:
            results.append(error.reason.label)

    threads = [threading.Thread(target=write, args=(street,)) for street in "ABCDEFGH"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert ["2", *["ETAG_MISMATCH"] * 7] == sorted(results)


def test_journal_keeps_personal_data_encrypted_only(told: Told) -> None:
    """A change says which facts of which group and what they say, to the holder of the subject's key alone."""
    told.update(ANNA, change(name("Vandermeersch-Kanarie"), evidence={"kind": 1, "document_number": "EK999"}))

    with told.database.reading() as connection:
        row = connection.execute(sa.select(told.tables.shared.change)).one()
        keys = subject_keys(told.database, told.tables.shared, told.clock)
        said = str(said_in(connection, keys, row))
    canaries = ("Kanarie", "75460898095")
    assert [True, True, True] == [word in said for word in ("name", *canaries)]
    assert [False, False] == [word.encode() in row.payload or word in str(row) for word in canaries]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(max_size=20))
def test_any_text_is_kept_as_it_is_cleaned_or_refused(told: Told, text: str) -> None:
    """Whatever letters come in, both databases give back what was answered; or nothing is written, for a reason."""
    reasons: list[str] = []
    try:
        shown = told.update(ANNA, change(address(text), validity={})).results[0].fact.value.contact_address
    except RegistryError as refusal:
        reasons.append(refusal.reason.label)

    if reasons:
        assert reasons in (["TEXT_FORBIDDEN"], ["TEXT_TOO_LONG"])
    else:
        assert Address("BE", street=shown.street) == told.standing(ANNA)[-1].value
        assert unicodedata.normalize("NFC", " ".join(text.split())) == shown.street


GOOD = change(name("Janssens"))
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"ssin": ""}, "FIELD_REQUIRED", "ssin"),
    ({"ssin": "75460898096"}, "NUMBER_MALFORMED", "ssin"),
    ({"ssin": str(NOBODY)}, "PERSON_UNKNOWN", "ssin"),
    ({"ssin": str(BEA)}, "PERSON_UNKNOWN", "ssin"),
    ({"request_id": "x"}, "FIELD_INVALID", "request_id"),
    ({"request_id": ""}, "FIELD_REQUIRED", "request_id"),
    ({"etag": "7"}, "ETAG_MISMATCH", "etag"),
    ({"changes": []}, "FIELD_REQUIRED", "changes"),
    ({"changes": [GOOD] * 9}, "TOO_MANY_ELEMENTS", "changes"),
    ({"changes": [GOOD, GOOD]}, "FIELD_INVALID", "changes[1].statement.value"),
    ({"changes": [{}]}, "FIELD_REQUIRED", "changes[0].statement.value"),
    ({"changes": [change(name("x"), "1")]}, "FIELD_INVALID", "changes[0].corrects_fact_id"),
    (
        {"changes": [GOOD, change({"gender": 9})]},
        "CODE_UNKNOWN",
        "changes[1].statement.value.gender",
    ),
    (
        {"changes": [change(name("x" * 10_240))]},
        "TEXT_TOO_LONG",
        "changes[0].statement.value.name.family_name",
    ),
    (
        {"changes": [change(name("a\u202eb"))]},
        "TEXT_FORBIDDEN",
        "changes[0].statement.value.name.family_name",
    ),
    (
        {"changes": [change(name("a\x00b"))]},
        "TEXT_FORBIDDEN",
        "changes[0].statement.value.name.family_name",
    ),
    (
        {"changes": [change({"contact_address": {"country": "QQ"}})]},
        "COUNTRY_UNKNOWN",
        "changes[0].statement.value.contact_address.country",
    ),
    (
        {"changes": [change({"birth": {"date": date(1981, 2, 29)}})]},
        "DATE_INVALID",
        "changes[0].statement.value.birth.date",
    ),
    (
        {"changes": [change(name("x"), validity={"begin": date(2020, 1, 1), "end": date(2019, 1, 1)})]},
        "PERIOD_INVERTED",
        "changes[0].statement.validity",
    ),
]


@pytest.mark.parametrize(("wrong", "reason", "field"), WRONG)
def test_wrong_update_is_refused_whole(told: Told, wrong: dict[str, Any], reason: str, field: str) -> None:
    """Each has its own reason and path, and nothing is written."""
    before = told.rows()

    with pytest.raises(RegistryError) as refusal:
        told.update(ANNA, **{"changes": [GOOD], **wrong})

    assert (reason, field) == (refusal.value.reason.label, refusal.value.field)
    assert before == told.rows()


@pytest.mark.parametrize(
    ("wrong", "reason", "field"),
    [
        ({"fact_id": ""}, "FIELD_REQUIRED", "fact_id"),
        ({"fact_id": "x"}, "FIELD_INVALID", "fact_id"),
        ({"fact_id": str(uuid.UUID(int=5))}, "FACT_UNKNOWN", "fact_id"),
        ({"etag": "7"}, "ETAG_MISMATCH", "etag"),
        ({"ssin": str(NOBODY)}, "PERSON_UNKNOWN", "ssin"),
    ],
)
def test_wrong_retraction_is_refused(told: Told, wrong: dict[str, Any], reason: str, field: str) -> None:
    """Each has its own reason and path, and nothing is written."""
    fact_id = str(told.standing(ANNA)[0].fact_id)
    before = told.rows()

    with pytest.raises(RegistryError) as refusal:
        told.retract(ANNA, fact_id, **wrong)

    assert (reason, field) == (refusal.value.reason.label, refusal.value.field)
    assert before == told.rows()


def test_fact_of_another_person_is_unknown(told: Told) -> None:
    """Neither corrected nor retracted under this person's number."""
    told.register(BEA, "Bea")
    other = next(str(fact.fact_id) for fact in told.standing(BEA) if fact.group is DataGroup.NAME)
    before = told.rows()

    with pytest.raises(RegistryError) as refusal:
        told.retract(ANNA, other)
    response = told.update(ANNA, change(name("Janssens"), other))

    assert ("FACT_UNKNOWN", "fact_id") == (refusal.value.reason.label, refusal.value.field)
    assert ("ERROR_REASON_FACT_UNKNOWN", "changes[0].corrects_fact_id") == refusal_of(response)
    assert {**before, "idempotency": before["idempotency"] + 1} == told.rows()


def test_fact_is_taken_back_once(told: Told) -> None:
    """Who retracts again learns that it is done."""
    fact = told.update(ANNA, change(name("Janssens"))).results[0].fact
    told.retract(ANNA, fact.fact_id)

    with pytest.raises(RegistryError) as refusal:
        told.retract(ANNA, fact.fact_id)

    assert ("FACT_SUPERSEDED", "fact_id") == (refusal.value.reason.label, refusal.value.field)


def test_institution_without_dossier_may_not_write(told: Told) -> None:
    """Only who holds a dossier under any number of the person writes."""
    told.register(BEA, "Bea")
    told.holders.dossiers = {(WELFARE.own_institution(), BEA)}
    before = told.rows()

    with pytest.raises(RegistryError) as refusal:
        told.update(ANNA, GOOD, call=call_of(WELFARE))

    assert ("NO_DOSSIER", "ssin") == (refusal.value.reason.label, refusal.value.field)
    assert before == told.rows()
    told.replace(BEA, ANNA)
    assert [WRITTEN] == outcomes(told.update(ANNA, GOOD, call=call_of(WELFARE)))


def test_cancelled_number_takes_nothing(told: Told) -> None:
    """It leads to nobody."""
    told.cancel(ANNA)
    before = told.rows()

    with pytest.raises(RegistryError) as refusal:
        told.update(ANNA, GOOD)

    assert ("NUMBER_CANCELLED", "ssin") == (refusal.value.reason.label, refusal.value.field)
    assert before == told.rows()
