"""The example of identity that integrators start from."""

import subprocess
import sys
from types import ModuleType

import pytest
from tests.clients.persons_stand_in import BEA, CAS, candidate, fact, found, history, name, person, resolved
from tests.clients.registry_stand_in import Script
from tests.support.examples import FOLDER, example_named

from kruispunt import GroupOutcome, IdentityClient, Name, PartialDate, Ssin
from kruispunt.identity.v1 import identity_service_pb2 as reading
from kruispunt.identity.v1 import registration_service_pb2 as writing

FILE = FOLDER / "typed_identity.py"
SALMA, BORN = Name("Ait-Ouaret", ("Salma",)), PartialDate(1990, 4, 17)


@pytest.fixture
def example() -> ModuleType:
    return example_named("typed_identity")


def test_example_is_typed() -> None:
    """A caller's type checker, as strict as it goes, finds nothing."""
    command = [sys.executable, "-m", "mypy", "--strict", str(FILE)]
    ended = subprocess.run(command, cwd=FILE.parents[1], capture_output=True, text=True, check=False)

    assert 0 == ended.returncode, ended.stdout


def test_candidate_who_is_the_person_is_taken(
    example: ModuleType, identity: IdentityClient, script: Script
) -> None:
    """Nobody is registered then."""
    script.on("SearchPersons", found(candidate()))

    assert Ssin.parse(CAS) == example.number_of(identity, SALMA, BORN, lambda _: True)
    assert 1 == len(script.asked)


def test_person_who_is_no_candidate_is_registered(
    example: ModuleType, identity: IdentityClient, script: Script
) -> None:
    """With a decision on each strong candidate."""
    script.on("SearchPersons", found(candidate()))
    script.on(
        "RegisterPerson",
        writing.RegisterPersonResponse(outcome=writing.PERSON_OUTCOME_CREATED, person=person()),
    )

    assert Ssin.parse(BEA) == example.number_of(identity, SALMA, BORN, lambda _: False)
    assert [(CAS, writing.DISTINCT_REASON_DOCUMENTS)] == [
        (each.ssin, each.reason) for each in script.asked[-1].request.distinct
    ]


def test_new_candidates_register_nobody(
    example: ModuleType, identity: IdentityClient, script: Script
) -> None:
    """Somebody registered the person since the search."""
    script.on("SearchPersons", found())
    script.on(
        "RegisterPerson",
        writing.RegisterPersonResponse(outcome=writing.PERSON_OUTCOME_CANDIDATES, candidates=[candidate()]),
    )

    assert example.number_of(identity, SALMA, BORN, lambda _: False) is None


def test_address_is_told_and_history_is_read(
    example: ModuleType, identity: IdentityClient, script: Script
) -> None:
    """What was read goes along as etag; the history has facts, a link and what happened to the number."""
    script.on("GetPerson", reading.GetPersonResponse(person=person(), resolution=resolved()))
    written = writing.GroupResult(
        data_group=8,  # type: ignore[arg-type]
        outcome=writing.GROUP_OUTCOME_WRITTEN,
        fact=fact(name()),
    )
    script.on(
        "UpdatePerson", writing.UpdatePersonResponse(results=[written], etag="e2", resolution=resolved())
    )
    script.on(
        "ListPersonVersions", reading.ListPersonVersionsResponse(versions=history(), resolution=resolved())
    )

    update = example.tell_address(identity, Ssin.parse(BEA), "Meir", "1")
    lines = example.history(identity, Ssin.parse(BEA))

    assert [GroupOutcome.WRITTEN] == [result.outcome for result in update.results]
    assert "e1" == script.asked[1].request.etag
    assert [
        "REGISTERED",
        "NAME closed",
        "BIRTH stands",
        "NAME stands",
        "CONTACT_ADDRESS closed",
        "LINK PASSPORT",
        "REPLACED",
    ] == lines


@pytest.mark.parametrize(
    ("arguments", "told"), [([], "use: "), (["Ait-Ouaret", "Salma", "soon"], "not a date: ")]
)
def test_example_says_what_it_takes(arguments: list[str], told: str) -> None:
    """Without a person, or with a date that is none, it ends with a sentence."""
    ended = subprocess.run(
        [sys.executable, str(FILE), *arguments], capture_output=True, text=True, check=False
    )

    assert 1 == ended.returncode
    assert (ended.stdout + ended.stderr).startswith(told)
