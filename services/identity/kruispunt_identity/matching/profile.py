"""What two persons are compared by."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

UNKNOWN, MALE, FEMALE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class MatchName:
    """One name of a person, as it is registered.

    Attributes:
        family: family name with its particles; may be empty.
        given: given names in order; may be empty.
    """

    family: str = field(repr=False)
    given: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class MatchProfile:
    """A person, or the criteria of a search.

    Attributes:
        names: the current one first, then old ones and aliases; at least one.
        birth: year, month, day; unknown parts 0.
        gender: 0 unknown, 1 male, 2 female.
        countries: ISO 3166 alpha-2 codes of birth, nationalities and residence; what is known.
    """

    names: tuple[MatchName, ...] = field(repr=False)
    birth: tuple[int, int, int] = field(repr=False)
    gender: int = field(default=UNKNOWN, repr=False)
    countries: frozenset[str] = field(default=frozenset(), repr=False)


class ProfileSource(Protocol):
    """Knows the profiles that are not kept here: of persons of the national register."""

    def profiles(self, numbers: Sequence[int]) -> dict[int, MatchProfile]:
        """Return the profiles of those it knows."""
        ...
