"""What the client takes and gives back: frozen values in the domain's words.

`message`, where there is one, is the answer as it came over the wire; it takes no part in comparison.
"""

import datetime as dt
import enum
import re
from dataclasses import dataclass, field
from typing import Any, Self

from kruispunt.period import Period
from kruispunt.ssin import Ssin

_LEGAL_BASIS = re.compile(r"[A-Za-z0-9/.-]{1,64}")
_INSTITUTION = re.compile(r"([0-9]{1,3})/([0-9]{1,3})")
_DATA_SET = re.compile(r"([^/]+)(?:/([0-9]{1,3}))?")
_PRINTABLE = re.compile(r"[!-~]|[!-~][ -~]{0,62}[!-~]")


class WireEnum(enum.IntEnum):
    """A choice of the contract, with its number there.

    A number that this version does not know reads as `UNSPECIFIED`: a newer server may say more.
    """

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        return cls["UNSPECIFIED"] if isinstance(value, int) else None


class NetworkLevel(WireEnum):
    """How directly an institution is connected."""

    UNSPECIFIED = 0
    PRIMARY = 1
    SECONDARY = 2


class Sex(WireEnum):
    """Sex as the registers keep it."""

    UNSPECIFIED = 0
    MALE = 1
    FEMALE = 2


class NumberVerification(WireEnum):
    """How far the existence of a number was verified."""

    UNSPECIFIED = 0
    CHECKSUM = 1
    REGISTER = 2


class WarningReason(WireEnum):
    """What the caller should know although the call was carried out."""

    UNSPECIFIED = 0
    ALREADY_REGISTERED = 1
    NUMBER_REPLACED = 2
    NUMBER_UNUSUAL = 3
    CLAIM_NOT_COMPARED = 4


class RegistrationOutcome(WireEnum):
    """What a registration did."""

    UNSPECIFIED = 0
    CREATED = 1
    EXTENDED = 2
    UNCHANGED = 3


class ReconfirmationOutcome(WireEnum):
    """What became of one dossier that was to be reconfirmed."""

    UNSPECIFIED = 0
    CONFIRMED = 1
    DOSSIER_UNKNOWN = 2


class PersonStatus(WireEnum):
    """What a number in a stream turned out to be."""

    UNSPECIFIED = 0
    FOUND = 1
    NO_DOSSIER = 2
    NUMBER_MALFORMED = 3
    NUMBER_CANCELLED = 4


class StaleKind(WireEnum):
    """Why a dossier wants attention."""

    UNSPECIFIED = 0
    NOT_CONFIRMED = 1
    OVERLAPPING = 2
    ORPHANED = 3
    CODE_ENDED = 4


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why personal data is touched; goes with every call that does.

    Attributes:
        legal_basis: the deliberation, 1 to 64 of letters, digits, "/", "-" and ".".
        end_user: the person or program at the institution, 1 to 64 printable ASCII characters.
        case: the file at the institution it is for, 1 to 64 printable ASCII characters.

    Raises:
        ValueError: a part has another form. The registry would answer INVALID_ARGUMENT / PURPOSE_REQUIRED.
    """

    legal_basis: str
    end_user: str
    case: str

    def __post_init__(self) -> None:
        for name, pattern in (("legal_basis", _LEGAL_BASIS), ("end_user", _PRINTABLE), ("case", _PRINTABLE)):
            if not pattern.fullmatch(getattr(self, name)):
                raise ValueError(f"{name} must be 1 to 64 permitted characters")


@dataclass(frozen=True, slots=True, order=True)
class InstitutionRef:
    """Names one institution: sector 0 to 999, number within the sector 0 to 999."""

    sector: int
    institution: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "17/1".

        Raises:
            ValueError: not two whole numbers of 1 to 3 digits with "/" between.
        """
        parts = _INSTITUTION.fullmatch(text)
        if parts is None:
            raise ValueError("an institution is SECTOR/NUMBER, such as 17/1")
        return cls(int(parts[1]), int(parts[2]))

    def __str__(self) -> str:
        return f"{self.sector}/{self.institution}"


@dataclass(frozen=True, slots=True, order=True)
class DataSetRef:
    """Names a kind of data: code such as "PENSION-RIGHTS" and variant 0 to 999."""

    code: str
    variant: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "CODE" or "CODE/variant".

        Raises:
            ValueError: no code, or the variant is no whole number of 1 to 3 digits.
        """
        parts = _DATA_SET.fullmatch(text)
        if parts is None:
            raise ValueError("a data set is CODE or CODE/VARIANT, such as PENSION-RIGHTS/1")
        return cls(parts[1], int(parts[2] or 0))

    def __str__(self) -> str:
        return f"{self.code}/{self.variant}" if self.variant else self.code


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date of which parts may be unknown: 0."""

    year: int = 0
    month: int = 0
    day: int = 0


@dataclass(frozen=True, slots=True)
class PersonClaim:
    """What an institution believes about a person, for comparison; everything optional."""

    family_name: str = field(default="", repr=False)
    given_names: tuple[str, ...] = field(default=(), repr=False)
    birth_date: PartialDate | dt.date | None = field(default=None, repr=False)
    sex: Sex = field(default=Sex.UNSPECIFIED, repr=False)


@dataclass(frozen=True, slots=True)
class RegistryWarning:
    """Something that the caller should know although the call was carried out."""

    reason: WarningReason
    message: str
    field: str


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a number that was asked for turned out to be.

    Attributes:
        asked: the number asked for.
        current: the one that stands now; equal to `asked` unless that one was replaced.
        replaced: whether it was.
        replace_date: day of the last replacement in the chain.
        verification: how far the existence of the number was verified.
    """

    asked: Ssin
    current: Ssin
    replaced: bool
    replace_date: dt.date | None
    verification: NumberVerification


@dataclass(frozen=True, slots=True)
class Dossier:
    """The reference to one institution's dossier on one person; never its content.

    Attributes:
        dossier_id: a UUID.
        ssin: current number of the person.
        registered_ssin: the number that the institution registered it under.
        institution: who holds it.
        capacity: in which role, 0 to 999.
        phase: how far, 0 to 99.
        period: days on which it is open.
        network_level: how directly the institution is connected.
        source: where the institution has it from.
        record_time: when the registry recorded this state, UTC.
        confirm_time: when the institution last said that it is still true, UTC.
        etag: changes with the dossier.
    """

    dossier_id: str
    ssin: Ssin
    registered_ssin: Ssin
    institution: InstitutionRef
    capacity: int
    phase: int
    period: Period
    network_level: NetworkLevel
    source: str
    record_time: dt.datetime | None
    confirm_time: dt.datetime | None
    etag: str
    message: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Registration:
    """What came of registering a dossier; `joined` are identifiers of dossiers that stand no more."""

    dossier: Dossier
    outcome: RegistrationOutcome
    joined: tuple[str, ...]
    resolution: Resolution
    warnings: tuple[RegistryWarning, ...]
    message: Any = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Change:
    """What came of updating or closing a dossier; `joined` are identifiers of dossiers that stand no more."""

    dossier: Dossier
    joined: tuple[str, ...]
    resolution: Resolution
    warnings: tuple[RegistryWarning, ...]
    message: Any = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Removal:
    """What came of removing dossiers: identifiers that stand no more, and after a cut what remains."""

    removed: tuple[str, ...]
    remaining: tuple[Dossier, ...]
    resolution: Resolution
    warnings: tuple[RegistryWarning, ...]
    message: Any = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class PersonDossiers:
    """The answer to one number of a stream.

    Attributes:
        asked: the text that was asked for, which may be no number.
        status: what it turned out to be.
        current: the number that stands now; none if the text is no number.
        dossiers: by (sector, institution, capacity, begin), never cut.
    """

    asked: str = field(repr=False)
    status: PersonStatus
    current: Ssin | None
    dossiers: tuple[Dossier, ...]
    message: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What one institution has told: when last, and up to when everything."""

    institution: InstitutionRef
    last_change_time: dt.datetime | None
    synchronised_until: dt.datetime | None
    message: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class StaleDossier:
    """A dossier that wants attention: why, since when, and for how many whole days."""

    dossier: Dossier
    kind: StaleKind
    since: dt.datetime | None
    age_days: int
    message: Any = field(default=None, repr=False, compare=False)
