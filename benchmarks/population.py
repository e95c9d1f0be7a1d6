"""Invented persons and dossiers: the same for the same count, so that every answer can be checked.

Person `i` has four dossiers, all open today, in four sectors: the worst case of a read, and each reply nearly the
same size. Numbers, institutions, capacities and days are spread; a quarter was confirmed after it was recorded.
"""

import datetime as dt
import random
import uuid
from collections.abc import Iterator

from kruispunt.ssin import Ssin
from kruispunt_server.call import InstitutionKey

DOSSIERS_EACH = 4

_BIRTHS_FROM = dt.date(1930, 1, 1)
_BIRTH_DAYS = 27_000  # up to 2003
_DAYS = [dt.date(1995, 1, 1) + dt.timedelta(days=day) for day in range(9000)]
_ENDS = [dt.date(2040, 1, 1) + dt.timedelta(days=day) for day in range(900)]
_RECORDED_S = 1_704_067_200  # 2024-01-01T00:00:00Z
_SPAN_S = 2 * 365 * 86_400

# (person, sector, institution, capacity, begin, phase, dossier_id, registered_under, end, network_level, source,
#  version, recorded_at in microseconds, confirmed_at in microseconds): the order of the table's columns.
Row = tuple[int, int, int, int, dt.date, int, uuid.UUID, int, dt.date | None, int, str, int, int, int]


def ssin_of(person: int) -> Ssin:
    """Return the number of person 0, 1, 2 …: a valid national number."""
    born = _BIRTHS_FROM + dt.timedelta(days=person % _BIRTH_DAYS)
    return Ssin.assemble(
        int(born.strftime("%y%m%d")), 1 + person // _BIRTH_DAYS, born_from_2000=born.year >= 2000
    )


def dossier_of(person: int, which: int, ssin: int) -> Row:
    """Return dossier 0 to 3 of a person."""
    recorded = (_RECORDED_S + (person * 7919 + which * 104_729) % _SPAN_S) * 1_000_000 + person % 1_000_000
    return (
        ssin,
        1 + (person + which * 5) % 20,
        1 + (person * 13 + which) % 45,
        1 + (person + which) % 12,
        _DAYS[(person * 37 + which * 911) % len(_DAYS)],
        0,
        uuid.UUID(int=(recorded // 1000 << 80) | 0x7 << 76 | 0x2 << 62 | person << 2 | which),
        ssin,
        None if (person + which) % 5 < 3 else _ENDS[(person * 7 + which * 31) % len(_ENDS)],
        1 + which % 2,
        "intake-desk",
        1 + person % 3,
        recorded,
        recorded if (person + which) % 4 else recorded + 86_400_000_000,
    )


def by_person(persons: int) -> Iterator[Row]:
    """Every dossier by number, as a table that is clustered by person keeps them anyway: loading only appends."""
    for person in sorted(range(persons), key=ssin_of):
        ssin = ssin_of(person)
        for which in range(DOSSIERS_EACH):
            yield dossier_of(person, which, ssin)


def by_arrival(persons: int) -> Iterator[Row]:
    """Every dossier in the order of real life: a person's four come years apart, and lie far apart in a heap."""
    order = list(range(persons))
    for which in range(DOSSIERS_EACH):
        random.Random(which).shuffle(order)
        for person in order:
            yield dossier_of(person, which, ssin_of(person))


def asked_for(persons: int, count: int = 200_000) -> list[int]:
    """Return which persons the load asks for, in random order; at most `count`, each once."""
    return random.Random(1).sample(range(persons), min(persons, count))


def institution_of(number: int) -> InstitutionKey:
    """Return institution 0, 1, 2 …"""
    return InstitutionKey(1 + number // 100, number % 100)
