"""Numbers: which one stands for a person, and which lead to it."""

import datetime as dt
import enum
from dataclasses import dataclass

from kruispunt.ssin import Ssin
from kruispunt_server.clock import brussels_day


class Register(enum.IntEnum):
    """Where a person's identification is kept; the numbers of the contract, as stored."""

    NATIONAL = 1
    BIS = 2
    RAD = 3


class NumberStatus(enum.IntEnum):
    """State of a number; the numbers of the contract, as stored."""

    ACTIVE = 1
    REPLACED = 2
    CANCELLED = 3


class ChangeReason(enum.IntEnum):
    """Why a number was replaced, split off or cancelled; the numbers of the contract, as stored."""

    DUPLICATE = 1
    NATIONAL_NUMBER_GIVEN = 2
    CORRECTION = 3
    WRONGLY_REPLACED = 4
    GIVEN_BY_MISTAKE = 5


class EventKind(enum.IntEnum):
    """What happened to a number; the numbers of the contract, as stored."""

    REGISTERED = 1
    REPLACED = 2
    SPLIT = 3
    CANCELLED = 4
    MOVED = 5


class Outcome(enum.IntEnum):
    """What a number that was asked for turned out to be; the numbers of the contract."""

    CURRENT = 1
    REPLACED = 2
    CANCELLED = 3
    UNKNOWN = 4
    MALFORMED = 5
    NO_DOSSIER = 6


@dataclass(frozen=True, slots=True)
class Replacement:
    """One step of a chain: `former` was replaced by `next_`, for a reason, from a day on, recorded at an instant."""

    former: Ssin
    next_: Ssin
    reason: ChangeReason
    effective_on: dt.date
    recorded_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it stands.

    Attributes:
        ssin: the number.
        register: where the person's identification is kept.
        status: its state.
        root: the number that it leads to; itself unless replaced.
        height: 0, or one more than the highest number that was replaced by it: numbers only lead upward, so never
            in a circle.
        replacement: by what, why and since when it was replaced; none unless it was.
        version: of the person under it, one more with every change; the etag.
        recorded_at: when it, or anything of the person, last changed.
    """

    ssin: Ssin
    register: Register
    status: NumberStatus
    root: Ssin
    height: int
    replacement: Replacement | None
    version: int
    recorded_at: dt.datetime

    @property
    def etag(self) -> str:
        """Changes with every change of the person."""
        return str(self.version)


@dataclass(frozen=True, slots=True)
class NumberEvent:
    """What happened to a number, as recorded.

    Attributes:
        ssin: the number.
        event_no: 1, 2, 3 … per number.
        kind: what happened.
        other: the other number of a replacement or split.
        register: afterwards.
        reason: why; none for registrations and moves.
        effective_on: the day from which it holds.
        recorded_at: when it was recorded.
    """

    ssin: Ssin
    event_no: int
    kind: EventKind
    other: Ssin | None
    register: Register
    reason: ChangeReason | None
    effective_on: dt.date
    recorded_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Resolved:
    """Where a number leads.

    Attributes:
        asked: as asked; none if malformed.
        outcome: what it turned out to be.
        current: the number that stands now; none if unknown or malformed.
        register: where the person's identification is kept.
        chain: the steps from `asked` to `current`.
        protected: whether the person is protected now, whatever instant was asked about.
    """

    asked: Ssin | None
    outcome: Outcome
    current: Ssin | None = None
    register: Register | None = None
    chain: tuple[Replacement, ...] = ()
    protected: bool = False


def registered(ssin: Ssin, register: Register, now: dt.datetime) -> NumberEvent:
    """Return the first event of a number."""
    return NumberEvent(ssin, 1, EventKind.REGISTERED, None, register, None, brussels_day(now), now)
