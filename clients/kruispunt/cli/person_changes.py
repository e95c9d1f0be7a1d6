"""`kruispunt person register`, `update`, `retract`, `distinct`, `link` and `unlink`."""

import datetime as dt
from typing import Annotated

import typer

from kruispunt.cli import options
from kruispunt.cli.output import print_json, print_line, print_table
from kruispunt.cli.person_facts import FactOptions, choice
from kruispunt.cli.person_words import (
    print_candidates,
    print_identifiers,
    print_person,
    print_referrals,
    print_resolution,
    words,
)
from kruispunt.cli.persons import Key, KeyCountry, Scheme, app
from kruispunt.cli.session import Session, command
from kruispunt.facts import IdentifierKey, Validity
from kruispunt.registering import DistinctDecision, DistinctReason, FactChange, PersonOutcome

# A split is noted by the registry, not given as a reason.
_GIVEN_REASONS = [each for each in DistinctReason if each.value and each is not DistinctReason.SPLIT]


def decision(text: str) -> DistinctDecision:
    """Read NUMBER:REASON, or NUMBER:REASON:NOTE.

    Raises:
        ValueError: the reason is none.
    """
    number, _, rest = text.partition(":")
    reason, _, note = rest.partition(":")
    names = {each.name.lower().replace("_", "-"): each for each in _GIVEN_REASONS}
    if reason not in names:
        raise ValueError(f"a decision is NUMBER:REASON[:NOTE], the reason one of {', '.join(names)}")
    return DistinctDecision(options.person(number), names[reason], note)


FactId = Annotated[str, typer.Argument(metavar="FACT_ID", help="Identifier of the fact.")]


@command(app, "register")
def register(
    session: Session,
    *,
    facts: FactOptions,
    search_id: Annotated[
        str,
        typer.Option(
            "--search", metavar="SEARCH_ID", help="The search made before, by the id that it showed."
        ),
    ] = "",
    distinct: Annotated[
        list[DistinctDecision] | None,
        typer.Option(
            parser=options.reader(decision),
            metavar="NUMBER:REASON[:NOTE]",
            help="A candidate that is another person, and why: twin, relative, homonym, documents, both-known.",
        ),
    ] = None,
    request_id: options.RequestId = None,
    validate_only: options.ValidateOnly = False,
) -> None:
    """Register a person whom no register has, under a new bis number.

    If it may be somebody who is registered already, nothing is created: the candidates are shown, and the exit
    status is 1. --distinct says of each strong candidate why it is another person.
    """
    with session.identity() as identity:
        answer = identity.register_person(
            facts.statements(),
            search_id=search_id,
            distinct=distinct or (),
            request_id=request_id,
            validate_only=validate_only,
        )
    created = answer.outcome is PersonOutcome.CREATED
    if session.as_json:
        print_json(answer)
    elif created:
        print_line("would be created" if validate_only else "created")
        if answer.person is not None:
            print_person(answer.person)
    elif answer.referrals:
        print_line(
            "nothing was created: it may be a protected person, and only the register keeper can decide"
        )
    else:
        print_line("nothing was created: it may be one of these; name those who are not by --distinct")
    if not session.as_json:
        print_referrals(answer.referrals)
        if answer.candidates:
            print_candidates(answer.candidates)
    if not created:
        raise typer.Exit(1)


@command(app, "update")
def update(
    session: Session,
    *,
    person: options.Person,
    facts: FactOptions,
    corrects: Annotated[
        str, typer.Option(metavar="FACT_ID", help="The fact that is corrected; with one data group only.")
    ] = "",
    all_or_none: Annotated[bool, typer.Option("--all-or-none", help="Nothing unless everything.")] = False,
    etag: options.Etag = "",
    request_id: options.RequestId = None,
    validate_only: options.ValidateOnly = False,
) -> None:
    """Say new facts of a person, or correct one; exit status 1 if a data group was refused."""
    told = facts.statements()
    if not told:
        raise ValueError("say what changes")
    if corrects and len(told) != 1:
        raise ValueError("--corrects goes with one data group")
    with session.identity() as identity:
        answer = identity.update_person(
            person,
            [FactChange(each, corrects) for each in told],
            etag=etag,
            all_or_none=all_or_none,
            request_id=request_id,
            validate_only=validate_only,
        )
    if session.as_json:
        print_json(answer)
    else:
        print_table(
            "data groups",
            ("group", "outcome", "value", "why"),
            [
                (
                    each.group,
                    each.outcome,
                    words(each.fact.value) if each.fact else "",
                    each.message or each.reason,
                )
                for each in answer.results
            ],
        )
        if answer.etag:
            print_line(f"etag {answer.etag}")
        print_resolution(answer.resolution)
    if any(each.reason for each in answer.results):
        raise typer.Exit(1)


@command(app, "retract")
def retract(
    session: Session,
    *,
    person: options.Person,
    fact_id: FactId,
    etag: options.Etag = "",
    request_id: options.RequestId = None,
    validate_only: options.ValidateOnly = False,
) -> None:
    """Take a fact back that should not have been told."""
    with session.identity() as identity:
        answer = identity.retract_fact(
            person, fact_id, etag=etag, request_id=request_id, validate_only=validate_only
        )
    if session.as_json:
        print_json(answer)
        return
    print_line(f"taken back: {words(answer.fact.value)}")
    print_line(f"etag {answer.etag}")
    print_resolution(answer.resolution)


@command(app, "distinct")
def distinct(
    session: Session,
    *,
    person: options.Person,
    other: Annotated[str, typer.Argument(parser=options.person, metavar="OTHER", help="The other number.")],
    reason: Annotated[
        DistinctReason,
        choice(DistinctReason, "--reason", help="Why it is another person.", only=_GIVEN_REASONS),
    ],
    note: Annotated[str, typer.Option(help="Further explanation, at most 200 characters.")] = "",
    request_id: options.RequestId = None,
    validate_only: options.ValidateOnly = False,
) -> None:
    """Keep the decision that two numbers are two persons."""
    with session.identity() as identity:
        stood = identity.record_distinct(
            person,
            DistinctDecision(other, reason, note),
            request_id=request_id,
            validate_only=validate_only,
        )
    if session.as_json:
        print_json({"already_recorded": stood})
        return
    print_line("the decision stood already" if stood else "the decision is kept")


@command(app, "link")
def link(
    session: Session,
    *,
    person: options.Person,
    identifier: Key,
    country: KeyCountry,
    scheme: Scheme,
    begin: options.Begin = None,
    end: options.End = None,
    request_id: options.RequestId = None,
    validate_only: options.ValidateOnly = False,
) -> None:
    """Link a foreign identifier to a person; from today on, unless --begin says otherwise."""
    with session.identity() as identity:
        answer = identity.link_foreign_identifier(
            person,
            IdentifierKey(country, scheme, identifier),
            validity=Validity(begin, end) if begin or end else None,
            request_id=request_id,
            validate_only=validate_only,
        )
    if session.as_json:
        print_json(answer)
        return
    if answer.already_linked:
        print_line("the link stood already")
    print_identifiers([answer.identifier])
    print_resolution(answer.resolution)


@command(app, "unlink")
def unlink(
    session: Session,
    *,
    person: options.Person,
    link_id: Annotated[str, typer.Argument(metavar="LINK_ID", help="Identifier of the link.")],
    end: Annotated[
        dt.date,
        typer.Option(
            parser=options.reader(options.day), metavar="YYYY-MM-DD", help="The day after the last."
        ),
    ],
    etag: options.Etag = "",
    request_id: options.RequestId = None,
    validate_only: options.ValidateOnly = False,
) -> None:
    """End the link of a foreign identifier."""
    with session.identity() as identity:
        answer = identity.end_foreign_identifier_link(
            person, link_id, end=end, etag=etag, request_id=request_id, validate_only=validate_only
        )
    if session.as_json:
        print_json(answer)
        return
    print_identifiers([answer.identifier])
    print_resolution(answer.resolution)
