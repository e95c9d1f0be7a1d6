"""`kruispunt rehearse` against real servers, as an institution runs it."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.directory.service.conftest import WELFARE, serving_directory
from tests.rehearsal.conftest import Sandbox, rehearsing
from tests.rehearsal.test_faults import ask
from typer.testing import CliRunner, Result

from kruispunt.cli.app import app
from kruispunt_server.clock import SystemClock


@pytest.fixture
def sandbox(sqlite_url: str, sandbox_pki: Path) -> Iterator[Sandbox]:
    """A sandbox with the time of day."""
    with rehearsing(sqlite_url, sandbox_pki, clock=SystemClock()) as directory:
        yield Sandbox(directory, directory.channel(WELFARE))


def rehearse(endpoint: str, pki: Path, *further: str) -> Result:
    """Run it as the welfare centre, with whatever it is given."""
    connection = ("--endpoint", endpoint, "--ca", str(pki / "ca.crt"), "--timeout", "20")
    mine = pki / "clients" / WELFARE
    certificates = ("--cert", str(mine.with_suffix(".crt")), "--key", str(mine.with_suffix(".key")))
    purpose = ("--legal-basis", "18/042", "--end-user", "clerk-7", "--case", "2026/1")
    arguments = ["rehearse", *connection, *certificates, *purpose, *further]
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "160"})


def of(sandbox: Sandbox, *further: str) -> Result:
    return rehearse(sandbox.directory.endpoint, sandbox.directory.pki, *further)


def test_before_the_first_call_it_says_who_one_is_and_what_one_may(sandbox: Sandbox) -> None:
    """Certificate, clock and rights are in order; of the client there is nothing to say, and that is said."""
    done = of(sandbox)

    assert 0 == done.exit_code, done.output
    assert "directory: you are institution-17-1\n" in done.stdout
    assert "certificate: spiffe://sandbox.kruispunt.example/institution/17/1, " in done.stdout
    assert "clock: 0.0 s " in done.stdout
    assert "DossierService/RegisterDossier" in done.stdout
    assert "there is nothing to say about it" in done.stdout
    assert "✗" not in done.stdout


def test_faults_are_told_with_what_to_do(sandbox: Sandbox) -> None:
    """What, how often, why it matters, and where the guide speaks of it; the exit status says that something is wrong."""
    ask(sandbox, call={"timeout": None})
    done = of(sandbox)

    assert 1 == done.exit_code
    assert "✗ NO_DEADLINE: calls that state no deadline.\n  Why: " in done.stdout
    assert (
        "  Do: give every call a deadline, 5 seconds for most (docs/integration-guide.md#errors-and-repetitions).\n"
        in done.stdout
    )


def test_the_client_works_well(sandbox: Sandbox) -> None:
    """A call as it should be."""
    ask(sandbox)
    done = of(sandbox)

    assert 0 == done.exit_code, done.output
    assert "calls looked at: 1, of methods: 1; all are known since " in done.stdout
    assert "✓ nothing was wrong with them" in done.stdout


def test_only_from_now_on(sandbox: Sandbox) -> None:
    """With --wait, and with --since, what was before does not count."""
    ask(sandbox, call={"timeout": None})
    waited = of(sandbox, "--wait", "0")
    since = of(sandbox, "--since", f"{dt.datetime.now(dt.UTC).isoformat()}")

    assert "Let your client work now" in waited.stdout
    assert (0, 0) == (waited.exit_code, since.exit_code), waited.output + since.output


def test_it_is_told_as_json_too(sandbox: Sandbox) -> None:
    """One document, by server."""
    ask(sandbox, call={"timeout": None})
    done = of(sandbox, "--json")

    said = json.loads(done.stdout)["directory"]
    assert ("institution-17-1", [], {"DirectoryService/ListDossiers": 1}) == (
        said["participant"],
        said["remarks"],
        said["calls"],
    )
    assert ["NO_DEADLINE"] == [finding["fault"] for finding in said["findings"]]


def test_a_clock_that_is_wrong_is_remarked(sqlite_url: str, sandbox_pki: Path) -> None:
    """The sandbox stands at a day in March 2026; this machine does not."""
    with rehearsing(sqlite_url, sandbox_pki) as directory:
        done = rehearse(directory.endpoint, directory.pki)

    assert 1 == done.exit_code
    assert "✗ the clock of this machine is wrong" in done.stdout


def test_a_certificate_that_ends_soon_is_remarked(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the tests are good for 90 days: here that is soon."""
    monkeypatch.setattr("kruispunt.cli.rehearsing._DAYS_LEFT", 91)
    done = of(sandbox)

    assert 1 == done.exit_code
    assert "✗ the certificate ends soon" in done.stdout


def test_a_registry_that_does_not_rehearse_is_named(sqlite_url: str, sandbox_pki: Path) -> None:
    """In a sentence, not as a refusal of something that was never asked for."""
    with serving_directory(sqlite_url, sandbox_pki) as directory:
        done = rehearse(directory.endpoint, directory.pki)

    assert (1, "") == (done.exit_code, done.stdout)
    assert "this registry does not rehearse" in done.stderr
