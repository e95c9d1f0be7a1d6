"""What an institution believes about a person, compared with what the register says.

Comparison ignores case, accents and punctuation; parts that the institution leaves out are not compared;
unknown parts of a date on either side agree with anything.

Source: domain.md §4 ("the first discrepancy refuses").
"""

import unicodedata
from dataclasses import dataclass
from itertools import zip_longest
from typing import Protocol

from kruispunt.ssin import Ssin


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date of which parts may be unknown, as 0."""

    year: int = 0
    month: int = 0
    day: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """Name, birth date and sex, as far as given.

    Attributes:
        family_name: empty if not given.
        given_names: in their order, as many as given.
        birth_date: none if not given.
        sex: 1 male, 2 female, 0 not given.
    """

    family_name: str = ""
    given_names: tuple[str, ...] = ()
    birth_date: PartialDate | None = None
    sex: int = 0


class PersonRegister(Protocol):
    """Where the identification of persons is kept: the identity service, through its client."""

    def find(self, person: Ssin) -> Claim | None:
        """Return what the register says of a person, or none if it knows no such number."""
        ...


def first_discrepancy(claim: Claim, register: Claim) -> str | None:
    """Return the path of the first part of `claim` that disagrees with `register`, or none."""
    if claim.family_name and folded(claim.family_name) != folded(register.family_name):
        return "family_name"
    for position, (given, known) in enumerate(zip_longest(claim.given_names, register.given_names)):
        if given is not None and (known is None or folded(given) != folded(known)):
            return f"given_names[{position}]"
    if claim.birth_date and register.birth_date and not _agree(claim.birth_date, register.birth_date):
        return "birth_date"
    if claim.sex and register.sex and claim.sex != register.sex:
        return "sex"
    return None


def folded(name: str) -> str:
    """Return `name` without case, accents, punctuation and white space."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return "".join(character for character in decomposed if character.isalnum())


def _agree(one: PartialDate, other: PartialDate) -> bool:
    pairs = ((one.year, other.year), (one.month, other.month), (one.day, other.day))
    return all(0 in pair or pair[0] == pair[1] for pair in pairs)
