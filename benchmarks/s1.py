"""S1: how well and how fast persons are found, on registers and searches of our own and on FEBRL.

The goals are those of matching.md §1; the searches' seeds are not those that the weights were fitted on.
"""

import os
from collections.abc import Iterator
from typing import Any

from benchmarks.comparing import SIZES, Size
from benchmarks.people import febrl
from benchmarks.people.measuring import answers, matcher_of, report
from benchmarks.people.searches import searches
from benchmarks.people.stores import opened

REGISTER, SEARCHES = 7, 11
_GOAL = {100_000: 0.985, 1_000_000: 0.985, 3_000_000: 0.98}
_CLASS_GOAL = {100_000: 0.95, 1_000_000: 0.95, 3_000_000: 0.91}
_P99_GOAL_MS = {100_000: 40, 1_000_000: 40, 3_000_000: 60}
_FEBRL4_GOAL, _FEBRL4_F1_GOAL = 0.965, 0.96  # of weights fitted on a tenth of its labels: matching.md §2.4
_KNOWN = {1_000_000: 15_000}  # searches for known persons; a rate near one in ten is then known to 0.3 points


def run(size: Size) -> Iterator[dict[str, Any]]:
    """Measure 100,000 persons; in full 1 and 3 million. Then FEBRL."""
    for persons in (1_000_000, 3_000_000) if size is SIZES["full"] else (100_000,):
        yield from of_size(persons)
    yield from of_febrl()


def of_million(_: Size) -> Iterator[dict[str, Any]]:
    """Measure a million persons on both stores: about ten minutes, and ten for loading them once."""
    yield from of_size(1_000_000)


def of_three_million(_: Size) -> Iterator[dict[str, Any]]:
    """Measure three million persons on both stores."""
    yield from of_size(3_000_000)


def of_size(persons: int) -> Iterator[dict[str, Any]]:
    """Measure one size on both stores."""
    for kind in ("sqlite", "postgresql"):
        yield from of_register(kind, persons, known=_KNOWN.get(persons, 3_000))


def of_febrl() -> Iterator[dict[str, Any]]:
    """Measure FEBRL 1 to 4."""
    for name in ("dataset1", "dataset2", "dataset3"):
        yield {"id": "S1", "what": f"FEBRL {name[-1]}, duplicates", "unit": "F1", **febrl.duplicates(name)}
    for what, found in (
        ("as shipped", febrl.linkage()),
        ("fitted on a tenth of its labels", febrl.linkage_fitted()),
    ):
        yield {
            "id": "S1", "what": f"FEBRL 4, search, weights {what}", "value": found["recall_5"], "unit": "recall@5",
            "goal": _FEBRL4_GOAL, "goal_f1": _FEBRL4_F1_GOAL, **found,
        }  # fmt: skip


def of_register(kind: str, persons: int, *, known: int) -> Iterator[dict[str, Any]]:
    """Search one register."""
    with opened(kind, persons, REGISTER) as register:
        asked = searches(register.people, known, known * 2 // 3, SEARCHES)
        measured = report(answers(register, asked, matcher_of(register)))
    common = {"id": "S1", "store": kind, "persons": persons}
    summary = measured.summary()
    yield {
        **common, "what": "overall", "value": summary["recall_5"], "unit": "recall@5", "goal": _GOAL[persons],
        "p99_goal_ms": _P99_GOAL_MS[persons], "load": round(os.getloadavg()[0], 1), **summary,
    }  # fmt: skip
    for what, tallies in (("error", measured.by_error), ("language", measured.by_group)):
        for name, tally in sorted(tallies.items(), key=lambda each: each[1].five / each[1].searches):
            figures = tally.figures()
            yield {
                **common, "what": f"{what}: {name}", "value": figures["recall_5"], "unit": "recall@5",
                "goal": _CLASS_GOAL[persons], **figures,
            }  # fmt: skip
