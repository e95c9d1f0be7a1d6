"""The client as an institution gets it: the wheel in an environment that has nothing else, against `make run`."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.documents import ROOT, blocks

pytestmark = [pytest.mark.full, pytest.mark.xdist_group("play")]

_UV = Path(sys.executable).parent / "uv"


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment with the wheel and what it depends on."""
    folder = tmp_path_factory.mktemp("clean")
    wheel = ["-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir"]
    subprocess.run([sys.executable, *wheel, str(folder), str(ROOT)], check=True, timeout=300)
    (built,) = folder.glob("kruispunt-*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
    python = folder / "venv" / "bin" / "python"
    # In the versions of the lock, as the servers are.
    install = [_UV, "pip", "install", "-q", "--python", python, "-c", ROOT / "requirements.lock", built]
    subprocess.run(install, check=True, timeout=300, env={**os.environ, "UV_PYTHON_DOWNLOADS": "never"})
    return python


@pytest.fixture
def make_run(tmp_path: Path) -> Iterator[Path]:
    """The folder in which `make run` serves."""
    play = [sys.executable, str(ROOT / "tools" / "play.py"), "--folder", str(tmp_path / ".run")]
    with (tmp_path / "told").open("w") as told:
        process = subprocess.Popen(play, stdout=told, stderr=told)
    try:
        latest = time.monotonic() + 240
        while "Serving until Ctrl-C" not in (tmp_path / "told").read_text("utf-8"):
            assert process.poll() is None, (tmp_path / "told").read_text("utf-8")
            assert time.monotonic() < latest, "it does not serve in time"
            time.sleep(0.2)
        yield tmp_path
    finally:
        process.terminate()
        process.wait(timeout=60)


def test_the_wheel_alone_brings_the_client(clean: Path) -> None:
    """grpcio, protobuf, google's messages, and what grpcio needs; nothing of the servers."""
    listed = subprocess.run(
        [_UV, "pip", "list", "--python", clean, "--format", "freeze"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert ["googleapis-common-protos", "grpcio", "kruispunt", "protobuf", "typing-extensions"] == sorted(
        line.partition("==")[0] for line in listed.stdout.splitlines()
    )


def test_the_ten_lines_run_in_it(clean: Path, make_run: Path) -> None:
    """Two institutions register, one lists and is allowed; what the sandbox then says of its client is known."""
    (code,) = blocks(ROOT / "README.md", "python")
    ended = subprocess.run(
        [clean, "-c", code], cwd=make_run, capture_output=True, text=True, check=False, timeout=60
    )

    assert ("5/1 100 20 2026-01-01\n17/101 2 10 2026-01-01\nALLOWED\n", "") == (ended.stdout, ended.stderr)

    ask = [Path(sys.executable).parent / "kruispunt", "rehearse", "--profile", "institution-17-101"]
    environment = {**os.environ, "KRUISPUNT_PROFILES": str(make_run / ".run" / "profiles.toml")}
    said = subprocess.run(ask, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert (0, "") == (said.returncode, said.stderr), said.stdout
    assert "directory: you are institution-17-101\n" in said.stdout
    assert "identity: you are institution-17-101\n" in said.stdout
    assert 2 == said.stdout.count("✓ nothing was wrong with them\n")
