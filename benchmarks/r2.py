"""R2 and R3: ListDossiers with everything on, against an echo over mutual TLS; PostgreSQL and SQLite.

All on: mutual TLS, caller, purpose, deadline, and an access record that is committed before the answer leaves.
A quota is counted, and never used up. h2load knows no client certificates, so a forwarder stands before both servers.
"""

import tempfile
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks import h2load, serve_echo
from benchmarks.comparing import Contender, Size, interleave, line
from benchmarks.population import ssin_of
from benchmarks.processes import serving
from benchmarks.r1 import CHECKED, THREADS, checked
from benchmarks.serve_bare import LIST_DOSSIERS
from benchmarks.serve_full import PURPOSE
from benchmarks.served import URI
from benchmarks.stores import Store, opened
from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt_directory.tables import directory_tables
from kruispunt_server import pki
from kruispunt_server.database import Database

_HEADERS = tuple(f"{key}: {value}" for key, value in PURPOSE)


class LostRecordError(Exception):
    """There are not as many access records as there were calls."""


def on_postgresql(size: Size) -> list[dict[str, Any]]:
    """Measure R2."""
    return [_on("postgresql", size, "R2", 0.65)]


def on_sqlite(size: Size) -> list[dict[str, Any]]:
    """Measure R3."""
    return [_on("sqlite", size, "R3", 0.50)]


def _on(kind: str, size: Size, name: str, goal: float) -> dict[str, Any]:
    h2load.require()
    body = pb.ListDossiersRequest(ssin=str(ssin_of(0))).SerializeToString()
    with tempfile.TemporaryDirectory() as made, opened(kind, size.rows) as store:
        folder = Path(made)
        pki.make_authority(folder)
        pki.issue_server(folder)
        pki.issue_client(folder, "bench", URI)
        arguments = (store.url, str(store.persons), str(THREADS), made)
        before = records(store)
        calls = CHECKED
        with (
            serving("serve_full", *arguments) as full,
            serving("serve_tls_forward", str(full.port), made) as to_full,
        ):
            reply_bytes = checked(to_full.port, store, PURPOSE)

            def asking(count: int) -> float:
                nonlocal calls
                calls += count
                return h2load.load(to_full.port, LIST_DOSSIERS, body, count, reply_bytes, _HEADERS)

            with (
                serving("serve_echo", str(round(reply_bytes)), str(THREADS), made) as echo,
                serving("serve_tls_forward", str(echo.port), made) as to_echo,
            ):
                ours = Contender(asking, full.pid, store.pid)
                baseline = Contender(
                    lambda count: h2load.load(
                        to_echo.port, serve_echo.METHOD, body, count, reply_bytes, _HEADERS
                    ),
                    echo.pid,
                )
                interleave(ours, baseline, size)
        if (written := records(store) - before) != calls:
            raise LostRecordError(f"{written} access records of {calls} calls")
    return line(name, ours, baseline, goal=goal, rows=store.rows, store=store.label)


def records(store: Store) -> int:
    """Return how many access records there are."""
    database = Database.open(store.url)
    try:
        with database.reading() as connection:
            counted = connection.scalar(
                sa.select(sa.func.count()).select_from(directory_tables().shared.access)
            )
    finally:
        database.close()
    assert isinstance(counted, int)
    return counted
