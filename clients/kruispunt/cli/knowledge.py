"""`kruispunt knowledge`: the code tables."""

import enum
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from kruispunt import entries
from kruispunt.cli import options
from kruispunt.cli.output import print_json, print_line, print_table
from kruispunt.cli.reading import read_value
from kruispunt.cli.session import Session, command

app = typer.Typer(help="The code tables: who and what exists, and who may obtain what.", no_args_is_help=True)


class LanguageOption(enum.StrEnum):
    """A language in which there are names."""

    NL = "nl"
    FR = "fr"
    DE = "de"
    EN = "en"


Language = Annotated[LanguageOption, typer.Option(help="Names in this language first.")]


@dataclass(frozen=True, slots=True)
class _Table:
    """How one kind of entry is listed, shown and read.

    Attributes:
        name: of the command; with "_" for "-", of the list in JSON.
        kind: the value.
        by_sector: whether the list can be narrowed to a sector.
        columns: headings of the table.
        row: the cells of an entry, in a language.
    """

    name: str
    kind: type[Any]
    by_sector: bool
    columns: Sequence[str]
    row: Callable[[Any, str], Sequence[object]]

    @property
    def plural(self) -> str:
        """Name of the list in JSON, and of the client's method after `list_`."""
        return self.name.replace("-", "_")


def _scope(sector: int | None, institution: int | None) -> str:
    return "any" if sector is None else f"{sector}/{'any' if institution is None else institution}"


def _capacity(entry: entries.Capacity, language: str) -> Sequence[object]:
    sector = "any" if entry.sector is None else entry.sector
    phases = ", ".join(f"{p.number} {p.labels.best(language)}" for p in entry.phases)
    return sector, entry.code, entry.labels.best(language), phases, entry.validity


def _authorisation(entry: entries.Authorisation, _language: str) -> Sequence[object]:
    return (
        entry.authorisation_id,
        entry.data_set,
        _scope(entry.consumer_sector, entry.consumer_institution),
        entry.consumer_capacity,
        entry.from_phase,
        _scope(entry.supplier_sector, entry.supplier_institution),
        entry.deliberation_id,
        entry.validity,
    )


_TABLES = (
    _Table(
        "sectors",
        entries.Sector,
        True,
        ("sector", "name", "validity"),
        lambda e, language: (e.code, e.labels.best(language), e.validity),
    ),
    _Table(
        "institutions",
        entries.Institution,
        True,
        ("institution", "name", "enterprise", "network", "validity"),
        lambda e, language: (
            e.institution,
            e.labels.best(language),
            e.enterprise_number,
            e.network_level,
            e.validity,
        ),
    ),
    _Table("capacities", entries.Capacity, True, ("sector", "code", "name", "phases", "validity"), _capacity),
    _Table(
        "data-sets",
        entries.DataSet,
        False,
        ("data set", "name", "validity"),
        lambda e, language: (e.data_set, e.labels.best(language), e.validity),
    ),
    _Table(
        "availabilities",
        entries.Availability,
        True,
        ("availability", "data set", "supplier", "capacity", "from phase", "validity"),
        lambda e, _: (
            e.availability_id,
            e.data_set,
            _scope(e.sector, e.institution),
            e.capacity,
            e.from_phase,
            e.validity,
        ),
    ),
    _Table(
        "authorisations",
        entries.Authorisation,
        True,
        (
            "authorisation",
            "data set",
            "consumer",
            "capacity",
            "from phase",
            "supplier",
            "deliberation",
            "validity",
        ),
        _authorisation,
    ),
    _Table(
        "deliberations",
        entries.Deliberation,
        False,
        ("deliberation", "subject", "url", "validity"),
        lambda e, language: (e.deliberation_id, e.labels.best(language), e.url, e.validity),
    ),
)


def _add_list(table: _Table) -> None:
    def list_entries(
        session: Session,
        *,
        valid_at: options.ValidAt = None,
        known_at: options.KnownAt = None,
        every_period: options.EveryPeriod = False,
        sector: options.SectorCode = None,
        language: Language = LanguageOption.EN,
    ) -> None:
        if sector is not None and not table.by_sector:
            raise ValueError(f"{table.name} belong to no sector")
        narrow = {"sector": sector} if table.by_sector else {}
        with session.knowledge() as knowledge:
            found = list(
                getattr(knowledge, f"list_{table.plural}")(
                    valid_at=valid_at, known_at=known_at, every_period=every_period, page_size=1000, **narrow
                )
            )
        if session.as_json:
            print_json({table.plural: found, "complete": True})
            return
        print_table(table.name, table.columns, [table.row(entry, language) for entry in found])

    list_entries.__doc__ = f"List {table.name}."
    command(app, table.name)(list_entries)


for _table in _TABLES:
    _add_list(_table)


@command(app, "write")
def write(
    session: Session,
    *,
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="JSON, in the form that the lists print.")
    ],
    request_id: options.RequestId = None,
    validate_only: options.ValidateOnly = False,
) -> None:
    """Write entries, all or none; administrators only. The file has the form of the lists' --json."""
    new = _read(file)
    with session.knowledge() as knowledge:
        written = knowledge.write_entries(new, request_id=request_id, validate_only=validate_only)
    if session.as_json:
        print_json(written)
        return
    print_line(f"{written.created} created, {written.revised} revised, {written.unchanged} unchanged")


def _read(file: Path) -> list[entries.Entry]:
    try:
        document = json.loads(file.read_text("utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{file} is no JSON: {error.msg} in line {error.lineno}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{file} is no JSON: it is not in UTF-8") from None
    kinds = {table.plural: table.kind for table in _TABLES}
    if not isinstance(document, dict) or not document.keys() <= kinds.keys() | {"complete"}:
        raise ValueError(f"{file}: an object with the lists {', '.join(kinds)}")
    return [
        read_value(kind, each, f"{name}[{number}]")
        for name, kind in kinds.items()
        for number, each in enumerate(document.get(name, []))
    ]
