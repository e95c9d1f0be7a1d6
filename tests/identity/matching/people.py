"""Persons that the tests compare."""

import datetime as dt
from collections.abc import Sequence

from kruispunt_identity.matching.profile import MatchName, MatchProfile

NOW = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)


def person(
    family: str,
    given: str = "",
    birth: tuple[int, int, int] = (1980, 3, 14),
    *,
    gender: int = 0,
    countries: str = "",
    old: Sequence[tuple[str, str]] = (),
) -> MatchProfile:
    """Return a profile; given names and countries with spaces between."""
    names = [(family, given), *old]
    return MatchProfile(
        tuple(MatchName(each, tuple(first.split())) for each, first in names),
        birth,
        gender,
        frozenset(countries.split()),
    )


class Nobody:
    """A national register that knows nobody."""

    def profiles(self, numbers: Sequence[int]) -> dict[int, MatchProfile]:
        """Return nothing."""
        return {number: person("") for number in numbers if number < 0}


class Known:
    """A national register that knows some persons, and remembers whom it was asked for."""

    def __init__(self, persons: dict[int, MatchProfile]) -> None:
        self.persons = persons
        self.asked: list[int] = []

    def profiles(self, numbers: Sequence[int]) -> dict[int, MatchProfile]:
        """Return those it knows."""
        self.asked += numbers
        return {number: self.persons[number] for number in numbers if number in self.persons}
