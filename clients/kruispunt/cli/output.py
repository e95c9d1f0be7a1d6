"""Answers as JSON and as tables."""

import dataclasses
import datetime as dt
import enum
import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from kruispunt.period import Period
from kruispunt.ssin import Ssin
from kruispunt.values import Dossier, RegistryWarning, Resolution, StaleDossier


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
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=Text(title),
        title_justify="left",
        header_style="bold",
        show_edge=False,
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in ("dossier", "fact", "link"))
    count = 0
    for row in rows:
        table.add_row(*(Text(show(cell)) for cell in row))
        count += 1
    console = Console(highlight=False, width=_width())
    if count:
        console.print(table)
    else:
        console.print(Text(f"{title}: none"))


def print_records(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, head: int, roomy: int = 160
) -> None:
    """Print a table where there is room for one, and else each row as lines of its own.

    Args:
        title: of the table.
        columns: headings.
        rows: as many cells as there are headings.
        head: cells that make up the first line of a row; of the others each that says something has a line.
        roomy: columns of a terminal on which the table fits.
    """
    if _width() >= roomy:
        print_table(title, columns, rows)
        return
    count = 0
    indent = max(map(len, columns[head:]))
    for row in rows:
        cells = [show(cell) for cell in row]
        print_line("  ".join(cell for cell in cells[:head] if cell))
        for name, cell in zip(columns[head:], cells[head:], strict=True):
            if cell:
                print_line(f"  {name:{indent}}  {cell}")
        count += 1
    if not count:
        print_line(f"{title}: none")


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


def _width() -> int:
    """Return the columns there are: of the terminal, or plenty if nobody reads along."""
    fallback = (160, 24) if not sys.stdout.isatty() else (80, 24)
    return shutil.get_terminal_size(fallback).columns


_DOSSIER_COLUMNS = ("dossier", "holder", "capacity", "phase", "period", "network", "source", "etag")


def print_dossiers(title: str, dossiers: Iterable[Dossier]) -> None:
    """Print dossiers; on a narrow terminal a few lines each."""
    print_records(title, _DOSSIER_COLUMNS, map(_dossier_row, dossiers), head=2, roomy=120)


def print_stale(title: str, dossiers: Iterable[StaleDossier]) -> None:
    """Print dossiers that want attention, with whom they are on and for how long."""
    columns = ("person", "days", *_DOSSIER_COLUMNS[:5])
    rows = ((each.dossier.ssin, each.age_days, *_dossier_row(each.dossier)[:5]) for each in dossiers)
    print_records(title, columns, rows, head=1, roomy=120)


def _dossier_row(dossier: Dossier) -> tuple[object, ...]:
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
