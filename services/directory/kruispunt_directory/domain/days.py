"""What is true on which days: runs of days with a value, laid over each other.

A line is a list of (period, value), in order, of which no two share a day.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, TypeVar

from kruispunt.period import Period

Value = TypeVar("Value")

Line = list[tuple[Period, Value]]

_NEVER = dt.date.max


def laid_over(
    lines: Sequence[Line[Any]], decide: Callable[[Sequence[Any]], Value | None]
) -> list[tuple[Period, Value]]:
    """Return one line made of several.

    Args:
        lines: any number of them.
        decide: says what is true on days of which each line says the value at its place, none where it says nothing;
            it is asked only where one of the lines says something. None: nothing is true on those days.

    Returns:
        A line; days that follow each other and have equal values are one run.
    """
    borders = sorted({border for line in lines for period, _ in line for border in _borders(period)})
    places = [0] * len(lines)
    made: list[tuple[Period, Value]] = []
    for first, after in pairwise(borders):
        said = [_at(line, places, number, first) for number, line in enumerate(lines)]
        value = decide(said) if any(each is not None for each in said) else None
        if value is None:
            continue
        span = Period(first, None if after == _NEVER else after)
        if made and made[-1][0].end == first and made[-1][1] == value:
            made[-1] = (Period(made[-1][0].begin, span.end), value)
        else:
            made.append((span, value))
    return made


def _borders(period: Period) -> tuple[dt.date, dt.date]:
    return period.begin, period.end or _NEVER


def _at(line: Line[Any], places: list[int], number: int, day: dt.date) -> Any:
    """Return what a line says on a day; `places` remembers how far it was read."""
    while places[number] < len(line):
        period, value = line[places[number]]
        if period.end is None or day < period.end:
            return value if period.begin <= day else None
        places[number] += 1
    return None
