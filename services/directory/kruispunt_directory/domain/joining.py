"""What becomes of dossiers when one number takes another's place: both persons' dossiers are one person's now.

Within one institution and capacity dossiers of the same phase that touch are joined, as when a dossier is extended.
On days on which phases differ the higher one stands, and the other is cut: a dossier does not go back, so who is
further in one of two dossiers is further.

Source: domain.md §4 (extension); decision 0020 (phases that differ).
"""

import datetime as dt
import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from kruispunt.period import Period
from kruispunt.ssin import Ssin
from kruispunt_directory.domain.book import Outcome, Plan
from kruispunt_directory.domain.days import Line, laid_over
from kruispunt_directory.domain.dossier import Dossier
from kruispunt_server.call import InstitutionKey
from kruispunt_server.ids import new_id


class Fate(enum.IntEnum):
    """What a replacement does to a dossier; the numbers of `ImpactOutcome`."""

    UNCHANGED = 1
    MOVED = 2
    JOINED = 3
    CUT = 4


@dataclass(frozen=True, slots=True)
class Impact:
    """What a replacement does to one dossier.

    Attributes:
        dossier: as it stands before.
        fate: in short.
        afterwards: when it is open then; none: others have all its days.
    """

    dossier: Dossier
    fate: Fate
    afterwards: Period | None


def joined(person: Ssin, standing: Iterable[Dossier], now: dt.datetime) -> list[Plan]:
    """Return how the dossiers of several numbers become those of one.

    Args:
        person: the number under which all of them stand afterwards.
        standing: the dossiers of that number and of those whose place it takes.
        now: when; later than any of their states.

    Returns:
        A plan for each institution, in order; empty ones are left out.
    """
    plans = []
    books = by_institution(standing)
    for institution in sorted(books):
        plan = Plan(Outcome.EXTENDED)
        for capacity in sorted({dossier.capacity for dossier in books[institution]}):
            _join(person, [each for each in books[institution] if each.capacity == capacity], now, plan)
        if plan.changed or plan.created or plan.removed:
            plans.append(plan)
    return plans


def impacts(person: Ssin, standing: Sequence[Dossier], now: dt.datetime) -> list[Impact]:
    """Return what `joined` would do to each dossier, by institution, capacity and begin."""
    plans = joined(person, standing, now)
    after = {before.dossier_id: later for plan in plans for before, later in plan.changed}
    gone = {before.dossier_id for plan in plans for before, _ in plan.removed}
    left = [after.get(each.dossier_id, each) for each in standing if each.dossier_id not in gone]
    left += [created for plan in plans for created in plan.created]
    return [
        _vanished(dossier, left)
        if dossier.dossier_id in gone
        else _impact(dossier, after.get(dossier.dossier_id, dossier))
        for dossier in sorted(standing, key=lambda each: (each.institution, each.capacity, _age(each)))
    ]


def by_institution(dossiers: Iterable[Dossier]) -> dict[InstitutionKey, list[Dossier]]:
    """Return dossiers by whose they are."""
    books: dict[InstitutionKey, list[Dossier]] = {}
    for dossier in dossiers:
        books.setdefault(dossier.institution, []).append(dossier)
    return books


def phases(dossiers: Iterable[Dossier]) -> Line[int]:
    """Return which phase stands on which days, of dossiers of one institution, capacity and person."""
    return sorted((dossier.period, dossier.phase) for dossier in dossiers)


def highest(said: Iterable[int | None]) -> int | None:
    """Return the highest of phases, of which any may be none."""
    return max((phase for phase in said if phase is not None), default=None)


def _join(person: Ssin, dossiers: Sequence[Dossier], now: dt.datetime, plan: Plan) -> None:
    """Plan for one institution and capacity."""
    numbers = sorted({dossier.person for dossier in dossiers})
    lines = [phases(each for each in dossiers if each.person == number) for number in numbers]
    free = sorted(dossiers, key=_age)
    for period, phase in laid_over(lines, highest):
        heirs = [each for each in dossiers if each.phase == phase and each.period.overlaps(period)]
        kept = next((each for each in free if each in heirs), None)
        if kept is None:  # its other part was cut off by a higher phase
            source = min(heirs, key=_age)
            plan.created.append(
                replace(source, dossier_id=new_id(), person=person, period=period, version=1, recorded_at=now)
            )
            continue
        free.remove(kept)
        if (kept.person, kept.period) != (person, period):
            after = replace(kept, person=person, period=period, version=kept.version + 1, recorded_at=now)
            plan.changed.append((kept, after))
    plan.removed.extend((each, replace(each, version=each.version + 1, recorded_at=now)) for each in free)


def _age(dossier: Dossier) -> tuple[object, ...]:
    return dossier.period.begin, dossier.dossier_id


def _impact(before: Dossier, after: Dossier) -> Impact:
    if not before.period.lies_within(after.period):
        return Impact(before, Fate.CUT, after.period)
    if after.period != before.period:
        return Impact(before, Fate.JOINED, after.period)
    return Impact(before, Fate.UNCHANGED if after.person == before.person else Fate.MOVED, after.period)


def _vanished(gone: Dossier, left: Iterable[Dossier]) -> Impact:
    """Say whether another of the same phase holds its days now, or only one of a higher phase."""
    key = (gone.institution, gone.capacity, gone.phase)
    taken_over = any(
        (each.institution, each.capacity, each.phase) == key and each.period.overlaps(gone.period)
        for each in left
    )
    return Impact(gone, Fate.JOINED if taken_over else Fate.CUT, None)
