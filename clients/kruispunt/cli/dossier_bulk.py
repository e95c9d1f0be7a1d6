"""`kruispunt dossier import` and `export`: what the institution holds, very many at once."""

import datetime as dt
import sys
import uuid
from pathlib import Path
from typing import Annotated

import typer

from kruispunt.cli import bulk, options
from kruispunt.cli.dossier_files import EXPORTED, read_lines, row_of
from kruispunt.cli.dossiers import app
from kruispunt.cli.progress import progress
from kruispunt.cli.row_files import print_row, writing_rows
from kruispunt.cli.session import Session, command
from kruispunt.dossier_rows import DossierRowOutcome

_IMPORTS = uuid.UUID("6c0f3c0e-5d0b-5a55-9f43-6b7275697371")


@command(app, "import")
def import_(
    session: Session,
    *,
    file: bulk.File,
    import_id: bulk.ImportId = None,
    validate_only: bulk.DryRun = False,
    report: bulk.Report = None,
    rejects: bulk.Rejects = None,
) -> None:
    """Register many dossiers of the institution, each by the rules of `register`.

    The file is read through before anything is sent. A row that was sent before is not registered again, so that an
    import that broke is repeated as it was. Exit status 1 if a row was refused. Let rows on one person follow each
    other: a dry run sees them together then.

    Columns of CSV and Parquet, and names of JSON lines: ssin, capacity, begin; and, as far as there is something to say,
    end, phase, institution, network_level, source, and to be compared family_name, given_names (with "|" between),
    birth_date, sex. Days are YYYY-MM-DD.
    """
    with session.directory() as directory:
        bulk.import_file(
            session,
            file,
            read_lines,
            lambda rows: directory.import_dossiers(
                rows, import_id=import_id or bulk.name_of(file, _IMPORTS), validate_only=validate_only
            ),
            done=lambda result: result.outcome is not DossierRowOutcome.REFUSED,
            repeated=lambda result: result.repeated,
            report=report,
            rejects=rejects,
            dry=validate_only,
        )


@command(app, "export")
def export(
    session: Session,
    *,
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE|-",
            help="Where to: JSON lines; or CSV or Parquet, if its name ends so. - is stdout.",
        ),
    ] = "-",
    valid_at: Annotated[
        dt.date | None,
        typer.Option(
            "--at",
            "--valid-at",
            parser=options.reader(options.day),
            metavar="YYYY-MM-DD",
            help="Only those open on that day; left out: of every period.",
        ),
    ] = None,
    capacity: options.Capacity = None,
    changed_since: Annotated[
        dt.datetime | None,
        typer.Option(
            parser=options.reader(options.instant),
            metavar="YYYY-MM-DDTHH:MM:SSZ",
            help="Only those whose state was recorded since.",
        ),
    ] = None,
    after: Annotated[
        str, typer.Option(parser=options.person, metavar="NUMBER", help="Go on after this person.")
    ] = "",
) -> None:
    """Write the institution's own dossiers, in the form that `import` reads; by person."""
    with (
        session.directory() as directory,
        progress("dossiers", None, quiet=session.as_json or file == "-") as advance,
    ):
        dossiers = directory.export_dossiers(
            valid_at=valid_at, capacity=capacity, changed_since=changed_since, after=after
        )
        if file == "-":
            for each in dossiers:
                print_row(sys.stdout, row_of(each))
            return
        with writing_rows(Path(file), EXPORTED) as write:
            for each in dossiers:
                write(row_of(each))
                advance()
