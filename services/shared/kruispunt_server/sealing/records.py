"""The text of a record, which is hashed: one form on both databases, and the same in Python.

A record that a service of the registry made for an institution has one part more, and says so in its form. Parts are
joined by U+001F; what is absent is U+001E. A part that holds U+001F itself would make the text ambiguous: no
part of ours does, and who counts the separators notices one that was put there.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from kruispunt_server.instant import Instant

SEPARATOR: Final = "\x1f"
ABSENT: Final = "\x1e"

ACCESS: Final = (
    "access_id",
    "recorded_at",
    "participant_id",
    "method",
    "end_user",
    "legal_basis",
    "case_reference",
    "subject",
    "data_groups",
    "result",
)
"""The parts of an access record, behind "access/1"."""

CHANGE: Final = (
    "change_id",
    "recorded_at",
    "participant_id",
    "method",
    "end_user",
    "legal_basis",
    "case_reference",
    "request_id",
    "commit_id",
    "subject",
    "kind",
    "key_id",
    "payload",
)
"""The parts of a change, behind "change/1"."""

VIA: Final = "via"
"""The part that stands last, and only where it is there: behind "access/2" and "change/2"."""

PARTS: Final = {"access": ACCESS, "change": CHANGE}
FORM: Final = {"access": "access/1", "change": "change/1"}
FORM_VIA: Final = {"access": "access/2", "change": "change/2"}

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


def record_text(table: sa.Table, dialect: str) -> sa.ColumnElement[str]:
    """Return the expression for the text of a row of a log."""
    parts = [_part(table.c[name], dialect) for name in PARTS[table.name]]
    via, separator = table.c[VIA], sa.literal_column(f"{_CHR[dialect]}(31)", sa.Text)
    plain, with_via = (sa.literal_column(f"'{form[table.name]}'", sa.Text) for form in (FORM, FORM_VIA))
    text: sa.ColumnElement[str] = sa.case((via.is_(None), plain), else_=with_via)
    for part in parts:
        text = text + separator + part
    return text + sa.func.coalesce(separator + via, sa.literal_column("''", sa.Text))


def text_of(log: str, values: Sequence[Any], via: str | None = None) -> str:
    """Return the text of a record whose values are in the order of `PARTS[log]`, done by `via`."""
    parts = map(_said, values)
    return SEPARATOR.join([FORM[log], *parts] if via is None else [FORM_VIA[log], *parts, via])


def parts_in(log: str, text: bytes) -> bool:
    """Return whether a text has as many parts as its form says."""
    with_via = text.startswith(FORM_VIA[log].encode())
    return text.count(b"\x1f") == len(PARTS[log]) + with_via


_CHR = {"sqlite": "char", "postgresql": "chr"}


def _part(column: sa.Column[Any], dialect: str) -> sa.ColumnElement[str]:
    text = _text_on_sqlite(column) if dialect == "sqlite" else _text_on_postgresql(column)
    if not column.nullable:
        return text
    return sa.func.coalesce(text, sa.literal_column(f"{_CHR[dialect]}(30)", sa.Text))


def _text_on_sqlite(column: sa.Column[Any]) -> sa.ColumnElement[str]:
    if isinstance(column.type, sa.LargeBinary):
        # hex() of nothing is empty; a payload is never NULL, a subject may be.
        return sa.case((column.is_not(None), sa.func.lower(sa.func.hex(column))))
    return sa.cast(column, sa.Text)


def _text_on_postgresql(column: sa.Column[Any]) -> sa.ColumnElement[str]:
    if isinstance(column.type, sa.LargeBinary):
        return sa.func.encode(column, sa.literal_column("'hex'"))
    if isinstance(column.type, sa.Uuid):
        return sa.func.encode(sa.func.uuid_send(column), sa.literal_column("'hex'"))
    if isinstance(column.type, Instant):
        microseconds = sa.extract("epoch", column) * sa.literal_column("1000000")
        return sa.cast(sa.cast(microseconds, sa.BigInteger), sa.Text)
    return sa.cast(column, sa.Text)


def _said(value: Any) -> str:
    if value is None:
        return ABSENT
    if isinstance(value, uuid.UUID):
        return value.hex
    if isinstance(value, dt.datetime):
        return str((value - _EPOCH) // _MICROSECOND)
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return str(value)
