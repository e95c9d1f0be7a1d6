"""C1: single look-ups of many threads or tasks that travel together, against the same threads or tasks with unary calls.

One worker over mutual TLS, everything on: a committed access record for each look-up, counted afterwards. Threads and
tasks ask one person after the other, through the public client, values and all; they share the machine's cores with
the server. The goal is that of threads on PostgreSQL.
"""

import asyncio
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.comparing import Contender, Size, interleave, line
from benchmarks.population import DOSSIERS_EACH, asked_for, ssin_of
from benchmarks.processes import serving
from benchmarks.r1 import THREADS
from benchmarks.r2 import LostRecordError, records
from benchmarks.served import URI
from benchmarks.stores import Store, opened
from kruispunt import AsyncDirectoryClient, ClientCertificates, DirectoryClient, Purpose
from kruispunt_server import pki

AT_ONCE = 64
PURPOSE = Purpose("18/042", "bench", "bench")
GOAL = 6


class Asked:
    """Persons to ask for, and how many were."""

    def __init__(self, persons: int) -> None:
        self._next = itertools.cycle([ssin_of(person) for person in asked_for(persons)])
        self.count = 0

    def some(self, count: int) -> list[Any]:
        self.count += count
        return list(itertools.islice(self._next, count))


def run(size: Size) -> Iterator[dict[str, Any]]:
    """Measure threads on both stores, and tasks on PostgreSQL."""
    yield _measured("C1", "postgresql", size, threads)
    yield _measured("C1", "sqlite", size, threads)
    yield _measured("C1", "postgresql", size, tasks)


def _measured(name: str, kind: str, size: Size, callers: Callable[..., Any]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as made, opened(kind, size.rows) as store:
        folder = Path(made)
        pki.make_authority(folder)
        pki.issue_server(folder)
        pki.issue_client(folder, "bench", URI)
        certificates = ClientCertificates.from_files(
            folder / "ca.crt", folder / "clients" / "bench.crt", folder / "clients" / "bench.key"
        )
        before, asked = records(store), Asked(store.persons)
        with serving("serve_full", store.url, str(store.persons), str(THREADS), made) as server:
            together, alone = callers(f"127.0.0.1:{server.port}", certificates, asked)
            ours = Contender(together, server.pid, store.pid)
            baseline = Contender(alone, server.pid, store.pid)
            interleave(ours, baseline, size)
        _check(store, before, asked)
    goal = GOAL if callers is threads and kind == "postgresql" else None
    return line(
        name,
        ours,
        baseline,
        goal=goal,
        rows=store.rows,
        store=store.label,
        callers=f"{AT_ONCE} {callers.__name__}",
    )


def threads(endpoint: str, certificates: ClientCertificates, asked: Asked) -> Any:
    """Return how threads ask: together, and each alone."""

    def measured(ask: Callable[[DirectoryClient, list[list[Any]]], None], count: int) -> float:
        shares = [asked.some(count // AT_ONCE) for _ in range(AT_ONCE)]
        with DirectoryClient(endpoint, certificates=certificates, purpose=PURPOSE, timeout_s=30) as client:
            client.get_coverage().first()  # connected
            began = time.perf_counter()
            ask(client, shares)
            return sum(map(len, shares)) / (time.perf_counter() - began)

    def each(look_up: Callable[[Any], int], shares: list[list[Any]]) -> None:
        def ask(persons: list[Any]) -> None:
            for person in persons:
                checked(look_up(person))

        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(ask, shares))

    def together(client: DirectoryClient, shares: list[list[Any]]) -> None:
        with client.resolver() as resolver:
            each(lambda person: len(resolver.look_up(person).dossiers), shares)

    def alone(client: DirectoryClient, shares: list[list[Any]]) -> None:
        each(lambda person: len(client.list_dossiers(person).first().items), shares)

    return lambda count: measured(together, count), lambda count: measured(alone, count)


def tasks(endpoint: str, certificates: ClientCertificates, asked: Asked) -> Any:
    """Return how tasks ask: together, and each alone."""

    async def measured(ask: Callable[..., Any], count: int) -> float:
        shares = [asked.some(count // AT_ONCE) for _ in range(AT_ONCE)]
        async with AsyncDirectoryClient(
            endpoint, certificates=certificates, purpose=PURPOSE, timeout_s=30
        ) as client:
            await client.get_coverage().first()
            began = time.perf_counter()
            await ask(client, shares)
            return sum(map(len, shares)) / (time.perf_counter() - began)

    async def each(look_up: Callable[..., Any], shares: list[list[Any]]) -> None:
        async def ask(persons: list[Any]) -> None:
            for person in persons:
                checked(await look_up(person))

        await asyncio.gather(*map(ask, shares))

    async def together(client: AsyncDirectoryClient, shares: list[list[Any]]) -> None:
        async with client.resolver() as resolver:

            async def look_up(person: Any) -> int:
                return len((await resolver.look_up(person)).dossiers)

            await each(look_up, shares)

    async def alone(client: AsyncDirectoryClient, shares: list[list[Any]]) -> None:
        async def look_up(person: Any) -> int:
            return len((await client.list_dossiers(person).first()).items)

        await each(look_up, shares)

    return (
        lambda count: asyncio.run(measured(together, count)),
        lambda count: asyncio.run(measured(alone, count)),
    )


def checked(dossiers: int) -> None:
    """Hold an answer against what every person has."""
    if dossiers != DOSSIERS_EACH:
        raise AssertionError(f"{dossiers} dossiers of a person who has {DOSSIERS_EACH}")


def _check(store: Store, before: int, asked: Asked) -> None:
    if (written := records(store) - before) != asked.count:
        raise LostRecordError(f"{written} access records of {asked.count} look-ups")
