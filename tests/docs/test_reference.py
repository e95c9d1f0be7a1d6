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
from kruispunt_server.events import EVENTS

_NAME = re.compile(r"[a-z0-9-]+")


def test_written_documentation_is_fresh() -> None:
    """Reasons, settings, events and rights; else run tools/write_docs.py."""
    stale = [path.name for path, text in fresh().items() if path.read_text("utf-8") != text]

    assert [] == stale


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
