"""Spans of calendar days."""

import datetime as dt
from dataclasses import dataclass
from typing import Self

EARLIEST = dt.date(1800, 1, 1)
LATEST = dt.date(2999, 12, 31)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Days from `begin` up to and without `end`; no end means still going on.

    Raises:
        ValueError: begin not before end.
    """

    begin: dt.date
    end: dt.date | None = None

    def __post_init__(self) -> None:
        if self.end is not None and self.begin >= self.end:
            raise ValueError("a period begins before it ends")

    def holds(self, day: dt.date) -> bool:
        """Whether `day` belongs to the period."""
        return self.begin <= day and (self.end is None or day < self.end)

    def overlaps(self, other: Self) -> bool:
        """Whether the two share a day."""
        return (other.end is None or self.begin < other.end) and (self.end is None or other.begin < self.end)

    def touches(self, other: Self) -> bool:
        """Whether the two share a day or follow each other without a gap."""
        return (other.end is None or self.begin <= other.end) and (
            self.end is None or other.begin <= self.end
        )

    def lies_within(self, other: Self) -> bool:
        """Whether every day of this period belongs to `other`."""
        return other.begin <= self.begin and (
            other.end is None or (self.end is not None and self.end <= other.end)
        )

    def span(self, other: Self) -> "Period":
        """The shortest period that holds both."""
        end = None if self.end is None or other.end is None else max(self.end, other.end)
        return Period(min(self.begin, other.begin), end)

    def without(self, other: Self) -> list["Period"]:
        """What is left when the days of `other` are cut out: none, one or two periods, in order."""
        if not self.overlaps(other):
            return [Period(self.begin, self.end)]
        rest = [Period(self.begin, other.begin)] if self.begin < other.begin else []
        if other.end is not None and (self.end is None or other.end < self.end):
            rest.append(Period(other.end, self.end))
        return rest

    def __str__(self) -> str:
        return f"[{self.begin}, {self.end or ''})"
