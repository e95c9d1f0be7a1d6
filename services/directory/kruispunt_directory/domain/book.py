"""The dossiers of one institution on one person, and what its commands do to them.

Pure rules: a book is made from the dossiers that stand, a command gives the plan of what is written and what
stands no more; the store carries the plan out. Within one capacity no two dossiers of a book share a day, and
those in the same phase do not even touch.

Source: domain.md §4 (row, extension, repetition, the six shapes of removal).
"""

import datetime as dt
import enum
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kruispunt.period import Period
from kruispunt.ssin import Ssin
from kruispunt_directory.domain.dossier import Dossier
from kruispunt_directory.domain.knowledge import NetworkLevel
from kruispunt_server.call import InstitutionKey
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.ids import new_id

UNSPECIFIED_SOURCE = "unspecified"


class Outcome(enum.IntEnum):
    """What a command did; the numbers of `RegistrationOutcome`."""

    CREATED = 1
    EXTENDED = 2
    UNCHANGED = 3


@dataclass(frozen=True, slots=True)
class Registration:
    """An institution says that it holds a dossier.

    Attributes:
        network_level: none if it is not said: what stands stays, a new dossier gets the institution's.
        source: none if it is not said: what stands stays.
    """

    capacity: int
    phase: int
    period: Period
    network_level: NetworkLevel | None
    source: str | None

    def agrees_with(self, dossier: Dossier) -> bool:
        """Whether the dossier says all this already."""
        return (
            (dossier.capacity, dossier.phase) == (self.capacity, self.phase)
            and self.period.lies_within(dossier.period)
            and self.network_level in (None, dossier.network_level)
            and self.source in (None, dossier.source)
        )


@dataclass(frozen=True, slots=True)
class Revision:
    """What changes in a dossier; absent stays as it is.

    Attributes:
        effective_from: first day on which a new phase is true; absent, for the whole period.
    """

    phase: int | None = None
    period: Period | None = None
    network_level: NetworkLevel | None = None
    source: str | None = None
    effective_from: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """Five of the six shapes of removal: every dossier that fits what is given, all when nothing is.

    Attributes:
        capacity: only in this capacity.
        phase: only in this phase.
        within: only those whose whole period lies within.
    """

    capacity: int | None = None
    phase: int | None = None
    within: Period | None = None

    def fits(self, dossier: Dossier) -> bool:
        """Whether the dossier is to be removed."""
        return (
            (self.capacity is None or dossier.capacity == self.capacity)
            and (self.phase is None or dossier.phase == self.phase)
            and (self.within is None or dossier.period.lies_within(self.within))
        )


@dataclass(slots=True)
class Plan:
    """What a command does.

    Attributes:
        outcome: in short.
        subject: the dossier that the command was about, as it then stands; none after a removal.
        created: dossiers that did not stand before.
        changed: (before, after) of dossiers that stay.
        removed: (before, after) of dossiers that stand no more; `after` is the mark that says so.
    """

    outcome: Outcome
    subject: Dossier | None = None
    created: list[Dossier] = field(default_factory=list)
    changed: list[tuple[Dossier, Dossier]] = field(default_factory=list)
    removed: list[tuple[Dossier, Dossier]] = field(default_factory=list)

    @property
    def remaining(self) -> list[Dossier]:
        """What was changed or created, by begin."""
        standing = [after for _, after in self.changed] + self.created
        return sorted(standing, key=lambda dossier: dossier.period.begin)


class DossierBook:
    """The standing dossiers of one institution on one person.

    Args:
        person: current number.
        institution: whose dossiers.
        standing: those that stand now.
        now: instant of recording, UTC; raised where needed so that time never runs backwards in a book.
        latest: when the last change of this book was recorded, be it a removal; none if there was none.
    """

    def __init__(
        self,
        person: Ssin,
        institution: InstitutionKey,
        standing: Iterable[Dossier],
        now: dt.datetime,
        latest: dt.datetime | None = None,
    ) -> None:
        self._person = person
        self._institution = institution
        self._standing = {dossier.dossier_id: dossier for dossier in standing}
        recorded = [dossier.recorded_at for dossier in self._standing.values()]
        recorded += [latest] if latest else []
        self._now = max([now, *(instant + dt.timedelta(microseconds=1) for instant in recorded)])

    def register(
        self, registration: Registration, *, registered_under: Ssin, default_level: NetworkLevel
    ) -> Plan:
        """Add a dossier, or extend what it overlaps or touches in the same capacity and phase.

        Args:
            registration: what is said.
            registered_under: number that the institution used.
            default_level: network level of a new dossier where none is said.

        Raises:
            RegistryError: another phase stands on some of the days; FAILED_PRECONDITION / PHASE_OVERLAP.
        """
        for dossier in self._standing.values():
            if registration.agrees_with(dossier):
                return Plan(Outcome.UNCHANGED, subject=dossier)
        new = Dossier(
            dossier_id=new_id(),
            person=self._person,
            registered_under=registered_under,
            institution=self._institution,
            capacity=registration.capacity,
            phase=registration.phase,
            period=registration.period,
            network_level=registration.network_level or default_level,
            source=registration.source or UNSPECIFIED_SOURCE,
            version=1,
            recorded_at=self._now,
            confirmed_at=self._now,
        )
        said = {"network_level": registration.network_level, "source": registration.source}
        return self._settle(new, before=None, said={name: value for name, value in said.items() if value})

    def update(self, dossier_id: uuid.UUID, etag: str, revision: Revision) -> Plan:
        """Change a dossier, whole or from a day on.

        Raises:
            RegistryError: no such dossier, another etag, a day outside the period, or another phase on
                some of the days.
        """
        before = self._find(dossier_id, etag)
        if revision.effective_from is not None:
            _check_turning_day(before, revision)
        after = replace(
            before,
            phase=before.phase if revision.phase is None else revision.phase,
            period=revision.period or before.period,
            network_level=revision.network_level or before.network_level,
            source=revision.source or before.source,
        )
        if after == before:
            return Plan(Outcome.UNCHANGED, subject=before)
        if revision.effective_from is None:
            return self._settle(self._next(after), before=before)
        return self._turn(before, after, revision.effective_from)

    def close(self, dossier_id: uuid.UUID, etag: str, end: dt.date) -> Plan:
        """Give a dossier an end, or an earlier one.

        Raises:
            RegistryError: no such dossier, another etag, or an end outside the period.
        """
        before = self._find(dossier_id, etag)
        if end == before.period.end:
            return Plan(Outcome.UNCHANGED, subject=before)
        if end <= before.period.begin or (before.period.end is not None and end > before.period.end):
            raise RegistryError(
                Reason.OUTSIDE_PERIOD, "the end lies outside the dossier's period", field="end"
            )
        after = self._next(replace(before, period=Period(before.period.begin, end)))
        return Plan(Outcome.EXTENDED, subject=after, changed=[(before, after)])

    def remove(self, selection: Selection) -> Plan:
        """Take back every dossier that fits; none is no error."""
        fitting = [dossier for dossier in self._standing.values() if selection.fits(dossier)]
        plan = Plan(Outcome.EXTENDED if fitting else Outcome.UNCHANGED)
        plan.removed = [(dossier, self._next(dossier)) for dossier in fitting]
        return plan

    def cut(self, dossier_id: uuid.UUID, etag: str, span: Period) -> Plan:
        """Cut a span out of one dossier; the first part that is left keeps the identifier.

        Raises:
            RegistryError: no such dossier, another etag, or no day in common.
        """
        before = self._find(dossier_id, etag)
        if not before.period.overlaps(span):
            raise RegistryError(
                Reason.OUTSIDE_PERIOD, "the span shares no day with the dossier", field="cut.period"
            )
        rest = before.period.without(span)
        plan = Plan(Outcome.EXTENDED)
        if not rest:
            plan.removed.append((before, self._next(before)))
            return plan
        plan.changed.append((before, self._next(replace(before, period=rest[0]))))
        plan.created.extend(self._part(before, period) for period in rest[1:])
        return plan

    def reconfirm(self, dossier_ids: Iterable[uuid.UUID]) -> Plan:
        """Say that dossiers are still true; unknown ones are passed over."""
        plan = Plan(Outcome.EXTENDED)
        for dossier_id in dossier_ids:
            before = self._standing.get(dossier_id)
            if before is not None:
                after = replace(self._next(before), confirmed_at=self._now)
                plan.changed.append((before, after))
        return plan

    def holds(self, dossier_id: uuid.UUID) -> bool:
        """Whether the dossier stands in this book."""
        return dossier_id in self._standing

    def take(self, plan: Plan) -> None:
        """Let a plan of this book have happened, for the commands after it; what they record is later."""
        for before, _ in plan.removed:
            del self._standing[before.dossier_id]
        for dossier in (*(after for _, after in plan.changed), *plan.created):
            self._standing[dossier.dossier_id] = dossier
        if plan.removed or plan.changed or plan.created:
            self._now += dt.timedelta(microseconds=1)

    def _turn(self, before: Dossier, after: Dossier, day: dt.date) -> Plan:
        """Split at `day`: as it was before it, changed from it on."""
        closed = self._next(replace(before, period=Period(before.period.begin, day)))
        self._standing[before.dossier_id] = closed
        plan = self._settle(self._part(after, Period(day, before.period.end)), before=None)
        plan.changed.insert(0, (before, closed))
        return plan

    def _settle(self, new: Dossier, *, before: Dossier | None, said: Mapping[str, Any] | None = None) -> Plan:
        """Join what touches in the same capacity and phase into the earliest; refuse days in another phase.

        Args:
            new: what is to stand.
            before: which dossier it was; none if it is new.
            said: network level and source that the joined dossier gets; absent: those of `new`.
        """
        others = [
            dossier
            for dossier in self._standing.values()
            if dossier.capacity == new.capacity
            and (before is None or dossier.dossier_id != before.dossier_id)
        ]
        if any(dossier.phase != new.phase and dossier.period.overlaps(new.period) for dossier in others):
            raise RegistryError(
                Reason.PHASE_OVERLAP,
                "a dossier in another phase stands on some of these days; change its phase or period first",
                field="period",
            )
        joined = [
            dossier for dossier in others if dossier.phase == new.phase and dossier.period.touches(new.period)
        ]
        if not joined:
            return self._written(new, before)
        earliest = min([*joined, *([before] if before else [])], key=lambda dossier: dossier.period.begin)
        period = new.period
        for dossier in joined:
            period = period.span(dossier.period)
        if said is None:
            said = {"network_level": new.network_level, "source": new.source}
        kept = self._next(replace(earliest, period=period, phase=new.phase, **said))
        gone = [dossier for dossier in [*joined, *([before] if before else [])] if dossier is not earliest]
        return Plan(
            Outcome.EXTENDED,
            subject=kept,
            changed=[(earliest, kept)],
            removed=[(dossier, self._next(dossier)) for dossier in gone],
        )

    def _written(self, new: Dossier, before: Dossier | None) -> Plan:
        if before is None:
            return Plan(Outcome.CREATED, subject=new, created=[new])
        return Plan(Outcome.EXTENDED, subject=new, changed=[(before, new)])

    def _find(self, dossier_id: uuid.UUID, etag: str) -> Dossier:
        dossier = self._standing.get(dossier_id)
        if dossier is None:
            raise RegistryError(
                Reason.DOSSIER_UNKNOWN,
                "the institution has no such dossier on this person",
                field="dossier_id",
            )
        if etag and etag != dossier.etag:
            raise RegistryError(
                Reason.ETAG_MISMATCH, "the dossier was changed since it was read", field="etag"
            )
        return dossier

    def _next(self, dossier: Dossier) -> Dossier:
        return replace(dossier, version=dossier.version + 1, recorded_at=self._now)

    def _part(self, dossier: Dossier, period: Period) -> Dossier:
        """A new dossier like `dossier` for another period."""
        return replace(dossier, dossier_id=new_id(), period=period, version=1, recorded_at=self._now)


def _check_turning_day(dossier: Dossier, revision: Revision) -> None:
    """Make sure that a new phase can be true from `effective_from` on."""
    day = revision.effective_from
    if day is None or not dossier.period.holds(day) or day == dossier.period.begin:
        raise RegistryError(
            Reason.OUTSIDE_PERIOD,
            "the day lies outside the dossier's period or is its first",
            field="effective_from",
        )
    if revision.phase == dossier.phase:
        raise RegistryError(
            Reason.FIELD_INVALID,
            "the dossier is in that phase already; nothing turns",
            field="effective_from",
        )
