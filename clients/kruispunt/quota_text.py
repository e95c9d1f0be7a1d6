"""How a quota is written, in the file of rights and in settings: `100/s`, `1200/min`, `300/hour`, `5000/day`, `100/30s`."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

SECONDS_OF: Final[Mapping[str, int]] = MappingProxyType({"s": 1, "min": 60, "hour": 3600, "day": 86_400})
"""The units, and how many seconds each is."""

_MOST_SECONDS: Final = 86_400
_QUOTA: Final = re.compile(rf"([0-9]{{1,10}})/(?:([1-9][0-9]{{0,4}})s|({'|'.join(SECONDS_OF)}))").fullmatch


def read_quota(text: str) -> tuple[int, int] | None:
    """Return how many calls, 0 to 9,999,999,999, in how many seconds, 1 to 86,400; none if it is not written so."""
    found = _QUOTA(text)
    if found is None:
        return None
    seconds = int(found[2]) if found[2] else SECONDS_OF[found[3]]
    return (int(found[1]), seconds) if seconds <= _MOST_SECONDS else None


def write_quota(calls: int, per_seconds: int) -> str:
    """Return how a quota is written, such that `read_quota` returns the same."""
    unit = next((name for name, seconds in SECONDS_OF.items() if seconds == per_seconds), f"{per_seconds}s")
    return f"{calls}/{unit}"
