"""A revocation is seen by every worker of a host: each ends the stream that it has open, within seconds."""

import hashlib
import re
import shutil
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt.directory.v1 import notice_service_pb2 as notices
from kruispunt_directory.tables import shared
from kruispunt_server import pki
from kruispunt_server.access.loading import load_rights, rights_in
from kruispunt_server.clock import SystemClock
from kruispunt_server.database import Database

from .conftest import PURPOSE, refusal_of
from .processes import RIGHTS, Home, Running, wait_until

SOON_S = 5.0
"""Within which a revocation bites."""
NAME = "kruispunt.directory.v1"


@pytest.fixture
def home(tmp_path: Path, sqlite_templates: dict[str, Path]) -> Home:
    """Certificates and a migrated database that knows one participant."""
    pki.issue_all(tmp_path / "pki", {"pension-office": ["spiffe://test/participant/pension-office"]})
    pki.replace_file(tmp_path / "pki" / "secret", b"s" * 32, 0o600)
    shutil.copyfile(sqlite_templates["directory"], tmp_path / "directory.db")
    one = Home(tmp_path)
    load(one, RIGHTS)
    return one


@pytest.fixture
def server(home: Home) -> Iterator[Running]:
    """A server of two workers."""
    started = Running(home, workers=2)
    yield started
    started.kill()


def load(home: Home, rights: str) -> None:
    """Give the registry other rights, as an operator does beside the servers."""
    file = home.folder / "rights.yaml"
    file.write_text(rights)
    database = Database.open(f"sqlite:///{home.folder / 'directory'}.db")
    load_rights(database, shared, SystemClock(), rights_in(file))
    database.close()


def connected(worker: int, port: int) -> int:
    """Return how many connections to the port a worker holds."""
    of_port = {
        parts[9]
        for table in ("tcp", "tcp6")  # gRPC listens on sockets of both kinds at once
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if (parts := line.split())[1].endswith(f":{port:04X}") and parts[3] == "01"
    }
    held = set()
    for each in Path(f"/proc/{worker}/fd").iterdir():
        found = re.fullmatch(r"socket:\[(\d+)\]", str(each.readlink()))
        if found:
            held.add(found[1])
    return len(held & of_port)


class Watch:
    """One connection with a watch on notices open on it."""

    def __init__(self, home: Home, address: str) -> None:
        clients = home.folder / "pki" / "clients"
        credentials = grpc.ssl_channel_credentials(
            (home.folder / "pki" / "ca.crt").read_bytes(),
            (clients / "pension-office.key").read_bytes(),
            (clients / "pension-office.crt").read_bytes(),
        )
        options = [("grpc.use_local_subchannel_pool", 1)]
        self.channel = grpc.secure_channel(address, credentials, options)
        request = notices.WatchNoticesRequest(heartbeat_seconds=1)
        request.start.now = True
        method = self.channel.unary_stream(f"/{NAME}.NoticeService/WatchNotices")
        self._told: Any = method(request.SerializeToString(), metadata=PURPOSE, timeout=60)
        next(self._told)

    def refusals(self) -> list[str]:
        """Listen until the watch is ended, then call on the same connection; return why both were refused."""
        with pytest.raises(grpc.RpcError) as ended:
            for _ in self._told:
                pass
        asked = pb.ListDossiersRequest(ssin="85073003328").SerializeToString()
        with pytest.raises(grpc.RpcError) as refused:
            self.channel.unary_unary(f"/{NAME}.DirectoryService/ListDossiers")(
                asked, metadata=PURPOSE, timeout=30
            )
        return [refusal_of(ended.value).reason, refusal_of(refused.value).reason]


def watches_at_both(home: Home, server: Running) -> list[Watch]:
    """Open watches until each worker holds one; the kernel decides which gets a connection."""
    address = server.address()
    port = int(address.rpartition(":")[2])
    wait_until(lambda: len(server.events("worker_ready")) == 2, "both workers serve")
    workers = [event["worker"] for event in server.events("worker_ready")]
    opened: list[Watch] = []
    while not all(connected(worker, port) for worker in workers):
        assert len(opened) < 40, "the kernel gave all connections to one worker"
        opened.append(Watch(home, address))
    return opened


def revoked(home: Home) -> str:
    """Return rights in which the certificate is revoked."""
    pem = (home.folder / "pki" / "clients" / "pension-office.crt").read_text()
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    return RIGHTS.replace(
        "    institution: 5/1\n", f"    institution: 5/1\n    revoked_certificates: [{digest}]\n"
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (revoked, "CERTIFICATE_REVOKED"),
        (
            lambda _home: RIGHTS.replace("DirectoryService/*, ", "").replace("NoticeService/*, ", ""),
            "GRANT_MISSING",
        ),
    ],
    ids=["certificate", "grant"],
)
def test_each_worker_ends_its_watches(home: Home, server: Running, change: Any, reason: str) -> None:
    """Both are served by real processes; the change is made at the database, and nobody tells them."""
    opened = watches_at_both(home, server)
    applied_at = time.monotonic()
    load(home, change(home))

    found = [one.refusals() for one in opened]
    took_s = time.monotonic() - applied_at
    for one in opened:
        one.channel.close()

    assert [[reason, reason]] * len(opened) == found
    assert took_s < SOON_S
    assert 0 == server.stop()
