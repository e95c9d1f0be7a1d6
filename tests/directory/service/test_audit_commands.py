"""`kruispunt audit` and `watch` at the command line, against the running directory."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.directory.service.conftest import ANNA, AUDITOR, PENSIONS, Directory
from typer.testing import CliRunner, Result

from kruispunt import Log
from kruispunt.cli.app import app


def options(directory: Directory, participant: str) -> list[str]:
    """Return the options by which a participant connects."""
    clients = directory.pki / "clients"
    return [
        f"--endpoint={directory.endpoint}",
        f"--ca={directory.pki / 'ca.crt'}",
        f"--cert={clients / f'{participant}.crt'}",
        f"--key={clients / f'{participant}.key'}",
        "--legal-basis=18/042",
        "--end-user=clerk-7",
        "--case=2026/1",
    ]


def run(directory: Directory, *command: str, participant: str = PENSIONS) -> Result:
    """Run a command as a participant."""
    return CliRunner().invoke(app, [*command, *options(directory, participant)])


@pytest.fixture
def record_id(directory: Directory) -> str:
    """The record of a look by PENSIONS, sealed."""
    list(directory.client(PENSIONS).list_dossiers(ANNA))
    auditor = directory.client(AUDITOR)
    latest = time.monotonic() + 10
    while time.monotonic() < latest:
        own = [each for each in auditor.list_access_records([ANNA]) if each.participant == PENSIONS]
        if own[0].position is not None:
            return own[0].access_id
        time.sleep(0.05)
    raise AssertionError("not sealed")


def test_records_are_listed(directory: Directory, record_id: str) -> None:
    """As JSON and as a table; of a person, for auditors only."""
    listed = run(directory, "audit", "records", str(ANNA), "--json", participant=AUDITOR)
    assert record_id in [each["access_id"] for each in json.loads(listed.stdout)["records"]]
    assert "clerk-7" in run(directory, "audit", "records", str(ANNA), participant=AUDITOR).stdout
    assert 1 == run(directory, "audit", "records", str(ANNA)).exit_code


def test_records_are_read_on_a_narrow_terminal_too(
    directory: Directory, record_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 80 columns: no line is longer, and nothing is broken over two; a record has lines of its own."""
    monkeypatch.setenv("COLUMNS", "80")
    told = run(directory, "audit", "records", str(ANNA), participant=AUDITOR).stdout.splitlines()

    assert max(map(len, told)) <= 80
    assert f"  record       {record_id}" in told
    first = next(line for line in told if PENSIONS in line)
    assert first.endswith(f"  {PENSIONS}  ListDossiers")
    assert "  end user     clerk-7" in told


def test_a_receipt_is_got_and_verified_without_the_server(
    directory: Directory, record_id: str, tmp_path: Path
) -> None:
    """With the public key that `head` shows; an altered one proves nothing, and says so with status 1."""
    file = tmp_path / "receipt.json"
    key = json.loads(run(directory, "audit", "head", "--json").stdout)["public_key"]
    got = run(directory, "audit", "proof", record_id, f"--out={file}")
    assert (0, True) == (got.exit_code, file.exists())

    good = CliRunner().invoke(app, ["audit", "check-receipt", str(file), f"--key={key}"])
    assert (0, True) == (good.exit_code, "18/042" in good.stdout)
    file.write_text(file.read_text().replace("18/042", "18/043"))
    bad = CliRunner().invoke(app, ["audit", "check-receipt", str(file), f"--key={key}"])
    assert (1, True) == (bad.exit_code, "proves nothing" in bad.stdout)
    file.write_text("{}")
    assert 2 == CliRunner().invoke(app, ["audit", "check-receipt", str(file), f"--key={key}"]).exit_code


def test_a_head_is_shown_and_a_later_one_checked_against_it(directory: Directory, record_id: str) -> None:
    """Of either log by name; status 1 for a root that was never this log's."""
    head = directory.client(PENSIONS).get_signed_head(Log.ACCESS)
    shown = run(directory, "audit", "head", "--log", "access").stdout
    assert str(head.note.origin) in shown

    size, root = str(head.note.tree_size), head.note.root_hash.hex()
    assert 0 == run(directory, "audit", "consistency", size, root).exit_code
    altered = run(directory, "audit", "consistency", size, "00" * 32)
    assert (1, True) == (altered.exit_code, "ALTERED" in altered.stdout)


@pytest.mark.parametrize(
    "command",
    [
        ("audit", "head", "--log", "nonsense"),
        ("audit", "head", "--service", "nonsense"),
        ("audit", "consistency", "1", "no-hex"),
        ("watch", "notices", "--from", "nonsense"),
    ],
)
def test_wrong_use_is_said_to_be_so(directory: Directory, command: tuple[str, ...]) -> None:
    """Exit status 2, and no trace."""
    result = run(directory, *command)
    assert (2, False) == (result.exit_code, "Traceback" in result.output)


def test_what_is_watched_comes_out_at_once(directory: Directory, tmp_path: Path) -> None:
    """Through a pipe too, while the watch goes on; a snapshot of holdings here."""
    from tests.directory.service.test_dossier_service import period

    directory.client(PENSIONS).register_dossier(ANNA, capacity=100, period=period("2020-01-01"))
    plain = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-m", "kruispunt.cli", "watch", "notices", "--from", "snapshot"]
    process = subprocess.Popen(
        [*command, *options(directory, PENSIONS)], stdout=subprocess.PIPE, text=True, env=plain
    )
    try:
        assert process.stdout is not None
        assert f"held    {ANNA}  stands under {ANNA}\n" == process.stdout.readline()
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
        process.stdout.close()  # type: ignore[union-attr]


def test_an_impact_is_shown(directory: Directory) -> None:
    """Dossiers, and who would be told; without identity it says that numbers may be missing."""
    from tests.directory.service.test_dossier_service import period

    directory.client(PENSIONS).register_dossier(ANNA, capacity=100, period=period("2020-01-01"))
    shown = run(directory, "impact", str(ANNA))
    assert [0, True, True, True] == [
        shown.exit_code,
        "5/1" in shown.stdout,
        "told: nobody" in shown.stdout,
        "does not follow" in shown.stdout,
    ]
