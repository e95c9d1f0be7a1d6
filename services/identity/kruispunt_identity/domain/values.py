"""What is said of a person: one value type per data group.

Texts are checked and normalised (NFC, no forbidden characters) where they come in; here they are as registered.
Their representations show no value: a name or an address must not reach a log by way of a repr.

Source: domain.md §1 and §3.
"""

import datetime as dt
import enum
from dataclasses import dataclass

from kruispunt.ssin import Ssin


class DataGroup(enum.IntEnum):
    """Unit of identification data; the numbers of the contract, as stored."""

    NAME = 1
    BIRTH = 2
    DECEASE = 3
    GENDER = 4
    NATIONALITIES = 5
    CIVIL_STATE = 6
    RESIDENTIAL_ADDRESS = 7
    CONTACT_ADDRESS = 8


TIMELESS = frozenset({DataGroup.BIRTH, DataGroup.DECEASE})
"""Groups that are true for a whole life: they have no period."""

SUPPLEMENTARY = frozenset({DataGroup.CONTACT_ADDRESS})
"""Groups that may be written of NATIONAL persons too."""


class Gender(enum.IntEnum):
    """Gender; the numbers of the contract, as stored."""

    UNKNOWN = 0
    MALE = 1
    FEMALE = 2


CIVIL_STATES = frozenset({10, 20, 25, 26, 30, 40, 41, 50, 51, 60})
"""Codes of civil state. Source: domain.md §3."""


@dataclass(frozen=True, slots=True, repr=False)
class PartialDate:
    """A date of which parts may be unknown, as 0: all, day; month and day; or everything.

    Attributes:
        year: 1800 to 2999, or 0.
        month: 1 to 12, or 0; 0 if the year is.
        day: a day of that month, or 0; 0 if the month is.
    """

    year: int = 0
    month: int = 0
    day: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether nothing is unknown."""
        return self.day != 0


@dataclass(frozen=True, slots=True, repr=False)
class Name:
    """Family name, 1 to 100 characters, and given names in their order, at most 10 of 1 to 50; maybe none."""

    family_name: str
    given_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Place:
    """A place of birth or decease.

    Attributes:
        country: ISO 3166-1 alpha-2, whichever form it came in; empty: not known.
        municipality_code: NIS code 10000 to 99999; 0: not known, or abroad.
        municipality_name: at most 100 characters.
    """

    country: str = ""
    municipality_code: int = 0
    municipality_name: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Birth:
    """When and where the person was born."""

    date: PartialDate
    place: Place | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Decease:
    """When and where the person died; the year is known."""

    date: PartialDate
    place: Place | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Nationalities:
    """Countries, ISO 3166-1 alpha-2, in order, each once, at most 10; none: stateless."""

    countries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class CivilState:
    """Civil state: a code of `CIVIL_STATES`, and the partner by number or by name, if there is one and known."""

    code: int
    partner_ssin: Ssin | None = None
    partner_name: Name | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Address:
    """An address; the country is known (ISO 3166-1 alpha-2), the rest as far as given."""

    country: str
    municipality_code: int = 0
    municipality_name: str = ""
    postal_code: str = ""
    street: str = ""
    house_number: str = ""
    box: str = ""


Value = Name | Birth | Decease | Gender | Nationalities | CivilState | Address
"""A value of some data group; which one is said beside it, as both addresses look alike."""


class EvidenceKind(enum.IntEnum):
    """Kind of document that shows something; the numbers of the contract, as stored."""

    PASSPORT = 1
    IDENTITY_CARD = 2
    BIRTH_CERTIFICATE = 3
    RESIDENCE_PERMIT = 4
    CIVIL_STATUS_CERTIFICATE = 5
    DECISION = 6
    DECLARATION = 7
    ADMINISTRATION = 8


@dataclass(frozen=True, slots=True, repr=False)
class Evidence:
    """What an institution saw: kind, number (at most 40 characters, maybe none) and issuing country (ISO, maybe none)."""

    kind: EvidenceKind
    document_number: str = ""
    issuing_country: str = ""


@dataclass(frozen=True, slots=True)
class Validity:
    """Days on which something is true, half open; no begin: since before anybody knows, no end: still.

    Raises:
        ValueError: begin not before end.
    """

    begin: dt.date | None = None
    end: dt.date | None = None

    def __post_init__(self) -> None:
        if self.begin is not None and self.end is not None and self.begin >= self.end:
            raise ValueError("a period begins before it ends")

    def holds(self, day: dt.date) -> bool:
        """Whether `day` belongs to it."""
        return (self.begin is None or self.begin <= day) and (self.end is None or day < self.end)


ALWAYS = Validity()
