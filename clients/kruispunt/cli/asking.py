"""`kruispunt route`, `coverage` and `resolve`: who holds what, may I, from whom."""

from pathlib import Path
from typing import Annotated

import typer

from kruispunt.cli import options
from kruispunt.cli.output import print_json, print_line, print_notes, print_table, show
from kruispunt.cli.session import Session, command
from kruispunt.routes import CheckOutcome, Route
from kruispunt.values import InstitutionRef, PersonDossiers

_MARKS = {CheckOutcome.PASSED: "✓", CheckOutcome.FAILED: "✗"}
_RESOLVED = "{:11}  {:16}  {:>11}  {:>8}  {:>5}  {}"


def add_to(app: typer.Typer) -> None:
    """Add the commands at the top of the tree."""
    command(app, "route")(route)
    command(app, "coverage")(coverage)
    command(app, "resolve")(resolve)


def route(
    session: Session,
    *,
    person: options.Person,
    data_set: options.DataSetName,
    deliberation: Annotated[str, typer.Option(help="Left out: the legal basis.")] = "",
    valid_at: options.ValidAt = None,
    known_at: options.KnownAt = None,
    supplier: Annotated[
        InstitutionRef | None,
        typer.Option(
            parser=options.reader(InstitutionRef.parse), metavar="SECTOR/NUMBER", help="Only this supplier."
        ),
    ] = None,
) -> None:
    """Ask whether a data set on a person may be obtained, and from whom; a refusal is an answer too."""
    with session.directory() as directory:
        answer = directory.get_route(
            person,
            data_set,
            deliberation=deliberation,
            valid_at=valid_at,
            known_at=known_at,
            supplier=supplier,
        )
    if session.as_json:
        print_json(answer)
        return
    print_route(answer)


def print_route(answer: Route) -> None:
    """Print verdict, checks with why, and suppliers."""
    basis = f" under {answer.deliberation}" if answer.deliberation else ""
    print_line(
        f"{_MARKS.get(CheckOutcome.PASSED if answer.allowed else CheckOutcome.FAILED)} {show(answer.verdict)}{basis}"
    )
    print_table(
        "checks",
        ("", "check", "why"),
        [
            (_MARKS.get(c.outcome, "\N{EN DASH}"), c.check, c.explanation or show(c.outcome))
            for c in answer.checks
        ],
    )
    if answer.suppliers:
        print_table(
            "suppliers",
            ("institution", "capacity", "phase", "period", "network", "availability"),
            [
                (s.institution, s.capacity, s.phase, s.period, s.network_level, s.availability_id)
                for s in answer.suppliers
            ],
        )
    print_line(f"decision {answer.decision_id}")
    print_notes(answer.resolution)


def coverage(
    session: Session, *, sector: options.SectorCode = None, institution: options.InstitutionNumber = None
) -> None:
    """Show up to when each institution has told what it holds."""
    with session.directory() as directory:
        found = list(directory.get_coverage(sector=sector, institution=institution, page_size=1000))
    if session.as_json:
        print_json({"institutions": found, "complete": True})
        return
    print_table(
        "coverage",
        ("institution", "last change", "told everything until"),
        [(each.institution, each.last_change_time, each.synchronised_until) for each in found],
    )


def resolve(
    session: Session,
    *,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="One number a line; - reads from stdin.")],
    valid_at: options.ValidAt = None,
    known_at: options.KnownAt = None,
    sector: options.SectorCode = None,
    institution: options.InstitutionNumber = None,
    capacity: options.Capacity = None,
    network: options.NetworkOption = None,
    chunk: Annotated[int, typer.Option(help="Numbers a message.", min=1, max=1000)] = 1000,
) -> None:
    """List the dossiers of very many persons, as the answers come; JSON lines with --json."""
    if file != "-" and not Path(file).is_file():
        raise ValueError(f"no file {file}")
    with session.directory() as directory:
        answers = directory.resolve_dossiers(
            options.lines(file),
            valid_at=valid_at,
            known_at=known_at,
            sector=sector,
            institution=institution,
            capacity=capacity,
            network_level=options.network_level(network),
            chunk=chunk,
        )
        for place, answer in enumerate(answers):
            if session.as_json:
                print_json(answer)
                continue
            if not place:
                print_line(_RESOLVED.format("asked", "status", "institution", "capacity", "phase", "period"))
            _print_resolved(answer)


def _print_resolved(answer: PersonDossiers) -> None:
    status = show(answer.status)
    if not answer.dossiers:
        print_line(_RESOLVED.format(answer.asked, status, "", "", "", "").rstrip())
    for each in answer.dossiers:
        print_line(
            _RESOLVED.format(
                answer.asked, status, str(each.institution), each.capacity, each.phase, show(each.period)
            )
        )
