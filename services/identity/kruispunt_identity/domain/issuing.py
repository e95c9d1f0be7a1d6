"""Giving out bis numbers: which date part, which sequences, and what comes when they are used up.

A number is `YYMMDD` + sequence + check. The month is raised by 40 where the gender is known, by 20 where it is not;
unknown parts of the date are zeros, and a date wholly unknown is `00 40 01` or `00 20 01`. The sequence is odd for
men and even for women; 000 and 999 are not given out. When the sequences of a date part are used up, its last digits
count on: a "day" may then be another day of the month, or none at all, up to 99. So the date of birth is never to be
read from a number.

Source: domain.md §2.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.values import Gender, PartialDate

ANY, ODD, EVEN = 0, 1, 2
"""Which sequences: of either parity, of men, of women."""

LAST_SEQUENCE: Final = 998
"""The last one given out; 999 is not."""

_LAST_DAY: Final = 99
_GENDER_KNOWN, _GENDER_UNKNOWN = 40, 20
_PARITIES = {Gender.MALE: ODD, Gender.FEMALE: EVEN, Gender.UNKNOWN: ANY}


@dataclass(frozen=True, slots=True, order=True)
class Series:
    """What one counter counts: the sequences of one parity of one date part, 001 to 998.

    Attributes:
        date_part: `YYMMDD` as a whole number, month raised.
        from_2000: whether the birth year is 2000 or later; the check says so.
        parity: ANY, ODD or EVEN.
    """

    date_part: int
    from_2000: bool
    parity: int

    def after(self, last: int) -> Iterator[int]:
        """Give the sequences after `last` (0: from the first one on), in order; none when they are used up."""
        if self.parity == ANY:
            return iter(range(last + 1, LAST_SEQUENCE + 1))
        first = last + 1 if (last + 1) % 2 == self.parity % 2 else last + 2
        return iter(range(first, LAST_SEQUENCE + 1, 2))

    def number(self, sequence: int) -> Ssin:
        """Return the number with a sequence, with the check of its century."""
        return Ssin.assemble(self.date_part, sequence, born_from_2000=self.from_2000)


def series_of(birth: PartialDate, gender: Gender) -> Iterator[Series]:
    """Give the series that a person's number may be of, the proper one first, then those that it counts on into.

    Years before 1900 share the series of the 20th century, and a date wholly unknown counts as of it: the check tells
    two centuries apart and no more.
    """
    raised = _GENDER_UNKNOWN if gender is Gender.UNKNOWN else _GENDER_KNOWN
    first_day = birth.day if birth.year else 1
    for day in range(first_day, _LAST_DAY + 1):
        date_part = birth.year % 100 * 10_000 + (birth.month + raised) * 100 + day
        yield Series(date_part, birth.year >= 2000, _PARITIES[gender])
