"""Persons taken over from another system, row by row.

Source: domain.md §2 and §3: which numbers belong to which register. What must be known of a person is less than for a
registration: what another system registered by its own rules is taken as it is, if name and birth are there.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as field_

from kruispunt.ssin import Ssin, SsinKind
from kruispunt_identity.domain.fact import Statement
from kruispunt_identity.domain.identifier import IdentifierKey
from kruispunt_identity.domain.number import Register
from kruispunt_identity.domain.values import DataGroup, Validity
from kruispunt_server.errors import Reason, RegistryError

_KINDS = {Register.BIS: SsinKind.BIS, Register.RAD: SsinKind.NATIONAL}


class RowOutcome(enum.IntEnum):
    """What became of a row; the numbers of the contract, as stored."""

    IMPORTED = 1
    REPEATED = 2
    REFUSED = 3
    CANDIDATES = 4


@dataclass(frozen=True, slots=True)
class Link:
    """A foreign identifier of a row, and the days on which it holds."""

    key: IdentifierKey
    validity: Validity


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One person to take over, checked.

    Attributes:
        row: number of the row, from 1 on.
        ssin: the number that the person has already; none: a bis number is given out.
        register: BIS or RAD.
        statements: what is known; name and birth at least, of each data group one at most.
        links: foreign identifiers.
    """

    row: int
    ssin: Ssin | None
    register: Register
    statements: tuple[Statement, ...] = field_(repr=False)
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of a row.

    Attributes:
        row: number of the row.
        outcome: what became of it.
        ssin: number of the person; none if not imported.
        reason: why it was refused; none unless it was.
        field: path within the row of what was wrong; at most 100 characters.
        candidates: numbers of the strong candidates, best first.
        message: why it was refused, for people; not kept, so that a repeated outcome has none.
    """

    row: int
    outcome: RowOutcome
    ssin: Ssin | None = None
    reason: Reason | None = None
    field: str = ""
    candidates: tuple[Ssin, ...] = ()
    message: str = field_(default="", compare=False)


def refused(row: int, error: RegistryError) -> RowResult:
    """Return the outcome of a row that was refused."""
    return RowResult(row, RowOutcome.REFUSED, reason=error.reason, field=error.field, message=error.message)


def check_number(ssin: Ssin | None, register: Register) -> None:
    """Refuse a number that is not of its register.

    Raises:
        RegistryError: NATIONAL, whose persons are not ours to take over, or a number that the register does not give
            out, INVALID_ARGUMENT / FIELD_INVALID; RAD without a number, INVALID_ARGUMENT / FIELD_REQUIRED.
    """
    if register not in _KINDS:
        raise RegistryError(Reason.FIELD_INVALID, "only BIS and RAD are taken over", field="register")
    if ssin is None:
        if register is Register.RAD:
            raise RegistryError(Reason.FIELD_REQUIRED, "a person of RAD has a number", field="ssin")
        return
    if ssin.kind is not _KINDS[register]:
        raise RegistryError(Reason.FIELD_INVALID, "the register gives out no such numbers", field="ssin")


def check_statements(statements: Sequence[Statement]) -> None:
    """Refuse what says too little, or one thing twice.

    Raises:
        RegistryError: a data group is told twice, INVALID_ARGUMENT / FIELD_INVALID; name or birth is absent,
            INVALID_ARGUMENT / MINIMUM_DATA_MISSING.
    """
    told: set[DataGroup] = set()
    for place, statement in enumerate(statements):
        if statement.group in told:
            raise RegistryError(
                Reason.FIELD_INVALID, "a data group is told twice", field=f"facts[{place}].value"
            )
        told.add(statement.group)
    if DataGroup.NAME not in told or DataGroup.BIRTH not in told:
        raise RegistryError(Reason.MINIMUM_DATA_MISSING, "name and birth are required", field="facts")
