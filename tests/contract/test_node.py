"""An institution that programs in JavaScript does its work with `@grpc/grpc-js`, over mutual TLS."""

import datetime as dt
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contract.conftest import EXAMPLE, Node
from tests.directory.service.conftest import PENSIONS, WELFARE, Directory, sandbox_pki, serving_directory
from tests.identity.conftest import identity_sqlite_url
from tests.identity.service.conftest import PURPOSE, Identity, identity
from tests.identity.together.test_following import eventually, register

from kruispunt import NumberChangeReason, Period, Purpose, Ssin
from kruispunt_directory.identity_client import IdentityRegister
from kruispunt_directory.wiring import following_thread
from kruispunt_identity.directory_client import DirectoryHolders
from kruispunt_server import pki

__all__ = ["identity", "identity_sqlite_url", "sandbox_pki"]

SINCE = Period(dt.date(2026, 1, 1))
_PATIENCE_S = 20.0
_FOLLOWER = Purpose("registry/following", "directory-follower", "directory-follower")


@pytest.fixture
def identity_url(identity_sqlite_url: str) -> str:
    """SQLite: what is tested here is not the store."""
    return identity_sqlite_url


@pytest.fixture
def directory(identity: Identity, sqlite_url: str, sandbox_pki: Path) -> Iterator[Directory]:
    """The directory, which follows identity, and lets an institution open three streams an hour."""
    register = IdentityRegister.over(
        identity.endpoint, identity.certificates("directory-service"), _PATIENCE_S
    )
    with serving_directory(
        sqlite_url, sandbox_pki, clock=identity.clock, registers=register, usual_bulk="3/hour"
    ) as one:
        holders = DirectoryHolders(one.client("identity-service", PURPOSE), patience_s=_PATIENCE_S)
        identity.holders.holds = holders.holds  # type: ignore[method-assign]
        follower = following_thread(one.parts, identity.client("directory-service", _FOLLOWER), _FOLLOWER)
        follower.start()
        yield one
        follower.stop()


@pytest.fixture
def replaced(identity: Identity, directory: Directory) -> tuple[Ssin, Ssin]:
    """A number that the welfare centre holds a dossier under, and the one that replaced it since."""
    pensions = identity.client(PENSIONS)
    former, current = register(pensions), register(pensions)
    for institution, capacity, phase in ((PENSIONS, 100, 20), (WELFARE, 2, 10)):
        client = directory.client(institution)
        client.register_dossier(former, capacity=capacity, phase=phase, period=SINCE)
    pensions.replace_number(former, current, reason=NumberChangeReason.DUPLICATE)
    welfare = directory.client(WELFARE)
    eventually(lambda: list(welfare.list_dossiers(current)), lambda found: 2 == len(found))
    return former, current


def test_main_job(
    node: Node, unpacked: Path, identity: Identity, directory: Directory, replaced: tuple[Ssin, Ssin]
) -> None:
    """It registers, lists, follows a number, asks a route, reads a refusal, is told of the change and acknowledges."""
    former, current = replaced

    ended = node.run("main.js", *_connection(identity, directory, unpacked), "--ssin", str(former))

    assert (0, "") == (ended.returncode, ended.stderr), ended.stderr
    *told, resume = ended.stdout.splitlines()
    assert [
        "registered UNCHANGED",
        "dossier 5/1 100 20",
        "dossier 17/1 2 10",
        f"number was replaced by {current}",
        "route ALLOWED",
        "refused FAILED_PRECONDITION CAPACITY_UNKNOWN capacity",
        f"notice 1 NUMBER_REPLACED {current}",
        "acknowledged 1",
    ] == told
    assert "resume" == resume.split()[0]
    assert {"RegisterDossier", "GetRoute", "WatchNotices"} <= {method for method, *_ in directory.accesses()}
    assert ("ResolveNumbers", "number", "found") in identity.accesses()


def test_watch_is_resumed_and_refusals_are_read_whole(
    node: Node, unpacked: Path, identity: Identity, directory: Directory, replaced: tuple[Ssin, Ssin]
) -> None:
    """After the token comes what follows it; reason, field and RetryInfo are read from the trailers."""
    later = register(identity.client(PENSIONS))
    identity.client(PENSIONS).replace_number(replaced[1], later, reason=NumberChangeReason.DUPLICATE)
    welfare = directory.client(WELFARE)
    eventually(lambda: list(welfare.list_dossiers(later)), lambda found: 2 == len(found))
    shutil.copy(Path(__file__).parent / "node_watching.js", node.folder)

    ended = node.run("node_watching.js", *_connection(identity, directory, unpacked), "--ssin", str(later))

    assert (0, "") == (ended.returncode, ended.stderr), ended.stderr
    told = json.loads(ended.stdout)
    assert ([1], [2], [1]) == (told["began"], told["resumed"], told["again"])
    assert {
        "malformed": {
            "status": "INVALID_ARGUMENT",
            "reason": "NUMBER_MALFORMED",
            "metadata": {"field": "ssin", "fault": "check"},
            "violations": [{"field": "ssin", "description": "the text is no social security number"}],
            "waits": False,
        },
        "purpose": {
            "status": "INVALID_ARGUMENT",
            "reason": "PURPOSE_REQUIRED",
            "metadata": {"field": "kruispunt-end-user"},
            "violations": [
                {
                    "field": "kruispunt-end-user",
                    "description": 'the metadata "kruispunt-end-user" must be 1 to 64 printable ASCII characters',
                }
            ],
            "waits": False,
        },
        "quota": {
            "status": "RESOURCE_EXHAUSTED",
            "reason": "QUOTA_EXHAUSTED",
            "metadata": {"quota": "bulk"},
            "violations": [],
            "waits": True,
        },
    } == told["refusals"]


def test_stranger_is_told_why(
    node: Node, unpacked: Path, identity: Identity, directory: Directory, replaced: tuple[Ssin, Ssin]
) -> None:
    """With a certificate of the authority that is nobody's, the first call ends with its reason."""
    pki.issue_client(directory.pki, "stranger", "spiffe://elsewhere.example/stranger")
    connection = _connection(identity, directory, unpacked, "stranger")

    ended = node.run("main.js", *connection, "--ssin", str(replaced[0]))

    assert 1 == ended.returncode
    assert "reason: 'PARTICIPANT_UNKNOWN'" in ended.stderr


def test_lock_names_no_host() -> None:
    """Versions and hashes of all packages, and where none of them is fetched from."""
    lock = json.loads((EXAMPLE / "package-lock.json").read_text("utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}

    assert packages.keys() >= {"node_modules/@grpc/grpc-js", "node_modules/@bufbuild/protobuf"}
    assert [] == [name for name, package in packages.items() if "resolved" in package]
    assert [] == [
        name for name, package in packages.items() if not package["integrity"].startswith("sha512-")
    ]


def _connection(
    identity: Identity, directory: Directory, unpacked: Path, participant: str = WELFARE
) -> list[str]:
    clients = directory.pki / "clients"
    given = {
        # By name: an address is none that TLS could name.
        "directory": directory.endpoint.replace("127.0.0.1", "localhost"),
        "identity": identity.endpoint.replace("127.0.0.1", "localhost"),
        "ca": directory.pki / "ca.crt",
        "certificate": clients / f"{participant}.crt",
        "key": clients / f"{participant}.key",
        "service-config": unpacked / "service-config.json",
    }
    return [part for name, value in given.items() for part in (f"--{name}", str(value))]
