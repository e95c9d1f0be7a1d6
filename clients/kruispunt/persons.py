"""What the identity service says of persons and of their numbers: frozen values in the domain's words.

`message`, where there is one, is the answer as it came over the wire; it takes no part in comparison.
"""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, TypeVar

from kruispunt.facts import Birth, DataGroup, Fact, FactValue, ForeignIdentifier, Gender, Name
from kruispunt.ssin import Ssin
from kruispunt.values import WireEnum

V = TypeVar("V", bound=FactValue)


class Register(WireEnum):
    """Where the identification of a person is kept."""

    UNSPECIFIED = 0
    NATIONAL = 1
    BIS = 2
    RAD = 3


class NumberStatus(WireEnum):
    """State of a number."""

    UNSPECIFIED = 0
    ACTIVE = 1
    REPLACED = 2
    CANCELLED = 3


class NumberChangeReason(WireEnum):
    """Why a number was replaced, split off or cancelled."""

    UNSPECIFIED = 0
    DUPLICATE = 1
    NATIONAL_NUMBER_GIVEN = 2
    CORRECTION = 3
    WRONGLY_REPLACED = 4
    GIVEN_BY_MISTAKE = 5


class NumberOutcome(WireEnum):
    """What a number turned out to be."""

    UNSPECIFIED = 0
    CURRENT = 1
    REPLACED = 2
    CANCELLED = 3
    UNKNOWN = 4
    MALFORMED = 5
    NO_DOSSIER = 6


class NumberEventKind(WireEnum):
    """What happened to a number."""

    UNSPECIFIED = 0
    REGISTERED = 1
    REPLACED = 2
    SPLIT = 3
    CANCELLED = 4
    MOVED = 5


class Grade(WireEnum):
    """How sure it is that a candidate is the person searched for."""

    UNSPECIFIED = 0
    WEAK = 1
    POSSIBLE = 2
    STRONG = 3


@dataclass(frozen=True, slots=True)
class Replacement:
    """One step of a chain of numbers: which by which, why, from which day, recorded when."""

    former: Ssin
    next: Ssin
    reason: NumberChangeReason
    effective_date: dt.date | None
    record_time: dt.datetime | None


@dataclass(frozen=True, slots=True)
class ResolvedNumber:
    """Where a number leads.

    Attributes:
        asked: the text that was asked for, which may be no number.
        outcome: what it turned out to be.
        current: the number that stands now; none if unknown or malformed.
        register: where the person's identification is kept; UNSPECIFIED too if the person is protected and not shown.
        chain: the steps from `asked` to `current`, in order; none unless replaced.
        protected: whether the person is protected.
    """

    asked: str = field(repr=False)
    outcome: NumberOutcome
    current: Ssin | None
    register: Register
    chain: tuple[Replacement, ...] = ()
    protected: bool = False
    message: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Person:
    """A person as the registers show them on a day, by what was known at an instant.

    Attributes:
        ssin: current number.
        register: where the identification is kept.
        status: active or cancelled.
        facts: those true on the day asked for; of each data group one at most, in the order of the groups.
        foreign_identifiers: those linked on that day.
        former_ssins: numbers that lead to this person, in the order of their replacement.
        etag: changes whenever anything of the person changes.
        record_time: when the last change was recorded, UTC; none: nothing was ever written here.
        withheld: data groups that the caller may not see.
        resolution: what the number asked for turned out to be; only where one was asked for.
        protected: refer to the register keeper: unless the grant shows protected persons, nothing but the number and
            its state is told.
    """

    ssin: Ssin
    register: Register
    status: NumberStatus
    facts: tuple[Fact, ...]
    foreign_identifiers: tuple[ForeignIdentifier, ...]
    former_ssins: tuple[Ssin, ...]
    etag: str
    record_time: dt.datetime | None
    withheld: tuple[DataGroup, ...]
    resolution: ResolvedNumber | None = None
    protected: bool = False
    message: Any = field(default=None, repr=False, compare=False)

    def value(self, kind: type[V]) -> V | None:
        """Return the value of a data group, by its class; none if it is not known, or withheld."""
        for fact in self.facts:
            if isinstance(fact.value, kind):
                return fact.value
        return None

    @property
    def name(self) -> Name | None:
        """The name, if it is known and shown."""
        return self.value(Name)

    @property
    def birth(self) -> Birth | None:
        """Birth, if it is known and shown."""
        return self.value(Birth)

    @property
    def gender(self) -> Gender:
        """The gender; UNSPECIFIED if it is unknown, or withheld."""
        return self.value(Gender) or Gender.UNSPECIFIED


@dataclass(frozen=True, slots=True)
class PersonResult:
    """What became of one number of many: what it turned out to be, and the person if there is one."""

    resolution: ResolvedNumber
    person: Person | None
    message: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class ScorePart:
    """What one comparison adds to the logarithm (base 2) of the odds, such as "family_name", "sounds alike", 6.2."""

    field: str
    level: str
    weight: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may be the person searched for.

    Attributes:
        ssin: current number.
        grade: how sure it is.
        log2_odds: logarithm (base 2) of the odds; the sum of the parts.
        parts: the explanation, the weightiest first.
        by_former_name: whether an old name, or a fact under a former number, was the one that matched.
        found_under: the former number under which the candidate was found, if it was one.
        person: as far as the caller may see; none: number and grade only.
    """

    ssin: Ssin
    grade: Grade
    log2_odds: float
    parts: tuple[ScorePart, ...]
    by_former_name: bool
    found_under: Ssin | None
    person: Person | None


@dataclass(frozen=True, slots=True)
class PersonSearch:
    """What a search found.

    Attributes:
        candidates: best first; maybe none.
        search_id: names the search; a registration takes it within 15 minutes.
        rules_version: of the rules that ranked.
        truncated: whether there are more candidates than were asked for.
        referrals: protected persons who are rather the person than not; the register keeper reads who they are.
    """

    candidates: tuple[Candidate, ...]
    search_id: str
    rules_version: int
    truncated: bool
    referrals: tuple[str, ...] = field(default=(), repr=False)
    message: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class NumberEvent:
    """What happened to a number.

    Attributes:
        kind: what.
        ssin: the number.
        other: the number that replaced it, or that it was split off from.
        register: where the identification was kept afterwards.
        reason: why; UNSPECIFIED for registrations and moves.
        effective_date: day from which it holds.
        record_time: when it was recorded, UTC.
    """

    kind: NumberEventKind
    ssin: Ssin
    other: Ssin | None
    register: Register
    reason: NumberChangeReason
    effective_date: dt.date | None
    record_time: dt.datetime | None
    message: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Protection:
    """A mark that a person is protected.

    Attributes:
        registered_under: number under which it was set.
        begin: first day.
        reference: where the decision that protects is filed.
        set_by: the participant that set it.
        record_time: when it was recorded, UTC.
        lift_date: day from which it was lifted; none: it stands.
        lift_reference: where the decision that lifts is filed.
        lifted_by: the participant that lifted it; empty: it stands.
        lift_time: when that was recorded, UTC.
    """

    registered_under: Ssin = field(repr=False)
    begin: dt.date | None
    reference: str
    set_by: str
    record_time: dt.datetime | None
    lift_date: dt.date | None
    lift_reference: str
    lifted_by: str
    lift_time: dt.datetime | None
    message: Any = field(default=None, repr=False, compare=False)


PersonVersion = Fact | NumberEvent | ForeignIdentifier | Protection
"""One entry of a person's history."""


@dataclass(frozen=True, slots=True)
class SuspectedDuplicate:
    """A pair of numbers that may be one person: which, how sure, why, found when and by which rules."""

    first: Ssin
    second: Ssin
    grade: Grade
    parts: tuple[ScorePart, ...]
    find_time: dt.datetime | None
    rules_version: int
    message: Any = field(default=None, repr=False, compare=False)
