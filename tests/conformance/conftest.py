"""The three kinds of registries on which the facts of the contract are tried."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.directory.service.conftest import sandbox_pki
from tests.identity.conftest import identity_postgres_url, identity_sqlite_url
from tests.identity.together.pair import Pair

from kruispunt.conformance import Cast
from kruispunt.conformance.cast import NAMES
from kruispunt.profiles import Profile
from kruispunt.testing import Registry

__all__ = ["identity_postgres_url", "identity_sqlite_url", "sandbox_pki"]


def cast_of(registry: Registry) -> Cast:
    """Return the cast of the stub."""
    return Cast(
        {
            name: Profile(
                name, registry.directory_endpoint(name), identity_endpoint=registry.identity_endpoint(name)
            )
            for name in NAMES
        }
    )


@contextmanager
def serving_pair(folder: Path, pki: Path, directory_url: str, identity_url: str) -> Iterator[Cast]:
    """Start both servers as processes, each asking the other, over mutual TLS."""
    pair = Pair(folder, pki, directory_url, identity_url)
    clients = pki / "clients"
    settings = {name: value for name, value in pair.identity.settings.items() if name != "without_directory"}
    pair.identity.write(
        {
            **settings,
            "directory_endpoint": pair.directory.address,
            "directory_certificate": str(clients / "identity-service.crt"),
            "directory_key": str(clients / "identity-service.key"),
            "directory_authority": str(pki / "ca.crt"),
        }
    )
    try:
        pair.identity.start()
        pair.directory.start()
        yield Cast(
            {
                name: Profile(
                    name,
                    pair.directory.address,
                    ca=pki / "ca.crt",
                    certificate=clients / f"{name}.crt",
                    key=clients / f"{name}.key",
                    identity_endpoint=pair.identity.address,
                )
                for name in NAMES
            }
        )
    finally:
        pair.close()


@pytest.fixture(params=["stub", "sqlite", "postgresql"])
def cast(request: pytest.FixtureRequest, tmp_path: Path, sandbox_pki: Path) -> Iterator[Cast]:
    """The cast of each kind of registry."""
    if request.param == "stub":
        with Registry() as registry:
            yield cast_of(registry)
            assert [] == registry.faults_of_its_own()
        return
    kind = "sqlite" if request.param == "sqlite" else "postgres"
    directory_url = request.getfixturevalue(f"{kind}_url")
    identity_url = request.getfixturevalue(f"identity_{kind}_url")
    with serving_pair(tmp_path, sandbox_pki, directory_url, identity_url) as served:
        yield served
