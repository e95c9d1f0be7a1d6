"""What a rehearsal says, to whom, and that a registry that does not rehearse has nothing of it."""

import datetime as dt
from pathlib import Path

import pytest
from tests.directory.service.conftest import ANNA, BEA, NOON, PENSIONS, WELFARE, serving_directory
from tests.rehearsal.conftest import Sandbox, rehearsing
from tests.rehearsal.test_faults import ask, notify, replace

from kruispunt import MethodUnknown, Period, Purpose, TimeInFuture
from kruispunt.feeds import BEGINNING, UNACKNOWLEDGED
from kruispunt.rehearsal.v1 import rehearsal_service_pb2 as pb
from kruispunt.rehearsing import ADVICE
from kruispunt.rehearsing import Fault as FaultThere
from kruispunt_directory.settings import DirectorySettings
from kruispunt_server import pki
from kruispunt_server.rehearsal import notebook
from kruispunt_server.rehearsal.findings import Fault
from kruispunt_server.settings import SettingsError

SINCE = Period(dt.date(2026, 1, 1))
LIST = "DirectoryService/ListDossiers"


def test_a_client_that_behaves_is_told_so(sandbox: Sandbox) -> None:
    """The Python client writes, pages, follows a number, asks many and a route, watches, acknowledges and resumes."""
    directory = sandbox.directory
    directory.client(PENSIONS).register_dossier(ANNA, capacity=100, phase=20, period=SINCE)
    welfare = directory.client(WELFARE)
    welfare.register_dossier(ANNA, capacity=2, phase=10, period=SINCE)
    current = ANNA
    for case in ("2026/1", "2026/2"):
        asking = welfare.with_purpose(Purpose("18/042", "clerk-8", case))
        assert 2 == len(list(asking.list_dossiers(current, page_size=1)))
        asking.get_route(current, "PENSION-RIGHTS")
        assert 2 == len(list(asking.resolve_dossiers([ANNA, BEA])))
    replace(directory, ANNA, BEA)
    resolution = welfare.list_dossiers(ANNA).first().resolution
    assert resolution is not None
    sandbox.advance(seconds=30)
    welfare.list_dossiers(resolution.current).first()
    notify(directory, 2)
    told = next(item for item in welfare.watch_notices(BEGINNING, give_up_s=20) if item.notices)
    welfare.acknowledge_notices(told.notices[-1].notice_no)
    sandbox.advance(seconds=1)
    notify(directory, 1)
    next(item for item in welfare.watch_notices(UNACKNOWLEDGED, give_up_s=20) if item.notices)
    welfare.acknowledge_notices(3)
    sandbox.advance(minutes=5)

    rehearsal = sandbox.rehearsal()
    assert () == rehearsal.findings
    assert {
        "DirectoryService/GetRoute": 2,
        LIST: 6,
        "DirectoryService/ResolveDossiers": 2,
        "DossierService/RegisterDossier": 1,
        "NoticeService/AcknowledgeNotices": 2,
        "NoticeService/WatchNotices": 2,
    } == rehearsal.calls


def test_everybody_is_told_of_itself_only(sandbox: Sandbox) -> None:
    """What the welfare centre did, the pensions office is not told."""
    ask(sandbox, call={"timeout": None})

    assert (WELFARE, {LIST: 1}) == (sandbox.rehearsal().participant, sandbox.rehearsal().calls)
    assert (PENSIONS, {}, ()) == (
        (other := sandbox.rehearsal(PENSIONS)).participant,
        other.calls,
        other.findings,
    )


def test_the_certificate_is_described_as_it_was_seen(sandbox: Sandbox) -> None:
    """Names, end and fingerprint are those of the file, from the first question on."""
    seen = sandbox.rehearsal().certificate
    (described,) = pki.describe(sandbox.directory.pki / "clients" / f"{WELFARE}.crt")

    assert seen is not None
    assert ("spiffe://sandbox.kruispunt.example/institution/17/1",) == seen.uris
    assert (described.end, described.fingerprint) == (seen.end, seen.fingerprint)


def test_a_rehearsal_has_a_beginning(sandbox: Sandbox) -> None:
    """Only what came since is looked at; the future has none."""
    ask(sandbox, call={"timeout": None})
    sandbox.advance(minutes=1)
    since = sandbox.directory.clock.now()
    ask(sandbox)

    whole, part = sandbox.rehearsal(), sandbox.rehearsal(since=since)
    assert ({LIST: 2}, 1) == (whole.calls, len(whole.findings))
    assert ({LIST: 1}, 0) == (part.calls, len(part.findings))
    assert (NOON, since) == (whole.known_since, whole.now)
    with pytest.raises(TimeInFuture):
        sandbox.rehearsal(since=since + dt.timedelta(seconds=1))


def test_of_very_many_calls_the_latest_are_kept(
    sqlite_url: str, sandbox_pki: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it is said from when on nothing is missing."""
    monkeypatch.setattr(notebook, "_KEPT", 3)
    with rehearsing(sqlite_url, sandbox_pki) as directory:
        sandbox = Sandbox(directory, directory.channel(WELFARE))
        for _ in range(5):
            ask(sandbox)
            sandbox.advance(minutes=1)
        rehearsal = sandbox.rehearsal()

    assert {LIST: 3} == rehearsal.calls
    assert NOON + dt.timedelta(minutes=2) == rehearsal.known_since


def test_nothing_that_is_kept_names_anybody(sandbox: Sandbox) -> None:
    """No number, end user, case, token or address: digests of this process, other ones in the next."""
    page = ask(sandbox, page_size=1)
    ask(sandbox, BEA)
    listener = sandbox.directory.parts.edge.listener
    assert listener is not None
    kept = listener.notebook.record(WELFARE)

    assert page is not None
    assert 2 == len(kept.calls)
    for word in (str(ANNA), str(BEA), "clerk-7", "2026/1", "18/042", "127.0.0.1"):
        assert word not in repr(kept.calls)
    assert kept.calls[0].said.numbers != kept.calls[1].said.numbers


def test_a_registry_does_not_rehearse_unless_told(sqlite_url: str, sandbox_pki: Path) -> None:
    """By default there is no such service, nothing that would listen, and no word of it in the log."""
    with serving_directory(sqlite_url, sandbox_pki) as directory:
        sandbox = Sandbox(directory, directory.channel(WELFARE))
        with pytest.raises(MethodUnknown):
            sandbox.rehearsal()

        assert directory.parts.edge.listener is None
        assert "rehearsal_on" not in {line["event"] for line in directory.lines()}


def test_a_registry_that_rehearses_says_so_in_its_log(sandbox: Sandbox) -> None:
    """Once, as a warning: it must not be where data is real."""
    (line,) = (line for line in sandbox.directory.lines() if line["event"] == "rehearsal_on")

    assert "warning" == line["level"]


def test_several_workers_cannot_rehearse(sandbox_pki: Path) -> None:
    """What one of them hears the others do not know; so production settings do not start with it."""
    given = {
        "database_url": "sqlite:////tmp/never-opened.db",
        "tls_certificate": sandbox_pki / "server.crt",
        "tls_key": sandbox_pki / "server.key",
        "tls_authority": sandbox_pki / "ca.crt",
        "secret_file": sandbox_pki / "secret",
        "rehearsal": True,
    }
    with pytest.raises(SettingsError) as refused:
        DirectorySettings.load(**given)

    assert [
        "rehearsal (KRUISPUNT_DIRECTORY_REHEARSAL): needs workers = 1: what is heard stays in one process"
    ] == refused.value.faults
    assert DirectorySettings.load(**given, workers=1).rehearsal


def test_faults_are_the_same_everywhere() -> None:
    """Contract, server and client number them alike, and the client has advice for each."""
    contract = {name.removeprefix("FAULT_"): number for name, number in pb.Fault.items()}

    assert contract == {fault.name: fault.value for fault in FaultThere}
    assert contract == {"UNSPECIFIED": 0} | {fault.name: fault.value for fault in Fault}
    assert set(FaultThere) == set(ADVICE)
