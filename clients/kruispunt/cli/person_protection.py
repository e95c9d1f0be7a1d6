"""`kruispunt person protect`, `unprotect` and `referral`: who is shown as "refer to the register keeper"."""

import datetime as dt
from dataclasses import dataclass
from typing import Annotated

import typer

from kruispunt.cli import options
from kruispunt.cli.output import print_json, print_line, print_table
from kruispunt.cli.person_words import print_person, when
from kruispunt.cli.persons import app
from kruispunt.cli.session import Session, command
from kruispunt.registering import ProtectionState

Reference = Annotated[
    str,
    typer.Option(
        metavar="TEXT", help="Where the decision is filed, at most 100 characters; no personal data."
    ),
]
Effective = Annotated[
    dt.date | None,
    typer.Option("--from", parser=options.reader(options.day), metavar="YYYY-MM-DD", help="Left out: today."),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is said of the decision, and how it is written."""

    reference: Reference
    effective_date: Effective = None
    etag: options.Etag = ""
    request_id: options.RequestId = None


@command(app, "protect")
def protect(
    session: Session,
    *,
    person: options.Person,
    decision: Decision,
    validate_only: options.ValidateOnly = False,
) -> None:
    """Protect a person (address secrecy); for registrars. It holds at once, for every day that is asked about."""
    _set(session, person, ProtectionState.PROTECTED, decision, validate_only=validate_only)


@command(app, "unprotect")
def unprotect(
    session: Session,
    *,
    person: options.Person,
    decision: Decision,
    validate_only: options.ValidateOnly = False,
) -> None:
    """Lift the protection of a person, under all of their numbers; for registrars who may see protected persons."""
    _set(session, person, ProtectionState.LIFTED, decision, validate_only=validate_only)


@command(app, "referral")
def referral(
    session: Session,
    *,
    text: Annotated[
        str, typer.Argument(metavar="REFERRAL", help="What an institution was given for a number.")
    ],
) -> None:
    """Show whom a referral names; for registrars who may see protected persons."""
    with session.identity() as identity:
        answer = identity.open_referral(text)
    if session.as_json:
        print_json(answer)
        return
    print_person(answer)


def _set(
    session: Session, person: str, state: ProtectionState, decision: Decision, *, validate_only: bool
) -> None:
    with session.identity() as identity:
        answer = identity.set_protection(
            person,
            state,
            reference=decision.reference,
            effective_date=decision.effective_date,
            etag=decision.etag,
            request_id=decision.request_id,
            validate_only=validate_only,
        )
    if session.as_json:
        print_json(answer)
        return
    if answer.unchanged:
        print_line("it was so already; nothing was changed")
    print_line("protected" if answer.resolution.protected else "not protected")
    if answer.protections:
        print_table(
            "marks",
            ("under", "from", "decision", "set by", "recorded", "lifted from", "decision", "lifted by"),
            [
                (
                    each.registered_under.display,
                    each.begin or "",
                    each.reference,
                    each.set_by,
                    when(each.record_time),
                    each.lift_date or "",
                    each.lift_reference,
                    each.lifted_by,
                )
                for each in answer.protections
            ],
        )
