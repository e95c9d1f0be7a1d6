"""`kruispunt rehearse`: what a sandbox says of one's certificate, rights and clock, and of one's own client."""

import datetime as dt
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Final

import typer

from kruispunt.cli import options
from kruispunt.cli.output import print_json, print_line, print_table
from kruispunt.cli.session import Session, command
from kruispunt.errors import MethodUnknown
from kruispunt.rehearsing import ADVICE, Fault, Finding, Rehearsal, SeenCertificate

if TYPE_CHECKING:
    from kruispunt import DirectoryClient, IdentityClient
    from kruispunt.access_rights import AccessExplanation
    from kruispunt.profiles import Profile

_DAYS_LEFT: Final = 14
_CLOCK_OFF_S: Final = 2.0
_WRONG: Final = 1
_GUIDE: Final = "docs/integration-guide.md"


@dataclass(frozen=True, slots=True)
class _Server:
    """One server, and what it says.

    Attributes:
        name: "directory" or "identity".
        rehearsal: of the caller's client.
        clock_off_s: by how much the caller's clock is before the server's; within a round trip.
        rights: what the caller may, by method.
    """

    name: str
    rehearsal: Rehearsal
    clock_off_s: float
    rights: "dict[str, AccessExplanation]"

    def remarks(self) -> list[str]:
        """Return what is wrong with certificate and clock."""
        found = []
        certificate = self.rehearsal.certificate
        if certificate is not None and _days_left(certificate, self.rehearsal.now) < _DAYS_LEFT:
            found.append("the certificate ends soon: have it renewed")
        if abs(self.clock_off_s) > _CLOCK_OFF_S:
            found.append("the clock of this machine is wrong: instants it states may lie in the future")
        return found


def add_to(app: typer.Typer) -> None:
    """Add the command at the top of the tree."""
    command(app, "rehearse")(rehearse)


def rehearse(
    session: Session,
    *,
    wait: Annotated[
        float | None,
        typer.Option(
            "--wait",
            min=0,
            metavar="SECONDS",
            help="Look at what happens from now on, for so long or to Ctrl-C.",
        ),
    ] = None,
    since: Annotated[
        dt.datetime | None,
        typer.Option(
            parser=options.reader(options.instant),
            metavar="YYYY-MM-DDTHH:MM:SSZ",
            help="Only calls from then on; left out: all that the sandbox keeps.",
        ),
    ] = None,
) -> None:
    """Check certificate, rights and clock against a sandbox, and say what your own client does wrong.

    Let your client work against the sandbox first, or while this waits. Exit status 1: something is wrong.
    """
    profile = session.profile()
    places = {"directory": profile.endpoint, "identity": profile.identity_endpoint}
    begins = {name: since for name, endpoint in places.items() if endpoint}
    if wait is not None:
        begins = {name: _ask(session, profile, places[name], None)[0].now for name in begins}
        _pause(session, wait)
    try:
        servers = [_look(session, profile, name, places[name], begin) for name, begin in begins.items()]
    except MethodUnknown:
        typer.echo("this registry does not rehearse: its operator would have to set `rehearsal`", err=True)
        raise typer.Exit(_WRONG) from None
    if session.as_json:
        print_json({each.name: _plain(each) for each in servers})
    else:
        for each in servers:
            _print(each)
        _print_advice(servers)
    if any(each.rehearsal.findings or each.remarks() for each in servers):
        raise typer.Exit(_WRONG)


def _pause(session: Session, wait: float) -> None:
    if not session.as_json:
        print_line("Let your client work now; Ctrl-C ends the rehearsal.")
    try:
        time.sleep(wait)
    except KeyboardInterrupt:
        return


def _look(
    session: Session, profile: "Profile", name: str, endpoint: str, since: dt.datetime | None
) -> _Server:
    with session.identity() if name == "identity" else session.directory() as client:
        rights = _rights(client, name, session.stated_legal_basis())
    rehearsal, off_s = _ask(session, profile, endpoint, since)
    return _Server(name, rehearsal, off_s, rights)


def _ask(
    session: Session, profile: "Profile", endpoint: str, since: dt.datetime | None
) -> tuple[Rehearsal, float]:
    """Ask one server; returns by how much the clock here is before its, in seconds, too."""
    from kruispunt import RehearsalClient

    with RehearsalClient.from_profile(
        replace(profile, endpoint=endpoint), timeout_s=session.timeout_s
    ) as client:
        client.get_rehearsal(since)  # connects, so that the second time is the way there and back only
        before = dt.datetime.now(dt.UTC)
        rehearsal = client.get_rehearsal(since)
        after = dt.datetime.now(dt.UTC)
    return rehearsal, (before + (after - before) / 2 - rehearsal.now).total_seconds()


def _rights(
    client: "DirectoryClient | IdentityClient", name: str, legal_basis: str
) -> "dict[str, AccessExplanation]":
    """Return what the caller may, by each method that institutions call."""
    return {method: client.explain_access(method, legal_basis) for method in _methods(name)}


def _methods(name: str) -> list[str]:
    """Return the methods of a server, such as "DirectoryService/ListDossiers"."""
    from kruispunt.directory.v1 import directory_service_pb2, dossier_service_pb2, notice_service_pb2
    from kruispunt.identity.v1 import feed_service_pb2, identity_service_pb2, registration_service_pb2

    of_directory = directory_service_pb2, dossier_service_pb2, notice_service_pb2
    of_identity = identity_service_pb2, registration_service_pb2, feed_service_pb2
    return [
        f"{service.name}/{method.name}"
        for module in (of_identity if name == "identity" else of_directory)
        for service in module.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    ]


def _print(server: _Server) -> None:
    seen = server.rehearsal
    print_line(f"{server.name}: you are {seen.participant}")
    if seen.certificate is not None:
        days = _days_left(seen.certificate, seen.now)
        print_line(f"  certificate: {', '.join(seen.certificate.uris)}, {days} days left")
    side = "before" if server.clock_off_s > 0 else "behind"
    print_line(f"  clock: {abs(server.clock_off_s):.1f} s {side} the registry's")
    for remark in server.remarks():
        print_line(f"  ✗ {remark}")
    may = {method: one for method, one in server.rights.items() if one.allowed}
    print_table(
        "may be called",
        ("method", "data groups", "only with a dossier"),
        ((method, ", ".join(one.data_groups), one.requires_dossier or "") for method, one in may.items()),
    )
    print_line(f"{len(server.rights) - len(may)} methods may not; `kruispunt access explain` says why")
    count = sum(seen.calls.values())
    print_line(
        f"calls looked at: {count}, of methods: {len(seen.calls)}; all are known since {seen.known_since:%F %T}Z"
    )
    if not count:
        print_line("your client has not called yet: there is nothing to say about it")
    elif not seen.findings:
        print_line("✓ nothing was wrong with them")
    else:
        rows = map(_row, seen.findings)
        print_table("what your client does wrong", ("fault", "method", "times", "last"), rows)


def _print_advice(servers: list[_Server]) -> None:
    """Say of each fault that was found what it means and what to do, once."""
    for fault in Fault:
        if any(finding.fault is fault for each in servers for finding in each.rehearsal.findings):
            advice = ADVICE[fault]
            print_line(f"✗ {fault.name}: {advice.seen}.")
            print_line(f"  Why: {advice.why}.")
            print_line(f"  Do: {advice.do} ({_GUIDE}#{advice.guide}).")


def _row(finding: Finding) -> tuple[object, ...]:
    return finding.fault.name, finding.method, finding.count, finding.last_at


def _days_left(certificate: SeenCertificate, now: dt.datetime) -> int:
    return (certificate.end - now).days


def _plain(server: _Server) -> dict[str, object]:
    seen = server.rehearsal
    return {
        "participant": seen.participant,
        "certificate": seen.certificate,
        "clock_off_s": round(server.clock_off_s, 3),
        "remarks": server.remarks(),
        "allowed": [method for method, one in server.rights.items() if one.allowed],
        "known_since": seen.known_since,
        "calls": dict(seen.calls),
        "findings": seen.findings,
    }
