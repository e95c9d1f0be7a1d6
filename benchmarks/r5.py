"""R5: GetRoute with everything on, against an echo over mutual TLS; PostgreSQL. Every answer is "allowed", with two suppliers."""

from typing import Any

from benchmarks import knowledge
from benchmarks.against_echo import compare
from benchmarks.comparing import Size
from benchmarks.stores import copied

GOAL = 0.45


def run(size: Size) -> list[dict[str, Any]]:
    """Measure it."""
    with copied("postgresql", size.rows) as (store,):
        knowledge.load(store)
        return [compare("R5", "route", store, size, GOAL)]
