"""What is said of a person: one value type per data group, and how it is said, since when, and by whom.

The representations show no value: a name or an address must not reach a log by way of a repr.
"""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from kruispunt.ssin import Ssin
from kruispunt.values import InstitutionRef, PartialDate, WireEnum


class DataGroup(WireEnum):
    """Unit of identification data."""

    UNSPECIFIED = 0
    NAME = 1
    BIRTH = 2
    DECEASE = 3
    GENDER = 4
    NATIONALITIES = 5
    CIVIL_STATE = 6
    RESIDENTIAL_ADDRESS = 7
    CONTACT_ADDRESS = 8


class Gender(WireEnum):
    """Gender as the registers keep it; UNSPECIFIED: unknown."""

    UNSPECIFIED = 0
    MALE = 1
    FEMALE = 2


class EvidenceKind(WireEnum):
    """Kind of document that shows something."""

    UNSPECIFIED = 0
    PASSPORT = 1
    IDENTITY_CARD = 2
    BIRTH_CERTIFICATE = 3
    RESIDENCE_PERMIT = 4
    CIVIL_STATUS_CERTIFICATE = 5
    DECISION = 6
    DECLARATION = 7
    ADMINISTRATION = 8


class IdentifierScheme(WireEnum):
    """Scheme of a foreign identifier."""

    UNSPECIFIED = 0
    NATIONAL_NUMBER = 1
    PASSPORT = 2
    SOCIAL_SECURITY = 3
    PENSION = 4
    DRIVING_LICENCE = 5
    IDENTITY_CARD = 6
    TAX_NUMBER = 7
    BIRTH_CERTIFICATE = 8
    EIDAS = 9


@dataclass(frozen=True, slots=True, repr=False)
class Name:
    """Family name, particles included, and given names in their order; maybe none."""

    family_name: str
    given_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Place:
    """A place of birth or decease.

    Attributes:
        country: ISO 3166-1 alpha-2 ("MA") or a NIS code of three digits ("354"); empty: not known.
        municipality_code: NIS code 10000 to 99999, in Belgium; 0: not known, or abroad.
        municipality_name: as written.
    """

    country: str = ""
    municipality_code: int = 0
    municipality_name: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Birth:
    """When and where the person was born; unknown parts of the date are 0."""

    date: PartialDate
    place: Place | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Decease:
    """When and where the person died; unknown parts of the date are 0, but for the year."""

    date: PartialDate
    place: Place | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Nationalities:
    """Countries, in the form of `Place.country`, each once; none: stateless."""

    countries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class CivilState:
    """Civil state: 10 single, 20 married, 25, 26, 30 widowed, 40 divorced, 41, 50, 51 or 60 legal cohabitation.

    The partner is told by number, or by name where no number is known.
    """

    code: int
    partner_ssin: Ssin | None = None
    partner_name: Name | None = None


@dataclass(frozen=True, slots=True, repr=False)
class _Address:
    country: str
    municipality_code: int = 0
    municipality_name: str = ""
    postal_code: str = ""
    street: str = ""
    house_number: str = ""
    box: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class ResidentialAddress(_Address):
    """Where the person lives; country and municipality as of `Place`, the country required."""


@dataclass(frozen=True, slots=True, repr=False)
class ContactAddress(_Address):
    """Where the person wants to be written to; can be told of NATIONAL persons too."""


FactValue = Name | Birth | Decease | Gender | Nationalities | CivilState | ResidentialAddress | ContactAddress
"""A value of a data group; its class says which."""

GROUP_OF: dict[type, DataGroup] = {
    Name: DataGroup.NAME,
    Birth: DataGroup.BIRTH,
    Decease: DataGroup.DECEASE,
    Gender: DataGroup.GENDER,
    Nationalities: DataGroup.NATIONALITIES,
    CivilState: DataGroup.CIVIL_STATE,
    ResidentialAddress: DataGroup.RESIDENTIAL_ADDRESS,
    ContactAddress: DataGroup.CONTACT_ADDRESS,
}


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

    def __str__(self) -> str:
        return f"{self.begin or '…'} → {self.end or '…'}"


@dataclass(frozen=True, slots=True, repr=False)
class Evidence:
    """What an institution saw: kind of document, its number if it has one, and the country that issued it if known."""

    kind: EvidenceKind
    document_number: str = ""
    issuing_country: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """What an institution says of a person.

    Attributes:
        value: of one data group.
        validity: days on which it is true; left out: from today on. Not for birth and decease.
        evidence: what the institution saw.
    """

    value: FactValue
    validity: Validity | None = None
    evidence: Evidence | None = None

    @property
    def group(self) -> DataGroup:
        """The data group of the value."""
        return GROUP_OF[type(self.value)]


@dataclass(frozen=True, slots=True)
class Fact:
    """One value of one data group, asserted by one institution, valid for a period, recorded at an instant.

    Attributes:
        fact_id: a UUID.
        group: the data group.
        value: none if it is of a group that this version does not know.
        validity: days on which it is true as asserted.
        visible: days of these on which no later fact covers it; none: a history shows it, a reader does not.
        source: who asserted it; of the national register: 0/0.
        evidence: what was seen.
        registered_ssin: number under which it was asserted.
        record_time: when it was recorded, UTC; none for facts of the national register.
        supersede_time: when it was corrected or retracted; none: it stands.
        superseded_by: identifier of the fact that corrected it; empty: none.
    """

    fact_id: str
    group: DataGroup
    value: FactValue | None
    validity: Validity
    visible: Validity | None
    source: InstitutionRef
    evidence: Evidence | None
    registered_ssin: Ssin
    record_time: dt.datetime | None
    supersede_time: dt.datetime | None
    superseded_by: str
    message: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True, repr=False)
class IdentifierKey:
    """A number by which another country or scheme knows a person; compared without spaces, "-", ".", "/" and case."""

    country: str
    scheme: IdentifierScheme
    identifier: str


@dataclass(frozen=True, slots=True)
class ForeignIdentifier:
    """A foreign identifier, linked to a person for a period.

    Attributes:
        link_id: a UUID.
        key: the identifier, as written when it was linked.
        validity: days on which the link holds.
        source: who linked it.
        registered_ssin: number under which it was linked.
        record_time: when the state shown was recorded, UTC.
        etag: changes with the link.
    """

    link_id: str
    key: IdentifierKey
    validity: Validity
    source: InstitutionRef
    registered_ssin: Ssin
    record_time: dt.datetime | None
    etag: str
    message: Any = field(default=None, repr=False, compare=False)
