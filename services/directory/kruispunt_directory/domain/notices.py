"""Which institutions are told that something changed, and what.

An institution is told if it holds a dossier on the person on a day that the change is about, past and future days
included; of changes that are not about days, such as a birth or a number, whenever its dossier is open. It is not told
what it changed itself.

Source: domain.md §3 and §4 ("Notices").
"""

import datetime as dt
import enum
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from kruispunt.ssin import Ssin
from kruispunt_directory.domain.dossier import Dossier
from kruispunt_directory.domain.told import DECEASE_GROUP, ChangeKind, RegisterChange
from kruispunt_server.call import InstitutionKey


class NoticeKind(enum.IntEnum):
    """What an institution is told; the numbers of `NoticeKind` in the contract."""

    NUMBER_REPLACED = 1
    NUMBER_SPLIT = 2
    NUMBER_CANCELLED = 3
    DECEASED = 4
    DATA_CHANGED = 5
    REGISTER_MOVED = 6
    IDENTIFIER_CHANGED = 7
    NUMBER_JOINED = 8
    NUMBER_PARTED = 9


_KINDS = {
    ChangeKind.FACT_RETRACTED: NoticeKind.DATA_CHANGED,
    ChangeKind.NUMBER_REPLACED: NoticeKind.NUMBER_REPLACED,
    ChangeKind.NUMBER_JOINED: NoticeKind.NUMBER_JOINED,
    ChangeKind.NUMBER_SPLIT: NoticeKind.NUMBER_SPLIT,
    ChangeKind.NUMBER_PARTED: NoticeKind.NUMBER_PARTED,
    ChangeKind.NUMBER_CANCELLED: NoticeKind.NUMBER_CANCELLED,
    ChangeKind.REGISTER_MOVED: NoticeKind.REGISTER_MOVED,
    ChangeKind.IDENTIFIER_LINKED: NoticeKind.IDENTIFIER_CHANGED,
    ChangeKind.IDENTIFIER_ENDED: NoticeKind.IDENTIFIER_CHANGED,
}
# What is about the number itself: told under it, whatever number a dossier was registered under.
_ABOUT_NUMBERS = frozenset(
    {
        NoticeKind.NUMBER_REPLACED,
        NoticeKind.NUMBER_JOINED,
        NoticeKind.NUMBER_SPLIT,
        NoticeKind.NUMBER_PARTED,
        NoticeKind.NUMBER_CANCELLED,
    }
)


@dataclass(frozen=True, slots=True)
class Notice:
    """That something changed; not numbered yet.

    Attributes:
        institution: who is told.
        kind: what happened.
        ssin: the number under which the institution knows the person.
        current: the number that stands.
        changed_at: when the registers recorded it.
        change_id: names the change there; none: a snapshot showed it.
    """

    institution: InstitutionKey
    kind: NoticeKind
    ssin: Ssin = field(repr=False)
    current: Ssin = field(repr=False)
    changed_at: dt.datetime
    change_id: uuid.UUID | None


def kind_of(change: RegisterChange) -> NoticeKind | None:
    """Return what institutions are told of a change; none: nothing, as of a new person, whom nobody holds yet."""
    if change.kind is ChangeKind.FACTS_TOLD:
        is_decease = DECEASE_GROUP in change.groups and change.deceased
        return NoticeKind.DECEASED if is_decease else NoticeKind.DATA_CHANGED
    return _KINDS.get(change.kind)


def notices_of(
    change: RegisterChange, dossiers: Iterable[Dossier], current: Ssin, changed_at: dt.datetime
) -> list[Notice]:
    """Return what institutions are told of a change, by institution.

    Args:
        change: of a number that can be read.
        dossiers: those concerned, of whatever period.
        current: the number that stands.
        changed_at: when the registers recorded it.
    """
    kind = kind_of(change)
    if kind is None or change.ssin is None:
        return []
    known_as: dict[InstitutionKey, set[Ssin]] = {}
    for dossier in dossiers:
        if dossier.institution != change.source and _concerned(change, dossier):
            known_as.setdefault(dossier.institution, set()).add(dossier.registered_under)
    return [
        Notice(
            institution,
            kind,
            change.ssin if kind in _ABOUT_NUMBERS else _known_as(known_as[institution], current),
            current,
            changed_at,
            change.change_id,
        )
        for institution in sorted(known_as)
    ]


def _concerned(change: RegisterChange, dossier: Dossier) -> bool:
    """Whether the dossier is open on a day that the change is about."""
    begin, end = dossier.period.begin, dossier.period.end
    return (change.affects_until is None or begin < change.affects_until) and (
        end is None or change.affects_from is None or change.affects_from < end
    )


def _known_as(registered: set[Ssin], current: Ssin) -> Ssin:
    return current if current in registered else min(registered)


@dataclass(frozen=True, slots=True)
class ToldNotice:
    """A notice as an institution is told it.

    Attributes:
        notice_no: number at the institution, from 1.
        notice_id: names it.
        recorded_at: when it was recorded; the same for all of one commit.
        kind: what happened.
        ssin: the number under which the institution knows the person.
        current: the number that stood then.
        changed_at: when the registers recorded the change.
        change_id: names the change there; none: a snapshot showed it.
    """

    notice_no: int
    notice_id: uuid.UUID
    recorded_at: dt.datetime
    kind: NoticeKind
    ssin: Ssin = field(repr=False)
    current: Ssin = field(repr=False)
    changed_at: dt.datetime
    change_id: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class NoticeState:
    """How far an institution is told.

    Attributes:
        last_no: number of its last notice; 0: none yet.
        acknowledged_no: up to which it has dealt with them.
        kept_from: the first that is kept.
        let_go_until: when the last that is not kept was recorded; none: all are kept, or it is not known.
    """

    last_no: int = 0
    acknowledged_no: int = 0
    kept_from: int = 1
    let_go_until: dt.datetime | None = None

    def keeps_since(self, instant: dt.datetime) -> bool:
        """Return whether everything recorded at an instant or later is kept."""
        return self.kept_from == 1 or (self.let_go_until is not None and self.let_go_until < instant)


@dataclass(frozen=True, slots=True)
class Holding:
    """A person on whom an institution holds a dossier.

    Attributes:
        current: the number that it stands under.
        registered: the number that it was registered under.
    """

    current: Ssin = field(repr=False)
    registered: Ssin = field(repr=False)
