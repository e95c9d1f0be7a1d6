"""`kruispunt dossier import` and `export`: files in three formats, rejected rows, and what is said of wrong files."""

import csv
import datetime as dt
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from tests.clients.registry_stand_in import ANNA, BRAM, Script, dossier, resolution
from tests.clients.test_dossier_streams import created
from typer.testing import CliRunner, Result

from kruispunt.cli.app import app
from kruispunt.directory.v1 import directory_service_pb2 as reading
from kruispunt.directory.v1 import dossier_service_pb2 as pb

HEADING = (
    "ssin,capacity,begin,end,phase,institution,network_level,source,family_name,given_names,birth_date,sex"
)
FULL = f"{ANNA},2,2020-01-01,2021-01-01,10,17/1,secondary,intake,Peeters,An|Lea,1975-06,female"


@pytest.fixture(autouse=True)
def profiles(endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "profiles.toml"
    path.write_text(
        f'[default]\nendpoint = "{endpoint}"\nlegal_basis = "18/042"\nend_user = "c"\ncase = "f"\n'
    )
    monkeypatch.setenv("KRUISPUNT_PROFILES", str(path))
    monkeypatch.setenv("COLUMNS", "160")


@pytest.fixture
def received(script: Script) -> list[pb.ImportDossiersRequest]:
    """What the registry is sent; it registers everything but capacity 9."""
    requests: list[pb.ImportDossiersRequest] = []

    def answers(sent: Iterator[pb.ImportDossiersRequest], _context: object) -> Iterator[object]:
        for request in sent:
            requests.append(request)
            response = created(request)
            for said, result in zip(request.rows, response.results, strict=True):
                if said.capacity == 9:
                    result.Clear()
                    result.row = request.first_row + list(request.rows).index(said)
                    result.outcome = pb.DOSSIER_ROW_OUTCOME_REFUSED
                    result.reason, result.field, result.message = 41, "capacity", "no such capacity"  # type: ignore[assignment]
            yield response

    script.on("ImportDossiers", answers)
    return requests


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["dossier", *arguments])


def said(received: list[pb.ImportDossiersRequest]) -> list[pb.DossierRow]:
    return [each for request in received for each in request.rows]


def written(tmp_path: Path, name: str, content: str | bytes) -> str:
    file = tmp_path / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(file)


def test_three_formats_say_the_same(received: list[pb.ImportDossiersRequest], tmp_path: Path) -> None:
    """CSV with any separator and with a byte order mark, JSON lines with names and types of their own, Parquet with its types."""
    lines = json.dumps(
        {
            "ssin": "75.06.08-980.09",
            "capacity": 2,
            "begin": "2020-01-01",
            "end": "2021-01-01",
            "phase": "10",
            "institution": "17/1",
            "network_level": "SECONDARY",
            "source": "intake",
            "family_name": "Peeters",
            "given_names": ["An", "Lea"],
            "birth_date": "1975-06",
            "sex": "FEMALE",
            "etag": "3",
        }
    )
    columns: dict[str, Any] = {
        "ssin": pa.array([int(ANNA)]),
        "capacity": pa.array([2], pa.int16()),
        "begin": [dt.date(2020, 1, 1)],
        "end": [dt.date(2021, 1, 1)],
        "phase": ["10"],
        "institution": ["17/1"],
        "network_level": ["secondary"],
        "source": ["intake"],
        "family_name": ["Peeters"],
        "given_names": [["An", "Lea"]],
        "birth_date": ["1975-06"],
        "sex": ["female"],
    }
    parquet.write_table(pa.table(columns), tmp_path / "a.parquet")
    files = [
        written(tmp_path, "a.csv", f"{HEADING}\n{FULL}\n"),
        written(tmp_path, "b.csv", "\ufeff" + f"{HEADING}\r\n {FULL} \r\n".replace(",", ";")),
        written(tmp_path, "c.tsv", f"{HEADING}\n{FULL}".replace(",", "\t")),
        written(tmp_path, "a.jsonl", "\ufeff\n" + lines + "\n"),
        str(tmp_path / "a.parquet"),
    ]

    for file in files:
        result = run("import", file)
        assert 0 == result.exit_code, result.output
        assert "1 row: 1 created" in result.stdout

    first, *others = said(received)
    assert [first] * 4 == others
    assert (ANNA, 17, 10, 2021, "Lea", 6) == (
        first.ssin,
        first.institution.sector,
        first.phase,
        first.period.end.year,
        first.claim.given_names[1],
        first.claim.birth_date.month,
    )


def test_what_is_left_out_is_not_said(received: list[pb.ImportDossiersRequest], tmp_path: Path) -> None:
    """Absent columns, empty cells and missing values are the same."""
    parquet.write_table(
        pa.table(
            {"ssin": [ANNA], "capacity": ["2"], "begin": ["2020-01-01"], "end": pa.nulls(1, pa.date32())}
        ),
        tmp_path / "a.parquet",
    )
    bare = f"ssin,capacity,begin\n{ANNA},2,2020-01-01\n"

    for file in (
        written(tmp_path, "a.csv", f"{HEADING}\n{ANNA},2,2020-01-01,,,,,,,,,\n"),
        written(tmp_path, "b.csv", bare),
        written(
            tmp_path, "a.jsonl", json.dumps({"ssin": ANNA, "capacity": 2, "begin": "2020-01-01", "end": None})
        ),
        str(tmp_path / "a.parquet"),
    ):
        assert 0 == run("import", file).exit_code

    first, *others = said(received)
    assert [first] * 3 == others
    assert (False, False, "") == (first.HasField("claim"), first.HasField("institution"), first.source)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        (
            "a.csv",
            "ssin,capacity,begin,colour\n",
            "line 1: unknown columns colour; there are ssin, institution",
        ),
        ("a.csv", "ssin,phase\n", "line 1: columns capacity, begin are absent"),
        ("a.csv", "", "line 1: columns ssin, capacity, begin are absent"),
        ("a.csv", "ssin,capacity,begin,ssin\n", "line 1: columns ssin stand there twice"),
        ("a.csv", f"ssin,capacity,begin\n{ANNA},2,2020-01-01\n{ANNA},2\n", "line 3: begin is absent"),
        ("a.csv", f"ssin,capacity,begin\n{ANNA},2,2020-01-01,x\n", "line 2: more cells than columns"),
        ("a.csv", f"ssin,capacity,begin\n{ANNA},two,2020-01-01\n", "line 2: capacity must be a whole number"),
        ("a.csv", f"ssin,capacity,begin\n{ANNA},2,01/02/2020\n", "line 2: begin: a day is YYYY-MM-DD"),
        (
            "a.csv",
            f"ssin,capacity,begin\n{ANNA},2,2020-02-30\n",
            "begin: there is no such day in the calendar",
        ),
        ("a.csv", b"ssin,capacity,begin\n1,2,caf\xe9\n", "a.csv is no UTF-8 from line"),
        ("a.csv", "ssin,capacity,begin".encode("utf-16"), "a.csv is UTF-16; save it as UTF-8"),
        ("a.csv", "ssin,capacity,begin\n" + "1" * 200_000, "line 2 is no CSV"),
        ("a.jsonl", '{"ssin": "1", "capacity": 1, "begin": "2020-01-01"}\n{', "line 2 is no JSON"),
        ("a.csv", f'ssin,capacity,begin,etag\n{ANNA},2,2020-01-01,"x\n{ANNA},2,2021-01-01,y\n', "is no CSV"),
        ("a.jsonl", "[]", "line 1: the row must be an object"),
        ("a.jsonl", "[" * 100_000, "line 1 is no JSON"),
        (
            "a.jsonl",
            '{"ssin": "1", "capacity": 1, "begin": "2020-01-01", "family_name": "\\ud800"}',
            "line 1 is no JSON",
        ),
        (
            "a.jsonl",
            '{"ssin": "1", "capacity": 99999999999, "begin": "2020-01-01"}',
            "line 1: capacity must be a whole number",
        ),
        ("a.jsonl", '{"ssin": "1", "capacity": 1, "begin": "2020-01-01", "x": 1}', "line 1: unknown x"),
        ("a.jsonl", '{"ssin": 1, "capacity": 1, "begin": "2020-01-01"}', "line 1: ssin must be a text"),
        ("a.jsonl", '{"ssin": "1", "capacity": true, "begin": "2020-01-01"}', "capacity must be a text"),
        (
            "a.jsonl",
            '{"ssin": "1", "capacity": 1, "begin": "2020-01-01", "end": "2019-01-01"}',
            "begins before",
        ),
        (
            "a.jsonl",
            '{"ssin": "1", "capacity": 1, "begin": "2020-01-01", "sex": "x"}',
            "sex must be one of male",
        ),
        (
            "a.jsonl",
            '{"ssin": "1", "capacity": 1, "begin": "2020-01-01", "institution": "17"}',
            "SECTOR/NUMBER",
        ),
        ("a.parquet", "PAR1", "a.parquet is no Parquet"),
    ],
)
def test_wrong_files_say_where_before_anything_is_sent(
    script: Script,
    received: list[pb.ImportDossiersRequest],
    tmp_path: Path,
    name: str,
    content: Any,
    told: str,
) -> None:
    """The line, and the place in it; never a value."""
    result = run("import", written(tmp_path, name, content))

    assert (2, [], []) == (result.exit_code, script.asked, received), result.output
    assert told in result.stderr


def test_parquet_of_other_types_says_where(script: Script, tmp_path: Path) -> None:
    """Numbers with a point lose digits; instants are no days."""
    for name, values in (("capacity", [2.0]), ("begin", [dt.datetime(2020, 1, 1)])):  # noqa: DTZ001 - as files have it
        columns: dict[str, Any] = {"ssin": [ANNA], "capacity": [2], "begin": ["2020-01-01"], name: values}
        parquet.write_table(pa.table(columns), tmp_path / "a.parquet")

        result = run("import", str(tmp_path / "a.parquet"))

        assert 2 == result.exit_code
        assert f"a.parquet row 1: {name} must be a text, a whole number, a day" in result.stderr
    assert [] == script.asked


def test_parquet_that_is_damaged_inside_is_no_parquet(script: Script, tmp_path: Path) -> None:
    """Its end, which says what it holds, may be whole."""
    file = tmp_path / "a.parquet"
    columns: dict[str, Any] = {"ssin": [ANNA], "capacity": [2], "begin": ["2020-01-01"]}
    parquet.write_table(pa.table(columns), file)
    file.write_bytes(b"PAR1" + bytes(40) + file.read_bytes()[44:])

    result = run("import", str(file))

    assert (2, []) == (result.exit_code, script.asked)
    assert "a.parquet is no Parquet: it is damaged inside" in result.stderr


def test_without_pyarrow_it_is_said_what_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The base install reads the other two formats."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    result = run("import", written(tmp_path, "a.parquet", "PAR1"))

    assert 2 == result.exit_code
    assert "Parquet files need: pip install 'kruispunt[parquet]'" in result.stderr


ROWS = [
    {"ssin": ANNA, "capacity": "2", "begin": "2020-01-01", "source": "intake, desk"},
    {"ssin": BRAM, "capacity": "9", "begin": "2020-01-01", "source": ""},
    {"ssin": BRAM, "capacity": "2", "begin": "soon", "source": "Zoë \u202e; x"},
    {"ssin": BRAM, "capacity": "2", "begin": "2021-01-01", "source": ""},
]


def put(file: Path, rows: list[dict[str, Any]]) -> None:
    """Write rows as a file of the kind that its name says."""
    if file.suffix == ".parquet":
        parquet.write_table(pa.Table.from_pylist(rows), file)
    elif file.suffix == ".csv":
        with file.open("w", newline="", encoding="utf-8") as lines:
            writer = csv.DictWriter(lines, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    else:
        file.write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")


def got(file: Path) -> list[dict[str, Any]]:
    """Read such a file back."""
    if file.suffix == ".parquet":
        return list(parquet.read_table(file).to_pylist())
    with file.open(encoding="utf-8", newline="") as lines:
        if file.suffix == ".csv":
            return list(csv.DictReader(lines))
        return [json.loads(line) for line in lines]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_rejected_rows_are_mended_and_imported_again(
    received: list[pb.ImportDossiersRequest], tmp_path: Path, ending: str
) -> None:
    """As they were, with line, row, reason, field and sentence; those that could not be read too."""
    file, rejects, report = (tmp_path / name for name in (f"a.{ending}", f"rejects.{ending}", "report.jsonl"))
    put(file, ROWS)

    result = run("import", str(file), "--rejects", str(rejects), "--report", str(report))

    assert 1 == result.exit_code
    assert "4 rows: 2 created, 1 refused, 1 unreadable" in result.stdout
    assert 0o600 == rejects.stat().st_mode & 0o777
    unreadable, refused = sorted(got(rejects), key=lambda each: each["capacity"])
    first_line = 2 if ending == "csv" else 1
    assert [str(first_line + 2), "UNREADABLE", "", "begin: a day is YYYY-MM-DD"] == [
        str(unreadable.get(name) or "")
        for name in ("rejected_line", "rejected_reason", "rejected_field", "rejected_message")
    ]
    assert [str(first_line + 1), "2", "CAPACITY_UNKNOWN", "capacity", "no such capacity"] == [
        str(refused[name])
        for name in ("rejected_line", "rejected_row", "rejected_reason", "rejected_field", "rejected_message")
    ]
    kept = [{name: each.get(name) or "" for name in ROWS[0]} for each in (refused, unreadable)]
    assert ROWS[1:3] == kept
    assert [first_line, first_line + 1, first_line + 3] == [each["line"] for each in got(report)]

    mended = [each | {"capacity": "2", "begin": "2022-01-01"} for each in got(rejects)]
    put(tmp_path / f"mended.{ending}", mended)
    again = run("import", str(tmp_path / f"mended.{ending}"))

    assert (0, "2 rows: 2 created") == (again.exit_code, again.stdout.strip().splitlines()[0])
    assert 2 == len({each.import_id for each in received})


def test_rejects_are_of_the_format_of_their_rows(script: Script, tmp_path: Path) -> None:
    """Or they could not be imported again; and nothing is written over what is read."""
    file = tmp_path / "a.csv"
    put(file, ROWS[:1])

    other = run("import", str(file), "--rejects", str(tmp_path / "r.jsonl"))
    same = run("import", str(file), "--rejects", str(file))

    assert (2, 2, []) == (other.exit_code, same.exit_code, script.asked)
    assert "written in the same format" in other.stderr
    assert "would be overwritten" in same.stderr
    assert ROWS[:1] == got(file)


def test_report_and_rejects_are_two_files(script: Script, tmp_path: Path) -> None:
    """One would be written over the other."""
    file = written(tmp_path, "a.jsonl", "{}")
    both = str(tmp_path / "b.jsonl")

    result = run("import", file, "--report", both, "--rejects", both)

    assert (2, []) == (result.exit_code, script.asked)
    assert "b.jsonl cannot be both" in result.stderr


def test_the_same_content_is_the_same_import(
    received: list[pb.ImportDossiersRequest], tmp_path: Path
) -> None:
    """Repeated it registers nothing twice; a name of one's own is taken, and a dry run says that it is one."""
    put(tmp_path / "a.csv", ROWS[:1])
    put(tmp_path / "b.csv", ROWS[:1])
    put(tmp_path / "c.csv", ROWS[3:])
    name = "0193f1a2-0000-7000-8000-000000000001"

    for arguments in (["a.csv"], ["b.csv"], ["c.csv"], ["c.csv", "--import-id", name, "--validate-only"]):
        run("import", str(tmp_path / arguments[0]), *arguments[1:])

    names = [each.import_id for each in received]
    assert names[0] == names[1] != names[2]
    assert (name, True) == (received[3].import_id, received[3].validate_only)


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "tsv"])
def test_an_export_is_a_file_of_rows(
    script: Script, received: list[pb.ImportDossiersRequest], tmp_path: Path, ending: str
) -> None:
    """In each format; imported it says what was exported."""
    script.on(
        "ExportDossiers",
        lambda _request, _context: iter(
            [reading.ExportDossiersResponse(dossiers=[dossier(), dossier("d-2")])]
        ),
    )
    file = tmp_path / f"out.{ending}"

    exported = run("export", str(file), "--at", "2026-03-01", "--capacity", "2", "--after", "75.06.08-980.09")
    imported = run("import", str(file))

    assert (0, 0) == (exported.exit_code, imported.exit_code), exported.output + imported.output
    request = script.calls("ExportDossiers")[0].request
    assert (2026, 2, ANNA) == (request.valid_at.year, request.capacity, request.after_ssin)
    first, _ = said(received)
    shown = dossier()
    assert (shown.ssin, shown.institution, shown.period, shown.network_level, shown.source, 2) == (
        first.ssin,
        first.institution,
        first.period,
        first.network_level,
        first.source,
        first.capacity,
    )
    assert 0o600 == file.stat().st_mode & 0o777


def test_an_export_to_stdout_is_json_lines(script: Script) -> None:
    """One dossier a line, without what is empty."""
    script.on(
        "ExportDossiers",
        lambda _request, _context: iter([reading.ExportDossiersResponse(dossiers=[dossier()])]),
    )

    (line,) = run("export").stdout.splitlines()

    assert ("17/1", "2026-01-01", "d-1") == tuple(
        json.loads(line)[name] for name in ("institution", "begin", "dossier_id")
    )
    assert "end" not in json.loads(line)


def test_what_was_sent_before_is_told_apart(script: Script, tmp_path: Path) -> None:
    """An import that is repeated tells what became of its rows then, and says so."""

    def answers(sent: Iterator[pb.ImportDossiersRequest], _context: object) -> Iterator[object]:
        for request in sent:
            response = created(request)
            for result in response.results:
                result.repeated = True
            yield response

    script.on("ImportDossiers", answers)
    result = run("import", written(tmp_path, "a.csv", f"ssin,capacity,begin\n{ANNA},2,2020-01-01\n"))

    assert (
        "1 row: 1 created\n"
        "1 of them were sent before under the same import id: told is what became of them then\n"
    ) == result.stdout


def test_rows_that_cannot_be_read_are_counted_before_anything_is_sent(
    received: list[pb.ImportDossiersRequest], tmp_path: Path
) -> None:
    """The first is told with its line, the others by number, and how to go on without them."""
    rows = f"{ANNA},2,2020-01-01\n{ANNA},2,yesterday\n{ANNA},2,tomorrow\n"
    result = run("import", written(tmp_path, "a.csv", f"ssin,capacity,begin\n{rows}"))

    assert (2, []) == (result.exit_code, received)
    assert (
        "a.csv line 3: begin: a day is YYYY-MM-DD (1 more); with --rejects the other rows are imported"
        in (result.stderr)
    )


def test_on_a_narrow_terminal_nothing_is_left_out(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dossiers have lines of their own there, with the etag that a change needs."""
    monkeypatch.setenv("COLUMNS", "80")
    script.on(
        "ListDossiers",
        reading.ListDossiersResponse(dossiers=[dossier()], complete=True, resolution=resolution()),
    )
    answer = run("list", ANNA)
    shown = answer.stdout
    assert 0 == answer.exit_code, answer.output

    assert max(map(len, shown.splitlines())) <= 80
    assert {"capacity", "phase", "period", "network", "source", "etag"} <= set(shown.split())


def test_rejects_keep_the_separator_of_their_file(
    received: list[pb.ImportDossiersRequest], tmp_path: Path
) -> None:
    """What a spreadsheet wrote with semicolons it opens again."""
    file = written(tmp_path, "a.csv", f"ssin;capacity;begin\n{ANNA};9;2020-01-01\n")
    run("import", file, "--rejects", str(tmp_path / "r.csv"))
    heading, row = (tmp_path / "r.csv").read_text().splitlines()

    assert heading.endswith(";ssin;capacity;begin")
    assert row.endswith(f";{ANNA};9;2020-01-01")
