"""How a number lies in the tables, and back."""

from typing import Any

import sqlalchemy as sa

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.number import (
    ChangeReason,
    EventKind,
    Number,
    NumberEvent,
    NumberStatus,
    Register,
    Replacement,
)

_NUMBER = (
    "ssin",
    "register",
    "status",
    "root_ssin",
    "height",
    "replaced_by",
    "reason",
    "replaced_on",
    "replaced_at",
    "version",
    "recorded_at",
)
_STEP = ("ssin", "replaced_by", "reason", "replaced_on", "replaced_at")
_EVENT = ("ssin", "event_no", "kind", "other_ssin", "register", "reason", "effective_on", "recorded_at")


def number_columns(number: sa.FromClause) -> list[sa.ColumnElement[Any]]:
    """Return the columns that `number_of` reads."""
    return [number.c[name] for name in _NUMBER]


def number_of(row: Any) -> Number:
    """Build a number."""
    ssin, register, status, root, height, by, reason, on, at, version, recorded_at = row
    return Number(
        ssin=Ssin(ssin),
        register=Register(register),
        status=NumberStatus(status),
        root=Ssin(root),
        height=height,
        replacement=None if by is None else replacement_of((ssin, by, reason, on, at)),
        version=version,
        recorded_at=recorded_at,
    )


def step_columns(number: sa.FromClause) -> list[sa.ColumnElement[Any]]:
    """Return the columns that `replacement_of` reads."""
    return [number.c[name] for name in _STEP]


def replacement_of(row: Any) -> Replacement:
    """Build a step of a chain from the row of a number that was replaced."""
    ssin, by, reason, on, at = row
    return Replacement(Ssin(ssin), Ssin(by), ChangeReason(reason), on, at)


def event_columns(event: sa.FromClause) -> list[sa.ColumnElement[Any]]:
    """Return the columns that `event_of` reads."""
    return [event.c[name] for name in _EVENT]


def event_of(row: Any) -> NumberEvent:
    """Build what happened to a number."""
    ssin, event_no, kind, other, register, reason, effective_on, recorded_at = row
    return NumberEvent(
        ssin=Ssin(ssin),
        event_no=event_no,
        kind=EventKind(kind),
        other=None if other is None else Ssin(other),
        register=Register(register),
        reason=None if reason is None else ChangeReason(reason),
        effective_on=effective_on,
        recorded_at=recorded_at,
    )


def event_values(event: NumberEvent) -> dict[str, Any]:
    """Return the row of what happened to a number."""
    return {
        "ssin": int(event.ssin),
        "event_no": event.event_no,
        "kind": int(event.kind),
        "other_ssin": None if event.other is None else int(event.other),
        "register": int(event.register),
        "reason": None if event.reason is None else int(event.reason),
        "effective_on": event.effective_on,
        "recorded_at": event.recorded_at,
    }
