"""Both servers as `make run` leaves them: profiles of the sandbox in `.run`, below the current folder."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.directory.service.conftest import Directory, directory, sandbox_pki
from tests.identity.conftest import identity_sqlite_url
from tests.identity.service.conftest import Identity, identity

from kruispunt import DirectoryClient, Purpose
from kruispunt.sandbox import EXAMPLES, load_registers, population
from kruispunt.sandbox.institutions import ADMINISTRATOR, AUDITOR, INSTITUTIONS, REGISTRAR
from kruispunt_identity.directory_client import DirectoryHolders
from kruispunt_identity.matching.peppers import DerivedPeppers
from kruispunt_identity.national.loading import NationalLoader
from kruispunt_identity.store.matching import MatchStore
from kruispunt_identity.store.numbers import NumberStore
from kruispunt_server.keys import Keys

__all__ = ["directory", "identity", "identity_sqlite_url", "sandbox_pki"]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite, as `make run` has it."""
    return sqlite_url


@pytest.fixture
def identity_url(identity_sqlite_url: str) -> str:
    """SQLite, as `make run` has it."""
    return identity_sqlite_url


@pytest.fixture
def population_of_make_run(identity: Identity, directory: Directory, tmp_path: Path) -> Iterator[Identity]:
    """Identity with the persons of the guide and of the sandbox, and with the directory that it asks."""
    keys = Keys((identity.pki / "secret").read_bytes())
    matches = MatchStore(identity.database, identity.tables.matching, DerivedPeppers(keys))
    loader = NationalLoader(identity.database, NumberStore(identity.database, identity.tables), matches)
    loader.load(tmp_path / "national.db", map(json.dumps, EXAMPLES), lambda _done, _count: None)
    load_registers(population(200, 1), identity.client(REGISTRAR), seed=1)
    certificates = identity.certificates("identity-service")
    purpose = Purpose("REGISTRY", "identity", "dossier-check")
    holders = DirectoryHolders(
        DirectoryClient(directory.endpoint, certificates=certificates, purpose=purpose)
    )
    identity.holders.holds = holders.holds  # type: ignore[method-assign]
    yield identity
    holders.close()


@pytest.fixture
def playground(
    directory: Directory, population_of_make_run: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The folder in which a reader would stand."""
    names = [*(each.profile for each in INSTITUTIONS), ADMINISTRATOR, AUDITOR, REGISTRAR]
    profiles = tmp_path / ".run" / "profiles.toml"
    profiles.parent.mkdir()
    endpoint = population_of_make_run.endpoint
    profiles.write_text("".join(_profile(name, directory, endpoint) for name in names))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KRUISPUNT_PROFILES", raising=False)
    monkeypatch.delenv("KRUISPUNT_PROFILE", raising=False)
    return tmp_path


def _profile(name: str, directory: Directory, identity_endpoint: str) -> str:
    return (
        f'[{name}]\nendpoint = "{directory.endpoint}"\nidentity_endpoint = "{identity_endpoint}"\n'
        f'ca = "{directory.pki / "ca.crt"}"\n'
        f'certificate = "{directory.pki}/clients/{name}.crt"\nkey = "{directory.pki}/clients/{name}.key"\n'
        'legal_basis = "18/042"\nend_user = "reader"\ncase = "docs"\n'
    )
