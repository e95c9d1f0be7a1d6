"""Notices: that something changed on persons whom an institution holds a dossier on; never what."""

import datetime as dt
import enum
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from kruispunt.period import Period
from kruispunt.ssin import Ssin
from kruispunt.values import InstitutionRef

_BRUSSELS = ZoneInfo("Europe/Brussels")


class NoticeKind(enum.Enum):
    """What happened; the values are those of the contract."""

    UNSPECIFIED = 0
    NUMBER_REPLACED = 1
    NUMBER_SPLIT = 2
    NUMBER_CANCELLED = 3
    DECEASED = 4
    DATA_CHANGED = 5
    REGISTER_MOVED = 6
    IDENTIFIER_CHANGED = 7
    NUMBER_JOINED = 8
    NUMBER_PARTED = 9


@dataclass(frozen=True, slots=True)
class Notice:
    """That something changed.

    Attributes:
        notice_no: number at the institution, from 1 on, without gaps.
        notice_id: names it, a UUID.
        kind: what happened.
        ssin: the number under which the institution knows the person.
        current: the number that stands now.
        change_time: when the registers recorded the change, UTC.
        record_time: when the notice was recorded, UTC.
        change_id: the change at identity; empty: not known.
    """

    notice_no: int
    notice_id: str
    kind: NoticeKind
    ssin: Ssin
    current: Ssin
    change_time: dt.datetime
    record_time: dt.datetime
    change_id: str

    def digest_text(self) -> str:
        """Return the text by which a digest counts it."""
        day = self.record_time.astimezone(_BRUSSELS).date()
        parts = (self.notice_no, self.notice_id, self.kind.value, self.ssin, self.current, day)
        return "\x1f".join(map(str, parts))


@dataclass(frozen=True, slots=True)
class Holding:
    """A person on whom the institution holds a dossier.

    Attributes:
        registered: the number under which the dossier was registered.
        current: the number under which it stands now.
    """

    registered: Ssin
    current: Ssin


@dataclass(frozen=True, slots=True)
class ToldNotices:
    """One item of a watch: the notices of one commit, a part of a snapshot, or a sign of life.

    Attributes:
        resume_token: to go on after it.
        position: number of the last notice told so far; 0: none yet.
        notices: of one commit; empty for what is none.
        holdings: a part of a snapshot; empty for what is none.
        snapshot_ends: true on the last part of a snapshot.
        told_until: of a sign of life, UTC.
        message: as it came over the wire.
    """

    resume_token: str = field(repr=False)
    position: int
    notices: tuple[Notice, ...] = ()
    holdings: tuple[Holding, ...] = ()
    snapshot_ends: bool = False
    told_until: dt.datetime | None = None
    message: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """How far notices are dealt with.

    Attributes:
        acknowledged_no: up to which.
        last_no: number of the last there is.
    """

    acknowledged_no: int
    last_no: int
    message: Any = field(default=None, repr=False, compare=False)


class ImpactOutcome(enum.Enum):
    """What a replacement would do to a dossier; the values are those of the contract."""

    UNSPECIFIED = 0
    UNCHANGED = 1
    MOVED = 2
    JOINED = 3
    CUT = 4


@dataclass(frozen=True, slots=True)
class Impact:
    """A dossier that a change would concern.

    Attributes:
        institution: whose.
        capacity: 0 to 999.
        phase: 0 to 99.
        period: days on which it is open.
        ssin: the number under which it stands now.
        outcome: what would become of it; UNSPECIFIED: no replacement.
        afterwards: when it would be open; none: it would be joined into another, or no replacement.
    """

    institution: InstitutionRef
    capacity: int
    phase: int
    period: Period
    ssin: Ssin
    outcome: ImpactOutcome
    afterwards: Period | None


@dataclass(frozen=True, slots=True)
class Impacts:
    """Whom a change would concern.

    Attributes:
        impacts: by institution, capacity and begin.
        told: institutions that would be told, each once; not the caller's own.
        complete: the directory follows the registers, and knows where numbers lead.
    """

    impacts: tuple[Impact, ...]
    told: tuple[InstitutionRef, ...]
    complete: bool
    message: Any = field(default=None, repr=False, compare=False)
