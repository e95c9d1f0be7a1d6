"""Answers as JSON and as tables."""

import dataclasses
import datetime as dt
import enum
import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from kruispunt.period import Period
from kruispunt.ssin import Ssin
from kruispunt.values import Dossier, RegistryWarning, Resolution


def plain(value: Any) -> Any:
    """Return a value as JSON has it: days and instants as ISO 8601, choices by name, numbers of persons as text."""
    if isinstance(value, Ssin | dt.date):
        return str(value) if isinstance(value, Ssin) else value.isoformat()
    if isinstance(value, enum.Enum):
        return value.name
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value) if field.name != "message"]
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def print_json(value: Any) -> None:
    """Print one document on one line."""
    sys.stdout.write(json.dumps(plain(value), ensure_ascii=False) + "\n")


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; values are shown as they are, never read as markup."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title), title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    count = 0
    for row in rows:
        table.add_row(*(Text(show(cell)) for cell in row))
        count += 1
    console = Console(highlight=False)
    if count:
        console.print(table)
    else:
        console.print(Text(f"{title}: none"))


def print_line(text: str) -> None:
    """Print a sentence."""
    sys.stdout.write(text + "\n")


def show(value: object) -> str:
    """Return a value as people read it."""
    if value is None:
        return ""
    if isinstance(value, enum.Enum):
        return value.name.lower().replace("_", " ")
    if isinstance(value, Period):
        return f"{value.begin} → {value.end or '…'}"
    if isinstance(value, dt.datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}Z"
    return str(value)


DOSSIER_COLUMNS = ("dossier", "institution", "capacity", "phase", "period", "network", "source", "etag")


def dossier_row(dossier: Dossier) -> Sequence[object]:
    """Return the cells of one dossier."""
    return (
        dossier.dossier_id,
        dossier.institution,
        dossier.capacity,
        dossier.phase,
        dossier.period,
        dossier.network_level,
        dossier.source,
        dossier.etag,
    )


def print_notes(resolution: Resolution | None, warnings: Iterable[RegistryWarning] = ()) -> None:
    """Say what the number turned out to be, and what the caller should know."""
    if resolution is not None and resolution.replaced:
        print_line(f"the number was replaced on {resolution.replace_date} by {resolution.current}")
    for warning in warnings:
        print_line(f"note: {warning.message}")
