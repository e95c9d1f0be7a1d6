"""R4: GetPerson with everything on, against an echo over mutual TLS; PostgreSQL. Every answer has six facts with evidence."""

from typing import Any

from benchmarks import persons
from benchmarks.against_echo import compare
from benchmarks.comparing import SIZES, Size

GOAL = 0.55


def run(size: Size) -> list[dict[str, Any]]:
    """Measure it on 25,000 persons, in full a million (imported once, in minutes)."""
    with persons.opened("postgresql", 1_000_000 if size is SIZES["full"] else 25_000) as store:
        return [compare("R4", "person", store, size, GOAL)]
