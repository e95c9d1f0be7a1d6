"""F1: three thousand open watches on one worker, a thousand changes a second, each told to three of them.

Lag is from the instant that a change bears, taken before its transaction, to its arrival: writing, sealing, reading,
decrypting, journalling and sending are in it. Every watcher must get exactly what concerns it, in order.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc

from benchmarks.comparing import SIZES, Size
from benchmarks.imports import empty
from benchmarks.processes import ROOT, Serving, cpu_s, serving
from benchmarks.serve_feed import URI, expected
from kruispunt.identity.v1 import feed_service_pb2 as pb
from kruispunt.identity.v1 import feed_service_pb2_grpc as rpc
from kruispunt_server import pki

WATCHERS, KEYS, RATE = 3_000, 1_000, 1_000
_CHANNELS = 4  # a connection carries 1,000 streams
_LATEST_S = 60.0


class LostError(Exception):
    """A watcher got something else than what concerned it."""


class _Watcher:
    """One watch: what it was told, and how late."""

    def __init__(self, key: int) -> None:
        self.key = key
        self.told: list[str] = []
        self.lags_ms: list[float] = []
        self.beats = 0

    async def watch(self, stub: Any) -> None:
        request = pb.WatchChangesRequest(heartbeat_seconds=10)
        request.start.beginning = True
        metadata = (
            ("kruispunt-legal-basis", "18/042"),
            ("kruispunt-end-user", "bench"),
            ("kruispunt-case", str(self.key)),
        )
        async for message in stub.WatchChanges(request, metadata=metadata):
            if message.WhichOneof("content") == "commit":
                lag = time.time() - message.commit.recorded_at.ToMicroseconds() / 1e6
                self.lags_ms += [lag * 1000] * len(message.commit.changes)
                self.told += [change.ssin for change in message.commit.changes]
            else:
                self.beats += 1


def run(size: Size) -> Iterator[dict[str, Any]]:
    """Measure 20 seconds, in full two minutes; on one store after the other."""
    seconds = 120 if size is SIZES["full"] else 20
    for kind in ("sqlite", "postgresql"):
        yield _on(kind, seconds * RATE)


def _on(kind: str, changes: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as made, empty(kind) as store:
        folder = Path(made)
        pki.make_authority(folder)
        pki.issue_server(folder)
        pki.issue_client(folder, "bench", URI)
        with serving("serve_feed", store.url, made, str(WATCHERS), str(KEYS)) as server:
            measured = asyncio.run(_measure(server, folder, store.url, changes))
    return {
        "id": "F1", "unit": "ms lag p99", "watchers": WATCHERS, "changes": changes, "store": store.label,
        "load": round(os.getloadavg()[0], 1), **measured,
    }  # fmt: skip


async def _measure(server: Serving, folder: Path, url: str, changes: int) -> dict[str, Any]:
    before_kb = _rss_kb(server.pid)
    channels = [_channel(server, folder) for _ in range(_CHANNELS)]
    stubs = [rpc.IdentityFeedServiceStub(channel) for channel in channels]
    watchers = [_Watcher(number % KEYS) for number in range(WATCHERS)]
    tasks = [
        asyncio.create_task(watcher.watch(stubs[number % _CHANNELS]))
        for number, watcher in enumerate(watchers)
    ]
    began = time.monotonic()
    await _until(lambda: all(watcher.beats for watcher in watchers), tasks)
    opened_s = time.monotonic() - began
    idle_kb = _rss_kb(server.pid)
    cpu, own = cpu_s(server.pid), time.process_time()
    written = await _write(url, changes)
    wanted = changes * WATCHERS // KEYS
    await _until(lambda: sum(len(watcher.told) for watcher in watchers) >= wanted, tasks)
    figures = {"server_cpu_us": round((cpu_s(server.pid) - cpu) / wanted * 1e6)}
    figures["client_cpu_us"] = round((time.process_time() - own) / wanted * 1e6)
    for watcher in watchers:
        if watcher.told != expected(watcher.key, KEYS, changes):
            raise LostError(f"a watcher of {watcher.key} was told {len(watcher.told)}")
    for task in tasks:
        task.cancel()
    for channel in channels:
        await channel.close()
    lags = sorted(lag for watcher in watchers for lag in watcher.lags_ms)
    return {
        "value": round(lags[len(lags) * 99 // 100]),
        "p50": round(lags[len(lags) // 2]),
        "longest": round(lags[-1]),
        "lost": 0,
        "told": len(lags),
        "changes_per_s": written,
        "idle_kb_each": round((idle_kb - before_kb) / WATCHERS, 1),
        "all_open_and_beating_s": round(opened_s, 1),
        **figures,
    }


def _channel(server: Serving, folder: Path) -> grpc.aio.Channel:
    names = (folder / "ca.crt", folder / "clients/bench.key", folder / "clients/bench.crt")
    credentials = grpc.ssl_channel_credentials(*(name.read_bytes() for name in names))
    options = [("grpc.use_local_subchannel_pool", 1)]
    return grpc.aio.secure_channel(f"localhost:{server.port}", credentials, options=options)


async def _write(url: str, changes: int) -> int:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.write_changes", url, str(changes), str(RATE),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await process.communicate()
    if process.returncode:
        raise SystemExit("benchmarks.write_changes failed")
    return int(said)


async def _until(reached: Any, tasks: list[asyncio.Task[None]]) -> None:
    """Wait, unless a watch ends or it takes too long."""
    latest = time.monotonic() + _LATEST_S
    while not reached():
        for task in tasks:
            if task.done():
                task.result()
                raise LostError("a watch ended by itself")
        if time.monotonic() > latest:
            raise LostError("not all was told in time")
        await asyncio.sleep(0.2)


def _rss_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
