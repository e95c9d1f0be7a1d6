"""Install the client alone beside the oldest and the newest runtimes it promises, and run its tests on both.

The wheel is built, and installed with nothing but what it asks for: first every public module is imported, with no
package about that the wheel does not name, then the tests are run that need nothing of the servers. The servers' own
environment is not touched. Each Python of `--pythons` that there is gets both.
"""

import argparse
import ast
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator

ROOT = pathlib.Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests" / "clients"
PYTHONS = ("python3.11", "python3.12", "python3.13", "python3.14")
# What a test may import to be run here.
WITH_EXTRAS = (
    "kruispunt.cli",
    "kruispunt.sandbox",
    "kruispunt.testing",
    "kruispunt.rights_",
    "kruispunt._rights_nodes",
)
LEAN = {"kruispunt", "grpc", "google", "pytest", "hypothesis", *sys.stdlib_module_names}
IMPORT_ALL = """
import importlib, pathlib, pkgutil, sys, kruispunt
optional = {"kruispunt.cli", "kruispunt.sqlalchemy_positions", "kruispunt.sandbox", "kruispunt.testing",
    "kruispunt.rights_file", "kruispunt._rights_nodes", "kruispunt.rights_writing", "kruispunt.rights_text"}
for found in pkgutil.walk_packages(kruispunt.__path__, "kruispunt.", onerror=lambda name: None):
    if not any(found.name == each or found.name.startswith(each + ".") for each in optional):
        importlib.import_module(found.name)
for name in kruispunt.__all__:
    getattr(kruispunt, name)
assert (pathlib.Path(kruispunt.__file__).parent / "py.typed").is_file()
import google.protobuf, grpc
print(f"python {sys.version.split()[0]}, grpcio {grpc.__version__}, protobuf {google.protobuf.__version__}", flush=True)
"""


def main() -> None:
    """Check every Python that there is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pythons", default=",".join(PYTHONS), help="names or paths, comma separated")
    found = [
        each for each in map(shutil.which, parser.parse_args().pythons.split(",")) if each and runs(each)
    ]
    if not found:
        sys.exit("none of these Pythons is here")
    with tempfile.TemporaryDirectory() as folder:
        wheel = built(pathlib.Path(folder))
        for python in found:
            for label, pins in (("floor", floor()), ("newest", [])):
                print(f"{pathlib.Path(python).name}, {label}:", flush=True)
                check(python, wheel, pins, pathlib.Path(folder) / f"{pathlib.Path(python).name}-{label}")


def runs(python: str) -> bool:
    """Whether there is more of a Python than its name."""
    return subprocess.run([python, "-c", "import venv"], capture_output=True, check=False).returncode == 0


def built(folder: pathlib.Path) -> pathlib.Path:
    """Build the wheel."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return next(folder.glob("*.whl"))


def floor() -> list[str]:
    """Return the oldest versions that the project promises, as it states them."""
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    return [each.replace(">=", "==") for each in stated]


def check(python: str, wheel: pathlib.Path, pins: list[str], environment: pathlib.Path) -> None:
    """Make an environment, import everything in it, and run the tests."""
    subprocess.run([python, "-m", "venv", str(environment)], check=True)
    inside = environment / "bin" / "python"
    install(inside, [str(wheel), *pins])
    quiet = {key: value for key, value in os.environ.items() if not key.startswith(("KRUISPUNT", "PYTHON"))}
    subprocess.run([inside, "-I", "-W", "error", "-c", IMPORT_ALL], check=True, env=quiet, cwd=environment)
    install(inside, ["pytest>=9", "hypothesis"])
    tests = [str(path) for path in lean(TESTS.glob("test_*.py"))]
    # The tests are the repository's, the package is the installed one.
    # Whether examples are typed is the type checkers' to say, which are not here.
    options = [
        "-q",
        "-k",
        "not typed",
        "-m",
        "not full",
        "-p",
        "no:cacheprovider",
        f"--confcutdir={TESTS}",
        f"--rootdir={ROOT}",
    ]
    subprocess.run([inside, "-m", "pytest", *options, *tests], check=True, env=quiet, cwd=ROOT)


def install(python: pathlib.Path, wanted: list[str]) -> None:
    """Install, with uv where it is about."""
    uv = pathlib.Path(sys.executable).with_name("uv")
    command = (
        [uv, "pip", "install", "-q", "--python", python]
        if uv.exists()
        else [python, "-m", "pip", "install", "-q"]
    )
    subprocess.run([*command, *wanted], check=True)


def lean(paths: Iterable[pathlib.Path]) -> Iterator[pathlib.Path]:
    """Yield the tests that import nothing but the client, its runtimes and each other."""
    for path in sorted(paths):
        shared_out = "xdist_group" in path.read_text()  # plays whole services, whatever it imports
        if not shared_out and all(is_lean(name) for name in imported(path)):
            yield path


def is_lean(name: str) -> bool:
    """Whether a module is there without the servers."""
    if name.startswith("tests."):
        path = ROOT / (name.replace(".", "/") + ".py")
        return path.is_file() and all(is_lean(each) for each in imported(path))
    return name.partition(".")[0] in LEAN and not name.startswith(WITH_EXTRAS)


def imported(path: pathlib.Path) -> Iterator[str]:
    """Yield the modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (
                f"{node.module}.{each.name}" if node.module == "kruispunt" else node.module
                for each in node.names
            )


if __name__ == "__main__":
    main()
