"""Both services, running, over mutual TLS: each a participant of the other, on databases of one kind."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.directory.service.conftest import (
    PURPOSE,
    Directory,
    directory,
    sandbox_pki,
    serving_directory,
)
from tests.identity.service.conftest import Identity, identity

from kruispunt_directory.identity_client import IdentityRegister
from kruispunt_identity.directory_client import DirectoryHolders

__all__ = ["directory", "identity", "sandbox_pki"]

_PATIENCE_S = 20.0


@pytest.fixture
def identity_url(request: pytest.FixtureRequest, database_url: str) -> str:
    """A database for identity, of the kind that the directory has."""
    kind = {"postgresql": "postgres"}.get(chosen := request.node.callspec.params["database_url"], chosen)
    url: str = request.getfixturevalue(f"identity_{kind}_url")
    return url


@dataclass
class Both:
    """The two services."""

    identity: Identity
    directory: Directory


@pytest.fixture
def both(identity: Identity, database_url: str, sandbox_pki: Path) -> Iterator[Both]:
    """The two services, each asking the other."""
    register = IdentityRegister.over(
        identity.endpoint, identity.certificates("directory-service"), _PATIENCE_S
    )
    with serving_directory(database_url, sandbox_pki, clock=identity.clock, registers=register) as one:
        holders = DirectoryHolders(one.client("identity-service", PURPOSE), patience_s=_PATIENCE_S)
        identity.holders.holds = holders.holds  # type: ignore[method-assign]
        identity.holders.held_among = holders.held_among  # type: ignore[method-assign]
        identity.holders.institutions = holders.institutions  # type: ignore[method-assign]
        yield Both(identity, one)
