"""What the directory knows about numbers: its own projection of identity's chains."""

import datetime as dt
import enum
from dataclasses import dataclass

from kruispunt.ssin import Ssin


class NumberStatus(enum.IntEnum):
    """State of a number, as stored."""

    ACTIVE = 1
    REPLACED = 2
    CANCELLED = 3
    DECEASED = 4


class Verification(enum.IntEnum):
    """How far the existence of a number was verified; the numbers of `NumberVerification`."""

    CHECKSUM = 1
    REGISTER = 2


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a number that was asked for turned out to be.

    Attributes:
        asked: the number asked for.
        current: the number that stands now.
        status: of the current number.
        replaced_on: day of the last replacement; none if the number asked for stands.
        verification: how far its existence was verified.
    """

    asked: Ssin
    current: Ssin
    status: NumberStatus = NumberStatus.ACTIVE
    replaced_on: dt.date | None = None
    verification: Verification = Verification.CHECKSUM

    @property
    def is_replaced(self) -> bool:
        """Whether the number asked for was replaced."""
        return self.asked != self.current
