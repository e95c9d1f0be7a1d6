"""What one message of the registers brings about in the directory."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kruispunt.ssin import Ssin
from kruispunt_directory.domain.dossier import Dossier
from kruispunt_directory.domain.notices import Notice, kind_of, notices_of
from kruispunt_directory.domain.told import (
    DECEASE_GROUP,
    ChangeKind,
    RegisterChange,
    RegisterCommit,
    RegisteredNumber,
    SnapshotPart,
)
from kruispunt_directory.following.rearranging import Rearranging
from kruispunt_server.call import Call, InstitutionKey, Participant, Purpose
from kruispunt_server.ids import new_id

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    from kruispunt_directory.store.dossiers import DossierStore
    from kruispunt_directory.store.notices import NoticeStore
    from kruispunt_directory.store.projection import NumberProjection

_REGISTRY: Final = Participant("registry", frozenset(), None)
_METHOD: Final = "kruispunt.identity.v1.IdentityFeedService/WatchChanges"
_MOMENT = dt.timedelta(microseconds=1)
_MOVING = frozenset({ChangeKind.NUMBER_REPLACED, ChangeKind.NUMBER_SPLIT})


@dataclass(frozen=True, slots=True)
class Stores:
    """What following the registers writes."""

    dossiers: "DossierStore"
    projection: "NumberProjection"
    notices: "NoticeStore"


@dataclass(frozen=True, slots=True)
class _Others:
    """What the other side of a replacement or split held, and who was told already."""

    dossiers: Sequence[Dossier]
    told: set[InstitutionKey]

    def not_told(self) -> list[Dossier]:
        """Return the dossiers of whoever was not told."""
        return [dossier for dossier in self.dossiers if dossier.institution not in self.told]


class Effects:
    """Applies one message, in a transaction of its own.

    Args:
        transaction: nobody else applies anything meanwhile.
        stores: what is written.
        now: later than anything applied before.
        purpose: why, for the journal.

    Attributes:
        now: the instant of the last effect.
        undecided: how many spans of days nobody could attribute.
    """

    def __init__(self, transaction: Any, stores: Stores, now: dt.datetime, purpose: Purpose) -> None:
        self.now = now
        self.undecided = 0
        self._transaction = transaction
        self._stores = stores
        self._call = Call(_METHOD, _REGISTRY, purpose, now, float("inf"))
        self._notices: list[Notice] = []
        self._others: dict[tuple[Ssin, Ssin], _Others] = {}

    def apply_commit(self, commit: RegisterCommit) -> None:
        """Apply what one transaction of the registers changed."""
        readable = [change for change in commit.changes if change.ssin is not None]
        named = {
            number for change in readable for number in (change.ssin, change.other) if number is not None
        }
        moving = [change for change in readable if change.kind in _MOVING]
        work = self._begin(named, {number for change in moving for number in _pair(change)})
        for change in readable:
            self._apply(work, change, commit.recorded_at)
        self._finish(work)

    def apply_snapshot(self, part: SnapshotPart, *, after_gap: bool) -> None:
        """Bring numbers in line with how they stand; institutions are told of what had changed meanwhile.

        What was told of a person's data meanwhile, a decease aside, is not in a snapshot: of that nobody is told.

        Args:
            part: the numbers.
            after_gap: the registers were followed before: what is not known of a number is new.
        """
        named = {number for each in part.numbers for number in (each.ssin, each.next_) if number is not None}
        work = self._begin(named, set())
        moving = [each for each in part.numbers if work.chains.state(each.ssin).next_ != each.next_]
        if moving:
            self._hold(work, {number for each in moving for number in (each.ssin, each.next_) if number})
        for each in moving:  # what stands again, before what leads to it
            if (was := work.chains.state(each.ssin).next_) is not None:
                self._apply(work, RegisterChange(ChangeKind.NUMBER_SPLIT, each.ssin, was), self.now)
        for each in moving:
            if each.next_ is not None:
                self._follow(work, each)
        for each in part.numbers:
            self._compare(work, each, after_gap=after_gap)
        self._finish(work)

    def _begin(self, named: Iterable[Ssin], moving: set[Ssin]) -> Rearranging:
        chains = self._stores.projection.load(self._transaction, named)
        stores = self._stores
        work = Rearranging(
            self._transaction, chains, stores.dossiers, stores.projection, self._call, self.now
        )
        if moving:
            self._hold(work, moving)
        return work

    def _hold(self, work: Rearranging, numbers: set[Ssin]) -> None:
        """Keep everybody else from writing under the persons that change, and come after what they wrote."""
        persons = {
            each for number in numbers for each in work.chains.lineage(work.chains.root(number)).numbers
        }
        self._stores.dossiers.lock(self._transaction, persons)
        latest = self._stores.dossiers.latest(self._transaction, persons)
        work.now = max(self.now, latest + _MOMENT) if latest is not None else self.now

    def _finish(self, work: Rearranging) -> None:
        self.now = work.now
        self.undecided = work.undecided
        self._stores.projection.write(self._transaction, work.chains, self.now)
        self._stores.notices.write(self._transaction, self._notices, self.now)

    def _apply(self, work: Rearranging, change: RegisterChange, changed_at: dt.datetime) -> None:
        number, other = change.ssin, change.other
        assert number is not None, "it can be read"
        work.chains.tell(number)
        match change.kind:
            case ChangeKind.NUMBER_REPLACED if other is not None:
                request_id = change.change_id or new_id()
                before = work.lead(number, other, change.effective_on, request_id)
                if before is not None:
                    told = self._tell(work, change, before[0], changed_at)
                    self._others[other, number] = _Others(before[1], told)
            case ChangeKind.NUMBER_SPLIT:
                if work.chains.state(number).next_ is not None:
                    root = work.split(number, change.change_id or new_id())
                    told = self._tell(work, change, work.standing(number), changed_at)
                    self._others[root, number] = _Others(work.standing(root), told)
                work.chains.tell(number, deceased=change.deceased)
            case ChangeKind.NUMBER_JOINED | ChangeKind.NUMBER_PARTED if other is not None:
                work.chains.tell(number, deceased=change.deceased)
                others = self._others.pop((number, other), None)
                if others is not None:
                    self._tell(work, change, others.not_told(), changed_at)
            case ChangeKind.NUMBER_CANCELLED:
                work.chains.cancel(number)
                self._tell(work, change, work.standing(work.chains.root(number)), changed_at)
            case ChangeKind.PERSON_REGISTERED | ChangeKind.PERSON_IMPORTED:
                # Nothing was on file before: what is not told is not so.
                work.chains.tell(number, deceased=bool(change.deceased), register=change.register)
            case _:
                work.chains.tell(number, deceased=change.deceased, register=change.register)
                if kind_of(change) is not None:
                    self._tell(work, change, work.standing(work.chains.root(number)), changed_at)

    def _tell(
        self,
        work: Rearranging,
        change: RegisterChange,
        dossiers: Iterable[Dossier],
        changed_at: dt.datetime,
    ) -> set[InstitutionKey]:
        """Note whom a change is told; returns them."""
        assert change.ssin is not None, "it can be read"
        notices = notices_of(change, dossiers, work.chains.root(change.ssin), changed_at)
        self._notices += notices
        return {notice.institution for notice in notices}

    def _follow(self, work: Rearranging, number: RegisteredNumber) -> None:
        """Let a number lead where a snapshot says."""
        next_ = number.next_
        assert next_ is not None, "it was replaced"
        way = work.chains.lineage(number.ssin).way(next_)
        if number.ssin in way[1:]:  # known the other way round, and not yet told that it is so no more
            work.split(way[way.index(number.ssin) - 1], new_id())
        for change in (
            RegisterChange(ChangeKind.NUMBER_REPLACED, number.ssin, next_, effective_on=number.replaced_on),
            RegisterChange(ChangeKind.NUMBER_JOINED, next_, number.ssin),
        ):
            self._apply(work, change, self.now)

    def _compare(self, work: Rearranging, number: RegisteredNumber, *, after_gap: bool) -> None:
        """Bring the rest of what is known of a number in line with a snapshot."""
        state = work.chains.state(number.ssin)
        changes = []
        if number.cancelled and not state.cancelled:
            changes.append(RegisterChange(ChangeKind.NUMBER_CANCELLED, number.ssin))
        if state.cancelled and not number.cancelled:
            work.chains.cancel(number.ssin, cancelled=False)
            changes.append(RegisterChange(ChangeKind.FACTS_TOLD, number.ssin))
        was = False if state.deceased is None and after_gap else state.deceased
        # A decease is the person's: it is told of the number that stands.
        if number.next_ is None and was is not None and was != number.deceased:
            kind = ChangeKind.FACTS_TOLD if number.deceased else ChangeKind.FACT_RETRACTED
            groups = frozenset({DECEASE_GROUP})
            changes.append(RegisterChange(kind, number.ssin, groups=groups, deceased=number.deceased))
        if state.register is not None and number.register not in (None, state.register):
            changes.append(RegisterChange(ChangeKind.REGISTER_MOVED, number.ssin, register=number.register))
        for change in changes:
            self._apply(work, change, self.now)
        work.chains.tell(number.ssin, deceased=number.deceased, register=number.register)


def _pair(change: RegisterChange) -> list[Ssin]:
    return [number for number in (change.ssin, change.other) if number is not None]
