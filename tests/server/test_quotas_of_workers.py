"""Quotas hold over all workers of a host together, and survive a worker that is killed."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from tests.quotas.calling import call, reasons

from kruispunt_directory.tables import shared
from kruispunt_server import pki
from kruispunt_server.access.loading import load_rights, rights_in
from kruispunt_server.clock import SystemClock
from kruispunt_server.database import Database

from .processes import RIGHTS, Home, Running, wait_until

QUOTA = 10


@pytest.fixture
def home(tmp_path: Path, sqlite_templates: dict[str, Path]) -> Home:
    """Certificates and a migrated database whose one participant may read ten times a day."""
    pki.issue_all(tmp_path / "pki", {"pension-office": ["spiffe://test/participant/pension-office"]})
    pki.replace_file(tmp_path / "pki" / "secret", b"s" * 32, 0o600)
    limited = RIGHTS.replace("reads: 1000000/s", f"reads: {QUOTA}/day")
    assert limited != RIGHTS
    (tmp_path / "rights.yaml").write_text(limited)
    shutil.copyfile(sqlite_templates["directory"], tmp_path / "directory.db")
    database = Database.open(f"sqlite:///{tmp_path / 'directory'}.db")
    load_rights(database, shared, SystemClock(), rights_in(tmp_path / "rights.yaml"))
    database.close()
    return Home(tmp_path)


@pytest.fixture
def server(home: Home) -> Iterator[Running]:
    """A server of two workers."""
    started = Running(home, workers=2)
    yield started
    started.kill()


def connections(home: Home, address: str, count: int) -> list[grpc.Channel]:
    """Open connections of their own; the kernel hands them to one worker or the other."""
    clients = home.folder / "pki" / "clients"
    credentials = grpc.ssl_channel_credentials(
        (home.folder / "pki" / "ca.crt").read_bytes(),
        (clients / "pension-office.key").read_bytes(),
        (clients / "pension-office.crt").read_bytes(),
    )
    options = [("grpc.use_local_subchannel_pool", 1)]
    return [grpc.secure_channel(address, credentials, options) for _ in range(count)]


def serving(server: Running) -> set[int]:
    """Return the process ids of the workers that answered a call."""
    return {event["worker"] for event in server.events("worker_ready")}


def test_two_workers_together_let_in_what_the_quota_says(home: Home, server: Running):
    """Over many connections, which both of them serve; also after one was killed and started again."""
    channels = connections(home, server.address(), 24)
    told = reasons([call(channel) for channel in channels])

    assert QUOTA == told.count("")
    assert 24 - QUOTA == told.count("QUOTA_EXHAUSTED reads")
    # Refused by either worker, told once: the minute is theirs together.
    assert len(server.events("quota_exhausted")) == 1
    for channel in channels:
        channel.close()

    victim = min(serving(server))
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: len(serving(server)) == 3, "the killed worker is replaced")
    again = connections(home, server.address(), 24)
    assert ["QUOTA_EXHAUSTED reads"] * 24 == reasons([call(channel) for channel in again])
    for channel in again:
        channel.close()
    assert 0 == server.stop()
