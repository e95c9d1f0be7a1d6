"""What the client gives back on "may I, and from whom"."""

from dataclasses import dataclass, field
from typing import Any

from kruispunt.period import Period
from kruispunt.values import DataSetRef, InstitutionRef, NetworkLevel, Resolution, WireEnum


class RouteVerdict(WireEnum):
    """The verdict: that of the first check that failed, or allowed."""

    UNSPECIFIED = 0
    ALLOWED = 1
    PARTICIPANT_INACTIVE = 2
    DATA_SET_UNKNOWN = 3
    NOT_AUTHORISED = 4
    NO_OWN_DOSSIER = 5
    PHASE_TOO_LOW = 6
    PERIOD_NOT_COVERED = 7
    NO_SUPPLIER = 8
    NUMBER_UNUSABLE = 9


class RouteCheck(WireEnum):
    """The seven checks, in their order."""

    UNSPECIFIED = 0
    PARTICIPANT = 1
    DATA_SET = 2
    AUTHORISATION = 3
    OWN_DOSSIER = 4
    PHASE = 5
    PERIOD = 6
    SUPPLIERS = 7


class CheckOutcome(WireEnum):
    """How one check went."""

    UNSPECIFIED = 0
    PASSED = 1
    FAILED = 2
    NOT_MADE = 3
    WITHHELD = 4


@dataclass(frozen=True, slots=True)
class RouteCheckResult:
    """One check, how it went, and why in one English sentence."""

    check: RouteCheck
    outcome: CheckOutcome
    explanation: str


@dataclass(frozen=True, slots=True)
class RouteSupplier:
    """An institution from which the data set can be obtained, and the dossier that makes it so."""

    institution: InstitutionRef
    capacity: int
    phase: int
    period: Period
    network_level: NetworkLevel
    availability_id: str
    authorisation_id: str


@dataclass(frozen=True, slots=True)
class Route:
    """The answer to "may I, for this purpose, get this data set on this person, and from whom".

    Attributes:
        verdict: that of the first check that failed, or allowed.
        checks: all seven, in order.
        suppliers: from whom; empty unless allowed.
        deliberation: the legal basis that was relied on.
        authorisation_id: the authorisation that decided; empty if none applies.
        resolution: what the number turned out to be.
        decision_id: names the access record, to quote in an appeal.
    """

    verdict: RouteVerdict
    checks: tuple[RouteCheckResult, ...]
    suppliers: tuple[RouteSupplier, ...]
    deliberation: str
    authorisation_id: str
    resolution: Resolution
    decision_id: str
    message: Any = field(repr=False, compare=False)

    @property
    def allowed(self) -> bool:
        """Whether the verdict is ALLOWED."""
        return self.verdict is RouteVerdict.ALLOWED


@dataclass(frozen=True, slots=True)
class AccessQuestion:
    """One question of `check_access`.

    Attributes:
        person: number of the person, 11 digits.
        data_set: what is to be obtained; none: does the caller hold a dossier on the person that day?
        deliberation: empty: the legal basis of the purpose.
    """

    person: str = field(repr=False)
    data_set: DataSetRef | None = None
    deliberation: str = ""
