"""Values back from the JSON that `kruispunt.cli.output` prints."""

import dataclasses
import datetime as dt
import enum
import functools
import types
import typing
from collections.abc import Callable
from typing import Any, Final

_LARGEST: Final = 999_999_999
"""Of whole numbers in a file: a message holds no others."""
Reader = Callable[[Any, str], Any]
"""Builds a value from what `json` read, and its path."""


def read_value(kind: Any, raw: Any, where: str) -> Any:
    """Build a value of `kind`.

    Args:
        kind: a value class, or the type of one of its fields.
        raw: what `json` read.
        where: path in the file, for the message.

    Raises:
        ValueError: `raw` has another form; says where.
    """
    return raw if type(raw) is kind else _reader_of(kind)(raw, where)


@dataclasses.dataclass(frozen=True, slots=True)
class _Field:
    """What is known of a field of a value class: found out once, as files of persons have millions of rows."""

    kind: Any
    read: Reader
    required: bool
    may_be_none: bool


@functools.cache
def _reader_of(kind: Any) -> Reader:
    """Return what reads values of `kind`."""
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        inner = _reader_of(next(each for each in parts if each is not types.NoneType))
        return lambda raw, where: None if raw is None else inner(raw, where)
    if origin is tuple:
        return functools.partial(_read_list, parts[0])
    if dataclasses.is_dataclass(kind):
        return functools.partial(_read_fields, kind)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return functools.partial(_read_choice, kind)
    if kind is dt.date:
        return _read_day
    return functools.partial(_read_plain, kind)


@functools.cache
def _fields_of(kind: Any) -> dict[str, _Field]:
    """Return the fields of a value class by name; not what came over the wire."""
    kinds = typing.get_type_hints(kind)
    return {
        field.name: _Field(
            kinds[field.name],
            _reader_of(kinds[field.name]),
            field.default is dataclasses.MISSING,
            type(None) in typing.get_args(kinds[field.name]),
        )
        for field in dataclasses.fields(kind)
        if field.name != "message"
    }


def _read_fields(kind: Any, raw: Any, where: str) -> Any:
    _require(isinstance(raw, dict), f"{where} must be an object")
    fields = _fields_of(kind)
    if not raw.keys() <= fields.keys():
        raise ValueError(f"{where}: unknown {', '.join(sorted(raw.keys() - fields.keys()))}")
    given = {}
    for name, each in raw.items():
        field = fields[name]
        is_read = type(each) is field.kind and field.kind is not int  # of a number the size counts, too
        given[name] = each if is_read else field.read(each, f"{where}.{name}")
    if len(given) < len(fields):
        for name, field in fields.items():
            if field.required and name not in given:
                if not field.may_be_none:
                    raise ValueError(f"{where}.{name} is absent")
                given[name] = None
    try:
        return kind(**given)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _read_list(kind: Any, raw: Any, where: str) -> tuple[Any, ...]:
    _require(isinstance(raw, list), f"{where} must be a list")
    return tuple(
        [
            each if type(each) is kind else read_value(kind, each, f"{where}[{place}]")
            for place, each in enumerate(raw)
        ]
    )


def _read_plain(kind: Any, raw: Any, where: str) -> Any:
    fits = isinstance(raw, kind) and not isinstance(raw, bool)
    _require(fits, f"{where} must be {'a text' if kind is str else 'a whole number'}")
    if kind is int and not 0 <= raw <= _LARGEST:
        raise ValueError(f"{where} must be a whole number up to {_LARGEST}")
    return raw


def _read_choice(kind: type[enum.Enum], raw: Any, where: str) -> enum.Enum:
    if not isinstance(raw, str) or raw not in kind.__members__:
        raise ValueError(f"{where} must be one of {', '.join(kind.__members__)}")
    return kind[raw]


def _read_day(raw: Any, where: str) -> dt.date:
    try:
        return dt.date.fromisoformat(raw)
    except (TypeError, ValueError):
        raise ValueError(f"{where} must be a day, YYYY-MM-DD") from None


def _require(fits: bool, message: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not fits:
        raise ValueError(message)
