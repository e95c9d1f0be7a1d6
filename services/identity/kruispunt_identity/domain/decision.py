"""The decision that two numbers are two persons. Source: domain.md §3; matching.md §4."""

import enum
from dataclasses import dataclass, field

from kruispunt.ssin import Ssin


class DistinctReason(enum.IntEnum):
    """Why two numbers are two persons; the numbers of the contract, as stored."""

    TWIN = 1
    RELATIVE = 2
    HOMONYM = 3
    DOCUMENTS = 4
    BOTH_KNOWN = 5
    SPLIT = 6


@dataclass(frozen=True, slots=True)
class Decision:
    """Somebody says that a number is of another person.

    Attributes:
        ssin: the number, as told.
        reason: why.
        note: further explanation, at most 200 characters.
        field: path of the request field that named the number, for refusals.
    """

    ssin: Ssin = field(repr=False)
    reason: DistinctReason
    note: str = field(repr=False)
    field: str
