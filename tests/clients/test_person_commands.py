"""`kruispunt person` against a scripted registry."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

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
    import_all,
    name,
    person,
    preview,
    resolved,
)
from tests.clients.registry_stand_in import Refusal, Script
from typer.testing import CliRunner, Result

from kruispunt.cli.app import app
from kruispunt.identity.v1 import identity_service_pb2 as reading
from kruispunt.identity.v1 import person_pb2, search_pb2
from kruispunt.identity.v1 import registration_service_pb2 as writing

PROFILE = """
[default]
endpoint = "127.0.0.1:1"
identity_endpoint = "{endpoint}"
legal_basis = "18/042"
end_user = "clerk-7"
case = "file-1"
"""


@pytest.fixture(autouse=True)
def profiles(endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "profiles.toml"
    path.write_text(PROFILE.format(endpoint=endpoint))
    monkeypatch.setenv("KRUISPUNT_PROFILES", str(path))
    monkeypatch.setenv("COLUMNS", "200")
    return path


def run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(app, ["person", *arguments], input=stdin)


def run_json(*arguments: str) -> Any:
    result = run(*arguments, "--json")
    assert 0 == result.exit_code, result.output
    return json.loads(result.stdout)


def test_search_shows_candidates_and_why(script: Script) -> None:
    """Number, grade, name and the weightiest parts of the score; JSON has them all."""
    script.on("SearchPersons", found(candidate()))

    result = run(
        "search", "Janssens", "1975-06", "--given-name", "B", "--gender", "female", "--tolerance", "2"
    )

    assert 0 == result.exit_code
    for shown in (
        "75.26.08-980.52",
        "strong",
        "Janssens, Bea",
        "family name sounds alike +6.2",
        "search s-1",
    ):
        assert shown in result.stdout
    assert "STRONG" == run_json("search", "Janssens", "1975")["candidates"][0]["grade"]
    criteria = script.asked[0].request.criteria
    assert (2, 2, 6, ["B"]) == (
        criteria.gender,
        criteria.year_tolerance,
        criteria.birth_date.month,
        list(criteria.given_names),
    )


def test_person_is_shown_with_what_a_change_needs(script: Script) -> None:
    """Facts with their identifiers, foreign identifiers with theirs, former numbers, etag, what is withheld."""
    answer = reading.GetPersonResponse(
        person=person(NATIONAL, former=(BEA,)), resolution=resolved(BEA, NATIONAL)
    )
    script.on("GetPerson", answer)

    shown = run("show", "75.46.08-980.95", "--valid-at", "2026-05-02", "--known-at", "2026-05-02T00:00:00Z")

    assert 0 == shown.exit_code, shown.output
    for text in (
        "75.06.08-980.09  NATIONAL, active",
        "Janssens, Bea",
        "1975-06, Tanger (MA)",
        "17/101",
        "passport EH123 of MA",
        "former numbers: 75.46.08-980.95",
        "withheld: civil state",
        "etag e1",
        "75.46.08-980.95 was replaced by 75.06.08-980.09: duplicate, from 2026-05-01",
    ):
        assert text in shown.stdout
    request = script.asked[0].request
    assert (BEA, 2, 1777680000) == (request.ssin, request.valid_at.day, request.known_at.seconds)
    document = run_json("show", BEA, "--group", "name")
    assert {"family_name": "Janssens", "given_names": ["Bea"]} == document["facts"][0]["value"]
    assert "NAME" == document["facts"][0]["group"]
    assert [1] == list(script.asked[1].request.data_groups)


def test_history_is_a_line_for_each_event_in_plain_words(script: Script) -> None:
    """Oldest first; a correction says what it takes the place of, what was taken back is told when it was."""
    script.on(
        "ListPersonVersions", reading.ListPersonVersionsResponse(versions=history(), resolution=resolved())
    )

    lines = run("history", BEA).stdout.splitlines()

    said = "said 17/101 (passport EH123 of MA), under 75.46.08-980.95"
    assert [
        "2026-05-01 12:00:00Z  75.46.08-980.95 registered in BIS, from 2026-05-01",
        f"2026-05-01 12:00:00Z  name: Jansens, Bea, from 2026-05-01, {said}",
        f"2026-05-01 12:00:01Z  birth: 1975-06, Tanger (MA), from 2026-05-01, {said}",
        f"2026-05-01 12:00:30Z  name corrected: Janssens, Bea (was: Jansens, Bea), from 2026-05-01, {said}",
        f"2026-05-01 12:00:40Z  contact address: Meir 1, Antwerpen, BE, from 2026-05-01, {said}",
        "2026-05-01 12:01:00Z  linked passport EH 123 of MA, from 2026-05-01, said 17/101, under 75.46.08-980.95",
        "2026-05-01 12:01:30Z  contact address taken back: Meir 1, Antwerpen, BE",
        "2026-05-01 12:02:00Z  75.46.08-980.95 replaced by 75.06.08-980.09: national number given, from 2026-05-01",
    ] == lines


def test_history_of_one_instant_tells_each_number_with_its_facts(script: Script) -> None:
    """The number first, its facts by data group, what else happened last."""
    versions = [event(2, 0, NATIONAL, 1), *history()[1:3], event(1, 0)]
    versions[2].fact.record_time.CopyFrom(versions[0].number_event.record_time)
    script.on(
        "ListPersonVersions",
        reading.ListPersonVersionsResponse(versions=reversed(versions), resolution=resolved()),
    )

    lines = [line[22:].partition(":")[0] for line in run("history", BEA).stdout.splitlines()]

    assert [
        "75.46.08-980.95 registered in BIS, from 2026-05-01",
        "name",
        "birth",
        "75.46.08-980.95 replaced by 75.06.08-980.09",
    ] == lines


def test_registration_that_is_only_checked_has_no_number(script: Script) -> None:
    """What was checked is told, and nobody is shown."""
    checked = person_pb2.Person(facts=[person_pb2.Fact(value=name())])
    script.on(
        "RegisterPerson",
        writing.RegisterPersonResponse(outcome=writing.PERSON_OUTCOME_CREATED, person=checked),
    )

    result = run("register", "--family-name", "Janssens", "--birth-date", "1975", "--validate-only")

    assert (0, "would be created\nchecked only; nothing was written\n") == (result.exit_code, result.stdout)


def test_history_of_a_day_leaves_out_what_was_not_said_of_it(script: Script) -> None:
    """Numbers always come."""
    script.on(
        "ListPersonVersions", reading.ListPersonVersionsResponse(versions=history(), resolution=resolved())
    )

    lines = run(
        "history", BEA, "--valid-at", "2020-01-01", "--known-at", "2026-05-02T00:00:00Z"
    ).stdout.splitlines()

    assert ["registered in BIS", "replaced by 75.06.08-980.09"] == [
        line.split("980.95 ")[1].partition(":")[0].partition(",")[0] for line in lines
    ]
    assert 1777680000 == script.asked[0].request.known_at.seconds


def test_registration_takes_facts_by_options_and_by_file(script: Script, tmp_path: Path) -> None:
    """Each option becomes the value of its data group, with the evidence that was seen."""
    created = writing.RegisterPersonResponse(outcome=writing.PERSON_OUTCOME_CREATED, person=person())
    script.on("RegisterPerson", created)
    file = tmp_path / "more.json"
    file.write_text('{"nationalities": ["MA"], "contact_address": {"country": "BE", "street": "Meir"}}')
    arguments = (
        "--family-name Janssens --given-name Bea --birth-date 1975-06-08 --birth-country MA --gender female"
    )
    arguments += " --civil-state 20 --partner 75.06.08-980.09 --residence-country FR --residence-place Lille"
    arguments += " --evidence passport --document EH123 --begin 2026-05-01 --search s-1"

    result = run("register", *arguments.split(), "--file", str(file), "--distinct", f"{CAS}:twin:both seen")

    assert 0 == result.exit_code, result.output
    assert "created" in result.stdout
    request = script.asked[0].request
    assert [
        "name",
        "birth",
        "gender",
        "civil_state",
        "residential_address",
        "nationalities",
        "contact_address",
    ] == [each.value.WhichOneof("value") for each in request.facts]
    assert [True, False, True, True, True, False, False] == [
        each.HasField("validity") for each in request.facts
    ]
    assert {"EH123", ""} == {each.evidence.document_number for each in request.facts}
    assert NATIONAL == request.facts[3].value.civil_state.partner_ssin
    assert (CAS, 1, "both seen", "s-1") == (
        request.distinct[0].ssin,
        request.distinct[0].reason,
        request.distinct[0].note,
        request.search_id,
    )


def test_registration_that_finds_candidates_creates_nothing_and_says_so(script: Script) -> None:
    """The candidates are shown, and a script sees it by the status."""
    script.on(
        "RegisterPerson",
        writing.RegisterPersonResponse(outcome=writing.PERSON_OUTCOME_CANDIDATES, candidates=[candidate()]),
    )

    result = run("register", "--family-name", "Janssens", "--birth-date", "1975")

    assert 1 == result.exit_code
    assert "nothing was created" in result.stdout
    assert "75.26.08-980.52" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["search", "Janssens", "75"], "a birth date is YYYY"),
        (["search", "Janssens", "1975", "--gender", "x"], "it is one of male, female"),
        (["register", "--given-name", "Bea"], "--given-name needs --family-name"),
        (["register", "--birth-country", "MA"], "a place of birth needs --birth-date"),
        (["register", "--contact-street", "Meir"], "an address needs --contact-country"),
        (["register", "--document", "1"], "need --evidence"),
        (["register", "--partner", NATIONAL], "--partner needs --civil-state"),
        (["register", "--distinct", f"{CAS}:x"], "a decision is NUMBER:REASON[:NOTE]"),
        (["update", BEA], "say what changes"),
        (
            ["update", BEA, "--family-name", "X", "--gender", "male", "--corrects", "f-1"],
            "with one data group",
        ),
        (["replace", BEA, NATIONAL, "--json"], "--yes or --validate-only"),
        (["split", BEA, "--json"], "--yes or --validate-only"),
        (["resolve"], "say which numbers, or --file"),
        (["resolve", "--file", "no-such-file"], "no file no-such-file"),
        (["move", BEA, "--register", "moon"], "it is one of rad, national"),
    ],
)
def test_wrong_use_says_what_is_expected(script: Script, arguments: list[str], told: str) -> None:
    """Status 2, a sentence, and nothing is asked."""
    result = run(*arguments)

    assert 2 == result.exit_code
    assert told in " ".join(result.stderr.replace("│", " ").split())
    assert [] == script.asked


def test_profile_without_identity_says_what_is_missing(script: Script, profiles: Path) -> None:
    """The directory alone is not enough."""
    profiles.write_text(
        '[default]\nendpoint = "127.0.0.1:1"\nlegal_basis = "1"\nend_user = "2"\ncase = "3"\n'
    )

    result = run("show", BEA)

    assert (2, "wrong use: profile default has no identity_endpoint\n") == (result.exit_code, result.stderr)


def test_update_tells_each_group_and_fails_if_one_was_refused(script: Script) -> None:
    """The sentence of the refusal is shown beside its group."""
    refused = writing.GroupResult(data_group=1, outcome=3, reason=49, message="ask the municipality")  # type: ignore[arg-type]
    script.on(
        "UpdatePerson", writing.UpdatePersonResponse(results=[refused], etag="e2", resolution=resolved())
    )

    result = run("update", BEA, "--family-name", "Janssens", "--corrects", "f-1", "--etag", "e1")

    assert 1 == result.exit_code
    assert "ask the municipality" in result.stdout
    assert "f-1" == script.asked[0].request.changes[0].corrects_fact_id


def test_replacement_is_previewed_and_asked_for(script: Script) -> None:
    """No leaves everything as it is; yes replaces exactly what was shown."""
    script.on("PreviewReplacement", preview())
    replaced = writing.ReplaceNumberResponse(
        resolution=resolved(BEA, NATIONAL), person=person(NATIONAL, former=(BEA,))
    )
    script.on("ReplaceNumber", replaced)

    no = run("replace", BEA, NATIONAL, stdin="n\n")
    yes = run("replace", BEA, NATIONAL, "--reason", "national-number-given", stdin="y\n")

    assert (1, 0) == (no.exit_code, yes.exit_code)
    assert "nothing was done" in no.stderr
    for text in (
        "would move",
        "Jansens, Bea",
        "would be told: 17/101",
        "numbers that would follow: 75.26.08-980.52",
    ):
        assert text in yes.stdout
    (request,) = (each.request for each in script.calls("ReplaceNumber"))
    assert ("fe", "ne", 2) == (request.former_etag, request.next_etag, request.reason)
    assert "75.46.08-980.95 was replaced by 75.06.08-980.09" in yes.stdout


def test_replacement_with_yes_asks_nothing(script: Script) -> None:
    """One call, and JSON for machines."""
    script.on(
        "ReplaceNumber",
        writing.ReplaceNumberResponse(
            resolution=resolved(BEA, NATIONAL), person=person(NATIONAL), already_replaced=True
        ),
    )

    assert run_json("replace", BEA, NATIONAL, "--yes")["already_replaced"]
    assert ["ReplaceNumber"] == [each.method for each in script.asked]
    assert "stood already" in run("replace", BEA, NATIONAL, "--yes").stdout


def test_split_shows_what_goes_where_before_it_is_done(script: Script) -> None:
    """First checked only, then done; what a person must decide is named."""
    receipt = writing.SplitNumberResponse(
        split_off=person(BEA),
        remaining=person(NATIONAL),
        returned_facts=[fact(name(), "f-1")],
        undecided_facts=[fact(name("Peeters"), "f-7")],
    )
    script.on("SplitNumber", receipt)

    result = run("split", BEA, "--take", "f-9", stdin="y\n")

    assert 0 == result.exit_code
    assert "75.46.08-980.95 would be split off from 75.06.08-980.09" in result.stdout
    assert "somebody must decide" in result.stdout
    assert [True, False] == [each.request.validate_only for each in script.asked]
    assert {("f-9",)} == {tuple(each.request.take_fact_ids) for each in script.asked}


def test_other_changes_of_persons_and_numbers(script: Script) -> None:
    """Retract, distinct, link, unlink, cancel, move, preview, find, duplicates."""
    script.on("RetractFact", writing.RetractFactResponse(fact=fact(name()), etag="e2", resolution=resolved()))
    script.on("RecordDistinct", writing.RecordDistinctResponse())
    link = writing.LinkForeignIdentifierResponse(foreign_identifier=identifier(), resolution=resolved())
    script.on("LinkForeignIdentifier", link)
    ended = writing.EndForeignIdentifierLinkResponse(foreign_identifier=identifier(), resolution=resolved())
    script.on("EndForeignIdentifierLink", ended)
    cancelled = writing.CancelNumberResponse(
        resolution=reading.ResolvedNumber(asked_ssin=BEA, outcome=reading.NUMBER_OUTCOME_CANCELLED)
    )
    script.on("CancelNumber", cancelled)
    script.on("MoveToRegister", writing.MoveToRegisterResponse(person=person(NATIONAL)))
    script.on("PreviewReplacement", preview())
    script.on(
        "FindPersonsByForeignIdentifier", reading.FindPersonsByForeignIdentifierResponse(persons=[person()])
    )
    pair = reading.SuspectedDuplicate(first_ssin=CAS, second_ssin=BEA, grade=3)  # type: ignore[arg-type]
    script.on("ListSuspectedDuplicates", reading.ListSuspectedDuplicatesResponse(pairs=[pair]))

    assert "taken back: Janssens, Bea" in run("retract", BEA, "f-1").stdout
    assert "the decision is kept" in run("distinct", BEA, CAS, "--reason", "both-known").stdout
    key = ["EH 123", "--country", "MA", "--scheme", "passport"]
    assert "passport EH 123 of MA" in run("link", BEA, *key, "--begin", "2026-05-01").stdout
    assert 0 == run("unlink", BEA, "l-1", "--end", "2026-06-01").exit_code
    assert "note: the directory could not be asked" in run("cancel", BEA, "--yes").stdout
    assert "75.06.08-980.09  NATIONAL" in run("move", NATIONAL, "--register", "rad").stdout
    assert "conflicts" in run("preview", BEA, NATIONAL).stdout
    assert "Janssens, Bea" in run("find", *key).stdout
    assert "75.26.08-980.52" in run("duplicates", "--least", "possible").stdout
    assert [5] == [each.request.decision.reason for each in script.calls("RecordDistinct")]


def test_a_protected_person_is_a_sentence(script: Script) -> None:
    """Who may not see them is told whom to ask; who may sees the mark beside the rest."""
    bare = person_pb2.Person(ssin=BEA, status=person_pb2.NUMBER_STATUS_ACTIVE, protected=True)
    where = reading.ResolvedNumber(asked_ssin=BEA, current_ssin=BEA, protected=True)
    script.on("GetPerson", reading.GetPersonResponse(person=bare, resolution=where))
    script.on("ListPersonVersions", reading.ListPersonVersionsResponse(resolution=where, protected=True))

    assert "75.46.08-980.95  PROTECTED: refer to the register keeper\n" == run("show", BEA).stdout
    assert "PROTECTED: refer to the register keeper\n" == run("history", BEA).stdout
    assert run_json("show", BEA)["protected"]
    whole = person()
    whole.protected = True
    script.on("GetPerson", reading.GetPersonResponse(person=whole, resolution=where))
    assert "75.46.08-980.95  BIS, active  PROTECTED" in run("referral", "cmVmZXJyYWw=").stdout
    assert "cmVmZXJyYWw=" == script.calls("GetPerson")[-1].request.referral


def test_persons_are_protected_and_the_marks_are_shown(script: Script) -> None:
    """Who set them, by which decision, and who lifted them."""
    mark = person_pb2.Protection(
        registered_ssin=BEA,
        begin={"year": 2026, "month": 2, "day": 1},
        reference="court 26/17",
        set_by="registry-registrar",
    )
    where = reading.ResolvedNumber(asked_ssin=BEA, current_ssin=BEA, protected=True)
    script.on("SetProtection", writing.SetProtectionResponse(protections=[mark], resolution=where))

    result = run("protect", BEA, "--reference", "court 26/17", "--from", "2026-02-01")
    for shown in ("protected\n", "2026-02-01", "court 26/17", "registry-registrar"):
        assert shown in result.stdout
    script.on("SetProtection", writing.SetProtectionResponse(unchanged=True, resolution=resolved()))
    assert "it was so already" in run("unprotect", BEA, "--reference", "court 26/18").stdout
    assert [(1, "court 26/17", 2026), (2, "court 26/18", 0)] == [
        (each.request.state, each.request.reference, each.request.effective_date.year)
        for each in script.calls("SetProtection")
    ]


def test_a_referral_is_handed_on(script: Script) -> None:
    """A search and a registration say whom to ask, and with what."""
    referrals = [search_pb2.Referral(referral="cmVmZXJyYWw=")]
    script.on("SearchPersons", reading.SearchPersonsResponse(referrals=referrals, search_id="s-1"))
    script.on(
        "RegisterPerson",
        writing.RegisterPersonResponse(outcome=writing.PERSON_OUTCOME_REFER_TO_KEEPER, referrals=referrals),
    )
    sentence = "a protected person: refer to the register keeper, with cmVmZXJyYWw="

    assert sentence in run("search", "Diallo", "1991-04-17").stdout
    registered = run("register", "--family-name", "Diallo", "--birth-date", "1991-04-17")
    assert (1, True) == (registered.exit_code, sentence in registered.stdout)
    assert "only the register keeper can decide" in registered.stdout


def test_numbers_are_resolved_from_arguments_and_from_stdin(script: Script) -> None:
    """A line for each, JSON lines for machines; the form that people read is taken too."""
    script.on(
        "ResolveNumbers",
        lambda request, _: reading.ResolveNumbersResponse(
            results=[resolved(n, NATIONAL if n == BEA else "") for n in request.ssins]
        ),
    )

    lines = run("resolve", "75.46.08-980.95", "bad").stdout.splitlines()
    answers = run("resolve", "--file", "-", "--json", stdin=f"{CAS}\n\n{BEA}\n").stdout.splitlines()

    assert [BEA, "replaced", "75.06.08-980.09", "duplicate", "2026-05-01"] == lines[1].split()
    assert ["bad", "malformed"] == lines[2].split()
    assert ["CURRENT", "REPLACED"] == [json.loads(each)["outcome"] for each in answers]


def test_bar_on_the_terminal_leaves_answers_on_stdout(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who sends the answers to a file sees the bar, and finds the answers in the file."""
    monkeypatch.setattr("kruispunt.cli.progress._is_watched", lambda: True)
    script.on(
        "ResolveNumbers",
        lambda request, _: reading.ResolveNumbersResponse(results=[resolved(n) for n in request.ssins]),
    )

    result = run("resolve", BEA, CAS)

    assert [BEA, CAS] == [line.split()[0] for line in result.stdout.splitlines()[1:]]
    assert "2/2" in result.stderr


ROWS = [
    {
        "ssin": BEA,
        "register": "BIS",
        "name": {"family_name": "Janssens", "given_names": ["Bea", "Ann Marie"]},
        "birth": {"date": "1975-06", "place": {"country": "MA"}},
        "gender": "FEMALE",
        "nationalities": ["MA", "BE"],
        "residential_address": {"country": "FR", "municipality_name": "Lille"},
        "validity": {"begin": "2026-05-01"},
        "evidence": {"kind": "PASSPORT", "document_number": "EH123"},
        "identifiers": [{"country": "MA", "scheme": "PASSPORT", "identifier": "EH 123"}],
    },
    {"name": {"family_name": "Peeters"}, "birth": {"date": ""}, "facts": [{"civil_state": {"code": 20}}]},
]
CSV = """ssin,register,family_name,given_names,birth_date,birth_country,gender,nationalities,residence_country,\
residence_municipality_name,valid_from,evidence_kind,evidence_document_number,identifier_country,identifier_scheme,\
identifier,civil_state
75460898095,bis,Janssens,Bea|Ann Marie,1975-06,MA,female,MA|BE,FR,Lille,2026-05-01,passport,EH123,MA,passport,EH 123,
,,Peeters,,,,,,,,,,,,,,20
"""


class Received:
    """Imports everything, and keeps what came."""

    def __init__(self) -> None:
        self.requests: list[writing.ImportPersonsRequest] = []

    def __call__(self, requests: Any, context: object) -> Any:
        def noted() -> Any:
            for request in requests:
                self.requests.append(request)
                yield request

        return import_all(noted(), context)


def test_json_lines_and_csv_say_the_same(script: Script, tmp_path: Path) -> None:
    """One import in two forms; the same content is the same import, so that it can be repeated."""
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, ROWS)) + "\n\n")
    (tmp_path / "rows.csv").write_text(CSV.replace(",,Peeters,,,", ",,Peeters,,,"))
    received = Received()
    script.on("ImportPersons", received)

    lines = run("import", str(tmp_path / "rows.jsonl"))
    again = run("import", str(tmp_path / "rows.jsonl"), "--validate-only", "--search-duplicates")
    cells = run("import", str(tmp_path / "rows.csv"))

    assert (0, 0, 0) == (lines.exit_code, again.exit_code, cells.exit_code), lines.output + cells.output
    assert "2 rows: 2 imported" in lines.stdout
    assert "nothing was written" in again.stdout
    first, second, third = received.requests
    assert first.import_id == second.import_id != third.import_id
    assert (True, True) == (second.validate_only, second.search_duplicates)
    assert first.rows[0] == third.rows[0]
    assert ["Bea", "Ann Marie"] == list(first.rows[0].facts[0].value.name.given_names)
    assert [False, True] == [each.HasField("validity") for each in first.rows[0].facts[1:3]]
    assert ["name", "birth", "civil_state"] == [
        each.value.WhichOneof("value") for each in first.rows[1].facts
    ]


def test_rows_that_were_not_imported_are_told_and_reported(script: Script, tmp_path: Path) -> None:
    """Which row, why and where; the report has a line for each row; the status is 1."""
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, ROWS)))
    results = [
        writing.RowResult(
            row=1, outcome=writing.ROW_OUTCOME_REFUSED, reason=5, field="facts[1].value.birth.date"
        ),  # type: ignore[arg-type]
        writing.RowResult(row=2, outcome=writing.ROW_OUTCOME_CANDIDATES, candidate_ssins=[CAS]),
    ]
    script.on("ImportPersons", lambda rs, _: (writing.ImportPersonsResponse(results=results) for _r in rs))
    report = tmp_path / "report.jsonl"

    result = run("import", str(tmp_path / "rows.jsonl"), "--report", str(report))

    assert 1 == result.exit_code
    assert "DATE_INVALID" in result.stdout
    assert "facts[1].value.birth.date" in result.stdout
    assert [[], [CAS]] == [json.loads(line)["candidates"] for line in report.read_text().splitlines()]


@pytest.mark.parametrize(
    ("file_name", "text", "told"),
    [
        ("a.jsonl", "{}\n{", "a.jsonl line 2 is no JSON"),
        ("a.jsonl", "[]", "line 1: the row must be an object"),
        ("a.jsonl", '{"colour": 1}', "line 1: the row: unknown colour"),
        ("a.jsonl", '{"name": {"given_names": []}}', "line 1: name.family_name is absent"),
        ("a.jsonl", '{"birth": {"date": "75"}}', "line 1: birth.date: a birth date is YYYY"),
        ("a.jsonl", '{"gender": "X"}', "line 1: gender must be one of UNSPECIFIED, MALE, FEMALE"),
        ("a.jsonl", '{"facts": {}}', "facts and identifiers are lists"),
        ("a.jsonl", '{"facts": [{"name": 1}]}', "facts[0].name must be an object"),
        ("a.csv", "ssin,colour\n1,2\n", "unknown columns colour"),
        ("a.csv", "family_name,civil_state\nJanssens,x\n", "line 2: civil_state must be a whole number"),
        ("a.csv", "family_name,civil_state\nJanssens,99999999999\n", "civil_state must be a whole number"),
        (
            "a.jsonl",
            '{"civil_state": {"code": 99999999999}}',
            "civil_state.code must be a whole number up to",
        ),
        ("a.jsonl", '{"gender": []}', "line 1: gender must be one of UNSPECIFIED, MALE, FEMALE"),
        ("a.csv", "ssin\n1,2\n", "line 2: more cells than columns"),
    ],
)
def test_malformed_files_say_where_before_anything_is_sent(
    script: Script, tmp_path: Path, file_name: str, text: str, told: str
) -> None:
    """The line, and the place in it; never a value."""
    (tmp_path / file_name).write_text(text)

    result = run("import", str(tmp_path / file_name))

    assert (2, []) == (result.exit_code, script.asked)
    assert told in result.stderr


def test_what_is_exported_can_be_imported(script: Script, tmp_path: Path) -> None:
    """The lines of an export are rows of an import, facts with their own validity and evidence."""
    script.on(
        "ExportPersons", lambda _request, _context: iter([reading.ExportPersonsResponse(persons=[person()])])
    )
    received = Received()
    script.on("ImportPersons", received)
    file = tmp_path / "persons.jsonl"

    exported = run(
        "export", str(file), "--register", "bis", "--born-from", "1970", "--after", "75.26.08-980.52"
    )
    imported = run("import", str(file))

    assert (0, 0) == (exported.exit_code, imported.exit_code), imported.output
    request = script.calls("ExportPersons")[0].request
    assert (2, 1970, CAS) == (request.register, request.born_from, request.after_ssin)
    (row,) = received.requests[0].rows
    assert (BEA, 2) == (row.ssin, row.register)
    assert [each.value for each in person().facts] == [each.value for each in row.facts]
    assert "EH123" == row.facts[0].evidence.document_number
    assert 2026 == row.facts[0].validity.begin.year
    assert person().foreign_identifiers[0].key == row.identifiers[0].key
    assert json.loads(run("export", "-").stdout)["ssin"] == BEA


def test_refusal_of_an_import_is_told(script: Script, tmp_path: Path) -> None:
    """As every refusal."""
    (tmp_path / "rows.jsonl").write_text(json.dumps(ROWS[0]))
    script.on("ImportPersons", Refusal(grpc.StatusCode.PERMISSION_DENIED, "ROLE_MISSING"))

    result = run("import", str(tmp_path / "rows.jsonl"))

    assert 1 == result.exit_code
    assert "reason: ROLE_MISSING" in result.stderr


def test_commands_of_the_servers_are_offered() -> None:
    """Where they are installed; they are loaded when they are called, not for the help of the tree."""
    code = (
        "import sys, kruispunt.cli.app as a\n"
        "from typer.testing import CliRunner\n"
        "told = CliRunner().invoke(a.app, ['--help']).stdout\n"
        "assert 'Run and keep the identity server' in told\n"
        "assert not any(n.startswith(('kruispunt_', 'pydantic')) for n in sys.modules)\n"
        "run = CliRunner().invoke(a.app, ['identity', '--help'])\n"
        "assert 'migrate' in run.stdout, run.output\n"
    )

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert "" == ended.stderr


def test_servers_that_are_not_installed_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The base install knows their names, and says what they need."""
    from kruispunt.cli import app as tree

    class Absent:
        name = "identity"

        def load(self) -> None:
            raise ModuleNotFoundError("pydantic_settings")

    monkeypatch.setattr(tree, "_servers", lambda: {"identity": Absent()})

    result = CliRunner().invoke(app, ["identity", "serve"])

    assert 2 == result.exit_code
    assert "pip install 'kruispunt[server]'" in result.stderr
