"""Two servers side by side: interleaved rounds, the median of their ratios, and processor time per call."""

import json
import os
import platform
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.processes import cpu_s

RESULTS = Path(__file__).parent / "results.jsonl"


@dataclass(frozen=True)
class Size:
    """How big a run is.

    Attributes:
        rows: dossiers in the database.
        calls: per round.
        rounds: how often each server is measured.
    """

    rows: int
    calls: int
    rounds: int


SIZES = {"small": Size(100_000, 6_000, 7), "full": Size(10_000_000, 20_000, 9)}


@dataclass
class Contender:
    """A server under measurement.

    Attributes:
        load: makes so many calls and returns calls (or persons) per second.
        pid: of the server.
        store_pid: of its database server.
    """

    load: Callable[[int], float]
    pid: int
    store_pid: int | None = None
    rates: list[float] = field(default_factory=list)
    server_us: list[float] = field(default_factory=list)
    store_us: list[float] = field(default_factory=list)

    def run(self, calls: int) -> None:
        """Measure one round."""
        server, store = cpu_s(self.pid), cpu_s(self.store_pid)
        self.rates.append(self.load(calls))
        self.server_us.append((cpu_s(self.pid) - server) / calls * 1e6)
        self.store_us.append((cpu_s(self.store_pid) - store) / calls * 1e6)


def interleave(ours: Contender, baseline: Contender, size: Size) -> None:
    """Warm both up, then measure them in turn, changing who is first."""
    ours.load(size.calls // 3)
    baseline.load(size.calls // 3)
    for number in range(size.rounds):
        for one in (ours, baseline) if number % 2 else (baseline, ours):
            one.run(size.calls)


def line(
    name: str, ours: Contender, baseline: Contender, *, goal: float | None, **more: Any
) -> dict[str, Any]:
    """Return the result of a comparison: medians, and the ratio round by round.

    `cpu_ratio`: processor time of a call, server and database, against the baseline's, the same way. `load`: average
    of the machine at the end.
    """
    ratios = [mine / other for mine, other in zip(ours.rates, baseline.rates, strict=True)]
    costs = [
        (server + store) / (other + other_store)
        for server, store, other, other_store in zip(
            ours.server_us, ours.store_us, baseline.server_us, baseline.store_us, strict=True
        )
        if other + other_store  # else the round was shorter than a tick of the clock
    ]
    return {
        "id": name,
        "value": round(statistics.median(ours.rates)),
        "unit": "calls/s",
        "baseline": round(statistics.median(baseline.rates)),
        "ratio": round(statistics.median(ratios), 3),
        "goal": goal,
        "runs": [round(ratio, 3) for ratio in ratios],
        "python": platform.python_version(),
        "cpu_us": round(statistics.median(ours.server_us)),
        "store_cpu_us": round(statistics.median(ours.store_us)),
        "baseline_cpu_us": round(statistics.median(baseline.server_us)),
        "cpu_ratio": round(statistics.median(costs), 2) if costs else None,
        "load": round(os.getloadavg()[0], 1),
        **more,
    }


def say(results: Sequence[dict[str, Any]]) -> None:
    """Print one JSON line per result and append it to results.jsonl."""
    with RESULTS.open("a") as kept:
        for result in results:
            text = json.dumps(result)
            print(text, flush=True)
            kept.write(text + "\n")
