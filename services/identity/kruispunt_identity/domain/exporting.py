"""Which persons an export holds."""

import datetime as dt
from dataclasses import dataclass

from kruispunt_identity.domain.found import FoundPerson
from kruispunt_identity.domain.number import Register
from kruispunt_identity.domain.values import Birth, DataGroup

OURS = frozenset({Register.BIS, Register.RAD})
"""Registers that are exported: the national register exports its own persons."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Criteria; all of them hold.

    Attributes:
        registers: where the identification is kept.
        changed_since: something of the person was recorded at or after this instant; none: whenever.
        born_from: birth year or later; 0: any.
        born_until: birth year or earlier; 0: any.
    """

    registers: frozenset[Register] = OURS
    changed_since: dt.datetime | None = None
    born_from: int = 0
    born_until: int = 0

    @property
    def by_birth(self) -> bool:
        """Whether the birth year matters; persons of whom it is not known are then left out."""
        return bool(self.born_from or self.born_until)

    def holds(self, person: FoundPerson) -> bool:
        """Whether a person as found is selected; when something was recorded was asked of the number."""
        if person.register not in self.registers:
            return False
        return not self.by_birth or any(
            isinstance(seen.fact.value, Birth) and self._includes(seen.fact.value.date.year)
            for seen in person.picture.of(DataGroup.BIRTH)
        )

    def _includes(self, year: int) -> bool:
        return bool(year) and self.born_from <= year and (not self.born_until or year <= self.born_until)
