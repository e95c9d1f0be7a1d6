"""What docs/testing.md shows is run as it stands there."""

import json
import subprocess
import sys
from pathlib import Path

from tests.support.documents import ROOT, blocks

from kruispunt_stub.control import Control
from kruispunt_stub.faults import Faults
from kruispunt_stub.registry import Registry

_GUIDE = ROOT / "docs/testing.md"


def test_the_program_shown_runs() -> None:
    """The first Python of the guide is a whole program."""
    program, _ = blocks(_GUIDE, "python")

    exec(compile(program, str(_GUIDE), "exec"), {})


def test_the_pytest_module_shown_passes(tmp_path: Path) -> None:
    """Both blocks together are a module of tests."""
    program, module = blocks(_GUIDE, "python")
    (tmp_path / "test_shown.py").write_text(program + module)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path, timeout=120)

    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_every_resource_of_the_control_port_is_listed() -> None:
    """The guide names each resource, and what it shows as JSON is JSON."""
    text = _GUIDE.read_text("utf-8")
    with Registry() as registry:
        routes = Control(registry).routes

    assert [] == [f"{method} {path}" for method, path in routes if f"`{method} {path}`" not in text]
    for shown in blocks(_GUIDE, "json"):
        json.loads(shown)


def test_every_fault_is_listed() -> None:
    """The guide names what can go wrong."""
    text = _GUIDE.read_text("utf-8")
    named = [name for name in vars(Faults) if not name.startswith("_")]

    assert [] == [
        name for name in named if name not in {"add", "meet", "waiting"} and f"faults.{name}(" not in text
    ]
