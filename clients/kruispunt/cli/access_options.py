"""What the commands of `kruispunt access` share: servers, days, and how differences are told."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, Final

import typer

from kruispunt.access_rights import AppliedQuota, ChangeOfRights, QuotaSource, RightsChange, RightsEffect
from kruispunt.cli import options
from kruispunt.cli.session import Session

SERVICES: Final = ("identity", "directory")
REFUSED: Final = 1
"""Exit status of what was refused."""

_SOURCES: Final = {
    QuotaSource.PARTICIPANT: "its own",
    QuotaSource.GRANT: "of the grant",
    QuotaSource.SERVER: "the server's usual one",
}
_MARKS: Final = {RightsEffect.WIDENS: "+", RightsEffect.NARROWS: "-", RightsEffect.NEUTRAL: " "}


def _services(text: str) -> str:
    if text not in (*SERVICES, "both"):
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


def servers_of(service: str) -> Sequence[str]:
    """Return the servers that an option means."""
    return SERVICES if service == "both" else (service,)


def client_of(session: Session, service: str) -> Any:
    """Connect to a server."""
    connect: Callable[[], Any] = session.identity if service == "identity" else session.directory
    return connect()


def lines_of(change: RightsChange) -> Iterator[str]:
    """Yield a difference as lines: entry, then key by key with "+" for what widens and "-" for what narrows."""
    yield f"{change.kind.name.lower():7} {change.entry}"
    for each in change.differences:
        if change.kind is ChangeOfRights.REMOVED and each.effect is RightsEffect.WIDENS:
            yield f"  + {each.key}: dropped {each.before}"
        elif change.kind is not ChangeOfRights.CHANGED:
            yield f"    {each.key}: {each.after or each.before}"
        elif each.before and each.after:
            yield f"  {_MARKS[each.effect]} {each.key}: {each.before} -> {each.after}"
        else:
            verb = "added" if each.after else "dropped"
            yield f"  {_MARKS[each.effect]} {each.key}: {verb} {each.after or each.before}"


def quota_line(one: AppliedQuota) -> str:
    """Return a quota as a sentence."""
    parts = [f"{one.quota}, {_SOURCES[one.source]}{f' {one.grant}' if one.grant else ''}"]
    parts.append("counted for each end user" if one.left is None else f"{one.left} left now")
    if one.nearest:
        parts.append("the nearest")
    return f"{one.name}: {'; '.join(parts)}"
