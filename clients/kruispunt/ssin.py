"""The social security number (SSIN): 11 digits that name a person.

`YYMMDD` + sequence (3) + check (2). Structure is all that can be told from a number: whether it exists is
decided by the registers, and the birth date is never derived from it.

Source: design of the national number (royal decree of 3 April 1984) and of the bis number
(royal decree of 8 February 1991); the policy on what blocks and what warns is ours.
"""

import enum
from typing import Self

_BIS_SEX_UNKNOWN = 20
_BIS_SEX_KNOWN = 40


class SsinFault(enum.StrEnum):
    """Why a text is no SSIN."""

    DIGITS = "digits"
    MONTH = "month"
    SEQUENCE = "sequence"
    CHECK = "check"


class SsinError(ValueError):
    """A text is no SSIN; `fault` says why. Never holds the text."""

    def __init__(self, fault: SsinFault) -> None:
        super().__init__(f"not a social security number: {fault.value}")
        self.fault = fault


class SsinKind(enum.StrEnum):
    """Which register gives such numbers out."""

    NATIONAL = "national"
    BIS = "bis"


class Ssin(int):
    """A structurally valid social security number, as a whole number of at most 11 digits.

    Make one with `parse` or `of`; the constructor checks nothing.
    `str()` gives the 11 digits that are exchanged, `display` the form that people read.
    """

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read 11 digits.

        Args:
            text: exactly 11 ASCII digits, without separators.

        Raises:
            SsinError: not 11 digits, month class outside 00-12, 20-32 and 40-52, sequence 000 in a
                national number, or a check that is right in no century; INVALID_ARGUMENT to a caller.
        """
        if len(text) != 11 or not (text.isascii() and text.isdigit()):
            raise SsinError(SsinFault.DIGITS)
        return cls.of(int(text))

    @classmethod
    def of(cls, number: int) -> Self:
        """Check a whole number, as it is stored.

        Raises:
            SsinError: as `parse`.
        """
        if not 0 < number < 10**11:
            raise SsinError(SsinFault.DIGITS)
        base, check = divmod(number, 100)
        month = base // 100_000 % 100
        if month > 52 or month % 20 > 12:
            raise SsinError(SsinFault.MONTH)
        if month <= 12 and base % 1000 == 0:
            raise SsinError(SsinFault.SEQUENCE)
        if check not in (97 - base % 97, 97 - (base + 2_000_000_000) % 97):
            raise SsinError(SsinFault.CHECK)
        return cls(number)

    @classmethod
    def assemble(cls, date_part: int, sequence: int, *, born_from_2000: bool) -> Self:
        """Put a number together and compute its check.

        Args:
            date_part: `YYMMDD` as a whole number, month already raised by 20 or 40 for a bis number.
            sequence: 0 to 999.
            born_from_2000: whether the birth year is 2000 or later.

        Raises:
            SsinError: the parts make no valid number.
        """
        base = date_part * 1000 + sequence
        check = 97 - (base + (2_000_000_000 if born_from_2000 else 0)) % 97
        return cls.of(base * 100 + check)

    @property
    def kind(self) -> SsinKind:
        """National number or bis number, by the month class."""
        return SsinKind.NATIONAL if self._month <= 12 else SsinKind.BIS

    @property
    def born_from_2000(self) -> bool:
        """The century, which the check alone fixes."""
        base, check = divmod(int(self), 100)
        return check == 97 - (base + 2_000_000_000) % 97

    @property
    def sex_is_coded(self) -> bool:
        """Whether the parity of the sequence says the sex; not in a bis number given out with the sex unknown."""
        return not _BIS_SEX_UNKNOWN <= self._month < _BIS_SEX_KNOWN

    @property
    def is_unusual(self) -> bool:
        """Whether the date part is no calendar day: unknown parts, or a counter in its place. A warning, no fault."""
        base = int(self) // 100
        month, day = self._month % 20, base // 1000 % 100
        year = base // 10_000_000 + (2000 if self.born_from_2000 else 1900)
        return not (1 <= month <= 12 and 1 <= day <= _days_in(year, month))

    @property
    def display(self) -> str:
        """The form for people: `YY.MM.DD-NNN.CC`."""
        digits = str(self)
        return f"{digits[:2]}.{digits[2:4]}.{digits[4:6]}-{digits[6:9]}.{digits[9:]}"

    @property
    def _month(self) -> int:
        return int(self) // 10_000_000 % 100

    def __str__(self) -> str:
        return f"{int(self):011d}"

    def __repr__(self) -> str:
        return "Ssin(***)"  # a number must not reach a log by way of a repr


def _days_in(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31
