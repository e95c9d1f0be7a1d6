"""Write the typed stubs under clients/ from protos/, or check that they are fresh.

Runs in the generator's own environment (requirements-generate.lock), never in the servers'.
"""

import argparse
import filecmp
import os
import pathlib
import shutil
import sys
import tempfile
from importlib.resources import files

from google.type import date_pb2
from grpc_tools import protoc

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
CLIENTS = ROOT / "clients"
INCLUDES = [PROTOS, files("grpc_tools") / "_proto", pathlib.Path(date_pb2.__file__).parents[2]]


def generate(target: pathlib.Path) -> None:
    """Generate every proto of the project into `target`."""
    sources = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.rglob("*.proto"))
    outputs = [f"--{plugin}_out={target}" for plugin in ("python", "grpc_python")]
    # quiet keeps the plugin from printing a line per file; generate_concrete_servicer_stubs is not used.
    outputs += [f"--{plugin}_out=quiet:{target}" for plugin in ("mypy", "mypy_grpc")]
    # The plugins lie beside the interpreter.
    os.environ["PATH"] = f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"
    includes = [f"-I{include}" for include in INCLUDES]
    if protoc.main(["protoc", *includes, *outputs, *sources]) != 0:
        sys.exit("protoc failed")
    for folder in sorted({pathlib.Path(source).parent for source in sources}):
        for package in (folder, folder.parent):
            (target / package / "__init__.py").touch()


def generated(root: pathlib.Path) -> set[pathlib.Path]:
    """Return the generated files below `root`, relative to it."""
    return {path.relative_to(root) for path in root.rglob("*_pb2*.py*") if "__pycache__" not in path.parts}


def main() -> None:
    """Generate, or compare with a fresh generation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail if anything would change")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as folder:
        fresh = pathlib.Path(folder)
        generate(fresh)
        names = generated(fresh)
        differing = sorted(
            str(name)
            for name in names | generated(CLIENTS)
            if not (fresh / name).exists()
            or not (CLIENTS / name).exists()
            or not filecmp.cmp(fresh / name, CLIENTS / name, shallow=False)
        )
        if check:
            sys.exit(f"stale, run `make generate`: {differing}" if differing else 0)
        for name in generated(CLIENTS):
            (CLIENTS / name).unlink()
        shutil.copytree(fresh, CLIENTS, dirs_exist_ok=True)
        print(f"{len(names)} files under clients/, {len(differing)} changed")


if __name__ == "__main__":
    main()
