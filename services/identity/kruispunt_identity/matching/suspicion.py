"""Pairs of numbers that may be one person, and wait for somebody to decide."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from kruispunt.ssin import Ssin
from kruispunt_identity.matching.grade import Grade
from kruispunt_identity.matching.score import Part

Pair = tuple[Ssin, Ssin]


class SuspicionPosition(NamedTuple):
    """Where a page ended: the odds of the last pair and its two numbers, as stored."""

    log2_odds: float
    low: int
    high: int

    @classmethod
    def of(cls, suspicion: "Suspicion") -> Self:
        """Return the position of a pair."""
        return cls(suspicion.log2_odds, int(suspicion.low), int(suspicion.high))

    @classmethod
    def read(cls, written: Sequence[Any]) -> Self:
        """Read what `written` gave."""
        return cls(float.fromhex(written[0]), int(written[1]), int(written[2]))

    def written(self) -> list[str | int | None]:
        """Return the position as plain values."""
        return [self.log2_odds.hex(), self.low, self.high]


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Two numbers that may be one person.

    Attributes:
        low: the smaller number, as stored.
        high: the larger number, as stored.
        grade: how likely they are one person.
        log2_odds: the same, as a number.
        parts: the explanation.
        rules_version: of the rules that found it.
        found_at: when a sweep found it first.
        persons: the numbers that stand now for the two, the smaller first.
    """

    low: Ssin = field(repr=False)
    high: Ssin = field(repr=False)
    grade: Grade
    log2_odds: float
    parts: tuple[Part, ...]
    rules_version: int
    found_at: dt.datetime
    persons: Pair = field(repr=False)


def in_order(first: Ssin, second: Ssin) -> Pair:
    """Return two numbers, the smaller first."""
    return (first, second) if first < second else (second, first)
