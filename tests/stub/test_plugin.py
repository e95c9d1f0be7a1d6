"""The pytest plugin, in a session of its own."""

import subprocess
import sys
from pathlib import Path

_CONFTEST = """
import datetime as dt

import pytest

from kruispunt import PartialDate, Ssin
from kruispunt.testing import SeededPerson

ANNA = SeededPerson(Ssin.parse("85073003328"), "Peeters", ("Anna",), PartialDate(1985, 7, 30))


@pytest.fixture
def kruispunt_options():
    return {"persons": [ANNA], "now": dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)}
"""
_TESTS = """
import datetime as dt

import pytest

from kruispunt.errors import PersonUnknown

NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)


def test_options_of_the_folder(kruispunt_registry):
    kruispunt_registry.identity("institution-5-1").get_person("85073003328")
    assert kruispunt_registry.clock.now() == NOON


@pytest.mark.kruispunt(persons=[])
def test_the_marker_goes_before(kruispunt_registry):
    with pytest.raises(PersonUnknown):
        kruispunt_registry.identity("institution-5-1").get_person("85073003328")
    assert kruispunt_registry.clock.now() == NOON


def test_the_stub_failed(kruispunt_registry):
    kruispunt_registry._events.emit("call_failed", method="x", exception="y")
"""


def test_the_fixture_gives_a_registry_of_its_own(tmp_path: Path) -> None:
    """Options of a folder and marker count, and a fault of the stub fails the test that met it."""
    (tmp_path / "conftest.py").write_text(_CONFTEST)
    (tmp_path / "test_some.py").write_text(_TESTS)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--strict-markers",
        str(tmp_path),
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path, timeout=120)

    assert "3 passed, 1 error" in done.stdout, done.stdout + done.stderr
    assert "which is a defect of kruispunt" in done.stdout


def test_the_plugin_costs_a_session_nothing(tmp_path: Path) -> None:
    """A session that asks for no registry imports neither grpc nor the stub's rules."""
    (tmp_path / "test_none.py").write_text(
        "import sys\n\n\ndef test_nothing():\n"
        "    assert not {'grpc', 'kruispunt_stub.registry', 'sqlalchemy'} & sys.modules.keys()\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path, timeout=120)

    assert 0 == done.returncode, done.stdout + done.stderr
