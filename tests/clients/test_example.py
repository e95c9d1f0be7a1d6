"""The example that integrators start from."""

import subprocess
import sys
from datetime import date
from types import ModuleType

import grpc
import pytest
from tests.clients.registry_stand_in import (
    ANNA,
    BRAM,
    Refusal,
    Script,
    dossier,
    registered,
    resolution,
    route,
)
from tests.support.examples import FOLDER, example_named

from kruispunt import DirectoryClient, Ssin
from kruispunt.directory.v1 import directory_service_pb2 as pb

FILE = FOLDER / "typed_client.py"


@pytest.fixture
def example() -> ModuleType:
    return example_named("typed_client")


def test_example_is_typed() -> None:
    """A caller's type checker, as strict as it goes, finds nothing."""
    command = [sys.executable, "-m", "mypy", "--strict", str(FILE)]
    ended = subprocess.run(command, cwd=FILE.parents[1], capture_output=True, text=True, check=False)

    assert 0 == ended.returncode, ended.stdout


def test_example_runs(example: ModuleType, directory: DirectoryClient, script: Script) -> None:
    """Each function does what it says."""
    person = Ssin.parse(ANNA)
    script.on("RegisterDossier", registered())
    script.on("ListDossiers", pb.ListDossiersResponse(dossiers=[dossier()], resolution=resolution()))
    script.on("GetRoute", route(allowed=False))
    script.on("CloseDossier", Refusal(grpc.StatusCode.ABORTED, "ETAG_MISMATCH"))
    nobody = pb.PersonDossiers(asked_ssin=BRAM, status=pb.PERSON_STATUS_NO_DOSSIER)
    script.on(
        "ResolveDossiers",
        lambda requests, _: (
            pb.ResolveDossiersResponse(chunk=r.chunk, persons=[nobody]) for r in requests if r.ssins
        ),
    )

    registration = example.begin_support(directory, person, date(2026, 1, 1))
    assert {(17, 2)} == example.holders(directory, person)
    assert not example.ask_pension_rights(directory, person).allowed
    assert example.end_support(directory, registration.dossier, date(2026, 6, 1)) is None
    assert [BRAM] == list(example.without_dossier(directory, [BRAM]))


@pytest.mark.parametrize(("arguments", "told"), [([], "use: "), (["75060898010"], "not a number: check")])
def test_example_says_what_it_takes(arguments: list[str], told: str) -> None:
    """Without a number, or with one that is none, it ends with a sentence."""
    ended = subprocess.run(
        [sys.executable, str(FILE), *arguments], capture_output=True, text=True, check=False
    )

    assert 1 == ended.returncode
    assert (ended.stdout + ended.stderr).startswith(told)
