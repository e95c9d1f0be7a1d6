"""What becomes of dossiers when a replacement is undone: each side gets back what is its own.

Day by day, within one institution and capacity, the history of the dossiers is played again from the replacement on,
and with it what each side has: first what had stood under the number that was replaced and under the other; then what
was registered later, by the number that the institution used; what grew out of a dossier belongs to whose that was.
Days that both sides have stay with both. What grew out of a dossier of both belongs to nobody for certain: it stays
with the remaining number and is reported.

Source: decision 0020.
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from kruispunt.period import Period
from kruispunt.ssin import Ssin
from kruispunt_directory.domain.book import Outcome, Plan
from kruispunt_directory.domain.chains import Lineage
from kruispunt_directory.domain.days import Line, laid_over
from kruispunt_directory.domain.dossier import Dossier
from kruispunt_directory.domain.joining import highest, phases
from kruispunt_server.call import InstitutionKey
from kruispunt_server.ids import new_id


@dataclass(frozen=True, slots=True)
class Version:
    """A state of a dossier, as it was recorded.

    Attributes:
        dossier: the state.
        standing: false: it marks the end of the dossier under its number.
    """

    dossier: Dossier
    standing: bool


@dataclass(frozen=True, slots=True)
class Undecided:
    """Days of a dossier that stay with the remaining number because nobody can say whose they are."""

    institution: InstitutionKey
    capacity: int
    period: Period


@dataclass(frozen=True, slots=True)
class Division:
    """How dossiers are given back.

    Attributes:
        plans: one for each institution that has some, in order.
        undecided: what stays for want of a better reason.
    """

    plans: list[Plan]
    undecided: list[Undecided]


@dataclass(frozen=True, slots=True)
class _Held:
    """What stands on a day, and what each side has on it.

    Attributes:
        phase: that stands.
        leaving: phase that the number split off has; none: the day is not its own.
        staying: phase that the remaining number has; none: as `leaving`.
    """

    phase: int
    leaving: int | None
    staying: int | None


def divided(lineage: Lineage, number: Ssin, history: Sequence[Version], now: dt.datetime) -> Division:
    """Return how the dossiers under the root of a lineage are shared out when a number is split off.

    Args:
        lineage: as it was until now.
        number: what is split off, with all that lead to it; it was replaced.
        history: every version of every dossier that ever stood under a number of the lineage.
        now: when; later than any version.
    """
    division = Division([], [])
    books: dict[InstitutionKey, dict[int, list[Version]]] = {}
    for version in history:
        dossier = version.dossier
        books.setdefault(dossier.institution, {}).setdefault(dossier.capacity, []).append(version)
    for institution in sorted(books):
        plan = Plan(Outcome.EXTENDED)
        for capacity in sorted(books[institution]):
            replay = _Replay(lineage, number, books[institution][capacity])
            if not replay.now:
                continue
            held = replay.held()
            undecided = [period for period, each in held if each.leaving is None and each.staying is None]
            division.undecided.extend(Undecided(institution, capacity, period) for period in undecided)
            _share(replay, held, now, plan)
        if plan.changed or plan.created or plan.removed:
            division.plans.append(plan)
    return division


class _Replay:
    """The dossiers of one institution in one capacity, under the numbers of a lineage."""

    def __init__(self, lineage: Lineage, number: Ssin, history: Sequence[Version]) -> None:
        self.root = lineage.root
        self.number = number
        self.leaving = set(lineage.below(number))
        self._lineage = lineage
        self._way = lineage.way(number)
        self._versions: dict[Ssin, list[Version]] = {}
        for version in sorted(history, key=lambda each: (each.dossier.recorded_at, each.dossier.version)):
            self._versions.setdefault(version.dossier.person, []).append(version)
        self.now = list(self.stood(lineage.root).values())
        self.last_version: dict[uuid.UUID, int] = {}
        for version in history:
            known = self.last_version.get(version.dossier.dossier_id, 0)
            self.last_version[version.dossier.dossier_id] = max(known, version.dossier.version)
        # Dossiers that each side brought along, in their last state before.
        self.left_with: list[Dossier] = []
        self.stayed_with: list[Dossier] = []

    def stood(self, number: Ssin, before: dt.datetime | None = None) -> dict[uuid.UUID, Dossier]:
        """Return the dossiers that stood under a number before an instant, or stand now."""
        standing: dict[uuid.UUID, Dossier] = {}
        for version in self._versions.get(number, ()):
            if before is not None and version.dossier.recorded_at >= before:
                break
            if version.standing:
                standing[version.dossier.dossier_id] = version.dossier
            else:
                standing.pop(version.dossier.dossier_id, None)
        return standing

    def held(self) -> Line[_Held]:
        """Play the history again; returns what each side has of what stands under the root now."""
        self.left_with = list(self.stood(self.number, self._joined_at(self.number)).values())
        held: Line[_Held] = [(period, _Held(phase, phase, None)) for period, phase in phases(self.left_with)]
        for former, number in zip(self._way, self._way[1:], strict=False):
            since = self._joined_at(former)
            until = None if number == self.root else self._joined_at(number)
            held = self._staying(held, self.stood(number, since).values())
            held = self._under(held, number, since, until)
        return laid_over([held, phases(self.now)], lambda said: _as_it_stands(*said))

    def heirs_leaving(self) -> list[Dossier]:
        """Return the dossiers that may go on under the number split off.

        One that stands no more is revived only if it is registered under a number of its side: others may stand
        elsewhere, given back by an earlier split.
        """
        return [each for each in [*self.left_with, *self.now] if each.registered_under in self.leaving]

    def heirs_staying(self) -> list[Dossier]:
        """Return the dossiers that may go on under the remaining number."""
        remaining = set(self._lineage.numbers) - self.leaving
        own = [each for each in [*self.now, *self.stayed_with] if each.registered_under in remaining]
        return [*own, *(each for each in self.now if each.registered_under not in remaining)]

    def _under(
        self, held: Line[_Held], number: Ssin, since: dt.datetime, until: dt.datetime | None
    ) -> Line[_Held]:
        """Play what happened under one number of the way, between two replacements."""
        others: dict[dt.datetime, list[Ssin]] = {}
        for step in self._lineage.steps.values():
            if step.next_ == number and step.former not in self._way and step.joined_at >= since:
                others.setdefault(step.joined_at, []).append(step.former)
        writes = {
            instant: list(group)
            for instant, group in groupby(
                self._versions.get(number, ()), key=lambda version: version.dossier.recorded_at
            )
        }
        standing = before = self.stood(number, since)
        instants = sorted(
            each for each in {*others, *writes} if each >= since and (until is None or each < until)
        )
        for place, instant in enumerate(instants):
            for former in others.get(instant, ()):
                held = self._staying(held, self.stood(former, instant).values())
            standing = _after_writes(standing, writes.get(instant, ()))
            if before and not standing and _come_back(before, writes, instants[place + 1 :]):
                continue  # the number itself led elsewhere for a while
            if instant not in others and instant != since:
                held = self._written(held, before, standing)
            before = standing
        return held

    def _staying(self, held: Line[_Held], brought: Iterable[Dossier]) -> Line[_Held]:
        """Add the dossiers that a number of the remaining side brought along."""
        dossiers = list(brought)
        self.stayed_with.extend(dossiers)

        def add(each: _Held | None, phase: int | None) -> _Held | None:
            if each is None:
                return None if phase is None else _Held(phase, None, phase)
            together = highest((each.phase, phase))
            assert together is not None
            return _Held(together, each.leaving, highest((each.staying, phase)))

        return laid_over([held, phases(dossiers)], lambda said: add(*said))

    def _written(
        self,
        held: Line[_Held],
        before: Mapping[uuid.UUID, Dossier],
        after: Mapping[uuid.UUID, Dossier],
    ) -> Line[_Held]:
        """Carry on over a write of the institution: what it ended is nobody's, what grew gets its owner."""
        grown: Line[_Held] = sorted(
            (
                (dossier.period, self._growth(held, before.get(dossier.dossier_id), dossier))
                for dossier in after.values()
            ),
            key=lambda run: run[0],
        )
        return laid_over([held, grown], lambda said: _carried_on(*said))

    def _growth(self, held: Line[_Held], before: Dossier | None, after: Dossier) -> _Held:
        """Return to whom days belong that a dossier has gained."""
        spans = [after.period] if before is None else [before.period, after.period]
        out_of = [each for period, each in held if any(period.overlaps(span) for span in spans)]
        if out_of:
            leaves = all(each.leaving is not None and each.staying is None for each in out_of)
            stays = all(each.staying is not None and each.leaving is None for each in out_of)
        else:
            leaves = after.registered_under in self.leaving
            stays = not leaves
        return _Held(after.phase, after.phase if leaves else None, after.phase if stays else None)

    def _joined_at(self, number: Ssin) -> dt.datetime:
        return self._lineage.steps[number].joined_at


def _after_writes(
    standing: Mapping[uuid.UUID, Dossier], writes: Iterable[Version]
) -> dict[uuid.UUID, Dossier]:
    """Return which dossiers stand after some were written."""
    after = dict(standing)
    for version in writes:
        if version.standing:
            after[version.dossier.dossier_id] = version.dossier
        else:
            after.pop(version.dossier.dossier_id, None)
    return after


def _come_back(
    gone: Mapping[uuid.UUID, Dossier],
    writes: Mapping[dt.datetime, Sequence[Version]],
    later: Sequence[dt.datetime],
) -> bool:
    """Whether dossiers that ended stand again with the next write: institutions never let one stand again."""
    following = next((writes[instant] for instant in later if instant in writes), ())
    return any(version.standing and version.dossier.dossier_id in gone for version in following)


def _carried_on(held: _Held | None, now: _Held | None) -> _Held | None:
    if now is None or held is None:
        return now
    if now.phase == held.phase:
        return held
    return _Held(
        now.phase,
        None if held.leaving is None else now.phase,
        None if held.staying is None else now.phase,
    )


def _as_it_stands(held: _Held | None, phase: int | None) -> _Held | None:
    """Keep to what stands, whatever the history says."""
    if phase is None:
        return None
    return _carried_on(held, _Held(phase, None, None))


def _share(replay: _Replay, held: Line[_Held], now: dt.datetime, plan: Plan) -> None:
    """Plan which dossier stands under which of the two numbers, and when."""
    leaving = laid_over([held], lambda said: said[0].leaving)
    staying = laid_over([held], lambda said: said[0].phase if said[0].leaving is None else said[0].staying)
    if not leaving:
        return
    standing = {dossier.dossier_id: dossier for dossier in replay.now}
    taken: set[uuid.UUID] = set()
    for person, line, heirs in (
        (replay.number, leaving, replay.heirs_leaving()),
        (replay.root, staying, replay.heirs_staying()),
    ):
        for period, phase in line:
            source = _source(replay.now, period)
            heir = _heir(heirs, taken, period, phase) or replace(source, dossier_id=new_id(), version=0)
            taken.add(heir.dossier_id)
            after = _after(replay, person, heir, source, period, phase, now)
            before = standing.get(heir.dossier_id)
            if before is None:
                plan.created.append(after)
            elif (before.person, before.period, before.phase) != (person, period, phase):
                plan.changed.append((before, after))
    plan.removed.extend(
        (each, replace(each, version=replay.last_version[each.dossier_id] + 1, recorded_at=now))
        for each in replay.now
        if each.dossier_id not in taken
    )


def _source(standing: Iterable[Dossier], period: Period) -> Dossier:
    """Return the dossier that the days are taken from."""
    return min(
        (each for each in standing if each.period.overlaps(period)),
        key=lambda each: (each.period.begin, each.dossier_id),
    )


def _heir(heirs: Sequence[Dossier], taken: set[uuid.UUID], period: Period, phase: int) -> Dossier | None:
    """Return the dossier that a run of days goes on with, the same phase first."""
    free = [each for each in heirs if each.dossier_id not in taken and each.period.overlaps(period)]
    return min(
        free,
        key=lambda each: (each.phase != phase, each.period.begin, each.dossier_id),
        default=None,
    )


def _after(
    replay: _Replay,
    person: Ssin,
    heir: Dossier,
    source: Dossier,
    period: Period,
    phase: int,
    now: dt.datetime,
) -> Dossier:
    registered_under = heir.registered_under
    if (person == replay.number) != (registered_under in replay.leaving):
        registered_under = person
    return replace(
        source,
        dossier_id=heir.dossier_id,
        person=person,
        registered_under=registered_under,
        phase=phase,
        period=period,
        version=replay.last_version.get(heir.dossier_id, 0) + 1,
        recorded_at=now,
    )
