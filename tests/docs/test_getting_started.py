"""The commands of docs/getting-started.md, run as they stand."""

import re
import shlex
from pathlib import Path

import pytest
from tests.support.documents import ROOT, blocks
from typer.testing import CliRunner

from kruispunt.cli.app import app

_GUIDE = ROOT / "docs/getting-started.md"


def test_every_command_ends_as_the_guide_says(playground: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In their order, against a real directory: fine, or refused for the reason beside it."""
    monkeypatch.setenv("KRUISPUNT_PROFILES", str(playground / ".run" / "profiles.toml"))
    monkeypatch.setenv("KRUISPUNT_PROFILE", "institution-17-101")
    lines = [line for block in blocks(_GUIDE, "sh") for line in block.splitlines()]
    commands = [line for line in lines if line.startswith("kruispunt ")]

    told = [(line, *_run(line)) for line in commands]

    assert 23 == len(commands)
    assert [] == [(line, found) for line, found, wanted in told if found != wanted]


def _run(line: str) -> tuple[str, str]:
    """Run a line with its pipes; return how it ended, and how the guide says that it does."""
    text, _, wanted = line.partition("# refused: ")
    passed_on, ended = "", ""
    for command in text.split("|"):
        result = CliRunner().invoke(app, shlex.split(command)[1:], input=passed_on)
        passed_on = result.stdout
        reason = re.search(r"reason: (\w+)", result.stderr)
        ended = reason[1] if reason else f"status {result.exit_code} {result.stderr}"
    return ended, wanted.strip() or "status 0 "
