"""The examples of deploy/ are taken by what they are examples for."""

import json
import tomllib
from pathlib import Path

import pytest
from tests.support.documents import ROOT

from kruispunt_directory.settings import DirectorySettings
from kruispunt_identity.settings import IdentitySettings
from kruispunt_server.access.loading import rights_in
from kruispunt_server.settings import ServerSettings

_DEPLOY = ROOT / "deploy"


@pytest.mark.parametrize("kind", [DirectorySettings, IdentitySettings])
def test_example_settings_are_taken(kind: type[ServerSettings], tmp_path: Path) -> None:
    """With the files that they name in place, nothing is wrong with them."""
    given = tomllib.loads((_DEPLOY / f"{kind.service}.example.toml").read_text("utf-8"))
    for name in ("tls_certificate", "tls_key", "tls_authority", "secret_file"):
        given[name] = str(tmp_path / Path(given[name]).name)
        Path(given[name]).write_text("0" * 64)
    config = tmp_path / "settings.toml"
    config.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in given.items()))

    settings = kind.load(config)

    assert given == {name: _plain(getattr(settings, name)) for name in given}


def test_example_rights_are_taken() -> None:
    """Institutions, of which one leaves, and the registry's own."""
    found = {
        one.participant.participant_id: one
        for one in rights_in(_DEPLOY / "rights.example.yaml").registrations
    }

    assert [
        "directory-service",
        "identity-service",
        "pension-office",
        "registry-administrator",
        "registry-registrar",
        "welfare-centre-antwerp",
    ] == list(found)
    assert 2 == len(found["welfare-centre-antwerp"].uris)
    assert found["registry-administrator"].participant.institution is None


def test_units_wait_longer_than_a_drain_takes() -> None:
    """systemd must not kill a server that drains by its defaults."""
    fields = ServerSettings.model_fields
    drain_s = sum(fields[name].default for name in ("lame_duck_s", "drain_s", "statement_timeout_s")) + 15
    units = sorted((_DEPLOY / "systemd").glob("*.service"))
    waits = [
        line
        for unit in units
        for line in unit.read_text("utf-8").splitlines()
        if line.startswith("TimeoutStop")
    ]

    assert ["kruispunt-directory.service", "kruispunt-identity.service"] == [unit.name for unit in units]
    assert ["TimeoutStopSec=60"] * 2 == waits
    assert drain_s < 60


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value
