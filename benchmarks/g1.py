"""G1: how long a lone ListDossiers takes, bare, on many rows and on 100,000; PostgreSQL, one call after the other."""

import os
import platform
import statistics
import time
from collections.abc import Callable
from typing import Any

import grpc

from benchmarks.calls import KINDS
from benchmarks.comparing import SIZES, Size
from benchmarks.processes import serving
from benchmarks.stores import Store, opened_all

GOAL = 1.3
FEW = 100_000


def run(size: Size) -> list[dict[str, Any]]:
    """Measure a million rows against 100,000, in full ten million."""
    many = size.rows if size is SIZES["full"] else 1_000_000
    with opened_all("postgresql", [many, FEW]) as (large, small):
        return [_measured(large, small, size)]


def _measured(large: Store, small: Store, size: Size) -> dict[str, Any]:
    with (
        serving("serve_bare", large.url, str(large.persons), "1") as of_large,
        serving("serve_bare", small.url, str(small.persons), "1") as of_small,
        grpc.insecure_channel(f"127.0.0.1:{of_large.port}") as to_large,
        grpc.insecure_channel(f"127.0.0.1:{of_small.port}") as to_small,
    ):
        KINDS["list"].checked(of_large.port, large.persons)
        KINDS["list"].checked(of_small.port, small.persons)
        ask_large, ask_small = _asking(to_large), _asking(to_small)
        calls = size.calls // 6
        rounds = [(ask_large(calls), ask_small(calls)) for _ in range(size.rounds + 1)]
    kept = rounds[1:]  # the first warms both up
    return {
        "id": "G1",
        "value": round(statistics.median(one for one, _ in kept)),
        "unit": "µs, p50",
        "baseline": round(statistics.median(one for _, one in kept)),
        "ratio": round(statistics.median(many / few for many, few in kept), 3),
        "goal": GOAL,
        "runs": [round(many / few, 3) for many, few in kept],
        "rows": large.rows,
        "python": platform.python_version(),
        "store": large.label,
        "load": round(os.getloadavg()[0], 1),
    }


def _asking(channel: grpc.Channel) -> Callable[[int], float]:
    """Return what makes so many calls one after the other and returns the median of what they took, in µs."""
    invoke, body = channel.unary_unary(KINDS["list"].path), KINDS["list"].body.SerializeToString()

    def ask(calls: int) -> float:
        took = []
        for _ in range(calls):
            began = time.perf_counter()
            invoke(body, timeout=10)
            took.append(time.perf_counter() - began)
        return statistics.median(took) * 1e6

    return ask
