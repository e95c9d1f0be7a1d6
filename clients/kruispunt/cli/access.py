"""`kruispunt access`: who may obtain what, why, and changing it."""

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from kruispunt.access_rights import AppliedRights
from kruispunt.cli import options
from kruispunt.cli.output import print_json, print_line
from kruispunt.cli.session import Session, command
from kruispunt.errors import RightsInvalid

app = typer.Typer(help="Who may obtain what, and why.", no_args_is_help=True)

_SERVICES: Final = ("identity", "directory")
# Services that only the directory serves; those of both are asked there too, unless --service says otherwise.
_OF_IDENTITY: Final = frozenset({"IdentityService", "RegistrationService", "IdentityFeedService"})
_REFUSED: Final = 1


def _services(text: str) -> str:
    if text not in (*_SERVICES, "both"):
        raise typer.BadParameter("it is identity, directory or both")
    return text


Servers = Annotated[
    str,
    typer.Option("--service", parser=_services, metavar="NAME", help="identity, directory or both."),
]
Day = Annotated[
    dt.date | None,
    typer.Option("--day", parser=options.reader(options.day), metavar="DAY", help="Left out: today."),
]


@app.callback()
def access() -> None:
    """Who may obtain what, and why."""


def _apply(
    session: Session,
    *,
    file: Annotated[Path, typer.Argument(help="YAML file of all rights.")],
    service: Servers = "both",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before changing.")] = False,
) -> None:
    """Make the rights exactly those of FILE: first say what would change, then ask, then change it.

    Anything wrong in the file, and nothing is changed at either server; repeated, it changes nothing. Exit status 1:
    refused.
    """
    from kruispunt.rights_file import RightsFileError, read_rights

    try:
        rights = read_rights(file)
    except RightsFileError as error:
        _refuse(file, error.faults)
    servers = _SERVICES if service == "both" else (service,)
    plans: dict[str, AppliedRights] = {}
    for name in servers:
        try:
            with _client(session, name) as client:
                plans[name] = client.apply_rights(rights.message, validate_only=True)
        except RightsInvalid as refusal:
            _refuse(file, rights.faults(refusal.violations))
    if not session.as_json:
        _print_plans(plans)
    changing = [name for name in servers if plans[name].changes]
    if changing and not dry_run:
        if not yes and not session.as_json and not typer.confirm("apply?"):
            raise typer.Exit(_REFUSED)
        for name in changing:
            with _client(session, name) as client:
                client.apply_rights(rights.message, etag=plans[name].etag)
            if not session.as_json:
                print_line(f"{name}: applied")
    if session.as_json:
        print_json({name: {"changes": plan.changes, "applied": not dry_run} for name, plan in plans.items()})


def _print_plans(plans: dict[str, AppliedRights]) -> None:
    for name, plan in plans.items():
        if not plan.changes:
            print_line(f"{name}: no change")
        for change in plan.changes:
            print_line(f"{name}: {change.kind.name.lower():7} {change.entry}")
            for line in change.details:
                print_line(f"{'':{len(name)}}          {line}")


def _refuse(file: Path, faults: Sequence[tuple[int, str]]) -> None:
    typer.echo("refused, nothing was changed:", err=True)
    for line, sentence in faults:
        typer.echo(f"  {file}:{line}: {sentence}" if line else f"  {file}: {sentence}", err=True)
    raise typer.Exit(_REFUSED)


def _explain(
    session: Session,
    *,
    method: Annotated[str, typer.Option(help="Such as IdentityService/GetPerson.")],
    participant: Annotated[str, typer.Option(help="Left out: the caller.")] = "",
    day: Day = None,
) -> None:
    """Say whether a participant may call a method under `--legal-basis`, or which rule refuses.

    Exit status 1: it may not.
    """
    name = "identity" if method.partition("/")[0] in _OF_IDENTITY else "directory"
    with _client(session, name) as client:
        answer = client.explain_access(method, session.stated_legal_basis(), participant=participant, day=day)
    if session.as_json:
        print_json(answer)
        raise typer.Exit(0 if answer.allowed else _REFUSED)
    for check in answer.checks:
        print_line(f"{'✓' if check.passed else '✗'} {check.rule}: {check.explanation}")
    if answer.allowed:
        print_line("allowed" + (f" by grant {answer.grant}" if answer.grant else ""))
    if answer.data_groups:
        print_line(f"data groups: {', '.join(answer.data_groups)}")
    if answer.requires_dossier:
        print_line("only of persons on whom the institution has an open dossier")
    raise typer.Exit(0 if answer.allowed else _REFUSED)


def _who_can(
    session: Session,
    *,
    data_group: Annotated[str, typer.Argument(metavar="DATA-GROUP", help="Such as residential_address.")],
    service: Servers = "both",
    day: Day = None,
) -> None:
    """List who may obtain a data group, by which grant and methods."""
    grantees = []
    for server in _SERVICES if service == "both" else (service,):
        with _client(session, server) as client:
            grantees += client.list_grantees(data_group, day=day)
    if session.as_json:
        print_json({"grantees": grantees})
        return
    if not grantees:
        print_line(f"nobody may obtain {data_group}")
    for each in grantees:
        notes = [
            f"legal basis {each.legal_basis}",
            *(["only with a dossier"] if each.requires_dossier else []),
            *(["protected persons too"] if each.shows_protected else []),
            *([f"until {each.end}"] if each.end else []),
        ]
        print_line(f"{each.participant}: grant {each.grant}, {', '.join(notes)}")
        for method in each.methods:
            print_line(f"  {method}")


command(app, "apply")(_apply)
command(app, "explain")(_explain)
command(app, "who-can")(_who_can)


def _client(session: Session, service: str) -> Any:
    connect: Callable[[], Any] = session.identity if service == "identity" else session.directory
    return connect()
