"""A scripted registry and clients of it: one for threads, and one for tasks that is used like it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.clients.blocking import Blocking
from tests.clients.registry_stand_in import Script, serving

from kruispunt import AsyncDirectoryClient, AsyncIdentityClient, DirectoryClient, IdentityClient, Purpose

PURPOSE = Purpose(legal_basis="18/042", end_user="clerk-7", case="file-1")


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def endpoint(script: Script) -> Iterator[str]:
    with serving(script) as endpoint:
        yield endpoint


@pytest.fixture(params=["threads", "tasks"])
def directory_client(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Either client of the directory, as its class is called."""
    if request.param == "threads":
        return DirectoryClient
    return lambda *args, **named: Blocking(AsyncDirectoryClient(*args, **named))


@pytest.fixture
def directory(endpoint: str, directory_client: Callable[..., Any]) -> Iterator[Any]:
    with directory_client(endpoint, certificates=None, purpose=PURPOSE) as client:
        yield client


@pytest.fixture(params=["threads", "tasks"])
def identity(request: pytest.FixtureRequest, endpoint: str) -> Iterator[Any]:
    kind = (
        IdentityClient
        if request.param == "threads"
        else lambda *args, **named: Blocking(AsyncIdentityClient(*args, **named))
    )
    with kind(endpoint, certificates=None, purpose=PURPOSE) as client:
        yield client
