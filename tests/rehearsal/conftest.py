"""A directory that rehearses, an institution's raw channel to it, and what it says of the institution."""

import datetime as dt
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.directory.service.conftest import WELFARE, Directory, sandbox_pki, serving_directory

from kruispunt import RehearsalClient
from kruispunt.rehearsing import Rehearsal

__all__ = ["sandbox_pki"]

PURPOSE = (
    ("kruispunt-legal-basis", "18/042"),
    ("kruispunt-end-user", "clerk-7"),
    ("kruispunt-case", "2026/1"),
)


@dataclass
class Sandbox:
    """The directory, and the welfare centre's client, which says what it likes."""

    directory: Directory
    channel: grpc.Channel

    def advance(self, **by: float) -> None:
        """Let time pass."""
        self.directory.clock.advance(dt.timedelta(**by))

    def rehearsal(self, participant: str = WELFARE, since: dt.datetime | None = None) -> Rehearsal:
        """Ask what was heard."""
        certificates = self.directory.certificates(participant)
        with RehearsalClient(self.directory.endpoint, certificates=certificates) as client:
            return client.get_rehearsal(since)

    def findings(self) -> list[tuple[str, str, int]]:
        """Return fault, method and count of each finding."""
        return [(one.fault.name, one.method, one.count) for one in self.rehearsal().findings]


def rehearsing(url: str, pki: Path, **more: Any) -> AbstractContextManager[Directory]:
    """Start a directory that rehearses."""
    return serving_directory(url, pki, rehearsal=True, workers=1, **more)


@pytest.fixture
def sandbox(sqlite_url: str, sandbox_pki: Path) -> Iterator[Sandbox]:
    """Nothing is stored of a rehearsal: one kind of database is enough."""
    with rehearsing(sqlite_url, sandbox_pki) as directory:
        yield Sandbox(directory, directory.channel(WELFARE))


def request_id() -> str:
    """Return a name for a mutation."""
    return str(uuid.uuid4())
