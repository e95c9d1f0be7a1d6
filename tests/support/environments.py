"""Python environments that hold what a `pip install` would bring, made from the one that runs the tests: no network."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_REPOSITORY = Path(__file__).resolve().parents[2]


def build_wheel(folder: Path) -> Path:
    """Build the wheel of kruispunt as a release does."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=_REPOSITORY, check=True, capture_output=True)
    (wheel,) = folder.glob("kruispunt-*.whl")
    return wheel


def make_environment(folder: Path, wheel: Path, requirements: Iterable[str]) -> Path:
    """Make an environment of the wheel and of what requirements need, itself included; returns its Python.

    Args:
        folder: of the environment; it must not be there yet.
        wheel: of kruispunt.
        requirements: such as "kruispunt[testing]" and "pytest".
    """
    venv.create(folder, with_pip=False, symlinks=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    for name in sorted(_closure(requirements) - {"kruispunt"}):
        _link(importlib.metadata.distribution(name), packages)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    return folder / "bin" / "python"


def _closure(requirements: Iterable[str]) -> set[str]:
    """Return the names of all distributions that requirements need, by what is installed here."""
    found: set[tuple[str, frozenset[str]]] = set()
    waiting = [Requirement(each) for each in requirements]
    while waiting:
        asked = waiting.pop()
        key = canonicalize_name(asked.name), frozenset(asked.extras)
        if key in found:
            continue
        found.add(key)
        for text in importlib.metadata.requires(asked.name) or ():
            needed = Requirement(text)
            extras = ["", *asked.extras]
            if needed.marker is None or any(needed.marker.evaluate({"extra": each}) for each in extras):
                waiting.append(needed)
    return {str(name) for name, _ in found}


def _link(distribution: importlib.metadata.Distribution, packages: Path) -> None:
    """Link what a distribution installed, or copy it."""
    for file in distribution.files or ():
        if file.parts[0] == ".." or "__pycache__" in file.parts:
            continue
        target = packages / file
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            continue
        try:
            os.link(str(file.locate()), target)
        except OSError:  # another file system
            shutil.copy2(str(file.locate()), target)
