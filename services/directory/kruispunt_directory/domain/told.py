"""What the registers tell the directory: changes of persons and numbers, and numbers as they stand."""

import datetime as dt
import enum
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from kruispunt.ssin import Ssin
from kruispunt_server.call import InstitutionKey

POSITION_TOO_OLD = "POSITION_TOO_OLD"
POSITION_BEYOND_END = "POSITION_BEYOND_END"
DECEASE_GROUP = 3
"""Number of the data group `DECEASE`."""


class PositionRefusedError(Exception):
    """The registers do not go on after a message that they once told.

    Args:
        reason: name of the reason, such as POSITION_BEYOND_END.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ChangeKind(enum.IntEnum):
    """What happened; the numbers of identity's `ChangeKind`."""

    UNSPECIFIED = 0
    PERSON_REGISTERED = 1
    PERSON_IMPORTED = 2
    FACTS_TOLD = 3
    FACT_RETRACTED = 4
    NUMBER_REPLACED = 5
    NUMBER_JOINED = 6
    NUMBER_SPLIT = 7
    NUMBER_PARTED = 8
    NUMBER_CANCELLED = 9
    REGISTER_MOVED = 10
    IDENTIFIER_LINKED = 11
    IDENTIFIER_ENDED = 12
    TOLD_APART = 13
    PERSON_PROTECTED = 14
    PROTECTION_LIFTED = 15


_NOT_IN_SNAPSHOTS = frozenset(
    {ChangeKind.IDENTIFIER_LINKED, ChangeKind.IDENTIFIER_ENDED, ChangeKind.TOLD_APART}
)


@dataclass(frozen=True, slots=True)
class RegisterChange:
    """A change in the registers.

    Attributes:
        kind: what happened.
        ssin: the number that it happened to; none: the person was erased from the journal.
        other: the other number; none: there is none.
        change_id: names it; none: a snapshot showed that it must have happened.
        groups: numbers of the data groups that it is about.
        affects_from: first day on which what changed is true; none: from ever, or not known.
        affects_until: the day after the last; none: for ever.
        source: the institution that made it; none: the registry itself.
        effective_on: day on which a replacement or split took effect.
        register: number of the register afterwards; none: unchanged, or not known.
        deceased: whether a decease is on file afterwards; none: not touched.
    """

    kind: ChangeKind
    ssin: Ssin | None = field(repr=False)
    other: Ssin | None = field(default=None, repr=False)
    change_id: uuid.UUID | None = None
    groups: frozenset[int] = frozenset()
    affects_from: dt.date | None = None
    affects_until: dt.date | None = None
    source: InstitutionKey | None = None
    effective_on: dt.date | None = None
    register: int | None = None
    deceased: bool | None = None


@dataclass(frozen=True, slots=True)
class RegisterCommit:
    """Everything that one transaction of the registers changed.

    Attributes:
        position: of the last change, in the change log of the registers.
        recorded_at: when it was recorded there.
        changes: in order.
    """

    position: int
    recorded_at: dt.datetime
    changes: Sequence[RegisterChange]

    @property
    def has_unread(self) -> bool:
        """Whether something changed that only a snapshot can still show: the person was erased from the journal."""
        return any(change.ssin is None and change.kind not in _NOT_IN_SNAPSHOTS for change in self.changes)


@dataclass(frozen=True, slots=True)
class RegisteredNumber:
    """A number as it stands in the registers.

    Attributes:
        ssin: the number.
        next_: the number that took its place; none: it was not replaced.
        replaced_on: day of its replacement.
        cancelled: it leads to nobody.
        register: number of the register; none: not said.
        deceased: whether a decease of the person is on file, under whichever of its numbers.
    """

    ssin: Ssin = field(repr=False)
    next_: Ssin | None = field(default=None, repr=False)
    replaced_on: dt.date | None = None
    cancelled: bool = False
    register: int | None = None
    deceased: bool = False


@dataclass(frozen=True, slots=True)
class SnapshotPart:
    """A part of all numbers of the registers as they stand.

    Attributes:
        numbers: at most 1000.
        last: from here on commits follow.
    """

    numbers: Sequence[RegisteredNumber]
    last: bool


@dataclass(frozen=True, slots=True)
class SignOfLife:
    """Nothing happened; everything that was recorded until an instant was told."""

    told_until: dt.datetime


@dataclass(frozen=True, slots=True)
class Told:
    """One message of the feed.

    Attributes:
        resume_token: goes on after it.
        position: of the last change told so far; -1: none yet.
        content: what it says.
    """

    resume_token: str = field(repr=False)
    position: int
    content: RegisterCommit | SnapshotPart | SignOfLife
