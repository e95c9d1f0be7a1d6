"""`kruispunt sandbox`: a synthetic population to try the registry with."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from kruispunt.cli import options
from kruispunt.cli.output import print_json, print_line, print_table
from kruispunt.cli.progress import progress
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
    """Import the population into the registers BIS and RAD, then register its dossiers, each as its institution.

    Takes a profile for the registrar, registry-registrar, with an identity_endpoint, and one for each institution of
    the sandbox, institution-SECTOR-NUMBER; connection and purpose are the profiles'. Loading again changes nothing.
    National persons are known once the national register's stand-in holds them: see `national-register`.
    """
    from kruispunt import sandbox

    with (
        sandbox.connected() as clients,
        sandbox.registrar() as identity,
        progress("persons", persons, quiet=session.as_json) as advance,
    ):
        registers = sandbox.load_registers(sandbox.population(persons, seed), identity, seed=seed)
        people = sandbox.population(persons, seed)
        report = sandbox.load(people, clients, seed=seed, threads=threads, on_person=advance)
    if session.as_json:
        print_json(
            {
                "persons": report.persons,
                "dossiers": report.dossiers,
                "outcomes": dict(report.outcomes),
                "refused": dict(report.refused),
                "registers": {
                    "rows": registers.rows,
                    "outcomes": dict(registers.outcomes),
                    "refused": dict(registers.refused),
                    "replaced": registers.replaced,
                },
                "elapsed_s": round(registers.elapsed_s + report.elapsed_s, 3),
            }
        )
        return
    print_line(
        f"{registers.rows} numbers imported, {registers.replaced} replaced in {registers.elapsed_s:.1f} s; "
        f"{report.persons} persons, {report.dossiers} dossiers in {report.elapsed_s:.1f} s"
    )
    if registers.refused:
        print_table("refused", ("reason", "rows"), sorted(registers.refused.items()))
    if report.refused:
        print_table("refused", ("reason", "registrations"), sorted(report.refused.items()))


@app.command("national-register")
def national_register(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Where to.")],
    *,
    persons: Persons = 1000,
    seed: Seed = 1,
) -> None:
    """Write the population's national persons as JSON lines, as `kruispunt-identity load-national` reads them."""
    from kruispunt.persons import Register
    from kruispunt.sandbox import national_document, population

    with options.private(file) as lines:
        for person in population(persons, seed):
            if person.register is Register.NATIONAL:
                lines.write(json.dumps(national_document(person), ensure_ascii=False) + "\n")


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
