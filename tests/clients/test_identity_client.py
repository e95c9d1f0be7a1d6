"""The identity client against a scripted registry over real gRPC."""

import datetime as dt
import itertools
import uuid
from collections.abc import Iterator

import grpc
import pytest
from tests.clients.persons_stand_in import (
    BEA,
    CAS,
    NATIONAL,
    candidate,
    event,
    fact,
    found,
    history,
    identifier,
    name,
    person,
    preview,
    resolved,
)
from tests.clients.registry_stand_in import Refusal, Script

import kruispunt
from kruispunt import IdentityClient, PartialDate, Ssin
from kruispunt.identity.v1 import identity_service_pb2 as reading
from kruispunt.identity.v1 import person_pb2
from kruispunt.identity.v1 import registration_service_pb2 as writing

BIRTH = kruispunt.Birth(PartialDate(1975, 6), kruispunt.Place("MA", 0, "Tanger"))


def test_person_comes_back_as_values(identity: IdentityClient, script: Script) -> None:
    """Facts are values of their group's own class, and the purpose goes along."""
    script.on("GetPerson", reading.GetPersonResponse(person=person(), resolution=resolved(CAS, BEA)))

    bea = identity.get_person(CAS, valid_at=dt.date(2026, 5, 2), data_groups=[kruispunt.DataGroup.NAME])

    assert (Ssin.parse(BEA), kruispunt.Register.BIS, "e1") == (bea.ssin, bea.register, bea.etag)
    assert kruispunt.Name("Janssens", ("Bea",)) == bea.name
    assert BIRTH == bea.birth
    assert (kruispunt.DataGroup.CIVIL_STATE,) == bea.withheld
    assert bea.resolution is not None
    assert [kruispunt.NumberChangeReason.DUPLICATE] == [step.reason for step in bea.resolution.chain]
    (asked,) = script.asked
    assert ("file-1", [1]) == (asked.metadata["kruispunt-case"], list(asked.request.data_groups))


def test_no_representation_shows_a_person(identity: IdentityClient, script: Script) -> None:
    """Names, dates, documents and numbers do not reach a log by way of a repr."""
    script.on("GetPerson", reading.GetPersonResponse(person=person(), resolution=resolved()))
    script.on("SearchPersons", found(candidate()))

    shown = repr(identity.get_person(BEA)) + repr(identity.search_persons("Janssens", PartialDate(1975)))

    for secret in (BEA, CAS, "Janssens", "Bea", "1975", "Tanger", "EH123", "EH 123"):
        assert secret not in shown


def test_many_persons_are_asked_a_thousand_at_a_time(identity: IdentityClient, script: Script) -> None:
    """Each number has a result, in order, and a number that is none has no person."""
    script.on(
        "BatchGetPersons",
        lambda request, _: reading.BatchGetPersonsResponse(
            results=[
                reading.PersonResult(resolution=resolved(n), person=person(n) if len(n) == 11 else None)
                for n in request.ssins
            ]
        ),
    )

    results = list(identity.get_persons(itertools.chain([BEA] * 1000, ["bad"])))

    assert [1000, 1] == [len(each.request.ssins) for each in script.asked]
    assert Ssin.parse(BEA) == (results[999].person and results[999].person.ssin)
    assert (kruispunt.NumberOutcome.MALFORMED, None) == (
        results[1000].resolution.outcome,
        results[1000].person,
    )


def test_numbers_are_resolved_ten_thousand_at_a_time(identity: IdentityClient, script: Script) -> None:
    """Any number of numbers, read as they are sent."""
    script.on(
        "ResolveNumbers",
        lambda request, _: reading.ResolveNumbersResponse(results=[resolved(n) for n in request.ssins]),
    )

    answers = identity.resolve_numbers(itertools.repeat(BEA, 10_001))

    assert kruispunt.NumberOutcome.CURRENT is next(answers).outcome
    assert 1 == len(script.asked)
    assert 10_000 == len(list(answers))
    assert [10_000, 1] == [len(each.request.ssins) for each in script.asked]


def test_search_gives_grades_and_their_explanation(identity: IdentityClient, script: Script) -> None:
    """Criteria go out whole; candidates come back with the parts of their score."""
    script.on("SearchPersons", found(candidate()))

    answer = identity.search_persons(
        "Janssens", dt.date(1975, 6, 8), given_names=["Bea"], gender=kruispunt.Gender.FEMALE, limit=5
    )

    (first,) = answer.candidates
    assert (Ssin.parse(CAS), kruispunt.Grade.STRONG, True) == (first.ssin, first.grade, first.by_former_name)
    assert (kruispunt.ScorePart("family_name", "sounds alike", 6.25),) == first.parts
    assert ("s-1", 1, False) == (answer.search_id, answer.rules_version, answer.truncated)
    criteria = script.asked[0].request.criteria
    assert ("Janssens", ["Bea"], 8, 2) == (
        criteria.family_name,
        list(criteria.given_names),
        criteria.birth_date.day,
        criteria.gender,
    )


def test_search_that_is_too_broad_names_the_criterion(identity: IdentityClient, script: Script) -> None:
    """The refusal has a class of its own, and says what to sharpen."""
    broad = {"field": "criteria.given_names"}
    script.on(
        "SearchPersons", Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_CANDIDATES", metadata=broad)
    )

    with pytest.raises(kruispunt.TooManyCandidates) as caught:
        identity.search_persons("Peeters", PartialDate(1975))

    assert "criteria.given_names" == caught.value.field


def test_history_is_a_list_of_three_kinds(identity: IdentityClient, script: Script) -> None:
    """Facts, what happened to the numbers, and identifiers, over pages that say where the number leads."""
    script.on(
        "ListPersonVersions",
        reading.ListPersonVersionsResponse(
            versions=history()[:3],
            next_page_token="m",
            resolution=resolved(),
            withheld=[6],  # type: ignore[list-item]
        ),
        reading.ListPersonVersionsResponse(versions=history()[3:], resolution=resolved()),
    )

    listing = identity.list_person_versions(BEA)
    first = listing.first()

    assert (kruispunt.DataGroup.CIVIL_STATE,) == first.withheld
    assert first.number is not None
    script.asked.clear()
    script.on("ListPersonVersions", reading.ListPersonVersionsResponse(versions=history()))
    kinds = [type(each).__name__ for each in listing]
    assert ["NumberEvent", "Fact", "Fact", "Fact", "Fact", "ForeignIdentifier", "NumberEvent"] == kinds


def test_registration_that_finds_candidates_is_no_error(identity: IdentityClient, script: Script) -> None:
    """The outcome says that nothing was created; with a decision on each the person is."""
    candidates = writing.RegisterPersonResponse(
        outcome=writing.PERSON_OUTCOME_CANDIDATES, candidates=[candidate()], rules_version=1
    )
    created = writing.RegisterPersonResponse(outcome=writing.PERSON_OUTCOME_CREATED, person=person())
    script.on("RegisterPerson", candidates, created)
    passport = kruispunt.Evidence(kruispunt.EvidenceKind.PASSPORT, "EH123", "MA")
    facts = [
        kruispunt.Statement(kruispunt.Name("Janssens", ("Bea",)), evidence=passport),
        kruispunt.Statement(BIRTH),
        kruispunt.Statement(kruispunt.Gender.FEMALE),
        kruispunt.Statement(kruispunt.Nationalities(("MA", "BE"))),
        kruispunt.Statement(kruispunt.CivilState(20, partner_ssin=Ssin.parse(NATIONAL))),
        kruispunt.Statement(kruispunt.ResidentialAddress("MA", municipality_name="Tanger")),
        kruispunt.Statement(
            kruispunt.ContactAddress("BE", 11002, street="Meir"), kruispunt.Validity(dt.date(2026, 5, 1))
        ),
        kruispunt.Statement(kruispunt.Decease(PartialDate(2026))),
    ]

    first = identity.register_person(facts, search_id="s-1")
    twin = kruispunt.DistinctDecision(first.candidates[0].ssin, kruispunt.DistinctReason.TWIN, "seen both")
    second = identity.register_person(facts, distinct=[twin])

    assert (kruispunt.PersonOutcome.CANDIDATES, None) == (first.outcome, first.person)
    assert Ssin.parse(BEA) == (second.person and second.person.ssin)
    assert ["s-1", ""] == [each.request.search_id for each in script.asked]
    assert (CAS, 1, "seen both") == (
        script.asked[1].request.distinct[0].ssin,
        script.asked[1].request.distinct[0].reason,
        script.asked[1].request.distinct[0].note,
    )
    sent = [each.value.WhichOneof("value") for each in script.asked[0].request.facts]
    assert [statement.group.name.lower() for statement in facts] == sent
    assert 2026 == script.asked[0].request.facts[6].validity.begin.year
    assert NATIONAL == script.asked[0].request.facts[4].value.civil_state.partner_ssin


@pytest.mark.parametrize(
    "value",
    [
        kruispunt.Name("Janssens"),
        BIRTH,
        kruispunt.Decease(PartialDate(2026), kruispunt.Place("BE", 11002)),
        kruispunt.Gender.MALE,
        kruispunt.Nationalities(),
        kruispunt.CivilState(30, None, kruispunt.Name("Janssens", ("Cas",))),
        kruispunt.ResidentialAddress("BE", 11002, "Antwerpen", "2000", "Meir", "1", "b"),
        kruispunt.ContactAddress("BE"),
    ],
)
def test_every_value_comes_back_as_it_went(value: kruispunt.FactValue) -> None:
    """Nothing is lost between value and message, and the group stays the same."""
    from kruispunt._fact_messages import fact_of, statement_message

    read = fact_of(fact(statement_message(kruispunt.Statement(value)).value))

    assert (value, kruispunt.Statement(value).group) == (read.value, read.group)


def test_each_group_of_an_update_has_its_outcome(identity: IdentityClient, script: Script) -> None:
    """A refused group says why, by the name of its reason."""
    script.on(
        "UpdatePerson",
        writing.UpdatePersonResponse(
            results=[
                writing.GroupResult(
                    data_group=person_pb2.DATA_GROUP_NAME,
                    outcome=writing.GROUP_OUTCOME_REFUSED,
                    reason=49,  # type: ignore[arg-type]
                    field="changes[0]",
                    message="ask the municipality",
                ),
                writing.GroupResult(
                    data_group=person_pb2.DATA_GROUP_BIRTH,
                    outcome=writing.GROUP_OUTCOME_WRITTEN,
                    fact=fact(name(), "f-9"),
                ),
            ],
            etag="e2",
            resolution=resolved(),
        ),
    )

    answer = identity.update_person(
        BEA,
        [kruispunt.Statement(kruispunt.Name("X")), kruispunt.FactChange(kruispunt.Statement(BIRTH), "f-2")],
        etag="e1",
        all_or_none=True,
    )

    assert ["NATIONAL_DATA", ""] == [each.reason for each in answer.results]
    assert [None, "f-9"] == [each.fact and each.fact.fact_id for each in answer.results]
    request = script.asked[0].request
    assert (["", "f-2"], "e1", True) == (
        [each.corrects_fact_id for each in request.changes],
        request.etag,
        request.all_or_none,
    )


def test_numbers_are_previewed_replaced_split_cancelled_and_moved(
    identity: IdentityClient, script: Script
) -> None:
    """Each change comes back as values; what was previewed goes along by its etags."""
    script.on("PreviewReplacement", preview())
    script.on(
        "ReplaceNumber",
        writing.ReplaceNumberResponse(
            resolution=resolved(BEA, NATIONAL), person=person(NATIONAL, former=(BEA,))
        ),
    )
    script.on(
        "SplitNumber",
        writing.SplitNumberResponse(
            split_off=person(BEA), remaining=person(NATIONAL), undecided_facts=[fact(name(), "f-7")]
        ),
    )
    script.on("CancelNumber", writing.CancelNumberResponse(resolution=resolved(), concerned=[{"sector": 5}]))
    script.on("MoveToRegister", writing.MoveToRegisterResponse(person=person(NATIONAL), already_there=True))

    seen = identity.preview_replacement(BEA, NATIONAL)
    replaced = identity.replace_number(
        BEA,
        NATIONAL,
        reason=kruispunt.NumberChangeReason.NATIONAL_NUMBER_GIVEN,
        former_etag=seen.former_etag,
        next_etag=seen.next_etag,
    )
    split = identity.split_number(BEA, take_fact_ids=["f-7"], validate_only=True)
    cancelled = identity.cancel_number(BEA)
    moved = identity.move_to_register(NATIONAL, kruispunt.Register.RAD)

    assert (Ssin.parse(CAS),) == seen.moving_ssins
    assert [kruispunt.InstitutionRef(17, 101)] == list(seen.told)
    assert kruispunt.DataGroup.NAME is seen.conflicts[0].group
    assert Ssin.parse(NATIONAL) == replaced.resolution.current
    assert ("fe", "ne", 2) == (
        script.calls("ReplaceNumber")[0].request.former_etag,
        script.calls("ReplaceNumber")[0].request.next_etag,
        script.calls("ReplaceNumber")[0].request.reason,
    )
    assert ["f-7"] == [each.fact_id for each in split.undecided_facts]
    assert (kruispunt.InstitutionRef(5, 0),) == cancelled.concerned
    assert moved.already_there
    assert 3 == script.calls("MoveToRegister")[0].request.register


def test_facts_links_and_decisions_are_told(identity: IdentityClient, script: Script) -> None:
    """The other changes go the same way, each under a name of its own."""
    script.on(
        "RetractFact", writing.RetractFactResponse(fact=fact(name(), taken_back_at=9), resolution=resolved())
    )
    script.on(
        "LinkForeignIdentifier",
        writing.LinkForeignIdentifierResponse(
            foreign_identifier=identifier(), already_linked=True, resolution=resolved()
        ),
    )
    script.on(
        "EndForeignIdentifierLink",
        writing.EndForeignIdentifierLinkResponse(foreign_identifier=identifier(), resolution=resolved()),
    )
    script.on("RecordDistinct", writing.RecordDistinctResponse(already_recorded=True))
    script.on(
        "FindPersonsByForeignIdentifier", reading.FindPersonsByForeignIdentifierResponse(persons=[person()])
    )
    key = kruispunt.IdentifierKey("MA", kruispunt.IdentifierScheme.PASSPORT, "EH 123")

    assert identity.retract_fact(BEA, "f-1").fact.supersede_time is not None
    linked = identity.link_foreign_identifier(BEA, key)
    ended = identity.end_foreign_identifier_link(BEA, linked.identifier, end=dt.date(2026, 6, 1))
    decision = kruispunt.DistinctDecision(CAS, kruispunt.DistinctReason.HOMONYM)

    assert (key, True, False) == (linked.identifier.key, linked.already_linked, ended.already_linked)
    assert identity.record_distinct(BEA, decision)
    assert [Ssin.parse(BEA)] == [each.ssin for each in identity.find_persons_by_foreign_identifier(key)]
    ids = {
        each.request.request_id for each in script.asked if each.method != "FindPersonsByForeignIdentifier"
    }
    assert 4 == len(ids)


def test_suspected_duplicates_are_pages_of_pairs(identity: IdentityClient, script: Script) -> None:
    """Best first, as the sweep found them."""
    pair = reading.SuspectedDuplicate(first_ssin=CAS, second_ssin=BEA, grade=3, rules_version=1)  # type: ignore[arg-type]
    script.on("ListSuspectedDuplicates", reading.ListSuspectedDuplicatesResponse(pairs=[pair]))

    (found_pair,) = identity.suspected_duplicates(kruispunt.Grade.POSSIBLE)

    assert (Ssin.parse(CAS), Ssin.parse(BEA)) == (found_pair.first, found_pair.second)
    assert 2 == script.asked[0].request.least_grade


def imported(request: writing.ImportPersonsRequest) -> writing.ImportPersonsResponse:
    rows = range(request.first_row, request.first_row + len(request.rows))
    return writing.ImportPersonsResponse(
        results=[writing.RowResult(row=row, outcome=writing.ROW_OUTCOME_IMPORTED, ssin=BEA) for row in rows]
    )


def rows(count: int) -> Iterator[kruispunt.ImportRow]:
    for _ in range(count):
        yield kruispunt.ImportRow((kruispunt.Statement(kruispunt.Name("Janssens")),), Ssin.parse(BEA))


def test_import_that_breaks_is_carried_on(identity: IdentityClient, script: Script) -> None:
    """A server that goes in mid-import costs no row; what was not answered is sent again under the same names."""

    def breaks(
        requests: Iterator[writing.ImportPersonsRequest], context: grpc.ServicerContext
    ) -> Iterator[object]:
        yield imported(next(requests))
        context.abort(grpc.StatusCode.UNAVAILABLE, "going")

    received: list[writing.ImportPersonsRequest] = []

    def takes(requests: Iterator[writing.ImportPersonsRequest], _context: object) -> Iterator[object]:
        for request in requests:
            received.append(request)
            yield imported(request)

    script.on("ImportPersons", breaks, breaks, takes)
    name_of_import = uuid.UUID(int=7)

    results = list(identity.import_persons(rows(23), import_id=name_of_import, chunk=5, first_row=3))

    assert list(range(3, 26)) == [each.row for each in results]
    assert {kruispunt.RowOutcome.IMPORTED} == {each.outcome for each in results}
    assert {str(name_of_import)} == {each.import_id for each in received}
    assert [13, 18, 23] == [each.first_row for each in received]


def test_import_tells_what_became_of_each_row(identity: IdentityClient, script: Script) -> None:
    """Reasons by name, candidates by number; a dry run says that it is one."""
    refused = writing.RowResult(
        row=1,
        outcome=writing.ROW_OUTCOME_REFUSED,
        reason=5,
        field="facts[1].value.birth.date",  # type: ignore[arg-type]
    )
    doubted = writing.RowResult(row=2, outcome=writing.ROW_OUTCOME_CANDIDATES, candidate_ssins=[CAS])
    script.on(
        "ImportPersons",
        lambda requests, _: (
            writing.ImportPersonsResponse(results=[refused, doubted]) for each in requests if check(each)
        ),
    )
    seen: list[writing.ImportPersonsRequest] = []

    def check(request: writing.ImportPersonsRequest) -> bool:
        seen.append(request)
        return True

    first, second = identity.import_persons(rows(2), validate_only=True, search_duplicates=True)

    assert ("DATE_INVALID", "facts[1].value.birth.date", None) == (first.reason, first.field, first.ssin)
    assert (Ssin.parse(CAS),) == second.candidates
    assert (True, True) == (seen[0].validate_only, seen[0].search_duplicates)


@pytest.mark.parametrize(("chunk", "first_row"), [(0, 1), (501, 1), (1, 0)])
def test_impossible_imports_are_refused_at_once(identity: IdentityClient, chunk: int, first_row: int) -> None:
    """Nothing is sent that no registry takes."""
    with pytest.raises(ValueError, match="rows"):
        identity.import_persons([], chunk=chunk, first_row=first_row)


def test_export_that_breaks_goes_on_after_the_last_number(identity: IdentityClient, script: Script) -> None:
    """Nobody is told twice, nobody is left out."""
    asked_after = []

    def breaks(request: reading.ExportPersonsRequest, context: grpc.ServicerContext) -> Iterator[object]:
        asked_after.append(request.after_ssin)
        yield reading.ExportPersonsResponse(persons=[person(CAS), person(BEA)])
        context.abort(grpc.StatusCode.UNAVAILABLE, "going")

    def ends(request: reading.ExportPersonsRequest, _context: object) -> Iterator[object]:
        asked_after.append(request.after_ssin)
        yield reading.ExportPersonsResponse(persons=[person(NATIONAL)])

    script.on("ExportPersons", breaks, ends)

    exported = list(identity.export_persons(kruispunt.Register.BIS, born_from=1970))

    assert [CAS, BEA, NATIONAL] == [str(each.ssin) for each in exported]
    assert ["", BEA] == asked_after


def test_export_that_is_refused_is_not_repeated(identity: IdentityClient, script: Script) -> None:
    """A refusal with a reason ends it."""
    script.on("ExportPersons", Refusal(grpc.StatusCode.PERMISSION_DENIED, "ROLE_MISSING"))

    with pytest.raises(kruispunt.RoleMissing):
        next(identity.export_persons())

    assert 1 == len(script.asked)


def test_number_events_of_a_newer_registry_are_left_out(identity: IdentityClient, script: Script) -> None:
    """An entry of a kind that this version does not know is no error."""
    script.on(
        "ListPersonVersions",
        reading.ListPersonVersionsResponse(
            versions=[reading.PersonVersion(), event(1, 0)], resolution=resolved()
        ),
    )

    assert 1 == len(list(identity.list_person_versions(BEA)))
