"""`kruispunt conformance`, as an operator runs it."""

import json
import subprocess
import sys
from pathlib import Path

from tests.stub.test_process import Process

_COMMAND = [sys.executable, "-m", "kruispunt.cli", "conformance"]


def _run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*_COMMAND, *arguments], check=False, capture_output=True, text=True, timeout=120)


def test_it_says_what_holds_and_what_does_not(tmp_path: Path) -> None:
    """Status 0 while every fact holds; 1 once one does not, and the row says what was seen."""
    profiles = tmp_path / "profiles.toml"
    stub = Process(tmp_path, "--profiles", str(profiles))
    try:
        good = _run("--profiles", str(profiles), "--area", "wire")
        stub.ask("POST", "/faults", {"kind": "denied", "method": "ListDossiers", "times": None})
        bad = _run("--profiles", str(profiles), "--area", "wire", "--json")
    finally:
        assert 0 == stub.stop()
    told = {each["fact"]: each for each in json.loads(bad.stdout)}

    assert (0, 1) == (good.returncode, bad.returncode), good.stdout + good.stderr
    assert "5 of 5 facts hold." in good.stdout
    assert "GRANT_MISSING" in told["wire.a_refusal_names_its_field"]["why"]
    assert told["wire.a_method_has_to_exist"]["held"]


def test_wrong_use_is_told_as_such(tmp_path: Path) -> None:
    """An area that there is not, and a profiles file without the cast, are wrong use: status 2."""
    profiles = tmp_path / "profiles.toml"
    profiles.write_text('[institution-5-1]\nendpoint = "127.0.0.1:1"\n')
    area, cast = _run("--area", "nowhere", "--list"), _run("--profiles", str(profiles))

    assert (2, 2) == (area.returncode, cast.returncode)
    assert "there are dossiers, lists" in area.stderr
    assert "institution-17-101" in cast.stderr


def test_facts_can_be_listed() -> None:
    """`--list` tries nothing, and names each fact with its sentence."""
    done = _run("--list", "--json", "--area", "numbers")
    listed = json.loads(done.stdout)

    assert "numbers.a_split_gives_everything_back" in [each["fact"] for each in listed]
    assert all(each["says"].endswith(".") for each in listed)
