"""Values back from the JSON that `kruispunt.cli.output` prints."""

import dataclasses
import datetime as dt
import enum
import functools
import types
import typing
from typing import Any


def read_value(kind: Any, raw: Any, where: str) -> Any:  # noqa: PLR0911 - one for each kind
    """Build a value of `kind`.

    Args:
        kind: a value class, or the type of one of its fields.
        raw: what `json` read.
        where: path in the file, for the message.

    Raises:
        ValueError: `raw` has another form; says where.
    """
    if type(raw) is kind:  # a text or a whole number; most values are
        return raw
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        wanted = [each for each in typing.get_args(kind) if each is not types.NoneType]
        return None if raw is None else read_value(wanted[0], raw, where)
    if typing.get_origin(kind) is tuple:
        _require(isinstance(raw, list), f"{where} must be a list")
        return tuple(
            read_value(typing.get_args(kind)[0], each, f"{where}[{i}]") for i, each in enumerate(raw)
        )
    if dataclasses.is_dataclass(kind):
        return _read_fields(kind, raw, where)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return _read_choice(kind, raw, where)
    if kind is dt.date:
        return _read_day(raw, where)
    fits = isinstance(raw, kind) and not isinstance(raw, bool)
    _require(fits, f"{where} must be {'a text' if kind is str else 'a whole number'}")
    return raw


@functools.cache
def _fields_of(kind: Any) -> dict[str, tuple[Any, bool, bool]]:
    """Return the fields of a value class: by name its type, whether it must be there, and whether it may be none."""
    types_of = typing.get_type_hints(kind)  # slow, and files of persons have millions of rows
    return {
        field.name: (
            types_of[field.name],
            field.default is dataclasses.MISSING,
            type(None) in typing.get_args(types_of[field.name]),
        )
        for field in dataclasses.fields(kind)
    }


def _read_fields(kind: Any, raw: Any, where: str) -> Any:
    _require(isinstance(raw, dict), f"{where} must be an object")
    fields = _fields_of(kind)
    if not raw.keys() <= fields.keys():
        raise ValueError(f"{where}: unknown {', '.join(sorted(raw.keys() - fields.keys()))}")
    given = {name: read_value(fields[name][0], each, f"{where}.{name}") for name, each in raw.items()}
    for name, (_, must, may_be_none) in fields.items():
        if must and name not in given:
            if not may_be_none:
                raise ValueError(f"{where}.{name} is absent")
            given[name] = None
    try:
        return kind(**given)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _read_choice(kind: type[enum.Enum], raw: Any, where: str) -> enum.Enum:
    if raw not in kind.__members__:
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
