"""The client by itself, beside the oldest and the newest runtimes that it promises."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.full
def test_the_wheel_alone_runs_on_floor_and_newest() -> None:
    """As `make runtimes` says; it installs two environments from the package index."""
    command = [sys.executable, ROOT / "tools" / "check_runtimes.py", "--pythons", sys.executable]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1200)

    assert 0 == done.returncode, done.stdout[-4000:] + done.stderr[-2000:]
    assert "grpcio 1.76.0, protobuf 6.31.1" in done.stdout
