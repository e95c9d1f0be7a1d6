"""The archive of the protos: complete, and the same bytes for the same content."""

import json
import subprocess
import zipfile
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from tests.contract.conftest import BUF
from tests.support.documents import ROOT
from tools import write_protos

from kruispunt._service_config import SERVICE_CONFIG


def test_archive_is_reproducible(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written again elsewhere, from files found in another order, by another user: not a byte differs."""
    held = write_protos.content()
    monkeypatch.setattr(write_protos, "content", lambda: dict(sorted(held.items())))
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")

    assert archive.read_bytes() == write_protos.write(tmp_path).read_bytes()


def test_archive_has_one_folder_that_names_the_version(archive: Path) -> None:
    """What is in it, the protos by their number only."""
    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
    top = f"kruispunt-protos-{write_protos.version()}"
    ours = [name for name in names if name.startswith(f"{top}/protos/kruispunt/")]

    assert f"{top}.zip" == archive.name
    assert names == sorted(names)
    assert len(list((ROOT / "protos").rglob("*.proto"))) == len(ours)
    assert [
        f"{top}/LICENSE",
        f"{top}/README.md",
        f"{top}/buf.yaml",
        f"{top}/googleapis/google/api/field_behavior.proto",
        f"{top}/googleapis/google/rpc/error_details.proto",
        f"{top}/googleapis/google/rpc/status.proto",
        f"{top}/googleapis/google/type/date.proto",
        f"{top}/service-config.json",
    ] == [name for name in names if name not in ours]


def test_archive_alone_builds_to_the_contract(archive: Path, unpacked: Path) -> None:
    """Packed and unpacked it lints, and compiles to the descriptors of this repository."""
    linted = subprocess.run([BUF, "lint"], cwd=unpacked, capture_output=True, text=True, check=False)
    here = _descriptors(ROOT, ".")
    packed = _descriptors(archive.parent, f"{archive.name}#strip_components=1")

    assert (0, "") == (linted.returncode, linted.stdout)
    assert "kruispunt/directory/v1/dossier_service.proto" in here
    assert here == _descriptors(unpacked, ".")
    assert here == packed


def test_archive_has_the_retry_policy_of_the_client(unpacked: Path) -> None:
    """Other languages hand the file to their channel."""
    assert SERVICE_CONFIG == json.loads((unpacked / "service-config.json").read_text("utf-8"))


def _descriptors(folder: Path, source: str) -> dict[str, bytes]:
    built = subprocess.run(
        [BUF, "build", source, "-o", "-"], cwd=folder, capture_output=True, check=True, timeout=60
    )
    files = FileDescriptorSet.FromString(built.stdout).file
    return {one.name: one.SerializeToString() for one in files if one.package.startswith("kruispunt.")}
