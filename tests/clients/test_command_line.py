"""The command against a scripted registry."""

import json
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.clients.persons_stand_in import import_all, person, resolved
from tests.clients.registry_stand_in import (
    ANNA,
    BRAM,
    Refusal,
    Script,
    answer_chunk,
    dossier,
    registered,
    resolution,
    route,
)
from typer.testing import CliRunner, Result

from kruispunt.cli.app import app
from kruispunt.common.v1 import values_pb2 as common
from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt.directory.v1 import dossier_service_pb2 as writing_pb
from kruispunt.directory.v1 import knowledge_service_pb2 as knowledge_pb
from kruispunt.identity.v1 import registration_service_pb2 as registration_pb
from kruispunt_server import pki

DASH = "\N{EN DASH}"
PROFILE = """
[default]
endpoint = "{endpoint}"
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
    monkeypatch.setenv("COLUMNS", "160")
    return path


def run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(app, arguments, input=stdin)


def run_json(*arguments: str, stdin: str = "") -> Any:
    result = run(*arguments, "--json", stdin=stdin)
    assert 0 == result.exit_code, result.stderr
    return json.loads(result.stdout)


def test_registration_shows_the_dossier(script: Script) -> None:
    """What was done, the dossier and the notes are shown to people."""
    script.on("RegisterDossier", registered())

    result = run("dossier", "register", ANNA, "--capacity", "2", "--begin", "2026-01-01", "--sex", "female")

    assert 0 == result.exit_code
    assert "dossier created" in result.stdout
    assert "2026-01-01 → …" in result.stdout
    assert "note: no calendar day" in result.stdout
    assert 2 == script.asked[0].request.claim.sex


def test_registration_is_one_json_document(script: Script) -> None:
    """Machines get names, ISO days and texts."""
    script.on("RegisterDossier", registered())
    name = str(uuid.UUID(int=7))

    answer = run_json(
        "dossier", "register", ANNA, "--capacity", "2", "--begin", "2026-01-01", "--request-id", name
    )

    assert "CREATED" == answer["outcome"]
    assert ANNA == answer["dossier"]["ssin"]
    assert {"begin": "2026-01-01", "end": None} == answer["dossier"]["period"]
    assert {"sector": 17, "institution": 1} == answer["dossier"]["institution"]
    assert name == script.asked[0].request.request_id
    assert not script.asked[0].request.HasField("claim")


def test_refusal_is_told_on_stderr_with_status_1(script: Script) -> None:
    """Sentence, reason and field, and never a traceback."""
    script.on(
        "RegisterDossier",
        Refusal(
            grpc.StatusCode.FAILED_PRECONDITION, "CAPACITY_UNKNOWN", "no such capacity", {"field": "capacity"}
        ),
    )

    result = run("dossier", "register", ANNA, "--capacity", "2", "--begin", "2026-01-01")

    assert 1 == result.exit_code
    assert "" == result.stdout
    assert ["refused: no such capacity", "  reason: CAPACITY_UNKNOWN", "  field: capacity"] == (
        result.stderr.splitlines()[:3]
    )


def test_refusal_is_json_for_machines(script: Script) -> None:
    """With --json the refusal is one document on stderr."""
    script.on("GetRoute", Refusal(grpc.StatusCode.INTERNAL, "INTERNAL_FAULT", metadata={"incident": "i-9"}))

    result = run("route", ANNA, "PENSION-RIGHTS", "--json")

    assert 1 == result.exit_code
    assert "i-9" == json.loads(result.stderr)["error"]["incident_id"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["dossier", "register", ANNA],
        ["dossier", "register", ANNA, "--capacity", "2", "--begin", "2026-13-01"],
        ["dossier", "register", ANNA, "--capacity", "2", "--begin", "2026-02-01", "--end", "2026-01-01"],
        ["dossier", "remove", ANNA],
        ["dossier", "remove", ANNA, "--all", "--phase", "3"],
        ["dossier", "remove", ANNA, "--phase", "3"],
        ["dossier", "update", ANNA, "d-1", "--end", "2026-01-01"],
        ["dossier", "list", ANNA, "--profile", "nobody"],
        ["dossier", "list", ANNA, "--endpoint", "registry.example:1"],
        ["dossier", "list", ANNA, "--case", "é"],
        ["dossier", "list", ANNA, "--case", ""],
        ["dossier", "list", ANNA, "--legal-basis", ""],
        ["dossier", "list", ANNA, "--end-user", ""],
        ["dossier", "register", ANNA, "--capacity", "2", "--begin", "2026-01-01", "--birth-date", "75"],
        ["dossier", "register", ANNA, "--capacity", "2", "--begin", "2026-01-01", "--birth-date", "1975-6"],
        ["dossier", "register", ANNA, "--capacity", "2", "--begin", "20260101"],
        ["knowledge", "sectors", "--language", "xx"],
        ["dossier", "list", ANNA, "--known-at", "2026-01-01T00:00:00"],
        ["route", ANNA, "PENSION-RIGHTS/x"],
        ["resolve", "no-such-file"],
        ["knowledge", "data-sets", "--sector", "5"],
        ["nothing"],
    ],
)
def test_wrong_use_has_status_2(script: Script, arguments: list[str]) -> None:
    """Wrong use is told with status 2, and nothing is asked."""
    result = run(*arguments)

    assert 2 == result.exit_code
    assert "Traceback" not in result.output
    assert [] == script.asked


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["dossier", "list"], "Missing argument 'PERSON'"),
        (
            ["dossier", "list", ANNA, "--at", "2026-13-01"],
            "'--at' / '--valid-at': there is no such day in the calendar",
        ),
        (["dossier", "list", ANNA, "--at", "1/5/2026"], "'--at' / '--valid-at': a day is YYYY-MM-DD"),
        (["dossier", "list", ANNA, "--known-at", "x"], "'--known-at': an instant is YYYY-MM-DDTHH:MM:SSZ"),
        (["dossier", "list", ANNA, "--case", ""], "'--case': it is empty"),
        (["route", ANNA, "X/x"], "a data set is CODE or CODE/VARIANT, such as PENSION-RIGHTS/1"),
        (["route", ANNA, "X", "--supplier", "5"], "an institution is SECTOR/NUMBER, such as 17/1"),
        (["dossier", "list", ANNA, "--profile", "nobody"], "no profile 'nobody'"),
        (["knowledge", "data-sets", "--sector", "5"], "data-sets belong to no sector"),
    ],
)
def test_wrong_use_is_json_for_machines(script: Script, arguments: list[str], told: str) -> None:
    """One object on stderr in the form of a refusal, but without reason; the sentence says what is expected."""
    result = run(*arguments, "--json")

    assert 2 == result.exit_code
    assert "" == result.stdout
    error = json.loads(result.stderr)["error"]
    assert ("", "") == (error["reason"], error["status"])
    assert told in error["message"]
    assert "Value error" not in error["message"]
    assert [] == script.asked


def test_refusal_tells_fault_and_role(script: Script) -> None:
    """What the metadata says further is shown to people."""
    malformed = {"field": "ssin", "fault": "check"}
    script.on(
        "ListDossiers",
        Refusal(grpc.StatusCode.INVALID_ARGUMENT, "NUMBER_MALFORMED", metadata=malformed),
        Refusal(grpc.StatusCode.PERMISSION_DENIED, "ROLE_MISSING", metadata={"role": "consumer"}),
    )

    faulty, forbidden = run("dossier", "list", "75060898010"), run("dossier", "list", ANNA)

    assert ["  field: ssin", "  fault: check", "  status: INVALID_ARGUMENT"] == faulty.stderr.splitlines()[2:]
    assert "  role: consumer" in forbidden.stderr.splitlines()


def test_number_is_taken_as_it_is_printed(script: Script) -> None:
    """The form for people is taken where a number is typed, and goes out as 11 digits; no other form is guessed."""
    script.on("ListDossiers", pb.ListDossiersResponse(complete=True, resolution=resolution()))
    script.on("ReconfirmDossiers", writing_pb.ReconfirmDossiersResponse(outcomes=[1]))  # type: ignore[list-item]

    run("dossier", "list", "75.06.08-980.09")
    run("dossier", "reconfirm", "75.06.08-980.09:d-1")
    run("dossier", "list", "75-06-08 980 09")

    listed, reconfirmed, strange = (each.request for each in script.asked)
    assert (ANNA, ANNA) == (listed.ssin, reconfirmed.dossiers[0].ssin)
    assert "75-06-08 980 09" == strange.ssin


def test_several_removed_are_dossiers(script: Script) -> None:
    """One is a dossier, none and two are dossiers."""
    for ids, expected in (([], "0 dossiers removed"), (["a", "b"], "2 dossiers removed")):
        script.on(
            "RemoveDossiers",
            writing_pb.RemoveDossiersResponse(removed_dossier_ids=ids, resolution=resolution()),
        )

        assert expected == run("dossier", "remove", ANNA, "--all").stdout.splitlines()[0]


def test_update_from_a_day_says_what_becomes_of_the_part_before(script: Script) -> None:
    """The answer holds the part from that day on; the other one is not passed over in silence."""
    script.on("UpdateDossier", writing_pb.UpdateDossierResponse(dossier=dossier(), resolution=resolution()))

    split = run("dossier", "update", ANNA, "d-1", "--phase", "10", "--from", "2026-02-01")
    whole = run("dossier", "update", ANNA, "d-1", "--phase", "10")

    assert "what stood before 2026-02-01 stays as it was" in split.stdout
    assert "what stood before" not in whole.stdout


def test_birth_date_may_be_known_in_part(script: Script) -> None:
    """A year, a month or a day of four and two digits each."""
    script.on("RegisterDossier", registered())
    options = ["--capacity", "2", "--begin", "2026-01-01", "--birth-date"]

    for text in ("1975", "1975-06", "1975-06-08"):
        run("dossier", "register", ANNA, *options, text)

    dates = [each.request.claim.birth_date for each in script.asked]
    assert [(1975, 0, 0), (1975, 6, 0), (1975, 6, 8)] == [(d.year, d.month, d.day) for d in dates]


def test_list_gathers_all_pages(script: Script) -> None:
    """One document holds every page, and says that it is complete."""
    script.on(
        "ListDossiers",
        pb.ListDossiersResponse(
            dossiers=[dossier("a")], next_page_token="m", resolution=resolution(ANNA, BRAM)
        ),
        pb.ListDossiersResponse(dossiers=[dossier("b")], complete=True, resolution=resolution(ANNA, BRAM)),
    )

    answer = run_json("dossier", "list", ANNA, "--network", "secondary", "--every-period")

    assert ["a", "b"] == [each["dossier_id"] for each in answer["dossiers"]]
    assert answer["complete"]
    assert BRAM == answer["resolution"]["current"]
    assert 2 == script.asked[0].request.filter.network_level
    assert "file-1" == script.asked[0].metadata["kruispunt-case"]


def test_replaced_number_is_told_to_people(script: Script) -> None:
    """A list under a former number says which one stands now."""
    script.on("ListDossiers", pb.ListDossiersResponse(complete=True, resolution=resolution(ANNA, BRAM)))

    result = run("dossier", "list", ANNA, "--case", "file-2")

    assert "dossiers: none" in result.stdout
    assert f"replaced on 2026-03-01 by {BRAM}" in result.stdout
    assert "file-2" == script.asked[0].metadata["kruispunt-case"]


def test_route_shows_seven_checks_and_why(script: Script) -> None:
    """A refusal is an answer: status 0, each check with its mark and its reason."""
    script.on("GetRoute", route(allowed=False))

    result = run("route", ANNA, "PENSION-RIGHTS/1", "--supplier", "5/1", "--at", "2026-05-01")

    assert 0 == result.exit_code
    assert "✗ not authorised under 18/042" in result.stdout
    marks = [line.split()[0] for line in result.stdout.splitlines() if "because" in line]
    assert ["✓", "✓", "✗", DASH, DASH, DASH, DASH] == marks
    assert "because 7" in result.stdout
    assert (5, 1) == (script.asked[0].request.supplier.sector, script.asked[0].request.data_set.variant)


def test_allowed_route_shows_suppliers(script: Script) -> None:
    """Suppliers are told, to people and to machines."""
    script.on("GetRoute", route(allowed=True))

    assert "AV-1" in run("route", ANNA, "PENSION-RIGHTS").stdout
    answer = run_json("route", ANNA, "PENSION-RIGHTS")
    assert "ALLOWED" == answer["verdict"]
    assert {"check": "PARTICIPANT", "outcome": "PASSED", "explanation": "because 1"} == answer["checks"][0]
    assert [100] == [each["capacity"] for each in answer["suppliers"]]


def test_numbers_are_resolved_from_stdin_as_json_lines(script: Script) -> None:
    """One line for each number, in order; empty lines are left out."""
    script.on("ResolveDossiers", lambda requests, _: (answer_chunk(r) for r in requests if r.ssins))

    result = run("resolve", "-", "--json", "--chunk", "2", stdin=f"{ANNA}\n\nbad\n{BRAM}\n")

    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(ANNA, "FOUND"), ("bad", "NUMBER_MALFORMED"), (BRAM, "FOUND")] == [
        (each["asked"], each["status"]) for each in answers
    ]


def test_numbers_are_resolved_from_a_file_as_lines(script: Script, tmp_path: Path) -> None:
    """People get one line for each dossier."""
    script.on("ResolveDossiers", lambda requests, _: (answer_chunk(r) for r in requests if r.ssins))
    file = tmp_path / "numbers.txt"
    file.write_text(f"{ANNA}\nbad\n")

    lines = run("resolve", str(file)).stdout.splitlines()

    assert 3 == len(lines)
    assert [ANNA, "found", "17/1", "2", "0", "2026-01-01", "→", "…"] == lines[1].split()
    assert "bad          number malformed" == lines[2]


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        (["--all"], "all"),
        (["--begin", "2026-01-01"], "within"),
        (["--capacity", "0"], "capacity"),
        (["--capacity", "2", "--begin", "2026-01-01", "--end", "2026-02-01"], "capacity_within"),
        (["--capacity", "2", "--phase", "0"], "capacity_phase"),
        (["--cut", "d-1", "--begin", "2026-01-01", "--etag", "e1"], "cut"),
    ],
)
def test_each_shape_of_removal_can_be_said(script: Script, options: list[str], shape: str) -> None:
    """The six shapes follow from what is given."""
    script.on(
        "RemoveDossiers",
        writing_pb.RemoveDossiersResponse(
            removed_dossier_ids=["d-1"], remaining_dossiers=[dossier("d-2")], resolution=resolution()
        ),
    )

    result = run("dossier", "remove", ANNA, *options)

    assert "1 dossier removed" in result.stdout
    assert "d-2" in result.stdout
    assert shape == script.asked[0].request.WhichOneof("shape")


def test_dossiers_are_updated_closed_and_reconfirmed(script: Script) -> None:
    """The other changes go the same way."""
    script.on("UpdateDossier", writing_pb.UpdateDossierResponse(dossier=dossier(), resolution=resolution()))
    script.on("CloseDossier", writing_pb.CloseDossierResponse(dossier=dossier(), resolution=resolution()))
    script.on("ReconfirmDossiers", writing_pb.ReconfirmDossiersResponse(outcomes=[1]))  # type: ignore[list-item]

    assert 0 == run("dossier", "update", ANNA, "d-1", "--phase", "10", "--from", "2026-02-01").exit_code
    assert "d-1" == run_json("dossier", "close", ANNA, "d-1", "--end", "2026-02-01")["dossier"]["dossier_id"]
    outcomes = run_json("dossier", "reconfirm", f"{ANNA}:d-1", "--synchronised-until", "2026-01-01T00:00:00Z")

    assert {"outcomes": [{"dossier_id": "d-1", "outcome": "CONFIRMED"}]} == outcomes
    update, close, reconfirm = (each.request for each in script.asked)
    assert (["phase"], 2026) == (list(update.update_mask.paths), update.effective_from.year)
    assert 2 == close.end.month
    assert (ANNA, 1767225600) == (reconfirm.dossiers[0].ssin, reconfirm.synchronised_until.seconds)


def test_stale_dossiers_and_coverage_are_listed(script: Script) -> None:
    """What wants attention, and what was told, for people and machines."""
    script.on(
        "ListStaleDossiers",
        pb.ListStaleDossiersResponse(
            dossiers=[pb.StaleDossier(dossier=dossier(), kind=pb.STALE_KIND_ORPHANED, age_days=400)],
            complete=True,
        ),
    )
    script.on(
        "GetCoverage",
        pb.GetCoverageResponse(
            institutions=[pb.InstitutionCoverage(institution=common.InstitutionRef(sector=5, institution=1))],
            complete=True,
        ),
    )

    assert "400" in run("dossier", "stale", "--kind", "orphaned").stdout
    assert 3 == script.asked[0].request.kind
    (institution,) = run_json("coverage", "--sector", "5")["institutions"]
    assert institution["synchronised_until"] is None


def test_code_tables_are_listed_without_a_purpose(script: Script, profiles: Path, endpoint: str) -> None:
    """A profile without purpose is enough for the code tables, and a language can be chosen."""
    profiles.write_text(f'[default]\nendpoint = "{endpoint}"\n')
    entry = knowledge_pb.Sector(
        code=17,
        labels=common.Labels(nl="OCMW", fr="CPAS"),
        validity=common.Period(begin={"year": 1990, "month": 1, "day": 15}),
    )
    script.on("ListSectors", knowledge_pb.ListSectorsResponse(sectors=[entry]))

    assert "CPAS" in run("knowledge", "sectors", "--language", "fr").stdout
    assert 17 == run_json("knowledge", "sectors", "--sector", "17")["sectors"][0]["code"]


def test_what_a_list_prints_can_be_written(script: Script, tmp_path: Path) -> None:
    """The JSON of the lists is the form that `write` reads."""
    entry = knowledge_pb.Capacity(
        code=2,
        labels=common.Labels(nl="Leefloon", own_translations=["en"]),
        phases=[knowledge_pb.Capacity.Phase(number=10, labels=common.Labels(nl="Toegekend"))],
        validity=common.Period(begin={"year": 1990, "month": 1, "day": 15}),
    )
    script.on("ListCapacities", knowledge_pb.ListCapacitiesResponse(capacities=[entry]))
    script.on("WriteEntries", knowledge_pb.WriteEntriesResponse(created=1))
    file = tmp_path / "entries.json"
    file.write_text(run("knowledge", "capacities", "--json").stdout)

    result = run("knowledge", "write", str(file))

    assert "1 created, 0 revised, 0 unchanged" in result.stdout
    assert [entry] == [each.capacity for each in script.calls("WriteEntries")[0].request.entries]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("[]", "an object with the lists"),
        ('{"sectors": [{"code": "x"}]}', "sectors[0].code must be a whole number"),
        ('{"sectors": [{"code": 1, "labels": {}}]}', "sectors[0].validity is absent"),
        ('{"sectors": [{"colour": 1}]}', "unknown colour"),
        ('{"sectors": [{"code": 1, "labels": {}, "validity": {"begin": "x"}}]}', "must be a day"),
        ("{", "entries.json is no JSON: Expecting property name enclosed in double quotes in line 1"),
    ],
)
def test_malformed_entries_file_says_where(
    script: Script, tmp_path: Path, document: str, expected: str
) -> None:
    """A file that cannot be read says where, and nothing is written."""
    file = tmp_path / "entries.json"
    file.write_text(document)

    result = run("knowledge", "write", str(file))

    assert 2 == result.exit_code
    assert expected in result.stderr
    assert [] == script.asked


def test_sandbox_is_loaded_with_a_report(script: Script, profiles: Path, endpoint: str) -> None:
    """The report counts persons, dossiers and refusals."""
    from kruispunt.sandbox import INSTITUTIONS, import_rows, population

    ours = "".join(f'[{each.profile}]\nendpoint = "{endpoint}"\n' for each in INSTITUTIONS)
    ours += f'[registry-registrar]\nendpoint = "{endpoint}"\nidentity_endpoint = "{endpoint}"\n'
    profiles.write_text(f"{ours}[half-written]\nca = 'x'\n")  # is none of the sandbox's, and does not matter
    script.on("RegisterDossier", registered())
    script.on("ImportPersons", import_all)
    replaced = registration_pb.ReplaceNumberResponse(resolution=resolved(), person=person())
    script.on("ReplaceNumber", replaced)

    report = run_json("sandbox", "load", "--persons", "20", "--seed", "3")

    expected = sum(len(person.dossiers) for person in population(20, 3))
    assert (20, expected, {}) == (report["persons"], report["dossiers"], report["refused"])
    assert {"CREATED": expected} == report["outcomes"]
    numbers = len(list(import_rows(population(20, 3))))
    assert 0 < numbers
    assert {"rows": numbers, "outcomes": {"IMPORTED": numbers}, "refused": {}, "replaced": 1} == report[
        "registers"
    ]


def test_national_register_of_the_sandbox_is_written(tmp_path: Path) -> None:
    """A JSON line for each national person."""
    file = tmp_path / "national.jsonl"

    result = run("sandbox", "national-register", str(file), "--persons", "20", "--seed", "3")

    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert (0, True) == (result.exit_code, 10 < len(lines) < 21)
    assert {"ssin", "family_name", "birth_date"} <= lines[0].keys()


def test_sandbox_numbers_are_what_resolve_reads(script: Script) -> None:
    """The population's numbers, one a line."""
    lines = run("sandbox", "numbers", "--persons", "5", "--seed", "3").stdout.splitlines()

    assert [11] * 5 == [len(line) for line in lines]
    assert 5 == len(run("sandbox", "persons", "--persons", "5", "--json").stdout.splitlines())
    assert "dossiers" in run("sandbox", "persons").stdout


def test_number_is_checked_without_a_registry() -> None:
    """Kind, century and form; status 1 for what is no number."""
    answer = json.loads(run("ssin", "check", "75.46.08-980.95", "--json").stdout)

    assert ("bis", False, "75.46.08-980.95") == (answer["kind"], answer["born_from_2000"], answer["display"])
    assert "no calendar day" in run("ssin", "check", "00000100166").stdout
    wrong = run("ssin", "check", "85133000105")
    assert (1, "✗ not valid: month\n") == (wrong.exit_code, wrong.stdout)


def test_registry_that_is_not_there_is_told() -> None:
    """Nobody at the endpoint: status 1 and a sentence, within the time given."""
    result = run(
        "route",
        ANNA,
        "PENSION-RIGHTS",
        "--endpoint",
        "127.0.0.1:1",
        "--profile",
        "default",
        "--timeout",
        "0.3",
    )

    assert 1 == result.exit_code
    assert "failed: never connected to 127.0.0.1:1: is it up" in result.stderr


def test_resolution_without_a_registry_ends(script: Script) -> None:
    """Nobody at the endpoint: no header of a table that never comes, and an end within the time given."""
    began = time.monotonic()
    result = run(
        "resolve",
        "-",
        "--endpoint",
        "127.0.0.1:1",
        "--profile",
        "default",
        "--timeout",
        "0.3",
        stdin=f"{ANNA}\n",
    )

    assert (1, "") == (result.exit_code, result.stdout)
    assert "failed: never connected to 127.0.0.1:1" in result.stderr
    assert time.monotonic() - began < 3.0


def test_grpc_writes_nothing_to_the_terminal(endpoint: str, tmp_path: Path) -> None:
    """A connection that cannot be made is told by the command alone."""
    pki.make_authority(tmp_path)
    pki.issue_client(tmp_path, "one", "spiffe://sandbox.kruispunt.example/institution/17/1")
    command = [sys.executable, "-m", "kruispunt.cli", "knowledge", "sectors", "--timeout", "1"]
    command += ["--endpoint", endpoint, "--ca", str(tmp_path / "ca.crt")]
    command += ["--cert", f"{tmp_path}/clients/one.crt", "--key", f"{tmp_path}/clients/one.key"]

    environment = {name: value for name, value in os.environ.items() if name != "GRPC_VERBOSITY"}

    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    assert 1 == ended.returncode
    assert [f"failed: never connected to {endpoint}: is it up", "  status: DEADLINE_EXCEEDED"] == [
        line.partition(",")[0] for line in ended.stderr.splitlines()
    ]


def test_help_tells_the_exit_status() -> None:
    """What 0, 1 and 2 mean stands in the help of the tree."""
    told = " ".join(run("--help").stdout.split())

    assert (
        "Exit status: 0 done, and a route that is refused is an answer too; 1 refused or failed; 2 wrong use."
        in told
    )


def test_version_is_told() -> None:
    """The version of the distribution."""
    assert run("--version").stdout.startswith("kruispunt 0.")


def test_help_costs_no_grpc() -> None:
    """The tree and its help are built without gRPC, so that they come at once."""
    code = (
        "import sys, kruispunt.cli.app as a\n"
        "from typer.testing import CliRunner\n"
        "assert CliRunner().invoke(a.app, ['dossier', '--help']).exit_code == 0\n"
        "sys.exit('grpc' in sys.modules)"
    )

    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode


def test_reader_that_stops_is_no_fault(tmp_path: Path) -> None:
    """A pipe that closes early ends the command quietly."""
    command = f"{sys.executable} -m kruispunt.cli sandbox numbers --persons 200000 | head -1"

    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)

    assert 1 == len(ended.stdout.splitlines())
    assert "Traceback" not in ended.stderr
