"""What the feed tells of a change: that something happened, to whom, and about which days; never what is said now."""

import datetime as dt
import enum
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.number import NumberStatus, Register
from kruispunt_server.call import InstitutionKey


class ChangeKind(enum.IntEnum):
    """What happened; the numbers of the contract."""

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


KINDS = {
    "person.registered": ChangeKind.PERSON_REGISTERED,
    "person.imported": ChangeKind.PERSON_IMPORTED,
    "person.updated": ChangeKind.FACTS_TOLD,
    "person.retracted": ChangeKind.FACT_RETRACTED,
    "number.replaced": ChangeKind.NUMBER_REPLACED,
    "number.joined": ChangeKind.NUMBER_JOINED,
    "number.split": ChangeKind.NUMBER_SPLIT,
    "number.parted": ChangeKind.NUMBER_PARTED,
    "number.cancelled": ChangeKind.NUMBER_CANCELLED,
    "number.moved": ChangeKind.REGISTER_MOVED,
    "person.identifier_linked": ChangeKind.IDENTIFIER_LINKED,
    "person.identifier_ended": ChangeKind.IDENTIFIER_ENDED,
    "person.told_apart": ChangeKind.TOLD_APART,
    "person.protected": ChangeKind.PERSON_PROTECTED,
    "person.protection_lifted": ChangeKind.PROTECTION_LIFTED,
}
"""The kinds of the change log that the feed tells."""

PART: Final = 1000
"""Numbers in a part of a snapshot."""


@dataclass(frozen=True, slots=True)
class ToldChange:
    """One change as it is told.

    Attributes:
        position: in the change log, from 0 on.
        change_id: names it.
        kind: what happened.
        ssin: the number; none: the person was erased from the journal.
        other: the other number; none: there is none, or the person was erased.
        groups: numbers of the data groups that were told, corrected or taken back.
        affects_from: first day of what changed; none: from ever, or not known.
        affects_until: the day after its last; none: for ever.
        source: the institution that changed it; none: the registry.
        effective_on: day on which a replacement, split or move took effect.
        register: of the number afterwards; none: unchanged.
        deceased: whether a decease is on file afterwards; none: not touched.
    """

    position: int
    change_id: uuid.UUID
    kind: ChangeKind
    ssin: Ssin | None = field(default=None, repr=False)
    other: Ssin | None = field(default=None, repr=False)
    groups: tuple[int, ...] = ()
    affects_from: dt.date | None = None
    affects_until: dt.date | None = None
    source: InstitutionKey | None = None
    effective_on: dt.date | None = None
    register: Register | None = None
    deceased: bool | None = None

    def digest_text(self) -> str:
        """Return the text by which a digest counts it: parts joined by U+001F; nothing that an erasure takes away."""
        return "\x1f".join(map(str, (self.position, self.change_id, int(self.kind))))


@dataclass(frozen=True, slots=True)
class ToldCommit:
    """Everything that one transaction changed, in order.

    Attributes:
        recorded_at: when.
        changes: 1 or more.
    """

    recorded_at: dt.datetime
    changes: tuple[ToldChange, ...]


@dataclass(frozen=True, slots=True)
class StandingNumber:
    """A number as it stands, for a snapshot.

    Attributes:
        ssin: the number.
        status: its state.
        current: where it leads; itself if it stands or is cancelled.
        next_: the next step; none: it was not replaced.
        replaced_on: day of its replacement.
        register: where the person is kept.
        deceased: whether a decease of the person is on file, under whichever of its numbers.
    """

    ssin: Ssin = field(repr=False)
    status: NumberStatus
    current: Ssin = field(repr=False)
    next_: Ssin | None = field(repr=False)
    replaced_on: dt.date | None
    register: Register
    deceased: bool


@dataclass(frozen=True, slots=True)
class DayDigest:
    """Count and root over what was told of one day.

    Attributes:
        count: how many changes.
        first: position of the first; 0: none.
        last: position of the last; 0: none.
        root_hash: over the texts, 32 bytes.
        complete: the day is over, and everything recorded on it is told.
        kept: nothing that was recorded on it has been let go.
    """

    count: int
    first: int
    last: int
    root_hash: bytes
    complete: bool
    kept: bool


def told_change(position: int, change_id: uuid.UUID, kind: str, said: Mapping[str, Any]) -> ToldChange:
    """Return what the feed tells of a record of the change log.

    Args:
        position: of the record.
        change_id: names it.
        kind: as the log has it, one of `KINDS`.
        said: what the record says, as JSON values; nothing: the person was erased.
    """
    told = said.get("told", {})
    sector, _, institution = told.get("source", "").partition("/")
    register = told.get("register")
    return ToldChange(
        position=position,
        change_id=change_id,
        kind=KINDS[kind],
        ssin=Ssin(said["person"]) if said else None,
        other=Ssin(said["other"]) if "other" in said else None,
        groups=tuple(told.get("groups", ())),
        affects_from=_day(told, "from"),
        affects_until=_day(told, "until"),
        source=InstitutionKey(int(sector), int(institution)) if institution else None,
        effective_on=_day(told, "effective_on"),
        register=None if register is None else Register(register),
        deceased=told.get("deceased"),
    )


def _day(told: Mapping[str, Any], name: str) -> dt.date | None:
    return dt.date.fromisoformat(told[name]) if name in told else None
