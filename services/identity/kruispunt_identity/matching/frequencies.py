"""How common a name's sound is in the register: sharing a rare one says more."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

# Sounds that more persons have than one in 64 are equally common; rarer than 2^-20 is as rare as it gets.
_COMMON = 6.0
_RAREST = 14.0
_UNKNOWN_REGISTER = 4.0


@dataclass(frozen=True, slots=True)
class MatchFrequencies:
    """Persons per sound code.

    Attributes:
        persons: counted; 0 before the first count: every name is then equally rare.
        family: persons per code of the family name; codes not listed are rarer than those.
        given: the same of the given names.
    """

    persons: int = 0
    family: Mapping[str, int] = field(default_factory=dict, repr=False)
    given: Mapping[str, int] = field(default_factory=dict, repr=False)

    def family_rarity(self, codes: Iterable[str]) -> float:
        """Return how rare the rarest of the codes is, in bits: 0 for a common one to 14."""
        return self._rarity(self.family, codes)

    def given_rarity(self, codes: Iterable[str]) -> float:
        """Return the same of codes of given names."""
        return self._rarity(self.given, codes)

    def _rarity(self, counts: Mapping[str, int], codes: Iterable[str]) -> float:
        rarest = min((counts.get(code, 1) for code in codes), default=0)
        if not rarest:
            return 0.0
        if not self.persons:
            return _UNKNOWN_REGISTER
        return min(max(math.log2(self.persons / rarest) - _COMMON, 0.0), _RAREST)
