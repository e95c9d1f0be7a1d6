"""Protection of a person (address secrecy): who marked them and why, from when on, and who lifted it.

A mark stands under the number that it was set under, for ever; a person is protected as long as one of their numbers has
a mark that stands. It holds from the moment it is recorded, for questions about any day and instant: who looked into the
past would otherwise see what is protected now.
"""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from kruispunt.ssin import Ssin
from kruispunt_server.call import Right
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.ids import new_id

SET, LIFTED = "person.protected", "person.protection_lifted"
"""Kinds of the change log."""
REFERENCE: Final = 100
"""Characters of a reference at most."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a registrar says: from which day, where the decision is filed, and which participant says it."""

    day: dt.date
    reference: str
    participant_id: str


@dataclass(frozen=True, slots=True)
class Protection:
    """A mark.

    Attributes:
        protection_id: names it.
        registered_under: number under which it was set.
        set_by: the decision that protects; the day is the first one.
        recorded_at: when it was recorded.
        lifted_by: the decision that lifts; none: it stands.
        lifted_at: when that was recorded.
    """

    protection_id: uuid.UUID
    registered_under: Ssin
    set_by: Decision
    recorded_at: dt.datetime
    lifted_by: Decision | None = None
    lifted_at: dt.datetime | None = None

    @property
    def stands(self) -> bool:
        """Whether it was not lifted."""
        return self.lifted_at is None

    @classmethod
    def new(cls, under: Ssin, decision: Decision, now: dt.datetime) -> "Protection":
        """Return a new mark."""
        return cls(new_id(), under, decision, now)

    def lifted(self, decision: Decision, now: dt.datetime) -> "Protection":
        """Return the mark as lifted.

        Raises:
            RegistryError: before it begins; INVALID_ARGUMENT / PERIOD_INVERTED.
        """
        if decision.day < self.set_by.day:
            raise RegistryError(
                Reason.PERIOD_INVERTED,
                "the protection is lifted before it begins",
                field="effective_date",
            )
        return replace(self, lifted_by=decision, lifted_at=now)


def as_known(marks: Iterable[Protection], known_at: dt.datetime | None) -> list[Protection]:
    """Return marks as they had been recorded at an instant; none: as they are."""
    if known_at is None:
        return list(marks)
    return [
        replace(mark, lifted_by=None, lifted_at=None)
        if mark.lifted_at is not None and mark.lifted_at > known_at
        else mark
        for mark in marks
        if mark.recorded_at <= known_at
    ]


def is_protected(marks: Iterable[Protection]) -> bool:
    """Return whether a person is protected, by the marks of all their numbers."""
    return any(mark.stands for mark in marks)


def shared_by_split(
    marks: Iterable[Protection],
    split_off: Ssin,
    returning: Collection[Ssin],
    remaining: Ssin,
    since: dt.datetime,
) -> list[tuple[Ssin, Protection]]:
    """Return which side of a split keeps a mark that went to the other side, and that mark.

    A mark that was set while both were taken for one person may be meant for either: until a registrar lifts it, it
    stays with both. Too much protection can be lifted; what was shown cannot be taken back.

    Args:
        marks: of all numbers of the person before the split.
        split_off: the number that stands again.
        returning: it, and the numbers that lead to it.
        remaining: the number that stays.
        since: when the replacement that is undone was recorded.
    """
    standing = [mark for mark in marks if mark.stands]
    sides = ((split_off, True), (remaining, False))
    shared = []
    for number, returns in sides:
        if any((mark.registered_under in returning) is returns for mark in standing):
            continue
        doubtful = [mark for mark in standing if mark.recorded_at >= since]
        if doubtful:
            shared.append((number, doubtful[0]))
    return shared


def hidden(right: Right, *, protected: bool) -> bool:
    """Return whether a person is shown as a number and a mark only."""
    return protected and not right.shows_protected


def person_protected(field: str) -> RegistryError:
    """Return the refusal of what only who sees protected persons may do; PERMISSION_DENIED to the caller."""
    return RegistryError(
        Reason.PERSON_PROTECTED, "the person is protected: refer to the register keeper", field=field
    )


def described(mark: Protection) -> dict[str, Any]:
    """Return a mark for the journal."""
    said = {"protection_id": str(mark.protection_id), "from": mark.set_by.day.isoformat()}
    said["reference"] = mark.set_by.reference
    if mark.lifted_by is not None:
        said |= {"lifted_from": mark.lifted_by.day.isoformat(), "lift_reference": mark.lifted_by.reference}
    return said
