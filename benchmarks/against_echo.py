"""A server with everything on against an echo over mutual TLS that answers with as many bytes.

All on: mutual TLS, caller, purpose, rights, quota (counted, never used up), deadline, and an access record that is
committed before the answer leaves. h2load knows no client certificates, so a forwarder stands before both servers.
"""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks import h2load, serve_echo
from benchmarks.calls import CHECKED, KINDS, PURPOSE, Kind
from benchmarks.comparing import Contender, Size, interleave, line
from benchmarks.processes import Serving, serving
from benchmarks.served import URI
from benchmarks.stores import Store
from kruispunt_directory.tables import directory_tables
from kruispunt_identity.tables import identity_tables
from kruispunt_server import pki
from kruispunt_server.database import Database

THREADS = 8  # what the server has unless told
ECHO_THREADS = 4  # with which it is fastest
HEADERS = tuple(f"{key}: {value}" for key, value in PURPOSE)


class LostRecordError(Exception):
    """There are not as many records as there were calls."""


@dataclass
class Pair:
    """Both servers, running.

    Attributes:
        ours, echo: with mutual TLS.
        folder: of the certificates.
        reply_bytes: mean size of an answer.
        calls: made to ours so far.
    """

    kind: Kind
    store: Store
    folder: Path
    ours: Serving
    echo: Serving
    reply_bytes: float
    calls: int = CHECKED

    @contextmanager
    def contenders(self) -> Iterator[tuple[Contender, Contender]]:
        """Give both as h2load calls them."""
        with (
            serving("serve_tls_forward", str(self.ours.port), str(self.folder)) as to_ours,
            serving("serve_tls_forward", str(self.echo.port), str(self.folder)) as to_echo,
        ):
            yield (
                Contender(lambda count: self._ask(to_ours.port, count), self.ours.pid, self.store.pid),
                Contender(lambda count: self._load(to_echo.port, serve_echo.METHOD, count), self.echo.pid),
            )

    def _ask(self, port: int, count: int) -> float:
        self.calls += count
        return self._load(port, self.kind.path, count)

    def _load(self, port: int, path: str, count: int) -> float:
        body = self.kind.body.SerializeToString()
        return h2load.load(port, path, body, count, self.reply_bytes, HEADERS)


def compare(
    name: str, kind_name: str, store: Store, size: Size, goal: float, more: tuple[sa.Table, ...] = ()
) -> dict[str, Any]:
    """Measure one kind of call and count what it wrote.

    Args:
        name: of the row.
        kind_name: of `calls.KINDS`.
        store: loaded.
        size: of the run.
        goal: of the ratio of calls per second.
        more: tables in which every call leaves a row, beside its access record.

    Raises:
        LostRecordError: there are not as many access records, or rows of another table, as there were calls.
    """
    with pair(kind_name, store, more) as both, both.contenders() as (ours, echo):
        interleave(ours, echo, size)
    return line(name, ours, echo, goal=goal, rows=store.rows, store=store.label)


@contextmanager
def pair(kind_name: str, store: Store, more: tuple[sa.Table, ...] = ()) -> Iterator[Pair]:
    """Run both servers, check answers first, and at the end what the calls left behind; errors as of `compare`."""
    h2load.require()
    kind = KINDS[kind_name]
    tables = identity_tables() if kind.service == "identity" else directory_tables()
    counted = (tables.shared.access, *more)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        pki.make_authority(folder)
        pki.issue_server(folder)
        pki.issue_client(folder, "bench", URI)
        ours = stack.enter_context(serving("serve_full", kind_name, *_arguments(store, folder)))
        before = counts(store, counted)  # its rights are loaded
        with serving("serve_tls_forward", str(ours.port), str(folder)) as forward:
            reply_bytes = kind.checked(forward.port, store.persons)
        echo = stack.enter_context(
            serving("serve_echo", str(round(reply_bytes)), str(ECHO_THREADS), str(folder))
        )
        both = Pair(kind, store, folder, ours, echo, reply_bytes)
        yield both
        for table, was, is_now in zip(counted, before, counts(store, counted), strict=True):
            if is_now - was != both.calls:
                raise LostRecordError(f"{is_now - was} rows in {table.name} of {both.calls} calls")


def counts(store: Store, tables: tuple[sa.Table, ...]) -> list[int]:
    """Return how many rows each table has."""
    database = Database.open(store.url)
    try:
        with database.reading() as connection:
            return [connection.scalar(sa.select(sa.func.count()).select_from(each)) or 0 for each in tables]
    finally:
        database.close()


def records(store: Store) -> int:
    """Return how many access records a directory has."""
    return counts(store, (directory_tables().shared.access,))[0]


def _arguments(store: Store, folder: Path) -> tuple[str, ...]:
    return store.url, str(store.persons), str(THREADS), str(folder)
