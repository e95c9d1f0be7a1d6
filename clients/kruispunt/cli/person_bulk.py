"""`kruispunt person resolve`, `import` and `export`: very many at once."""

import datetime as dt
import json
import sys
import uuid
from pathlib import Path
from typing import Annotated

import typer

from kruispunt.cli import bulk, options
from kruispunt.cli.output import print_json, print_line, show
from kruispunt.cli.person_facts import choice
from kruispunt.cli.person_files import read_lines, row_document
from kruispunt.cli.persons import app
from kruispunt.cli.progress import progress
from kruispunt.cli.row_files import kind_of
from kruispunt.cli.session import Session, command
from kruispunt.persons import Register, ResolvedNumber
from kruispunt.registering import RowOutcome

_IMPORTS = uuid.UUID("0b5b6f0e-7a0e-5d0c-8f43-6b7275697370")
_RESOLVED = "{:14}  {:9}  {:14}  {}"
_EXPORTED = (Register.BIS, Register.RAD)
_DONE = (RowOutcome.IMPORTED, RowOutcome.REPEATED)


@command(app, "resolve")
def resolve(
    session: Session,
    *,
    numbers: Annotated[
        list[str] | None, typer.Argument(metavar="NUMBER...", help="Numbers; or else --file.")
    ] = None,
    file: Annotated[
        str, typer.Option("--file", metavar="FILE|-", help="One number a line; - reads from stdin.")
    ] = "",
    known_at: options.KnownAt = None,
) -> None:
    """Say where numbers lead, any number of them; a line each, JSON lines with --json."""
    if bool(numbers) == bool(file):
        raise ValueError("say which numbers, or --file")
    if file not in ("", "-") and not Path(file).is_file():
        raise ValueError(f"no file {file}")
    total = len(numbers) if numbers else _count(file)
    shown = session.as_json or sys.stdout.isatty()  # answers that scroll by are progress enough
    with session.identity() as identity, progress("numbers", total, quiet=shown) as advance:
        asked = map(options.person, numbers or options.lines(file))
        for place, each in enumerate(identity.resolve_numbers(asked, known_at=known_at)):
            if session.as_json:
                print_json(each)
            else:
                if not place:
                    print_line(_RESOLVED.format("number", "status", "stands now", "why"))
                _print_resolved(each)
            advance()


@command(app, "import")
def import_(
    session: Session,
    *,
    file: bulk.File,
    import_id: bulk.ImportId = None,
    search_duplicates: Annotated[
        bool, typer.Option("--search-duplicates", help="Search for rows without a number; slower.")
    ] = False,
    validate_only: bulk.DryRun = False,
    report: bulk.Report = None,
    rejects: bulk.Rejects = None,
) -> None:
    """Take many persons over from another system; for registrars.

    The file is read through before anything is sent. A row that was imported before is not imported again, so that
    an import that broke is repeated as it was. Exit status 1 if a row was not imported.

    JSON lines: {"ssin": …, "register": "BIS", "name": {"family_name": …, "given_names": […]}, "birth": {"date":
    "1975-06-08", "place": {"country": …}}, "gender": "FEMALE", "nationalities": […], "residential_address": {…},
    "contact_address": {…}, "validity": {"begin": …}, "evidence": {"kind": "PASSPORT", …}, "identifiers": […]}.
    CSV and Parquet: columns ssin, register, family_name, given_names (with "|" between), birth_date, birth_country,
    birth_municipality_name, gender, nationalities, residence_country, contact_country, valid_from, evidence_kind, …
    The integration guide has all of them.
    """
    with session.identity() as identity:
        bulk.import_file(
            session,
            file,
            read_lines,
            lambda rows: identity.import_persons(
                rows,
                import_id=import_id or bulk.name_of(file, _IMPORTS),
                search_duplicates=search_duplicates,
                validate_only=validate_only,
            ),
            done=lambda result: result.outcome in _DONE,
            report=report,
            rejects=rejects,
            dry=validate_only,
        )


@command(app, "export")
def export(
    session: Session,
    *,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="Where to; - writes to stdout.")] = "-",
    register: Annotated[
        Register | None, choice(Register, "--register", help="Left out: both.", only=_EXPORTED)
    ] = None,
    changed_since: Annotated[
        dt.datetime | None,
        typer.Option(
            parser=options.reader(options.instant),
            metavar="YYYY-MM-DDTHH:MM:SSZ",
            help="Only those of whom something was recorded since.",
        ),
    ] = None,
    born_from: Annotated[
        int, typer.Option(metavar="YYYY", help="Only those born in this year or later.", show_default=False)
    ] = 0,
    born_until: Annotated[
        int, typer.Option(metavar="YYYY", help="Only those born in this year or earlier.", show_default=False)
    ] = 0,
    valid_at: options.ValidAt = None,
    after: Annotated[str, typer.Option(parser=options.person, metavar="NUMBER", help="Go on after it.")] = "",
) -> None:
    """Write the persons of a selection as JSON lines, in the form that `import` reads; by number."""
    if file != "-" and kind_of(Path(file)) != "jsonl":
        raise ValueError("persons are exported as JSON lines: one has more to say than fits a row of cells")
    with (
        session.identity() as identity,
        progress("persons", None, quiet=session.as_json) as advance,
        bulk.opened(None if file == "-" else Path(file)) as lines,
    ):
        persons = identity.export_persons(
            register or Register.UNSPECIFIED,
            changed_since=changed_since,
            born_from=born_from,
            born_until=born_until,
            valid_at=valid_at,
            after=after,
        )
        for each in persons:
            (lines or sys.stdout).write(json.dumps(row_document(each), ensure_ascii=False) + "\n")
            advance()


def _print_resolved(each: ResolvedNumber) -> None:
    why = " → ".join(f"{show(step.reason)} {step.effective_date or ''}".strip() for step in each.chain)
    current = each.current.display if each.current else ""
    print_line(_RESOLVED.format(each.asked, show(each.outcome), current, why).rstrip())


def _count(file: str) -> int | None:
    return None if file == "-" else sum(1 for _ in options.lines(file))
