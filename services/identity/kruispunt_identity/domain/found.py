"""A person as a reader finds them: number, facts, foreign identifiers, on a day and as known at an instant."""

import datetime as dt
from dataclasses import dataclass

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.identifier import ForeignIdentifier
from kruispunt_identity.domain.lineage import Lineage
from kruispunt_identity.domain.number import NumberStatus, Outcome, Register, Resolved
from kruispunt_identity.domain.picture import Picture


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """A person.

    Attributes:
        register: where the person's identification is kept.
        status: of the current number: active or cancelled.
        lineage: the current number, and those that lead to it.
        picture: every fact that is seen, of all groups and of all days.
        identifiers: foreign identifiers linked on the day asked for.
        etag: what a change must send back; empty in a look into the past, on which no change can be built.
        recorded_at: when something of the person was last recorded; none if nothing was ever written here.
        protected: whether the person is protected now, whatever day and instant was asked about.
    """

    register: Register
    status: NumberStatus
    lineage: Lineage
    picture: Picture
    identifiers: tuple[ForeignIdentifier, ...]
    etag: str
    recorded_at: dt.datetime | None
    protected: bool = False

    @property
    def ssin(self) -> Ssin:
        """The current number."""
        return self.lineage.root


def status_of(resolved: Resolved) -> NumberStatus:
    """Return the state of the number at the end of a chain."""
    return NumberStatus.CANCELLED if resolved.outcome is Outcome.CANCELLED else NumberStatus.ACTIVE


@dataclass(frozen=True, slots=True)
class Found:
    """What came of a number that was asked for: where it leads, and the person; none if no register knows it."""

    resolved: Resolved
    person: FoundPerson | None = None
