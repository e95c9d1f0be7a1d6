"""The Python of docs/integration-guide.md, run as it stands against both servers."""

import uuid
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.support.documents import ROOT, blocks

import kruispunt
from kruispunt import DirectoryClient, IdentityClient, Period, Ssin


@pytest.fixture
def names(playground: Path) -> dict[str, Any]:
    """What a program has imported and opened that uses the snippets."""
    path = playground / ".run" / "profiles.toml"
    public = {name: getattr(kruispunt, name) for name in kruispunt.__all__}
    return {
        **public,
        "client": DirectoryClient.from_profile("institution-17-101", path=path, timeout_s=20),
        "identity": IdentityClient.from_profile("registry-registrar", path=path, timeout_s=20),
        "person": Ssin.parse("75060898009"),
        "date": date,
        "uuid": uuid,
    }


def test_every_snippet_does_what_is_said_of_it(names: dict[str, Any], playground: Path) -> None:
    """A change under a stored name, a registration beside a homonym, and a watch that keeps its position."""
    write, register, watch = blocks(ROOT / "docs/integration-guide.md", "python")

    exec(compile(write, "write", "exec"), names)
    (dossier,) = names["client"].list_dossiers(names["person"])
    assert (2, Period(date(2026, 1, 1))) == (dossier.capacity, dossier.period)

    exec(compile(register, "register", "exec"), names)
    assert "Janssens" == names["answer"].person.name.family_name

    assert watch.endswith("    ...\n")
    exec(compile(watch.replace("    ...\n", "    break\n"), "watch", "exec"), names)
    assert names["item"].numbers
    names["client"].close()
    names["identity"].close()
