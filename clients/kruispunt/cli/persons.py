"""`kruispunt person`: who somebody is, by which numbers, and since when that is known."""

import datetime as dt
from typing import Annotated

import typer

from kruispunt.cli import options
from kruispunt.cli.output import print_json, print_line, print_table
from kruispunt.cli.person_facts import choice
from kruispunt.cli.person_history import tell_history
from kruispunt.cli.person_words import (
    parts_words,
    print_candidates,
    print_person,
    print_referrals,
    print_resolution,
    when,
)
from kruispunt.cli.session import Session, command
from kruispunt.facts import DataGroup, Gender, IdentifierKey, IdentifierScheme
from kruispunt.persons import Grade
from kruispunt.values import PartialDate

app = typer.Typer(
    help="Who somebody is: search, register, look back, and keep the numbers in order.", no_args_is_help=True
)

Groups = Annotated[
    list[DataGroup] | None,
    choice(DataGroup, "--group", help="Only this data group; may be given several times."),
]
Key = Annotated[str, typer.Argument(metavar="IDENTIFIER", help="The foreign identifier, as it is written.")]
KeyCountry = Annotated[str, typer.Option("--country", help="Country that gave it, such as MA.")]
Scheme = Annotated[IdentifierScheme, choice(IdentifierScheme, "--scheme", help="Scheme of the identifier.")]


@command(app, "search")
def search(
    session: Session,
    *,
    family_name: Annotated[
        str, typer.Argument(metavar="FAMILY_NAME", help="Family name; several words as they are written.")
    ],
    birth_date: Annotated[
        PartialDate,
        typer.Argument(
            parser=options.reader(options.partial_date),
            metavar="BIRTH_DATE",
            help="YYYY[-MM[-DD]]; the year at least.",
        ),
    ],
    given_name: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="Given name; once for each, an initial will do.")
    ] = None,
    gender: Annotated[Gender | None, choice(Gender, help="Gender.")] = None,
    country: Annotated[
        str, typer.Option(metavar="TEXT", help="Of birth, nationality or residence, such as MA.")
    ] = "",
    tolerance: Annotated[
        int,
        typer.Option(
            help="Years that the birth year may be off; left out: 1.", min=0, max=5, show_default=False
        ),
    ] = 0,
    limit: Annotated[int, typer.Option(help="Candidates at most.", min=1, max=50)] = 10,
) -> None:
    """Search a person over all registers, old names and former numbers included; best candidate first."""
    with session.identity() as identity:
        answer = identity.search_persons(
            family_name,
            birth_date,
            given_names=given_name or (),
            gender=gender or Gender.UNSPECIFIED,
            country=country,
            year_tolerance=tolerance,
            limit=limit,
        )
    if session.as_json:
        print_json(answer)
        return
    print_candidates(answer.candidates)
    print_referrals(answer.referrals)
    if answer.truncated:
        print_line("there are more; say more about the person")
    print_line(f"search {answer.search_id}, rules {answer.rules_version}")


@command(app, "show")
def show_(
    session: Session,
    *,
    person: options.Person,
    valid_at: options.ValidAt = None,
    known_at: options.KnownAt = None,
    group: Groups = None,
) -> None:
    """Show who somebody is: as true on a day, by what was known at an instant."""
    with session.identity() as identity:
        answer = identity.get_person(person, valid_at=valid_at, known_at=known_at, data_groups=group or ())
    if session.as_json:
        print_json(answer)
        return
    print_person(answer)


@command(app, "history")
def history(
    session: Session,
    *,
    person: options.Person,
    valid_at: Annotated[
        dt.date | None,
        typer.Option(
            "--at",
            "--valid-at",
            parser=options.reader(options.day),
            metavar="YYYY-MM-DD",
            help="Only what was said of that day; left out: everything.",
        ),
    ] = None,
    known_at: options.KnownAt = None,
    group: Groups = None,
) -> None:
    """Tell everything ever recorded of a person, a line for each event, oldest first."""
    with session.identity() as identity:
        listing = identity.list_person_versions(
            person, known_at=known_at, data_groups=group or (), page_size=1000
        )
        pages = list(listing.pages())
    versions = [each for page in pages for each in page.items]
    if session.as_json:
        print_json(
            {
                "versions": versions,
                "complete": True,
                "resolution": pages[0].number,
                "withheld": pages[0].withheld,
            }
        )
        return
    if pages[0].number is not None and pages[0].number.protected:
        print_line("PROTECTED" if versions else "PROTECTED: refer to the register keeper")
    for line in tell_history(versions, valid_at):
        print_line(line)
    if pages[0].number is not None:
        print_resolution(pages[0].number)


@command(app, "find")
def find(
    session: Session,
    *,
    identifier: Key,
    country: KeyCountry,
    scheme: Scheme,
    valid_at: options.ValidAt = None,
    known_at: options.KnownAt = None,
) -> None:
    """Find the persons that a foreign identifier is linked to; usually one."""
    with session.identity() as identity:
        found = identity.find_persons_by_foreign_identifier(
            IdentifierKey(country, scheme, identifier), valid_at=valid_at, known_at=known_at
        )
    if session.as_json:
        print_json({"persons": found, "complete": True})
        return
    if not found:
        print_line("nobody")
    for each in found:
        print_person(each)


@command(app, "duplicates")
def duplicates(
    session: Session,
    *,
    least: Annotated[Grade | None, choice(Grade, "--least", help="Lowest grade wanted.")] = None,
) -> None:
    """List pairs of numbers that may be one person, best first; for registrars."""
    with session.identity() as identity:
        pairs = list(identity.suspected_duplicates(least or Grade.UNSPECIFIED, page_size=1000))
    if session.as_json:
        print_json({"pairs": pairs, "complete": True})
        return
    print_table(
        "suspected duplicates",
        ("number", "and number", "grade", "why", "found"),
        [
            (
                each.first.display,
                each.second.display,
                each.grade,
                parts_words(each.parts),
                when(each.find_time),
            )
            for each in pairs
        ],
    )
