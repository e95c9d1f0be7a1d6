"""Dossiers that are registered by the thousand: rows, and what becomes of each."""

import enum
import uuid
from dataclasses import dataclass
from dataclasses import field as field_

from kruispunt.ssin import Ssin
from kruispunt_directory.domain.registering import NONE, Registered, Remark, Said
from kruispunt_server.errors import Reason, RegistryError


class RowOutcome(enum.IntEnum):
    """What became of a row; the numbers of the contract, as stored; those of `book.Outcome`, and refused."""

    CREATED = 1
    EXTENDED = 2
    UNCHANGED = 3
    REFUSED = 4


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One dossier to register, read and well-formed.

    Attributes:
        row: number of the row, from 1 on.
        said: the registration.
    """

    row: int
    said: Said


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of a row.

    Attributes:
        row: number of the row.
        outcome: what became of it.
        repeated: it was sent before, and this was its outcome then.
        person: number under which the dossier stands; of a refused row that of whom it was about, if that is known.
        dossier_id: none if refused.
        reason: why it was refused; none unless it was.
        field: path within the row of what was wrong; at most 100 characters.
        remarks: what the institution should know.
        message: why it was refused, for people; not kept, so that a repeated outcome has none.
    """

    row: int
    outcome: RowOutcome
    repeated: bool = False
    person: Ssin | None = field_(default=None, repr=False)
    dossier_id: uuid.UUID | None = None
    reason: Reason | None = None
    field: str = ""
    remarks: Remark = NONE
    message: str = field_(default="", compare=False)


def registered(row: int, done: Registered) -> RowResult:
    """Return the outcome of a row that was registered."""
    dossier = done.dossier
    return RowResult(
        row,
        RowOutcome(done.plan.outcome),
        person=dossier.person,
        dossier_id=dossier.dossier_id,
        remarks=done.remarks,
    )


def refused(row: int, error: RegistryError, person: Ssin | None = None) -> RowResult:
    """Return the outcome of a row that was refused."""
    return RowResult(
        row,
        RowOutcome.REFUSED,
        person=person,
        reason=error.reason,
        field=error.field,
        message=error.message,
    )
