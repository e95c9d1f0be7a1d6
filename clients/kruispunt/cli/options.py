"""Arguments and options that several commands have."""

import datetime as dt
import enum
import os
import re
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, TextIO, TypeVar

import typer

from kruispunt.period import Period
from kruispunt.values import DataSetRef, InstitutionRef, NetworkLevel, PartialDate

T = TypeVar("T")


class Network(enum.StrEnum):
    """How directly an institution is connected."""

    PRIMARY = "primary"
    SECONDARY = "secondary"


def reader(parse: Callable[[str], T]) -> Callable[[str], T]:
    """Return `parse` as an option takes it: a ValueError is told as what is wrong with the option."""

    def read(text: str) -> T:
        try:
            return parse(text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None

    return read


_DAY_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PARTIAL_FORM = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_DISPLAY_FORM = re.compile(r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}-[0-9]{3}\.[0-9]{2}")


def person(text: str) -> str:
    """Take a number as it is, or in the form that `Ssin.display` prints; the registry takes 11 digits only."""
    return text.replace(".", "").replace("-", "") if _DISPLAY_FORM.fullmatch(text) else text


def day(text: str) -> dt.date:
    """Read YYYY-MM-DD."""
    try:
        if _DAY_FORM.fullmatch(text):
            return dt.date.fromisoformat(text)
    except ValueError:
        raise ValueError("there is no such day in the calendar") from None
    raise ValueError("a day is YYYY-MM-DD")


def instant(text: str) -> dt.datetime:
    """Read an instant with its zone, such as 2026-05-01T12:00:00Z."""
    try:
        read = dt.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("an instant is YYYY-MM-DDTHH:MM:SSZ, or with another zone such as +01:00") from None
    if read.tzinfo is None:
        raise ValueError("an instant needs a time zone, such as Z or +01:00")
    return read


def partial_date(text: str) -> PartialDate:
    """Read YYYY, YYYY-MM or YYYY-MM-DD; a part of zeros is unknown."""
    parts = _PARTIAL_FORM.fullmatch(text)
    if parts is None:
        raise ValueError("a birth date is YYYY, YYYY-MM or YYYY-MM-DD")
    return PartialDate(*(int(part or 0) for part in parts.groups()))


def period(begin: dt.date | None, end: dt.date | None) -> Period | None:
    """Put a period together, if there is one.

    Raises:
        ValueError: an end without a begin, or begin not before end.
    """
    if begin is None:
        if end is not None:
            raise ValueError("--end needs --begin")
        return None
    return Period(begin, end)


def private(file: Path) -> TextIO:
    """Open a file to write persons into, emptied; made so that only its owner can read it, unless it is there."""
    return open(file, "w", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600))


def lines(file: str) -> Iterator[str]:
    """Yield the lines of a file, "-" for stdin; empty ones are left out."""
    if file == "-":
        yield from filter(None, map(str.strip, sys.stdin))
        return
    with Path(file).open(encoding="utf-8") as source:
        yield from filter(None, map(str.strip, source))


def network_level(network: Network | None) -> NetworkLevel:
    """Return the level; none given is UNSPECIFIED."""
    return NetworkLevel[network.name] if network else NetworkLevel.UNSPECIFIED


_DAY = "YYYY-MM-DD"
_INSTANT = "YYYY-MM-DDTHH:MM:SSZ"

Person = Annotated[
    str,
    typer.Argument(
        parser=person, metavar="PERSON", help="Number of the person: 11 digits, or as 75.06.08-980.09."
    ),
]
DossierId = Annotated[str, typer.Argument(help="Identifier of the dossier.")]
DataSetName = Annotated[
    DataSetRef, typer.Argument(parser=reader(DataSetRef.parse), metavar="CODE[/VARIANT]", help="Data set.")
]
Capacity = Annotated[int | None, typer.Option(help="Capacity, 0 to 999.")]
Phase = Annotated[int | None, typer.Option(help="Phase, 0 to 99.")]
Begin = Annotated[dt.date | None, typer.Option(parser=reader(day), metavar=_DAY, help="First day.")]
End = Annotated[
    dt.date | None,
    typer.Option(parser=reader(day), metavar=_DAY, help="The day after the last; left out: open."),
]
ValidAt = Annotated[
    dt.date | None,
    typer.Option(
        "--at", "--valid-at", parser=reader(day), metavar=_DAY, help="True on that day; left out: today."
    ),
]
KnownAt = Annotated[
    dt.datetime | None,
    typer.Option(
        "--known-at", parser=reader(instant), metavar=_INSTANT, help="As known then; left out: now."
    ),
]
EveryPeriod = Annotated[bool, typer.Option("--every-period", help="Past and future ones too.")]
SectorCode = Annotated[int | None, typer.Option("--sector", help="Only this sector, 0 to 999.")]
InstitutionNumber = Annotated[
    int | None, typer.Option("--institution", help="Only this institution of the sector, 0 to 999.")
]
Institution = Annotated[
    InstitutionRef | None,
    typer.Option(
        "--institution",
        parser=reader(InstitutionRef.parse),
        metavar="SECTOR/NUMBER",
        help="Left out: the own.",
    ),
]
NetworkOption = Annotated[Network | None, typer.Option("--network", help="How directly connected.")]
Source = Annotated[str | None, typer.Option(help='Where it is from: 1 to 32 of a-z, 0-9 and "-".')]
Etag = Annotated[str, typer.Option(help="As read; left out: whatever stands.")]
RequestId = Annotated[
    uuid.UUID | None,
    typer.Option("--request-id", help="Names the change, to repeat it safely; left out: a new one."),
]
ValidateOnly = Annotated[bool, typer.Option("--validate-only", help="Check only, write nothing.")]
