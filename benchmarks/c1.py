"""C1: single look-ups of many threads or tasks that travel together, against the same threads or tasks with unary calls.

One worker over mutual TLS, everything on: a committed access record for each look-up, counted afterwards. Threads and
tasks ask one person after the other, through the public client, values and all; they share the machine's cores with
the server. The goal is that of threads on PostgreSQL.
"""

import asyncio
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.against_echo import THREADS, LostRecordError, records
from benchmarks.comparing import Contender, Size, interleave, line
from benchmarks.population import DOSSIERS_EACH, asked_for, ssin_of
from benchmarks.processes import serving
from benchmarks.served import URI
from benchmarks.stores import Store, opened
from kruispunt import AsyncDirectoryClient, ClientCertificates, DirectoryClient, Purpose
from kruispunt_server import pki

AT_ONCE = 64
PURPOSE = Purpose("18/042", "bench", "bench")
GOAL = 6


class Asked:
    """Persons to ask for, how many were, and the processor time that asking took in each way."""

    def __init__(self, persons: int) -> None:
        self._next = itertools.cycle([ssin_of(person) for person in asked_for(persons)])
        self.count = 0
        self.spent: dict[str, list[float]] = {"together": [], "alone": []}

    def shares(self, count: int) -> list[list[Any]]:
        """Return whom each caller asks for."""
        each = count // AT_ONCE
        self.count += each * AT_ONCE
        return [list(itertools.islice(self._next, each)) for _ in range(AT_ONCE)]

    def rate(self, way: str, shares: list[list[Any]], began_s: float, spent_s: float) -> float:
        """Return look-ups a second, and keep what each cost the client."""
        count = sum(map(len, shares))
        self.spent[way].append((time.process_time() - spent_s) / count * 1e6)
        return count / (time.perf_counter() - began_s)

    def client_us(self, way: str) -> int:
        return round(statistics.median(self.spent[way][1:]))  # but for warming up


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
        with serving("serve_full", "list", store.url, str(store.persons), str(THREADS), made) as server:
            together, alone = callers(f"127.0.0.1:{server.port}", certificates, asked)
            ours = Contender(together, server.pid, store.pid)
            baseline = Contender(alone, server.pid, store.pid)
            interleave(ours, baseline, size)
        _check(store, before, asked)
    goal = GOAL if callers is threads and kind == "postgresql" else None
    clients = asked.client_us("together"), asked.client_us("alone")
    spent, spent_alone = (
        client + statistics.median(one.server_us) + statistics.median(one.store_us)
        for client, one in zip(clients, (ours, baseline), strict=True)
    )
    more = {
        "callers": f"{AT_ONCE} {callers.__name__}",
        "client_us": clients[0],
        "baseline_client_us": clients[1],
        "cpu_ratio": round(spent_alone / spent, 2),  # of client, server and store together
    }
    return line(name, ours, baseline, goal=goal, rows=store.rows, store=store.label, **more)


def threads(endpoint: str, certificates: ClientCertificates, asked: Asked) -> Any:
    """Return how threads ask: together, and each alone."""

    def measured(ask: Any, count: int) -> float:
        shares = asked.shares(count)
        with DirectoryClient(endpoint, certificates=certificates, purpose=PURPOSE, timeout_s=30) as client:
            client.get_coverage().first()  # connected
            began, spent = time.perf_counter(), time.process_time()
            ask(client, shares)
            return asked.rate(ask.__name__, shares, began, spent)

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

    async def measured(ask: Any, count: int) -> float:
        shares = asked.shares(count)
        async with AsyncDirectoryClient(
            endpoint, certificates=certificates, purpose=PURPOSE, timeout_s=30
        ) as client:
            await client.get_coverage().first()
            began, spent = time.perf_counter(), time.process_time()
            await ask(client, shares)
            return asked.rate(ask.__name__, shares, began, spent)

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
