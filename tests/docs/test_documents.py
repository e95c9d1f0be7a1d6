"""Links lead somewhere, commands exist, and nothing of the makers' machines is in the files."""

import re
from pathlib import Path
from typing import Any

import pytest
from tests.support.documents import ROOT, blocks, documents, files, spans
from typer.main import get_command

from kruispunt.cli.app import app as client
from kruispunt_directory.__main__ import app as directory
from kruispunt_directory.settings import DirectorySettings
from kruispunt_identity.__main__ import app as identity
from kruispunt_identity.settings import IdentitySettings
from kruispunt_server.commands_pki import app as pki
from kruispunt_stub.process import app as stub

_LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
_COMMAND = re.compile(r"(?<![\w/.-])kruispunt ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?")
_SERVER_COMMAND = re.compile(r"kruispunt-(directory|identity) (?!kruispunt)([a-z][a-z-]*)")
_MAKE = re.compile(r"^make ([a-z-]+)", re.MULTILINE)
_VARIABLE = re.compile(r"KRUISPUNT_[A-Z_]+[A-Z]")
_SETTINGS = (DirectorySettings, IdentitySettings)
# In two parts, so that this file does not hold them.
_FORBIDDEN = re.compile(
    r"(?<![\w.])/(?:wo"
    r"rk|ro"
    r"ot)/|py"
    r"pi\.org|python"
    r"hosted\.org|crates"
    r"\.io|npm"
    r"js\.(?:org|com)"
)


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    """Relative links name files, anchors name headings."""
    broken = [
        f"{name}#{anchor}"
        for name, anchor in _LINK.findall(path.read_text("utf-8"))
        if not _leads(path.parent / name if name else path, anchor)
    ]

    assert [] == broken


def test_every_command_named_exists() -> None:
    """Those of the client in all documents; those of the servers in the deployment examples too."""
    servers = {"directory": _tree(directory), "identity": _tree(identity)}
    known = {**_tree(client), "directory": get_command(directory), "identity": get_command(identity)}
    known["pki"] = get_command(pki)
    known["stub"] = get_command(stub)
    unknown = []
    for path in documents():
        code = "\n".join(_code(path))
        unknown += [words for words in _COMMAND.findall(code) if not _exists(known, *words)]
        unknown += [words for words in _SERVER_COMMAND.findall(code) if words[1] not in servers[words[0]]]
    for path in (ROOT / "deploy").rglob("*"):
        if path.is_file() and path.suffix != ".md":
            found = _SERVER_COMMAND.findall(path.read_text("utf-8"))
            unknown += [words for words in found if words[1] not in (*servers[words[0]], "server")]

    assert [] == unknown


def test_every_make_target_named_exists() -> None:
    """What documents tell to make can be made."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {word for path in documents() for code in _code(path) for word in _MAKE.findall(code)}

    assert named >= {"run", "test", "check"}
    assert set() == named - targets


def test_every_environment_variable_named_exists() -> None:
    """It is a setting of a server, or stands in some program."""
    programs = "".join(
        path.read_text("utf-8") for path in files() if path.suffix == ".py" or path.name == "compose.yaml"
    )
    named = {word for path in documents() for word in _VARIABLE.findall(path.read_text("utf-8"))}
    settings = {kind.prefix() + name.upper() for kind in _SETTINGS for name in kind.model_fields}

    assert named >= {"KRUISPUNT_PROFILES"}
    assert set() == {name for name in named - settings if name not in programs}


def test_no_file_names_the_makers_machines() -> None:
    """Neither paths of a work place nor hosts of package indexes."""
    found = []
    for path in files():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in _FORBIDDEN.finditer(text)]

    assert [] == found


def _code(path: Path) -> list[str]:
    return [*blocks(path, "sh", ""), *spans(path)]


def _leads(target: Path, anchor: str) -> bool:
    if not target.exists():
        return False
    if not anchor:
        return True
    headings = re.findall(r"^#+ (.+)$", target.read_text("utf-8"), re.MULTILINE)
    return anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _tree(app: Any) -> dict[str, Any]:
    commands: dict[str, Any] = getattr(get_command(app), "commands")  # noqa: B009 - a group has them
    return commands


def _exists(known: dict[str, Any], first: str, second: str) -> bool:
    if first not in known:
        return False
    below = getattr(known[first], "commands", None)
    return below is None or not second or second in below
