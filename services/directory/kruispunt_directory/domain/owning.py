"""Whose a day of a dossier is, among the numbers of a person."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kruispunt.period import Period
from kruispunt.ssin import Ssin
from kruispunt_directory.domain.days import Line, laid_over
from kruispunt_directory.domain.dossier import Dossier

Owners = frozenset[Ssin]


@dataclass(frozen=True, slots=True)
class Day:
    """What stands on a day, and whose it is.

    Attributes:
        phase: that stands.
        owned: the phase that each owner has, by the numbers of which one is the owner: more than one if nobody can say
            which.
    """

    phase: int
    owned: tuple[tuple[Owners, int], ...]


@dataclass(frozen=True, slots=True)
class Side:
    """Days shared out between a number that is split off and the remaining one.

    Attributes:
        leaving_days: what goes with the number split off.
        staying_days: what stays.
        undecided: days that stay though they may be of the number split off.
    """

    leaving_days: Line[Day]
    staying_days: Line[Day]
    undecided: list[Period]

    @property
    def leaving(self) -> Line[int]:
        """The phases of the number split off."""
        return laid_over([self.leaving_days], lambda said: said[0].phase)

    @property
    def staying(self) -> Line[int]:
        """The phases of the remaining number."""
        return laid_over([self.staying_days], lambda said: said[0].phase)


def together(one: Line[Day], other: Line[Day]) -> Line[Day]:
    """Return the days of two numbers as those of one person: of two phases the higher one stands."""

    def add(one: Day | None, other: Day | None) -> Day | None:
        if one is None or other is None:
            return one or other
        return Day(max(one.phase, other.phase), _ordered([*one.owned, *other.owned]))

    return laid_over([one, other], lambda said: add(*said))


def parted(days: Line[Day], leaving: set[Ssin]) -> Side:
    """Share days out between the numbers that leave and the rest."""

    def leaves(day: Day) -> Day | None:
        return _day([(owners, phase) for owners, phase in day.owned if owners <= leaving])

    def stays(day: Day) -> Day | None:
        return _day([(owners - leaving, phase) for owners, phase in day.owned if owners - leaving])

    def is_mixed(day: Day) -> bool | None:
        return any(owners & leaving and owners - leaving for owners, _ in day.owned) or None

    return Side(
        laid_over([days], lambda said: leaves(said[0])),
        laid_over([days], lambda said: stays(said[0])),
        [period for period, _ in laid_over([days], lambda said: is_mixed(said[0]))],
    )


def written(
    days: Line[Day],
    before: Mapping[uuid.UUID, Dossier],
    after: Mapping[uuid.UUID, Dossier],
    person: Ssin,
    numbers: set[Ssin],
) -> Line[Day]:
    """Carry on over what an institution wrote: what it ended is nobody's, and what grew gets an owner.

    Args:
        days: whose they were.
        before: the dossiers that stood.
        after: those that stand.
        person: the number under which they stand.
        numbers: all numbers of the person.
    """
    grown: Line[Day] = [
        (dossier.period, _growth(days, before.get(identifier), dossier, person, numbers))
        for identifier, dossier in after.items()
    ]
    grown.sort(key=lambda run: run[0])
    return laid_over([days, grown], lambda said: _carried_on(*said))


def stood_on(days: Line[Day], standing: Iterable[Dossier], person: Ssin) -> Line[Day]:
    """Return days as they stand, whatever a history says; those it says nothing of are the person's own."""
    phases: Line[Day] = [
        (dossier.period, Day(dossier.phase, ((frozenset({person}), dossier.phase),))) for dossier in standing
    ]
    phases.sort(key=lambda run: run[0])
    return laid_over([days, phases], lambda said: _carried_on(*said))


def _growth(days: Line[Day], before: Dossier | None, after: Dossier, person: Ssin, numbers: set[Ssin]) -> Day:
    """Return whose days are that a dossier gains: of whose the dossier was; of a new one, of the number used."""
    spans = [after.period] if before is None else [before.period, after.period]
    owners: Owners = frozenset()
    for period, day in days:
        if any(period.overlaps(span) for span in spans):
            owners = owners.union(*(each for each, _ in day.owned))
    if not owners:
        owners = frozenset({after.registered_under if after.registered_under in numbers else person})
    return Day(after.phase, ((owners, after.phase),))


def _carried_on(day: Day | None, now: Day | None) -> Day | None:
    if now is None or day is None or now.phase == day.phase:
        return now and (day or now)
    return Day(now.phase, _ordered((owners, now.phase) for owners, _ in day.owned))


def _day(owned: Iterable[tuple[Owners, int]]) -> Day | None:
    ordered = _ordered(owned)
    return Day(max(phase for _, phase in ordered), ordered) if ordered else None


def _ordered(owned: Iterable[tuple[Owners, int]]) -> tuple[tuple[Owners, int], ...]:
    """Return owners each once, with the highest phase, in an order that does not depend on how they came about."""
    highest: dict[Owners, int] = {}
    for owners, phase in owned:
        highest[owners] = max(phase, highest.get(owners, phase))
    return tuple(sorted(highest.items(), key=lambda each: (sorted(each[0]), each[1])))
