"""`kruispunt sandbox`: a synthetic population to try the registry with."""

import sys
import threading
from typing import Annotated

import typer

from kruispunt.cli.output import print_json, print_line, print_table
from kruispunt.cli.session import Session, command

app = typer.Typer(help="A synthetic population to try the registry with.", no_args_is_help=True)

Persons = Annotated[int, typer.Option(help="How many.", min=1)]
Seed = Annotated[int, typer.Option(help="The same seed gives the same population.")]


@command(app, "load")
def load(
    session: Session,
    *,
    persons: Persons = 1000,
    seed: Seed = 1,
    threads: Annotated[int, typer.Option(help="Persons in flight.", min=1, max=64)] = 8,
) -> None:
    """Register the population's dossiers, each as the institution that holds it.

    Takes a profile for each institution of the sandbox, named institution-SECTOR-NUMBER; connection and purpose
    are the profiles'. Loading again changes nothing.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from kruispunt import sandbox

    columns = (TextColumn("persons"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    quiet = session.as_json or not sys.stderr.isatty()
    with (
        sandbox.connected() as clients,
        Progress(*columns, console=Console(stderr=True), disable=quiet) as progress,
    ):
        task = progress.add_task("persons", total=persons)
        lock = threading.Lock()

        def advance() -> None:
            with lock:
                progress.advance(task)

        people = sandbox.population(persons, seed)
        report = sandbox.load(people, clients, seed=seed, threads=threads, on_person=advance)
    if session.as_json:
        print_json(
            {
                "persons": report.persons,
                "dossiers": report.dossiers,
                "outcomes": dict(report.outcomes),
                "refused": dict(report.refused),
                "elapsed_s": round(report.elapsed_s, 3),
            }
        )
        return
    print_line(f"{report.persons} persons, {report.dossiers} dossiers in {report.elapsed_s:.1f} s")
    if report.refused:
        print_table("refused", ("reason", "registrations"), sorted(report.refused.items()))


@app.command("numbers")
def numbers(*, persons: Persons = 10, seed: Seed = 1) -> None:
    """Print the population's numbers, one a line, as `resolve` reads them."""
    from kruispunt.sandbox import population

    for person in population(persons, seed):
        sys.stdout.write(f"{person.ssin}\n")


@app.command("persons")
def persons_(
    *,
    persons: Persons = 10,
    seed: Seed = 1,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines instead of a table.")] = False,
) -> None:
    """Show the population: who they would be, and their dossiers."""
    from kruispunt.sandbox import population

    people = population(persons, seed)
    if as_json:
        for person in people:
            print_json(person)
        return
    print_table(
        "persons",
        ("number", "name", "born", "sex", "", "dossiers"),
        [
            (
                person.ssin.display,
                f"{person.family_name}, {' '.join(person.given_names)}",
                f"{person.birth_date.year:04}-{person.birth_date.month:02}-{person.birth_date.day:02}",
                person.sex,
                person.pair,
                ", ".join(f"{d.institution} {d.capacity}" for d in person.dossiers),
            )
            for person in people
        ],
    )
