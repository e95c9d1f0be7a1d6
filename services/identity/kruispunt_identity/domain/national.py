"""The national register, as far as this registry needs it: who has a national number, and what it says of them.

The register tells what it says today and no more, and is never written to: who finds an error in it goes to the
municipality. Source: domain.md §3.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.fact import Statement
from kruispunt_identity.matching.profile import MatchProfile


@dataclass(frozen=True, slots=True)
class NationalPerson:
    """A person as the national register shows them today.

    Attributes:
        ssin: national number.
        statements: what it says; name and birth at least, of each data group one at most.
    """

    ssin: Ssin
    statements: tuple[Statement, ...] = field(repr=False)


class NationalRegister(Protocol):
    """Asks the national register; every method may wait for a network.

    All raise RegistryError: the register cannot be asked now, UNAVAILABLE / REGISTER_UNAVAILABLE.
    """

    def find_many(self, numbers: Sequence[Ssin]) -> dict[Ssin, NationalPerson]:
        """Return those of many persons whom the register knows; at most 10,000 in one call."""
        ...

    def profiles(self, numbers: Sequence[int]) -> dict[int, MatchProfile]:
        """Return what a search compares persons by; unknown numbers are left out."""
        ...

    def walk(self, after: int, size: int) -> list[NationalPerson]:
        """Return the next persons by number, at most `size` with a number above `after`; none at the end."""
        ...


class NoNationalRegister:
    """Knows nobody: what stands there while no national register is configured."""

    def find_many(self, numbers: Sequence[Ssin]) -> dict[Ssin, NationalPerson]:  # noqa: ARG002 - the interface
        """Return nobody."""
        return {}

    def profiles(self, numbers: Sequence[int]) -> dict[int, MatchProfile]:  # noqa: ARG002 - the interface
        """Return nobody."""
        return {}

    def walk(self, after: int, size: int) -> list[NationalPerson]:  # noqa: ARG002 - the interface
        """Return nobody."""
        return []
