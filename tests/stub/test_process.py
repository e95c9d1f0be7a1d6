"""`kruispunt stub` and its control port, as a system in another language uses them."""

import datetime as dt
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.directory.service.conftest import sandbox_pki

from kruispunt import ClientCertificates, DirectoryClient, KruispuntError, Period, Purpose, Ssin
from kruispunt.identity.v1 import identity_service_pb2 as pb
from kruispunt.profiles import load_profiles
from kruispunt.sandbox import population
from kruispunt_stub.control import Control, ControlError
from kruispunt_stub.registry import REGISTRAR, Registry
from kruispunt_stub.rights import sandbox_rights

__all__ = ["sandbox_pki"]

_PURPOSE = Purpose("SANDBOX", "test", "test")
_COMMAND = [sys.executable, "-m", "kruispunt.cli", "stub"]


class Process:
    """A stub that serves."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        ports = folder / "ports.json"
        self._log = (folder / "log").open("wb")
        self.process = subprocess.Popen(
            [*_COMMAND, "--port-file", str(ports), *options], stdout=self._log, stderr=self._log
        )
        latest = time.monotonic() + 60
        while not ports.exists():
            assert self.process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < latest, (folder / "log").read_text()
            time.sleep(0.05)
        self.told = json.loads(ports.read_text())

    def ask(self, method: str, path: str, said: Any = None) -> Any:
        """Ask the control port."""
        body = None if said is None else json.dumps(said).encode()
        request = urllib.request.Request(f"http://{self.told['control']}{path}", body, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())

    def stop(self) -> int:
        """Ask it to end; returns its exit status."""
        self.process.terminate()
        status = self.process.wait(30)
        self._log.close()
        return status


@pytest.fixture(scope="module")
def stub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """One for all tests of the module; each begins with calls forgotten."""
    tmp_path = tmp_path_factory.mktemp("stub")
    names = ("institution-5-1", "registry-registrar")
    options = [word for name in names for word in ("--participant", name)]
    process = Process(
        tmp_path,
        *options,
        "--population",
        "50",
        "--clock",
        "2026-03-02T12:00:00Z",
        "--profiles",
        str(tmp_path / "profiles.toml"),
    )
    yield process
    assert [] == process.ask("GET", "/defects")
    assert 0 == process.stop()


def test_it_serves_who_it_says_where_it_says(stub: Process) -> None:
    """The port file names each participant's endpoints, the profiles file is one, and the registry knows the people."""
    profiles = load_profiles(stub.folder / "profiles.toml")
    person = next(iter(population(50, 1)))
    with grpc.insecure_channel(stub.told["participants"]["institution-5-1"]["identity"]) as channel:
        call: Any = channel.unary_unary("/kruispunt.identity.v1.IdentityService/GetPerson")
        purpose = [("kruispunt-legal-basis", "SANDBOX"), ("kruispunt-end-user", "e"), ("kruispunt-case", "c")]
        answer = call(
            pb.GetPersonRequest(ssin=str(person.ssin)).SerializeToString(), metadata=purpose, timeout=20
        )

    assert {"institution-5-1", "registry-registrar"} == set(stub.told["participants"]) == set(profiles)
    assert str(person.ssin) == pb.GetPersonResponse.FromString(answer).person.ssin
    assert "2026-03-02T12:00:00+00:00" == stub.told["now"]


def test_the_control_port_makes_things_go_wrong(stub: Process) -> None:
    """Faults, clock, feeds and replacements are set over HTTP; calls are read there."""
    stub.ask("DELETE", "/calls")
    some = [each.ssin for each in population(50, 1)]
    with DirectoryClient.from_profile("institution-5-1", path=stub.folder / "profiles.toml") as directory:
        assert "denied" == stub.ask("POST", "/faults", {"kind": "denied", "method": "ListDossiers"})["kind"]
        assert 1 == len(stub.ask("GET", "/faults"))
        with pytest.raises(KruispuntError, match="GRANT_MISSING"):
            list(directory.list_dossiers(some[0]))
        list(directory.list_dossiers(some[0]))
        calls = stub.ask("GET", "/calls")

    assert ["PERMISSION_DENIED", "OK"] == [call["status"] for call in calls]
    assert str(some[0]) == calls[0]["requests"][0]["ssin"]
    assert "SANDBOX" == calls[0]["purpose"]["legal_basis"]
    assert "2026-03-02T13:00:00+00:00" == stub.ask("PUT", "/clock", {"advance_s": 3600})["now"]
    assert {} == stub.ask("POST", "/feeds", {"do": "restart"})
    assert {} == stub.ask("DELETE", "/calls")
    assert {} == stub.ask("DELETE", "/faults")
    assert "GetPerson" in stub.ask("GET", "/methods")["IdentityService"]


@pytest.mark.parametrize(
    ("method", "path", "said", "status", "says"),
    [
        ("POST", "/faults", {"kind": "gremlins"}, 400, "kind is one of"),
        ("POST", "/faults", {"kind": "slow", "seconds": -1}, 400, "seconds"),
        ("POST", "/faults", {"kind": "slow", "minutes": 1}, 400, "a fault has"),
        ("POST", "/faults", {"kind": "slow", "times": 0}, 400, "times"),
        ("POST", "/faults", {"kind": "slow", "method": 1}, 400, "method is a text"),
        ("PUT", "/clock", [1], 400, "an instant with its zone"),
        ("PUT", "/clock", {"now": "2026-03-02T12:00:00"}, 400, "an instant with its zone"),
        ("POST", "/feeds", {"do": "dance"}, 400, "restart or forget"),
        ("POST", "/feeds", {"do": ["restart"]}, 400, "restart or forget"),
        ("POST", "/replacements", {"former": "1", "next": "2"}, 400, "11 digits"),
        ("GET", "/nothing", None, 404, "GET /calls"),
    ],
)
def test_the_control_port_refuses_what_makes_no_sense(
    stub: Process, method: str, path: str, said: Any, status: int, says: str
) -> None:
    """What makes no sense is refused in a sentence, and nothing changes."""
    with pytest.raises(urllib.error.HTTPError) as refusal:
        stub.ask(method, path, said)

    assert status == refusal.value.code
    assert says in json.loads(refusal.value.read())["error"]


def test_the_control_port_is_not_for_browsers(stub: Process) -> None:
    """Neither for a page of another origin, nor for one whose host's name was made to lead here."""
    for header, value in (("Origin", "http://example.org"), ("Host", "example.org:80")):
        request = urllib.request.Request(f"http://{stub.told['control']}/calls", headers={header: value})
        with pytest.raises(urllib.error.HTTPError) as refusal:
            urllib.request.urlopen(request, timeout=20)

        with refusal.value as answer:
            assert (403, {"error": "not for browsers"}) == (answer.code, json.loads(answer.read()))


def test_a_replacement_needs_somebody_who_makes_it() -> None:
    """Rights without the registry's own desk are told as what is missing; the port goes on."""
    all_of_them = sandbox_rights()
    without = tuple(one for one in all_of_them.registrations if one.participant.participant_id != REGISTRAR)
    with Registry(rights=replace(all_of_them, registrations=without)) as registry:
        control = Control(registry)

        with pytest.raises(ControlError, match="registry-registrar takes no part"):
            control.routes["POST", "/replacements"]({"former": "75460898095", "next": "85073003328"})


def test_it_serves_mutual_tls(tmp_path: Path, sandbox_pki: Path) -> None:
    """With certificates there is one port of each service, and the certificate says who calls."""
    files = [str(sandbox_pki / name) for name in ("server.crt", "server.key", "ca.crt")]
    stub = Process(tmp_path, "--certificate", files[0], "--key", files[1], "--authority", files[2])
    endpoints = {one["directory"] for one in stub.told["participants"].values()}
    clients = sandbox_pki / "clients"
    person = Ssin.parse("85073003328")
    try:
        (endpoint,) = endpoints
        for name, error in (("institution-5-1", "PERSON_UNKNOWN"), ("registry-auditor", "ROLE_MISSING")):
            certificates = ClientCertificates.from_files(
                sandbox_pki / "ca.crt", clients / f"{name}.crt", clients / f"{name}.key"
            )
            with (
                DirectoryClient(endpoint, certificates=certificates, purpose=_PURPOSE) as client,
                pytest.raises(KruispuntError, match=error),
            ):
                client.register_dossier(person, capacity=100, phase=20, period=Period(dt.date(2020, 1, 1)))
        calls = stub.ask("GET", "/calls")
    finally:
        assert 0 == stub.stop()

    assert ["institution-5-1", "registry-auditor"] == [call["participant"] for call in calls]


def test_methods_are_listed() -> None:
    """`--methods` lists every method of the contract, and whether the stub has it."""
    done = subprocess.run(
        [*_COMMAND, "--methods", "--json"], check=True, capture_output=True, text=True, timeout=60
    )
    found = json.loads(done.stdout)

    assert found["DossierService/RegisterDossier"] is True
    assert found["AuditService/GetProof"] is False
