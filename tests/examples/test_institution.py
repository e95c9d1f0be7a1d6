"""The sample institution, in an environment of the client wheel, the stubs and pytest: nothing of a server is there."""

import subprocess
from pathlib import Path

import pytest
from tests.support.environments import build_wheel, make_environment

_EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "institution"
_ABSENT = """
import importlib.util
import kruispunt

names = ("sqlalchemy", "psycopg", "pydantic", "structlog", "cryptography", "alembic", "grpc_status", "typer", "rich")
print([name for name in names if importlib.util.find_spec(name)])
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of an environment of `kruispunt[testing]` and pytest."""
    folder = tmp_path_factory.mktemp("clean")
    return make_environment(folder / "env", build_wheel(folder), ["kruispunt[testing]", "pytest"])


def test_the_environment_has_nothing_of_a_server(python: Path) -> None:
    """Neither SQLAlchemy nor anything else of the server's extra, nor of the command line's, is installed."""
    done = subprocess.run(
        [python, "-I", "-c", _ABSENT], check=True, capture_output=True, text=True, timeout=60
    )

    assert "[]\n" == done.stdout


def test_its_tests_pass(python: Path, tmp_path: Path) -> None:
    """The tests of the sample institution use only the stubs, and pass."""
    command = [
        python,
        "-I",
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        str(_EXAMPLE / "pyproject.toml"),
    ]
    command += ["--rootdir", str(_EXAMPLE), str(_EXAMPLE / "tests")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300, cwd=tmp_path)

    assert 0 == done.returncode, done.stdout + done.stderr
    assert "13 passed" in done.stdout


def test_without_the_extra_it_says_what_is_needed(tmp_path: Path) -> None:
    """In the base install the client works, and `kruispunt.testing` names what to install."""
    python = make_environment(tmp_path / "env", build_wheel(tmp_path), ["kruispunt"])
    code = "import kruispunt; kruispunt.DirectoryClient; import kruispunt.testing"
    done = subprocess.run([python, "-I", "-c", code], check=False, capture_output=True, text=True, timeout=60)

    assert 1 == done.returncode
    assert "pip install 'kruispunt[testing]'" in done.stderr
