"""How a quota is written, in the file of rights and in settings: `100/s`, `1200/min`, `300/hour`, `5000/day`."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

SECONDS_OF: Final[Mapping[str, int]] = MappingProxyType({"s": 1, "min": 60, "hour": 3600, "day": 86_400})
"""The units, and how many seconds each is."""

_QUOTA: Final = re.compile(rf"([0-9]{{1,10}})/({'|'.join(SECONDS_OF)})").fullmatch


def read_quota(text: str) -> tuple[int, int] | None:
    """Return how many calls, 0 to 9,999,999,999, in how many seconds; none if it is not written so."""
    found = _QUOTA(text)
    return None if found is None else (int(found[1]), SECONDS_OF[found[2]])
