"""R6: p99 of ListDossiers with everything on, at half of what the server can, against an echo's at the same rate; PostgreSQL.

What it can is measured first, by h2load. Then a client of our own offers calls on time over mutual TLS, without a
forwarder; how long a call took runs from when it was due.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
from itertools import chain
from typing import Any

from benchmarks import serve_echo
from benchmarks.against_echo import Pair, pair
from benchmarks.comparing import Size
from benchmarks.processes import ROOT, Serving
from benchmarks.stores import Store, opened

GOAL = 3.0
_CONNECTIONS = 8  # of `ask_on_time`, each with one call to begin with


class FailedCallError(Exception):
    """Not every call was answered."""


def run(size: Size) -> list[dict[str, Any]]:
    """Measure it."""
    with opened("postgresql", size.rows) as store:
        return [_measured(store, size)]


def _measured(store: Store, size: Size) -> dict[str, Any]:
    rounds: list[tuple[list[int], list[int]]] = []
    with pair("list", store) as both:
        with both.contenders() as (ours, _):
            ours.load(size.calls // 3)
            saturation = ours.load(size.calls)
        calls = size.calls // 2
        for _ in range(size.rounds):
            echo = _offered(both, both.echo, serve_echo.METHOD, saturation / 2, calls)
            rounds.append((_offered(both, both.ours, both.kind.path, saturation / 2, calls), echo))
            both.calls += calls + _CONNECTIONS
    ratios = [_p99(ours) / _p99(echo) for ours, echo in rounds]
    mine, other = (list(chain.from_iterable(one[which] for one in rounds)) for which in (0, 1))
    return {
        "id": "R6",
        "value": _p99(mine),
        "unit": "µs, p99",
        "baseline": _p99(other),
        "ratio": round(statistics.median(ratios), 2),
        "goal": GOAL,
        "runs": [round(ratio, 2) for ratio in ratios],
        "p50": [round(statistics.median(mine)), round(statistics.median(other))],
        "offered": round(saturation / 2),
        "rows": store.rows,
        "python": platform.python_version(),
        "store": store.label,
        "load": round(os.getloadavg()[0], 1),
    }


def _p99(took: list[int]) -> int:
    return round(statistics.quantiles(took, n=100)[98])


def _offered(both: Pair, server: Serving, path: str, rate: float, calls: int) -> list[int]:
    body = both.kind.body.SerializeToString().hex()
    arguments = (str(server.port), str(both.folder), path, body, str(rate), str(calls))
    said = subprocess.run(
        [sys.executable, "-m", "benchmarks.ask_on_time", *arguments],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    took, failed = json.loads(said)
    if failed:
        raise FailedCallError(f"{failed} of {calls}")
    return list(took)
