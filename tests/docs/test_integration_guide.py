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
    directory = DirectoryClient.from_profile("institution-17-101", path=path, timeout_s=20)
    return {
        **public,
        "client": directory,
        "directory": directory,
        "identity": IdentityClient.from_profile("registry-registrar", path=path, timeout_s=20),
        "holdings": [("85073003328", date(2026, 1, 1))],
        "import_id": uuid.UUID("019346e0-0000-7000-8000-000000000001"),
        "person": Ssin.parse("75060898009"),
        "date": date,
        "uuid": uuid,
    }


def test_every_snippet_does_what_is_said_of_it(names: dict[str, Any], playground: Path) -> None:
    """A change under a stored name, look-ups that travel together, a registration beside a homonym, an import, a watch."""
    write, travel, register, load, watch = blocks(ROOT / "docs/integration-guide.md", "python")

    exec(compile(write, "write", "exec"), names)
    (dossier,) = names["client"].list_dossiers(names["person"])
    assert (2, Period(date(2026, 1, 1))) == (dossier.capacity, dossier.period)

    exec(compile(travel, "travel", "exec"), names)
    assert [dossier] == list(names["dossiers"])

    exec(compile(register, "register", "exec"), names)
    assert "Janssens" == names["answer"].person.name.family_name

    exec(compile(load, "load", "exec"), names)
    assert (1, "CREATED") == (names["result"].row, names["result"].outcome.name)

    assert watch.endswith("    ...\n")
    exec(compile(watch.replace("    ...\n", "    break\n"), "watch", "exec"), names)
    assert names["item"].numbers
    names["client"].close()
    names["identity"].close()
