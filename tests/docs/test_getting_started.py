"""The commands of docs/getting-started.md, run as they stand."""

import datetime as dt
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from tests.directory.service.conftest import Directory
from tests.support.documents import ROOT, blocks
from typer.testing import CliRunner

from kruispunt.cli.app import app
from kruispunt.cli.options import instant

_GUIDE = ROOT / "docs/getting-started.md"


_SECOND = dt.timedelta(seconds=1)


def test_every_command_ends_as_the_guide_says(
    playground: Path, directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In their order, against real servers: fine, or refused for the reason beside it."""
    monkeypatch.setenv("KRUISPUNT_PROFILES", str(playground / ".run" / "profiles.toml"))
    monkeypatch.setenv("KRUISPUNT_PROFILE", "institution-17-101")
    lines = [line for block in blocks(_GUIDE, "sh") for line in block.splitlines()]
    told, before = [], ""
    for line in lines:
        if line.startswith("before="):
            _advance(directory)
            before = f"{directory.clock.now():%Y-%m-%dT%H:%M:%SZ}"
            _advance(directory)
        elif line.startswith("kruispunt "):
            told.append((line, *_run(line.replace('"$before"', before))))

    assert 36 == len(told)
    assert [] == [(line, found) for line, found, wanted, _ in told if found != wanted]
    now, then = (shown for line, _, _, shown in told if "--every-period" in line)
    assert ("17/101" in now, "17/101" in then) == (False, True)


def test_the_instant_that_the_guide_takes_is_one() -> None:
    """What a shell makes of its line is read by `--known-at`."""
    (line,) = (
        line for block in blocks(_GUIDE, "sh") for line in block.splitlines() if line.startswith("before=")
    )
    shell = subprocess.run(
        ["bash", "-c", f'{line}; echo "$before"'], capture_output=True, text=True, check=True
    )

    assert dt.timedelta() <= dt.datetime.now(dt.UTC) - instant(shell.stdout.strip()) < 10 * _SECOND


def _advance(directory: Directory) -> None:
    directory.clock.advance(_SECOND)


def _run(line: str) -> tuple[str, str, str]:
    """Run a line with its pipes; return how it ended, how the guide says that it does, and what it printed."""
    text, _, wanted = line.partition("# refused: ")
    passed_on, ended = "", ""
    for command in text.split("|"):
        result = CliRunner().invoke(app, shlex.split(command)[1:], input=passed_on)
        passed_on = result.stdout
        reason = re.search(r"reason: (\w+)", result.stderr)
        ended = reason[1] if reason else f"status {result.exit_code} {result.stderr}"
    return ended.strip(), wanted.strip() or "status 0", passed_on
