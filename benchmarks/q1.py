"""Q1: what a quiet participant notices of a noisy one.

One worker over mutual TLS on SQLite, everything on. The quiet participant reads 25 times a second, on a clock of its
own; how long each call took runs from when it was due. The noisy one, in another process, asks five times its quota;
or it has no quota to speak of and always 64 calls at once, and callers have turns, or wait in one queue.
"""

import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc

from benchmarks.calls import PURPOSE
from benchmarks.comparing import Size
from benchmarks.population import ssin_of
from benchmarks.processes import ROOT, serving
from benchmarks.stores import opened
from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt_server import pki

LIST = "/kruispunt.directory.v1.DirectoryService/ListDossiers"
RATE = 25
QUOTA = 50
THREADS = 8
NOBODY_COUNTS = 1_000_000
# name: (the noisy one's quota, calls a second, calls at once, how callers wait)
CASES = {
    "five times its quota": (QUOTA, 5 * QUOTA, 1000, "turns"),
    "64 calls at once, turns": (NOBODY_COUNTS, 0, 64, "turns"),
    "64 calls at once, one queue": (NOBODY_COUNTS, 0, 64, "queue"),
}


def body() -> bytes:
    """Return the request; the server reads the next person."""
    return pb.ListDossiersRequest(ssin=str(ssin_of(0))).SerializeToString()


def channel(port: int, folder: Path, name: str) -> grpc.Channel:
    """Connect as a participant."""
    credentials = grpc.ssl_channel_credentials(
        (folder / "ca.crt").read_bytes(),
        (folder / "clients" / f"{name}.key").read_bytes(),
        (folder / "clients" / f"{name}.crt").read_bytes(),
    )
    return grpc.secure_channel(f"127.0.0.1:{port}", credentials)


def run(size: Size) -> Iterator[dict[str, Any]]:
    """Measure each case: rounds alone and beside the noisy one in turn."""
    from benchmarks.serve_shared import NAMES, uri_of

    for case, (quota, rate, at_once, how) in CASES.items():
        with tempfile.TemporaryDirectory() as made, opened("sqlite", size.rows) as store:
            folder = Path(made)
            pki.make_authority(folder)
            pki.issue_server(folder)
            for name in NAMES:
                pki.issue_client(folder, name, uri_of(name))
            arguments = (store.url, str(store.persons), str(THREADS), made, str(quota), how)
            with (
                serving("serve_shared", *arguments) as server,
                channel(server.port, folder, "quiet") as quiet,
            ):
                yield {"id": "Q1", "case": case, **_measured(quiet, server.port, folder, rate, at_once, size)}


def _measured(
    quiet: grpc.Channel, port: int, folder: Path, rate: int, at_once: int, size: Size
) -> dict[str, Any]:
    alone: list[list[float]] = []
    beside: list[list[float]] = []
    errors = 0
    told: list[str] = []
    _ask(quiet, RATE * 2)
    for _ in range(size.rounds // 2):
        took, failed = _ask(quiet, RATE * 6)
        alone.append(took)
        with _noise(port, folder, rate, at_once, told):
            time.sleep(1)
            took, also_failed = _ask(quiet, RATE * 6)
        beside.append(took)
        errors += failed + also_failed
    first, second = _figures(alone), _figures(beside)
    return {
        "unit": "ms",
        "alone": first,
        "beside": second,
        "ratio": [round(b / a, 2) for a, b in zip(first, second, strict=True)],
        "errors": errors,
        "calls": sum(map(len, beside)),
        "noisy": told,
        "load_average": round(float(Path("/proc/loadavg").read_text().split()[0]), 1),
    }


def _figures(rounds: list[list[float]]) -> list[float]:
    """Return p50 and p99 of all rounds together, in ms."""
    cuts = statistics.quantiles([one for each in rounds for one in each], n=100)
    return [round(cuts[49] * 1000, 1), round(cuts[98] * 1000, 1)]


def _ask(opened_channel: grpc.Channel, calls: int) -> tuple[list[float], int]:
    """Call on time, whether the last call was answered or not; returns what each took, and how many failed."""
    invoke = opened_channel.unary_unary(LIST)
    took: list[float] = []
    failed = []
    every = threading.Semaphore(0)
    began = time.monotonic() + 0.1
    for number in range(calls):
        due = began + number / RATE
        time.sleep(max(due - time.monotonic(), 0))

        def done(future: Any, due: float = due) -> None:
            took.append(time.monotonic() - due)
            if future.code() is not grpc.StatusCode.OK:
                failed.append(future.code())
            every.release()

        invoke.future(body(), metadata=PURPOSE, timeout=20).add_done_callback(done)
    for _ in range(calls):
        every.acquire()
    return took, len(failed)


@contextmanager
def _noise(port: int, folder: Path, rate: int, at_once: int, told: list[str]) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.ask_noisily", str(port), str(folder), str(rate), str(at_once)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        if process.stdout.readline() != "begun\n":
            raise SystemExit("the noisy one did not begin")
        yield
        said, _ = process.communicate(timeout=60)
        answered, refused, dropped, seconds = (float(each) for each in said.split())
        told.append(
            f"{answered / seconds:.0f}/s answered, {refused / seconds:.0f}/s refused, {dropped:.0f} dropped"
        )
    finally:
        process.kill()
        process.wait()
