"""`kruispunt access`: who may obtain what, why, and changing it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Never

import typer

from kruispunt.access_rights import AppliedRights, RightsChange, RightsEffect
from kruispunt.cli.access_options import REFUSED, Day, Servers, client_of, lines_of, quota_line, servers_of
from kruispunt.cli.access_reading import show_log, show_own, show_rights
from kruispunt.cli.output import print_json, print_line
from kruispunt.cli.session import Session, command
from kruispunt.errors import KruispuntError, RightsInvalid

if TYPE_CHECKING:
    from kruispunt.rights_file import RightsFileError

app = typer.Typer(help="Who may obtain what, and why.", no_args_is_help=True)

# Services that only identity serves; those of both are asked at the directory.
_OF_IDENTITY: Final = frozenset({"IdentityService", "RegistrationService", "IdentityFeedService"})


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
    """Make the rights exactly those of FILE.

    First it says what would change, what widens rights before all else; then it asks, then it changes it. Anything
    wrong in the file, and nothing is changed at either server; repeated, it changes nothing. Exit status 1: refused.
    """
    from kruispunt.rights_file import RightsFileError, read_rights

    servers = servers_of(service)
    try:
        rights = read_rights(file)
    except RightsFileError as error:
        _refuse(file, _with_sense(session, servers[0], error))
    plans: dict[str, AppliedRights] = {}
    for name in servers:
        try:
            with client_of(session, name) as client:
                plans[name] = client.apply_rights(rights.message, validate_only=True)
        except RightsInvalid as refusal:
            _refuse(file, rights.refused(refusal.violations, refusal.metadata.get("faults", "")))
    if not session.as_json:
        print_plans(plans)
    changing = [name for name in servers if plans[name].changes]
    if changing and not dry_run:
        if not yes and not session.as_json and not typer.confirm("apply?"):
            raise typer.Exit(REFUSED)
        for name in changing:
            with client_of(session, name) as client:
                client.apply_rights(rights.message, etag=plans[name].etag)
            if not session.as_json:
                print_line(f"{name}: applied")
    if session.as_json:
        print_json({name: {"changes": plan.changes, "applied": not dry_run} for name, plan in plans.items()})


def print_plans(plans: dict[str, AppliedRights]) -> None:
    """Say what would change, once for servers where it is the same: what widens rights first."""
    told: dict[tuple[RightsChange, ...], list[str]] = {}
    for name, plan in plans.items():
        told.setdefault(plan.changes, []).append(name)
    for changes, names in told.items():
        where = " and ".join(names)
        if not changes:
            print_line(f"{where}: no change")
        for effect, heading in _HEADINGS:
            chosen = [each for each in changes if each.effect is effect]
            if chosen:
                print_line(f"{where}: {heading}")
            for change in chosen:
                for line in lines_of(change):
                    print_line(f"  {line}")


_HEADINGS: Final = (
    (RightsEffect.WIDENS, 'WIDENS rights ("+" more, "-" less)'),
    (RightsEffect.NARROWS, "narrows rights"),
    (RightsEffect.NEUTRAL, "changes nobody's rights"),
)


def _with_sense(session: Session, service: str, error: "RightsFileError") -> "RightsFileError":
    """Return what is wrong with the form of a file together with what the registry finds wrong with its sense."""
    if error.file is None:
        return error
    try:
        with client_of(session, service) as client:
            client.apply_rights(error.file.message, validate_only=True)
    except RightsInvalid as refusal:
        return error.file.refused(refusal.violations, refusal.metadata.get("faults", ""))
    except KruispuntError as failure:
        typer.echo(f"only the form was looked at: {failure.message}", err=True)
    return error


def _refuse(file: Path, error: "RightsFileError") -> Never:
    typer.echo("refused, nothing was changed:", err=True)
    for line, sentence in error.faults:
        typer.echo(f"  {file}:{line}: {sentence}" if line else f"  {file}: {sentence}", err=True)
    for sentence in error.and_more():
        typer.echo(f"  {sentence}", err=True)
    raise typer.Exit(REFUSED)


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
    with client_of(session, name) as client:
        answer = client.explain_access(method, session.stated_legal_basis(), participant=participant, day=day)
    if session.as_json:
        print_json(answer)
        raise typer.Exit(0 if answer.allowed else REFUSED)
    for check in answer.checks:
        print_line(f"{'✓' if check.passed else '✗'} {check.rule}: {check.explanation}")
    if answer.allowed:
        print_line("allowed" + (f" by grant {answer.grant}" if answer.grant else ""))
    if answer.data_groups:
        print_line(f"data groups: {', '.join(answer.data_groups)}")
    if answer.requires_dossier:
        print_line("only of persons on whom the institution has an open dossier")
    for quota in answer.quotas:
        print_line(f"quota {quota_line(quota)}")
    raise typer.Exit(0 if answer.allowed else REFUSED)


def _who_can(
    session: Session,
    *,
    data_group: Annotated[str, typer.Argument(metavar="DATA-GROUP", help="Such as residential_address.")],
    service: Servers = "both",
    day: Day = None,
) -> None:
    """List who may obtain a data group, by which grant and methods."""
    grantees = []
    for server in servers_of(service):
        with client_of(session, server) as client:
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


command(app, "apply", "Make the rights exactly those of FILE.")(_apply)
command(app, "show", "Print the rights in force as a file.")(show_rights)
command(app, "mine", "Print what the rights say of the caller.")(show_own)
command(app, "log", "List who changed which rights, and when.")(show_log)
command(app, "explain", "Say whether a call would be let in, and why.")(_explain)
command(app, "who-can", "List who may obtain a data group, and how.")(_who_can)
