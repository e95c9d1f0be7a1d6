"""Numbers that are unique without anybody remembering which were given out.

Births are dealt over ten kinds, in thousandths: national and bis numbers, sex known and not, dates known and not.
Within a kind, birth number j takes slot (j·a + b) mod size: every slot once, in an order that looks like chance.
A slot is a date and a block of four consecutive sequences, odd ones for men and even ones for women, so that twins
get consecutive numbers.
"""

import datetime as dt
import math
import random
from dataclasses import dataclass

from kruispunt.ssin import Ssin
from kruispunt.values import PartialDate

FIRST_DAY = dt.date(1926, 1, 1)
YEARS = 100
_DAYS = (dt.date(FIRST_DAY.year + YEARS, 1, 1) - FIRST_DAY).days
_BLOCKS = 249  # four sequences each: 1 to 996
_COUNTER = 10  # where the month is unknown, the day counts on
_UNKNOWN_COUNTER = 99
_THOUSAND = 1000


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of number.

    Attributes:
        share: of all births, in thousandths.
        month_class: 0 national, 40 bis with the sex known, 20 bis without.
        known: which parts of the birth date are known: 3 all, 2 year and month, 1 the year, 0 nothing.
    """

    share: int
    month_class: int
    known: int

    @property
    def dates(self) -> int:
        """How many date parts there are."""
        return (_UNKNOWN_COUNTER, YEARS * _COUNTER, YEARS * 12, _DAYS)[self.known]

    @property
    def size(self) -> int:
        """How many slots there are."""
        return self.dates * _BLOCKS


KINDS = (
    Kind(868, 0, 3),
    Kind(12, 0, 2),
    Kind(8, 0, 1),
    Kind(2, 0, 0),
    Kind(60, 40, 3),
    Kind(10, 40, 2),
    Kind(2, 40, 0),
    Kind(30, 20, 3),
    Kind(7, 20, 2),
    Kind(1, 20, 0),
)
CAPACITY = min(
    (kind.size // kind.share) * _THOUSAND for kind in KINDS
)  # births before a slot would come twice


@dataclass(frozen=True, slots=True)
class Slot:
    """Where the numbers of one birth come from.

    Attributes:
        kind: the kind of number.
        born: the birth date as the registers know it.
        date_part: `YYMMDD` of the number.
        first_sequence: lowest of the four sequences; odd.
    """

    kind: Kind
    born: PartialDate
    date_part: int
    first_sequence: int

    def number(self, *, female: bool, second: bool) -> Ssin:
        """Return one of the four numbers: for a man or a woman, the first or the second of them."""
        sequence = self.first_sequence + 2 * second + female
        return Ssin.assemble(self.date_part, sequence, born_from_2000=self.born.year >= 2000)


class Numbers:
    """Deals slots, by seed.

    Args:
        seed: any whole number.
    """

    def __init__(self, seed: int) -> None:
        chance = random.Random(f"{seed}/numbers")  # noqa: S311 - synthetic
        deck = [kind for kind, each in enumerate(KINDS) for _ in range(each.share)]
        chance.shuffle(deck)
        self._deck = deck
        seen = [0] * len(KINDS)
        self._rank = []
        for kind in deck:
            self._rank.append(seen[kind])
            seen[kind] += 1
        self._steps = [_step(chance, each.size) for each in KINDS]

    def slot(self, birth: int) -> Slot:
        """Return the slot of a birth, 0 to CAPACITY - 1: no two births share one."""
        turn, position = divmod(birth, _THOUSAND)
        number = self._deck[position]
        kind = KINDS[number]
        factor, offset = self._steps[number]
        place = ((turn * kind.share + self._rank[position]) * factor + offset) % kind.size
        date, block = divmod(place, _BLOCKS)
        born, date_part = _date(kind, date)
        return Slot(kind, born, date_part, 4 * block + 1)


def _step(chance: random.Random, size: int) -> tuple[int, int]:
    """Choose (a, b) such that j -> (j·a + b) mod size meets every slot."""
    factor = chance.randrange(size // 3, size)
    while math.gcd(factor, size) != 1:
        factor += 1
    return factor, chance.randrange(size)


def _date(kind: Kind, index: int) -> tuple[PartialDate, int]:
    """Return a birth date and the part of the number that stands for it."""
    if kind.known == 3:
        day = FIRST_DAY + dt.timedelta(index)
        return PartialDate(day.year, day.month, day.day), _part(kind, day.year, day.month, day.day)
    if kind.known == 2:
        year, month = FIRST_DAY.year + index // 12, index % 12 + 1
        return PartialDate(year, month), _part(kind, year, month, 0)
    if kind.known == 1:
        year, counter = FIRST_DAY.year + index // _COUNTER, index % _COUNTER
        return PartialDate(year), _part(kind, year, 0, counter)
    return PartialDate(), _part(kind, 1900, 0, index + 1)


def _part(kind: Kind, year: int, month: int, day: int) -> int:
    return year % 100 * 10_000 + (month + kind.month_class) * 100 + day
