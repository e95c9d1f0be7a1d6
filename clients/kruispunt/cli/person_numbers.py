"""`kruispunt person preview`, `replace`, `split`, `cancel` and `move`: the numbers kept in order."""

import datetime as dt
from typing import Annotated

import typer

from kruispunt.cli import options
from kruispunt.cli.output import print_json, print_line, show
from kruispunt.cli.person_facts import choice
from kruispunt.cli.person_words import (
    print_conflicts,
    print_facts,
    print_identifiers,
    print_person,
    print_resolution,
    print_told,
)
from kruispunt.cli.persons import app
from kruispunt.cli.session import Session, command
from kruispunt.persons import NumberChangeReason, Register
from kruispunt.registering import ReplacementPreview, SplitReceipt

_REASONS = (
    NumberChangeReason.DUPLICATE,
    NumberChangeReason.NATIONAL_NUMBER_GIVEN,
    NumberChangeReason.CORRECTION,
)
_REGISTERS = (Register.RAD, Register.NATIONAL)

Former = Annotated[
    str, typer.Argument(parser=options.person, metavar="FORMER", help="The number that is replaced.")
]
Next = Annotated[
    str, typer.Argument(parser=options.person, metavar="NEXT", help="The number that takes its place.")
]
Effective = Annotated[
    dt.date | None,
    typer.Option("--from", parser=options.reader(options.day), metavar="YYYY-MM-DD", help="Left out: today."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@command(app, "preview")
def preview(session: Session, *, former: Former, next_: Next) -> None:
    """Show what a replacement would do: what moves, who is told, what conflicts. Nothing is written."""
    with session.identity() as identity:
        answer = identity.preview_replacement(former, next_)
    if session.as_json:
        print_json(answer)
        return
    _print_preview(answer)


@command(app, "replace")
def replace(
    session: Session,
    *,
    former: Former,
    next_: Next,
    reason: Annotated[
        NumberChangeReason | None,
        choice(NumberChangeReason, "--reason", help="Left out: duplicate.", only=_REASONS),
    ] = None,
    effective: Effective = None,
    yes: Yes = False,
    request_id: options.RequestId = None,
    validate_only: options.ValidateOnly = False,
) -> None:
    """Replace a number by another of the same person, after a preview; with --yes without asking."""
    _must_not_ask(session, yes=yes or validate_only)
    with session.identity() as identity:
        seen: ReplacementPreview | None = None
        if not yes and not validate_only:
            seen = identity.preview_replacement(former, next_)
            _print_preview(seen)
            _ask("Replace it?")
        answer = identity.replace_number(
            former,
            next_,
            reason=reason or NumberChangeReason.DUPLICATE,
            effective_date=effective,
            former_etag=seen.former_etag if seen else "",
            next_etag=seen.next_etag if seen else "",
            request_id=request_id,
            validate_only=validate_only,
        )
    if session.as_json:
        print_json(answer)
        return
    if answer.already_replaced:
        print_line("the replacement stood already; nothing was changed")
    print_resolution(answer.resolution)
    print_person(answer.person)
    if answer.conflicts and seen is None:
        print_conflicts(answer.conflicts)


@command(app, "split")
def split(
    session: Session,
    *,
    number: Former,
    take: Annotated[
        list[str] | None,
        typer.Option(metavar="FACT_ID", help="A fact that belongs to the number split off; once for each."),
    ] = None,
    effective: Effective = None,
    yes: Yes = False,
    request_id: options.RequestId = None,
    validate_only: options.ValidateOnly = False,
) -> None:
    """Undo a replacement, after a look at what goes where; with --yes without asking."""
    _must_not_ask(session, yes=yes or validate_only)
    with session.identity() as identity:
        if not yes and not validate_only:
            receipt = identity.split_number(
                number, take_fact_ids=take or (), effective_date=effective, validate_only=True
            )
            _print_receipt(receipt, would=True)
            _ask("Split it off?")
        answer = identity.split_number(
            number,
            take_fact_ids=take or (),
            effective_date=effective,
            request_id=request_id,
            validate_only=validate_only,
        )
    if session.as_json:
        print_json(answer)
        return
    _print_receipt(answer, would=validate_only)


@command(app, "cancel")
def cancel(
    session: Session,
    *,
    number: options.Person,
    etag: options.Etag = "",
    yes: Yes = False,
    request_id: options.RequestId = None,
    validate_only: options.ValidateOnly = False,
) -> None:
    """Cancel a number that was given out by mistake, for ever; it is never given out again."""
    if not validate_only:
        _must_not_ask(session, yes=yes)
    with session.identity() as identity:
        if not (yes or validate_only):
            looked = identity.cancel_number(number, etag=etag, validate_only=True)
            print_told(
                looked.concerned, complete=looked.concerned_is_complete, what="should look at their dossiers"
            )
            _ask("Cancel the number? It cannot be undone.")
        answer = identity.cancel_number(number, etag=etag, request_id=request_id, validate_only=validate_only)
    if session.as_json:
        print_json(answer)
        return
    print_line(f"the number is {show(answer.resolution.outcome)}")
    print_told(answer.concerned, complete=answer.concerned_is_complete, what="should look at their dossiers")


@command(app, "move")
def move(
    session: Session,
    *,
    person: options.Person,
    register: Annotated[Register, choice(Register, "--register", help="Where to.", only=_REGISTERS)],
    effective: Effective = None,
    request_id: options.RequestId = None,
    validate_only: options.ValidateOnly = False,
) -> None:
    """Move a person with a national number to the register RAD, or back to NATIONAL."""
    with session.identity() as identity:
        answer = identity.move_to_register(
            person,
            register,
            effective_date=effective,
            request_id=request_id,
            validate_only=validate_only,
        )
    if session.as_json:
        print_json(answer)
        return
    if answer.already_there:
        print_line("the person was there already; nothing was changed")
    print_person(answer.person)


def _print_preview(answer: ReplacementPreview) -> None:
    print_facts("would move", answer.moving_facts)
    if answer.moving_identifiers:
        print_identifiers(answer.moving_identifiers)
    if answer.moving_ssins:
        print_line(f"numbers that would follow: {', '.join(each.display for each in answer.moving_ssins)}")
    if answer.conflicts:
        print_conflicts(answer.conflicts)
    print_told(answer.told, complete=answer.told_is_complete, what="would be told")


def _print_receipt(answer: SplitReceipt, *, would: bool) -> None:
    print_line(
        f"{answer.split_off.ssin.display} {'would be' if would else 'is'} split off from "
        f"{answer.remaining.ssin.display}"
    )
    print_facts("go back" if would else "went back", answer.returned_facts)
    if answer.taken_facts:
        print_facts("taken along", answer.taken_facts)
    if answer.returned_identifiers:
        print_identifiers(answer.returned_identifiers)
    if answer.returned_ssins:
        print_line(f"numbers that go along: {', '.join(each.display for each in answer.returned_ssins)}")
    if answer.undecided_facts:
        print_facts("stay, and somebody must decide (--take)", answer.undecided_facts)


def _must_not_ask(session: Session, *, yes: bool) -> None:
    if session.as_json and not yes:
        raise ValueError("with --json nothing is asked: say --yes or --validate-only")


def _ask(question: str) -> None:
    """Go on if the answer is yes; else nothing is done, and the exit status is 1."""
    if not typer.confirm(question, err=True):
        typer.echo("nothing was done", err=True)
        raise typer.Exit(1)
