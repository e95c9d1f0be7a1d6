"""F1 and F1N: three thousand open watches on one worker.

F1: a thousand changes of the registers a second, each told to three watchers. F1N: three thousand institutions, each
watching its own notices, a thousand of which are written a second.

Lag is from the instant that a change bears, taken before its transaction, to its arrival: writing, sealing, reading,
decrypting (where there is what to seal or decrypt), journalling and sending are in it. Every watcher must get exactly
what concerns it, in order.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from benchmarks.comparing import SIZES, Size
from benchmarks.imports import empty
from benchmarks.processes import ROOT, Serving, cpu_s, serving
from benchmarks.serve_feed import expected
from benchmarks.served import URI
from kruispunt.directory.v1 import notice_service_pb2 as notice_pb
from kruispunt.directory.v1.notice_service_pb2_grpc import NoticeServiceStub
from kruispunt.identity.v1 import feed_service_pb2 as feed_pb
from kruispunt.identity.v1.feed_service_pb2_grpc import IdentityFeedServiceStub
from kruispunt_server import pki

WATCHERS, RATE = 3_000, 1_000
GOAL_MS, GOAL_KB = 1_000, 40
_IDLE_S = 5.0
_CHANNELS = 4  # a connection carries 1,000 streams
_LATEST_S = 60.0


class LostError(Exception):
    """A watcher got something else than what concerned it."""


@dataclass(frozen=True)
class _Feed:
    """What is watched.

    Attributes:
        row: of the results.
        service: whose database.
        server: module that serves it.
        writer: module that writes what is told.
        keys: how many differ in what they are told.
        open: opens a watch on a channel from the beginning.
        told: returns when what a message tells was recorded, and the numbers in it; none: a sign of life.
    """

    row: str
    service: str
    server: str
    writer: str
    keys: int
    open: Callable[[grpc.aio.Channel, Any], Any]
    told: Callable[[Any], tuple[Any, list[str]] | None]


def _watch_changes(channel: grpc.aio.Channel, metadata: Any) -> Any:
    request = feed_pb.WatchChangesRequest(heartbeat_seconds=10)
    request.start.beginning = True
    return IdentityFeedServiceStub(channel).WatchChanges(request, metadata=metadata)


def _changes(message: feed_pb.WatchChangesResponse) -> tuple[Any, list[str]] | None:
    if message.WhichOneof("content") != "commit":
        return None
    return message.commit.recorded_at, [change.ssin for change in message.commit.changes]


def _watch_notices(channel: grpc.aio.Channel, metadata: Any) -> Any:
    request = notice_pb.WatchNoticesRequest(heartbeat_seconds=10)
    request.start.beginning = True
    return NoticeServiceStub(channel).WatchNotices(request, metadata=metadata)


def _notices(message: notice_pb.WatchNoticesResponse) -> tuple[Any, list[str]] | None:
    if message.WhichOneof("content") != "notices":
        return None
    return message.notices.recorded_at, [notice.ssin for notice in message.notices.notices]


_CHANGES = _Feed("F1", "identity", "serve_feed", "write_changes", 1_000, _watch_changes, _changes)
_NOTICES = _Feed("F1N", "directory", "serve_notices", "write_notices", 3_000, _watch_notices, _notices)


class _Watcher:
    """One watch: what it was told, and how late."""

    def __init__(self, feed: _Feed, key: int) -> None:
        self.feed = feed
        self.key = key
        self.told: list[str] = []
        self.lags_ms: list[float] = []
        self.beats = 0

    async def watch(self, channel: grpc.aio.Channel) -> None:
        metadata = (
            ("kruispunt-legal-basis", "18/042"),
            ("kruispunt-end-user", "bench"),
            ("kruispunt-case", str(self.key)),
        )
        async for message in self.feed.open(channel, metadata):
            told = self.feed.told(message)
            if told is None:
                self.beats += 1
                continue
            recorded_at, numbers = told
            lag = time.time() - recorded_at.ToMicroseconds() / 1e6
            self.lags_ms += [lag * 1000] * len(numbers)
            self.told += numbers


def run(size: Size) -> Iterator[dict[str, Any]]:
    """Measure changes for 20 seconds, in full two minutes; on one store after the other."""
    return _run(_CHANGES, size)


def run_notices(size: Size) -> Iterator[dict[str, Any]]:
    """Measure notices for as long."""
    return _run(_NOTICES, size)


def _run(feed: _Feed, size: Size) -> Iterator[dict[str, Any]]:
    seconds = 120 if size is SIZES["full"] else 20
    for kind in ("sqlite", "postgresql"):
        yield _on(feed, kind, seconds * RATE)


def _on(feed: _Feed, kind: str, changes: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as made, empty(kind, feed.service) as store:
        folder = Path(made)
        pki.make_authority(folder)
        pki.issue_server(folder)
        pki.issue_client(folder, "bench", URI)
        with serving(feed.server, store.url, made, str(WATCHERS), str(feed.keys)) as server:
            measured = asyncio.run(_measure(feed, server, folder, store.url, changes))
    return {
        "id": feed.row, "unit": "ms lag p99", "goal": GOAL_MS, "watchers": WATCHERS, "changes": changes,
        "store": store.label, "load": round(os.getloadavg()[0], 1), **measured, "goal_kb_each": GOAL_KB,
    }  # fmt: skip


async def _measure(feed: _Feed, server: Serving, folder: Path, url: str, changes: int) -> dict[str, Any]:
    before_kb = _rss_kb(server.pid)
    channels = [_channel(server, folder) for _ in range(_CHANNELS)]
    watchers = [_Watcher(feed, number % feed.keys) for number in range(WATCHERS)]
    tasks = [
        asyncio.create_task(watcher.watch(channels[number % _CHANNELS]))
        for number, watcher in enumerate(watchers)
    ]
    began = time.monotonic()
    await _until(lambda: all(watcher.beats for watcher in watchers), tasks)
    opened_s = time.monotonic() - began
    idle_kb = _rss_kb(server.pid)
    cpu = cpu_s(server.pid)
    await asyncio.sleep(_IDLE_S)
    idle = (cpu_s(server.pid) - cpu) / _IDLE_S
    cpu, own = cpu_s(server.pid), time.process_time()
    written = await _write(feed, url, changes)
    wanted = changes * WATCHERS // feed.keys
    await _until(lambda: sum(len(watcher.told) for watcher in watchers) >= wanted, tasks)
    figures = {"server_cpu_us": round((cpu_s(server.pid) - cpu) / wanted * 1e6)}
    figures["client_cpu_us"] = round((time.process_time() - own) / wanted * 1e6)
    for watcher in watchers:
        if watcher.told != expected(watcher.key, feed.keys, changes):
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
        "idle_cpu_percent": round(idle * 100, 1),
        "all_open_and_beating_s": round(opened_s, 1),
        **figures,
    }


def _channel(server: Serving, folder: Path) -> grpc.aio.Channel:
    names = (folder / "ca.crt", folder / "clients/bench.key", folder / "clients/bench.crt")
    credentials = grpc.ssl_channel_credentials(*(name.read_bytes() for name in names))
    options = [("grpc.use_local_subchannel_pool", 1)]
    return grpc.aio.secure_channel(f"localhost:{server.port}", credentials, options=options)


async def _write(feed: _Feed, url: str, changes: int) -> int:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"benchmarks.{feed.writer}", url, str(changes), str(RATE), str(feed.keys),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await process.communicate()
    if process.returncode:
        raise SystemExit(f"benchmarks.{feed.writer} failed")
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
