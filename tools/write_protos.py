"""Write dist/kruispunt-protos-VERSION.zip: the contract for other languages than Python.

The same content gives the same bytes, on any machine: names in order, one date, no compression (which differs between
versions of zlib). The google protos come from the wheel that the lock pins.
"""

import argparse
import json
import pathlib
import tomllib
import zipfile

from google.rpc import error_details_pb2

from kruispunt._service_config import SERVICE_CONFIG

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
GOOGLE = pathlib.Path(error_details_pb2.__file__).parents[1]
# The first two are imported by ours; the others are what a refusal travels in.
WANTED = ("type/date.proto", "api/field_behavior.proto", "rpc/status.proto", "rpc/error_details.proto")
_BEGINNING = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say
_MODE = 0o100644 << 16

BUF = """\
version: v2
modules:
  - path: protos
  - path: googleapis
    lint:
      ignore: [googleapis]
lint:
  use: [STANDARD, COMMENTS]
"""

README = """\
# The contract of Kruispunt {version}

| | |
| --- | --- |
| `protos/kruispunt/` | the contract: each comment says what happens, what is wrong and what is safe to repeat |
| `googleapis/google/` | what it imports, and the messages that refusals travel in (`google.rpc.Status`); from googleapis, Apache-2.0 |
| `service-config.json` | deadlines and repetitions; hand it to the channel |
| `buf.yaml` | for buf; protoc wants `-I protos -I googleapis` |

buf takes the archive as it is: `buf generate kruispunt-protos-{version}.zip#strip_components=1`, beside a `buf.gen.yaml` of yours.
`google/protobuf/*.proto` come with every generator.

The version is that of the registry; within a major version nothing of the contract is taken away or changes its meaning.
Integration guide, reference and migration notes stand in the project, under `docs/`.
"""


def version() -> str:
    """Return the version of the package."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"])


def content() -> dict[str, bytes]:
    """Return the files of the archive by their names in it, below one folder."""
    files = {
        "LICENSE": (ROOT / "LICENSE").read_bytes(),
        "README.md": README.format(version=version()).encode(),
        "buf.yaml": BUF.encode(),
        "service-config.json": f"{json.dumps(SERVICE_CONFIG, indent=2)}\n".encode(),
    }
    for path in PROTOS.rglob("*.proto"):
        files[f"protos/{path.relative_to(PROTOS).as_posix()}"] = path.read_bytes()
    for name in WANTED:
        files[f"googleapis/google/{name}"] = (GOOGLE / name).read_bytes()
    return {f"kruispunt-protos-{version()}/{name}": files[name] for name in sorted(files)}


def write(folder: pathlib.Path) -> pathlib.Path:
    """Write the archive into a folder; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"kruispunt-protos-{version()}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, held in content().items():
            entry = zipfile.ZipInfo(name, _BEGINNING)
            entry.create_system = 3  # else it says on which system it was made
            entry.external_attr = _MODE
            archive.writestr(entry, held)
    return path


def main() -> None:
    """Write it and say where."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "dist")
    print(write(parser.parse_args().folder))


if __name__ == "__main__":
    main()
