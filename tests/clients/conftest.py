"""A scripted registry and a client of it."""

from collections.abc import Iterator

import pytest
from tests.clients.registry_stand_in import Script, serving

from kruispunt import DirectoryClient, IdentityClient, Purpose

PURPOSE = Purpose(legal_basis="18/042", end_user="clerk-7", case="file-1")


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def endpoint(script: Script) -> Iterator[str]:
    with serving(script) as endpoint:
        yield endpoint


@pytest.fixture
def directory(endpoint: str) -> Iterator[DirectoryClient]:
    with DirectoryClient(endpoint, certificates=None, purpose=PURPOSE) as client:
        yield client


@pytest.fixture
def identity(endpoint: str) -> Iterator[IdentityClient]:
    with IdentityClient(endpoint, certificates=None, purpose=PURPOSE) as client:
        yield client
