"""What `make run` does, in a folder of its own."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

PLAY = Path(__file__).parents[2] / "tools" / "play.py"

pytestmark = [pytest.mark.full, pytest.mark.xdist_group("play")]


def play(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(PLAY), "--once", "--folder", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )


def test_play_runs_from_nothing_and_again(tmp_path: Path) -> None:
    """Certificates, databases, servers, population and the story; the second time without the making."""
    first = play(tmp_path / "run")
    second = play(tmp_path / "run")

    assert 0 == first.returncode, first.stderr
    assert "synthetic population of 200" in first.stdout
    assert 0 == second.returncode, second.stderr
    assert "synthetic population" not in second.stdout
    for told in (first.stdout, second.stdout):
        assert "✓ allowed under 18/042" in told
        assert "✗ no own dossier under 18/042" in told
    assert not (tmp_path / "run" / "profiles.toml").exists()


def test_play_takes_over_after_a_kill(tmp_path: Path) -> None:
    """Servers that a killed run left behind are ended, and the next run begins anew."""
    folder = tmp_path / "run"
    killed = subprocess.Popen([sys.executable, str(PLAY), "--folder", str(folder)], stdout=subprocess.DEVNULL)
    latest = time.monotonic() + 120
    while not (folder / "profiles.toml").exists() and time.monotonic() < latest:
        time.sleep(0.1)
    left_behind = int((folder / "directory.pid").read_text())
    killed.kill()
    killed.wait()

    ended = play(folder)

    assert 0 == ended.returncode, ended.stderr
    with pytest.raises(ProcessLookupError):
        os.kill(left_behind, 0)


def test_second_run_beside_the_first_is_its_guest(tmp_path: Path) -> None:
    """Two runs at once both play; nobody fails."""
    command = [sys.executable, str(PLAY), "--once", "--folder", str(tmp_path / "run")]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = [each.communicate(timeout=180)[0] for each in runs]

    assert [0, 0] == [each.returncode for each in runs]
    assert all("✓ allowed under 18/042" in each for each in told)
