"""Which dossiers a person of the sandbox has: by age and chance, phases and ended periods included."""

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass

from kruispunt.period import Period
from kruispunt.sandbox.institutions import in_sector
from kruispunt.values import InstitutionRef, PartialDate

TODAY = dt.date(2026, 1, 1)  # the population's own day: the same seed gives the same dossiers on every day
_YEAR = 365
_FIRST = dt.date(1990, 1, 15)  # nothing in the code tables is older
_CENTRES = tuple(ref for ref in in_sector(17) if ref.institution != 1)  # those that people go to


@dataclass(frozen=True, slots=True)
class SandboxDossier:
    """One dossier to register."""

    institution: InstitutionRef
    capacity: int
    phase: int
    period: Period


def dossiers_of(chance: random.Random, born: PartialDate) -> list[SandboxDossier]:
    """Return the dossiers of one person, by sector, capacity and begin.

    Args:
        chance: the person's own.
        born: unknown parts are 0; without a year, taken for an adult.
    """
    age = TODAY.year - born.year if born.year else 40
    found = list(_health(chance, age))
    if age < 22:
        found.append(_one(chance, 7, 104, age - 1, ended=0.1))
    elif age >= 65:
        found += _pension(chance)
    else:
        found += _work(chance, age)
    if age >= 18 and chance.random() < 0.12:
        found += _welfare(chance, age)
    earliest = max(_FIRST, dt.date(born.year or 1900, born.month or 12, born.day or 28))
    found = [each for each in found if each.period.begin > earliest]
    return sorted(found, key=lambda d: (d.institution, d.capacity, d.period.begin))


def _health(chance: random.Random, age: int) -> Iterator[SandboxDossier]:
    """Health insurance, some with a change of fund in between."""
    funds = in_sector(11)
    begin = _ago(chance, 1, min(max(age - 1, 1), 30))
    fund = chance.choice(funds)
    if chance.random() < 0.15 and (TODAY - begin).days > 2 * _YEAR:
        change = begin + dt.timedelta(chance.randrange(_YEAR, (TODAY - begin).days))
        yield SandboxDossier(fund, 1, 0, Period(begin, change))
        begin, fund = change, funds[(funds.index(fund) + 1) % len(funds)]
    yield SandboxDossier(fund, 1, 0, Period(begin))
    if chance.random() < 0.06:
        yield SandboxDossier(fund, 2, chance.choice((0, 10, 20)), _ended(chance, begin, 0.5))


def _work(chance: random.Random, age: int) -> Iterator[SandboxDossier]:
    """Employed, self-employed or out of work; some with more than one capacity."""
    draw = chance.random()
    if draw < 0.65:
        yield _one(chance, 12, 10, age - 18, ended=0.2)
        if chance.random() < 0.4:
            yield _one(chance, 10, 10, age - 18, ended=0.2)
    elif draw < 0.8:
        yield _one(chance, 15, 2, age - 18, ended=0.15)
    else:
        yield _one(chance, 18, 1, min(age - 18, 6), ended=0.4, phase=chance.choice((0, 10, 20, 20)))
        if chance.random() < 0.3:
            yield _one(chance, 18, 4, 3, ended=0.3)
    if chance.random() < 0.25:
        yield _one(chance, 7, 102, min(age - 18, 20), ended=0.2)


def _pension(chance: random.Random) -> Iterator[SandboxDossier]:
    """From first contact over attribution to payment: each capacity ends where the next begins."""
    (office,) = in_sector(5)
    begin = _ago(chance, 1, 20)
    granted = begin + dt.timedelta(chance.randrange(60, 200))
    yield SandboxDossier(office, 20, 10, Period(begin, granted))
    yield SandboxDossier(office, 100, 20, Period(granted))


def _welfare(chance: random.Random, age: int) -> Iterator[SandboxDossier]:
    """A welfare centre examines, then supports; income support is applied for, awarded and paid in phases."""
    centre = chance.choice(_CENTRES)
    begin = _ago(chance, 1, min(age - 17, 8))
    decided = begin + dt.timedelta(chance.randrange(10, 31))
    yield SandboxDossier(centre, 1, 10, Period(begin, decided))
    draw = chance.random()
    if draw < 0.5:
        paid = decided + dt.timedelta(chance.randrange(5, 20))
        yield SandboxDossier(centre, 2, 10, Period(decided, paid))
        yield SandboxDossier(centre, 2, 20, _ended(chance, paid, 0.35))
    elif draw < 0.8:
        yield SandboxDossier(centre, chance.choice((4, 6, 7)), 0, _ended(chance, decided, 0.35))


def _one(
    chance: random.Random, sector: int, capacity: int, years: int, *, ended: float, phase: int = 0
) -> SandboxDossier:
    begin = _ago(chance, 1, max(1, years))
    return SandboxDossier(chance.choice(in_sector(sector)), capacity, phase, _ended(chance, begin, ended))


def _ago(chance: random.Random, least: int, most: int) -> dt.date:
    """Return a day `least` to `most` years before today."""
    return TODAY - dt.timedelta(chance.randrange(least * 60, most * _YEAR))


def _ended(chance: random.Random, begin: dt.date, share: float) -> Period:
    """Return a period from `begin` that ended, by `share`, or goes on."""
    if chance.random() < share:
        return Period(begin, begin + dt.timedelta(chance.randrange(15, max(16, (TODAY - begin).days))))
    return Period(begin)
