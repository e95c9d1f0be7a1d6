"""What the documentation says of the code is what the code says."""

import itertools
import json
import re
import tomllib

from tests.support.documents import ROOT, blocks
from tools.write_docs import fresh

from kruispunt import DirectoryClient, IdentityClient, KnowledgeClient
from kruispunt._service_config import SERVICE_CONFIG
from kruispunt_directory.settings import DirectorySettings
from kruispunt_identity.settings import IdentitySettings
from kruispunt_server.access.catalogue import FILES
from kruispunt_server.events import EVENTS

_NAME = re.compile(r"[a-z0-9-]+")


def test_written_documentation_is_fresh() -> None:
    """Reasons, settings, events, rights, and the reference of contract and client; else `make docs`."""
    stale = [
        path.name for path, text in fresh().items() if not path.exists() or path.read_text("utf-8") != text
    ]

    assert [] == stale


def test_the_reference_has_no_page_too_many() -> None:
    """What is no longer in the contract has no page left."""
    written = {path for path in fresh() if path.parent.name == "reference"}

    assert written == set((ROOT / "docs/reference").iterdir())


def test_every_method_and_client_has_its_place_in_the_reference() -> None:
    """Each rpc a heading on the page of its service, with its errors as links; each client method one on its page."""
    pages = {path.name: path.read_text("utf-8") for path in (ROOT / "docs/reference").iterdir()}
    rpcs = [
        f"## {method.name}\n"
        for file in FILES
        for s in file.services_by_name.values()
        for method in s.methods
    ]
    contract = "".join(text for name, text in pages.items() if name != "python-client.md")

    assert 50 < len(rpcs)
    assert [] == [heading for heading in rpcs if heading not in contract]
    assert "[CAPACITY_UNKNOWN](../errors.md#capacity_unknown)" in pages["dossier-service.md"]
    assert "### DirectoryClient.register_dossier\n" in pages["python-client.md"]
    assert (
        "- `capacity`: 0 to 999; exists in the sector at the begin of the period.\n"
        in pages["python-client.md"]
    )


def test_every_setting_and_event_is_documented() -> None:
    """Each name stands in docs/operations.md, whoever wrote it there."""
    text = (ROOT / "docs/operations.md").read_text("utf-8")
    names = {*DirectorySettings.model_fields, *IdentitySettings.model_fields, *EVENTS}

    assert [] == sorted(name for name in names if f"| `{name}` |" not in text)


def test_the_published_retry_policy_is_the_clients() -> None:
    """What other languages copy is what the Python client does."""
    (published,) = blocks(ROOT / "docs/integration-guide.md", "json")

    assert SERVICE_CONFIG == json.loads(published)


def test_every_method_of_the_clients_stands_in_the_guide() -> None:
    """What an integrator can call is listed where an integrator reads."""
    text = (ROOT / "docs/integration-guide.md").read_text("utf-8")
    names = {
        name
        for kind in (DirectoryClient, IdentityClient, KnowledgeClient)
        for name in dir(kind)
        if not name.startswith("_")
    }

    assert names >= {"register_dossier", "register_person", "list_sectors"}
    assert [] == sorted(name for name in names - {"over"} if f"`{name}`" not in text)


def test_every_dependency_has_its_reason() -> None:
    """Each distribution of pyproject.toml has a row in decision 0002."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = itertools.chain(project["dependencies"], *project["optional-dependencies"].values())
    names = {_NAME.match(line)[0] for line in wanted} - {"kruispunt"}
    decision = (ROOT / "docs/decisions/0002-dependencies.md").read_text("utf-8")
    rows = {name for row in decision.splitlines() for name in _names(row)}

    assert set() == names - rows
    assert set() == rows - names


def _names(row: str) -> list[str]:
    cells = row.split("|")
    if len(cells) < 4 or cells[1].strip() in ("package", "---"):
        return []
    return [name.strip() for name in cells[1].split(",")]
