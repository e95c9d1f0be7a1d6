"""What changes of the identity registers take and give back: frozen values in the domain's words.

`message`, where there is one, is the answer as it came over the wire; it takes no part in comparison.
"""

from dataclasses import dataclass, field
from typing import Any

from kruispunt.facts import DataGroup, Fact, ForeignIdentifier, IdentifierKey, Statement, Validity
from kruispunt.persons import Candidate, Person, Protection, Register, ResolvedNumber
from kruispunt.ssin import Ssin
from kruispunt.values import InstitutionRef, WireEnum


class DistinctReason(WireEnum):
    """Why a candidate is another person."""

    UNSPECIFIED = 0
    TWIN = 1
    RELATIVE = 2
    HOMONYM = 3
    DOCUMENTS = 4
    BOTH_KNOWN = 5
    SPLIT = 6


class PersonOutcome(WireEnum):
    """What the registration of a person did."""

    UNSPECIFIED = 0
    CREATED = 1
    CANDIDATES = 2
    REFER_TO_KEEPER = 3


class GroupOutcome(WireEnum):
    """What became of one data group of an update."""

    UNSPECIFIED = 0
    WRITTEN = 1
    UNCHANGED = 2
    REFUSED = 3
    LEFT_OUT = 4


class RowOutcome(WireEnum):
    """What became of one row of an import."""

    UNSPECIFIED = 0
    IMPORTED = 1
    REPEATED = 2
    REFUSED = 3
    CANDIDATES = 4


@dataclass(frozen=True, slots=True)
class DistinctDecision:
    """The decision that a candidate is another person: who, why, and a further explanation of at most 200 characters."""

    ssin: Ssin | str = field(repr=False)
    reason: DistinctReason
    note: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class PersonRegistration:
    """What came of registering a person.

    Attributes:
        outcome: CREATED, or CANDIDATES: nothing was created, look at them first; or REFER_TO_KEEPER: it may be a
            protected person, and only the register keeper can decide.
        person: the new one; none unless created, and none if it was only checked: no number was given out.
        candidates: best first; after a creation the possible ones that did not stand in the way.
        rules_version: of the rules that ranked them.
        referrals: strong candidates who are protected; the register keeper reads who they are.
    """

    outcome: PersonOutcome
    person: Person | None
    candidates: tuple[Candidate, ...]
    rules_version: int
    referrals: tuple[str, ...] = field(default=(), repr=False)
    message: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class FactChange:
    """A new fact; or a correction of the fact `corrects`, which is of the same data group."""

    statement: Statement
    corrects: str = ""


@dataclass(frozen=True, slots=True)
class GroupResult:
    """What became of one data group.

    Attributes:
        group: the data group.
        outcome: written, unchanged, refused or left out.
        fact: as written or as it stood; none if refused or left out.
        reason: why it was refused, such as "NATIONAL_DATA"; empty otherwise.
        field: path of the request field.
        message: one English sentence for people.
    """

    group: DataGroup
    outcome: GroupOutcome
    fact: Fact | None
    reason: str
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class PersonUpdate:
    """What came of an update: one result per change, in the order asked, and the person's new etag."""

    results: tuple[GroupResult, ...]
    etag: str
    resolution: ResolvedNumber
    message: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Retraction:
    """The fact that was taken back, and the person's new etag."""

    fact: Fact
    etag: str
    resolution: ResolvedNumber
    message: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Conflict:
    """Facts of one data group that say different things of the same days; `next` would be seen."""

    group: DataGroup
    former: Fact
    next: Fact


@dataclass(frozen=True, slots=True)
class ReplacementPreview:
    """What a replacement would do.

    Attributes:
        moving_facts, moving_identifiers: would stand under the next number.
        moving_ssins: numbers that lead to the former one and would lead to the next.
        told: institutions with a dossier under either number.
        told_is_complete: whether the directory could be asked for them, and the grant gives the data group `dossier`.
        conflicts: what contradicts each other.
        former_etag, next_etag: to be sent with the replacement, so that what was seen is what is replaced.
    """

    moving_facts: tuple[Fact, ...]
    moving_identifiers: tuple[ForeignIdentifier, ...]
    moving_ssins: tuple[Ssin, ...]
    told: tuple[InstitutionRef, ...]
    told_is_complete: bool
    conflicts: tuple[Conflict, ...]
    former_etag: str
    next_etag: str
    message: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class NumberReplacement:
    """What came of a replacement: where the former number leads now, and the person under the next one."""

    resolution: ResolvedNumber
    person: Person
    already_replaced: bool
    conflicts: tuple[Conflict, ...]
    message: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class SplitReceipt:
    """What went where when a replacement was undone.

    Attributes:
        split_off, remaining: the two persons.
        returned_facts: went back to the number split off, for having been told under it.
        taken_facts: were taken along because the request said so.
        undecided_facts: stayed, for a person to decide: told after the replacement under the remaining number,
            by an institution that had known the other.
        returned_identifiers: went back.
        returned_ssins: numbers that lead to the number split off again.
    """

    split_off: Person
    remaining: Person
    returned_facts: tuple[Fact, ...]
    taken_facts: tuple[Fact, ...]
    undecided_facts: tuple[Fact, ...]
    returned_identifiers: tuple[ForeignIdentifier, ...]
    returned_ssins: tuple[Ssin, ...]
    message: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What came of cancelling a number.

    Attributes:
        resolution: how it resolves now.
        concerned: institutions with a dossier under it: they should look at it.
        concerned_is_complete: whether the directory could be asked for them, and the grant gives the data group
            `dossier`.
    """

    resolution: ResolvedNumber
    concerned: tuple[InstitutionRef, ...]
    concerned_is_complete: bool
    message: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class RegisterMove:
    """What came of a move between registers."""

    person: Person
    already_there: bool
    message: Any = field(default=None, repr=False, compare=False)


class ProtectionState(WireEnum):
    """Whether a person is protected."""

    UNSPECIFIED = 0
    PROTECTED = 1
    LIFTED = 2


@dataclass(frozen=True, slots=True)
class ProtectionChange:
    """What came of protecting a person, or of lifting it: all marks of the person, if the caller may see them."""

    unchanged: bool
    protections: tuple[Protection, ...]
    etag: str
    resolution: ResolvedNumber
    message: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class IdentifierLink:
    """What came of linking a foreign identifier, or of ending a link."""

    identifier: ForeignIdentifier
    already_linked: bool
    resolution: ResolvedNumber
    message: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class ImportIdentifier:
    """A foreign identifier of a row, and the days on which it holds; left out: from today on."""

    key: IdentifierKey
    validity: Validity | None = None


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One person to take over.

    Attributes:
        facts: of each data group one at most; name and birth are required.
        ssin: number that the person has already; left out: a bis number is given.
        register: BIS or RAD; left out: BIS.
        identifiers: at most 20.
    """

    facts: tuple[Statement, ...]
    ssin: Ssin | str = field(default="", repr=False)
    register: Register = Register.UNSPECIFIED
    identifiers: tuple[ImportIdentifier, ...] = ()


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one row.

    Attributes:
        row: its number, from 1 on.
        outcome: imported, repeated, refused, or not imported for its candidates.
        ssin: number of the person; none if not imported, and in a dry run of a row without a number.
        reason: why it was refused, such as "DATE_INVALID"; empty otherwise.
        field: path within the row, such as "facts[0].value.name.family_name".
        candidates: numbers of the strong candidates, best first.
        message: why it was refused, for people; empty when the outcome is repeated.
    """

    row: int
    outcome: RowOutcome
    ssin: Ssin | None
    reason: str
    field: str
    candidates: tuple[Ssin, ...]
    message: str = ""
