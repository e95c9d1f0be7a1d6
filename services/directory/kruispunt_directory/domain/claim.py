"""What an institution believes about a person, compared with what the register says.

Comparison ignores case, accents and punctuation; parts that the institution leaves out are not compared;
unknown parts of a date on either side agree with anything.

Source: domain.md §4 ("the first discrepancy refuses").
"""

import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Protocol

from kruispunt.ssin import Ssin
from kruispunt_server.call import Call
from kruispunt_server.errors import Reason, RegistryError


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


@dataclass(frozen=True, slots=True)
class RegisteredPerson:
    """What the registers say of a number that they know.

    Attributes:
        claim: of the person whom the number leads to; none if it was not asked for.
        is_replaced: the number leads to another.
        is_cancelled: the number leads to nobody.
    """

    claim: Claim | None = field(default=None, repr=False)
    is_replaced: bool = False
    is_cancelled: bool = False


class PersonRegister(Protocol):
    """Where the identification of persons is kept: the identity service, through its client."""

    def find(self, call: Call, number: Ssin, *, with_claim: bool) -> RegisteredPerson | None:
        """Return what the registers say of a number, or none if they know no such number.

        It waits for a network: never to be called inside a transaction.

        Args:
            call: who asks, why and until when.
            number: perhaps a former one; it is followed.
            with_claim: whether name, birth date and sex are wanted; nothing of the person is shown otherwise.

        Raises:
            RegistryError: the registers cannot be asked now, UNAVAILABLE / REGISTER_UNAVAILABLE; the caller gave up,
                DEADLINE_EXCEEDED / DEADLINE_OVER.
        """
        ...

    def find_many(
        self, call: Call, numbers: Collection[Ssin], with_claim: Collection[Ssin]
    ) -> Mapping[Ssin, RegisteredPerson]:
        """Return the same of up to 1000 numbers, without those that the registers do not know.

        Args:
            call: who asks, why and until when.
            numbers: all of them.
            with_claim: those of which name, birth date and sex are wanted.

        Raises:
            RegistryError: as of `find`.
        """
        ...


def check_claim(claim: Claim, register: Claim) -> None:
    """Refuse `claim` if any part of it disagrees with `register`.

    Raises:
        RegistryError: FAILED_PRECONDITION / CLAIM_DISAGREES, with the first such part as its field.
    """
    discrepancy = first_discrepancy(claim, register)
    if discrepancy:
        raise RegistryError(
            Reason.CLAIM_DISAGREES,
            "what was sent along disagrees with the register",
            field=f"claim.{discrepancy}",
        )


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
