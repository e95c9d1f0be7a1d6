"""The recipes of docs/other-stacks.md, each run as it stands, by a shell and buf, over mutual TLS."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.directory.service.conftest import Directory
from tests.identity.service.conftest import Identity
from tests.support.documents import ROOT, blocks
from tools.write_protos import version, write

_PAGE = ROOT / "docs" / "other-stacks.md"


Ended = subprocess.CompletedProcess[str]


@pytest.fixture
def recipes(playground: Path, directory: Directory, identity: Identity) -> list[Ended]:
    """What came of each recipe, in their order; the first block is what all go on from."""
    (playground / ".run" / "pki").symlink_to(directory.pki)
    write(playground / "dist")
    begin, *further = blocks(_PAGE, "sh")
    places = {"localhost:8442": directory.endpoint, "localhost:8441": identity.endpoint}
    return [_run(_elsewhere(begin + recipe, places), playground) for recipe in further]


def test_every_recipe_ends_as_the_page_says(recipes: list[Ended]) -> None:
    """Found, rehearsed and registered, listed, followed, allowed or not, refused with details, streamed, watched."""
    services, registered, listed, followed, route, refused, read, many, watched, sectors = recipes

    assert [0, 0, 0, 0, 0, 24, 0, 0, 124, 0] == [one.returncode for one in recipes], recipes
    assert "kruispunt.directory.v1.DossierService" in services.stdout.split()
    assert ["REGISTRATION_OUTCOME_CREATED"] * 2 == [one["outcome"] for one in _documents(registered)]
    (page,) = _documents(listed)
    assert (True, 1, 2) == (page["complete"], len(page["dossiers"]), page["dossiers"][0]["capacity"])
    assert "NUMBER_OUTCOME_REPLACED" == _documents(followed)[0]["results"][0]["outcome"]
    assert "ROUTE_VERDICT_NO_SUPPLIER" == _documents(route)[0]["verdict"]
    assert "invalid_argument" == json.loads(refused.stderr)["code"]
    assert {
        "reason": "NUMBER_MALFORMED",
        "domain": "kruispunt",
        "metadata": {"fault": "check", "field": "ssin"},
    } == json.loads(read.stdout)
    assert [2, 1] == [len(answer["persons"]) for answer in _documents(many)]
    assert {"heartbeat", "resumeToken"} == _documents(watched)[0].keys()
    assert 35 == len(_documents(sectors)[0]["sectors"])


def test_the_archive_that_the_page_names_is_that_of_this_version() -> None:
    """A recipe that is copied finds its file."""
    named = set(re.findall(r"kruispunt-protos-[0-9.]+[0-9]", _PAGE.read_text("utf-8")))
    readme = (ROOT / "examples/node/README.md").read_text("utf-8")

    assert {f"kruispunt-protos-{version()}"} == named
    assert named == set(re.findall(r"kruispunt-protos-[0-9.]+[0-9]", readme))


def _elsewhere(script: str, places: dict[str, str]) -> str:
    for written, real in places.items():
        script = script.replace(written, real)
    return script


def _documents(ended: Ended) -> list[Any]:
    """Return the JSON documents that follow one another in what was printed."""
    decoder, text, found = json.JSONDecoder(), ended.stdout.lstrip(), []
    while text:
        document, end = decoder.raw_decode(text)
        found.append(document)
        text = text[end:].lstrip()
    return found


def _run(script: str, folder: Path) -> Ended:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
