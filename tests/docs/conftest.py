"""A running directory as `make run` leaves it: profiles of the sandbox in `.run`, below the current folder."""

from pathlib import Path

import pytest
from tests.directory.service.conftest import Directory, directory, sandbox_pki

from kruispunt.sandbox.institutions import INSTITUTIONS

__all__ = ["directory", "sandbox_pki"]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite, as `make run` has it."""
    return sqlite_url


@pytest.fixture
def playground(directory: Directory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which a reader would stand."""
    names = [*(each.profile for each in INSTITUTIONS), "registry-administrator", "registry-auditor"]
    profiles = tmp_path / ".run" / "profiles.toml"
    profiles.parent.mkdir()
    profiles.write_text("".join(_profile(name, directory) for name in names))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KRUISPUNT_PROFILES", raising=False)
    monkeypatch.delenv("KRUISPUNT_PROFILE", raising=False)
    return tmp_path


def _profile(name: str, directory: Directory) -> str:
    return (
        f'[{name}]\nendpoint = "{directory.endpoint}"\nca = "{directory.pki / "ca.crt"}"\n'
        f'certificate = "{directory.pki}/clients/{name}.crt"\nkey = "{directory.pki}/clients/{name}.key"\n'
        'legal_basis = "18/042"\nend_user = "reader"\ncase = "docs"\n'
    )
