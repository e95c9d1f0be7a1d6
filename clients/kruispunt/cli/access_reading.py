"""`kruispunt access` show, mine and log: the rights in force, one's own, and who changed them."""

import datetime as dt
import heapq
from typing import Annotated, Any

import typer

from kruispunt.access_rights import RecordedRightsChange
from kruispunt.cli import options
from kruispunt.cli.access_options import REFUSED, Servers, client_of, lines_of, quota_line, servers_of
from kruispunt.cli.output import print_json, print_line, show
from kruispunt.cli.session import Session

FirstDay = Annotated[
    dt.date | None,
    typer.Option("--from", parser=options.reader(options.day), metavar="DAY", help="First day."),
]
EndDay = Annotated[
    dt.date | None,
    typer.Option(
        "--until", parser=options.reader(options.day), metavar="DAY", help="The day after the last."
    ),
]
OneDay = Annotated[
    dt.date | None,
    typer.Option("--day", parser=options.reader(options.day), metavar="DAY", help="Only this day."),
]


def show_rights(session: Session, *, service: Servers = "both") -> None:
    """Print the rights in force as a file.

    For administrators, auditors and data-protection officers. `kruispunt access apply` takes the file back, and
    changes nothing. Exit status 1: the two servers have different rights.
    """
    from google.protobuf.json_format import MessageToDict

    from kruispunt.rights_text import rights_text

    found = {}
    for name in servers_of(service):
        with client_of(session, name) as client:
            found[name], _ = client.get_rights()
    first = next(iter(found.values()))
    if any(each != first for each in found.values()):
        typer.echo("the servers have different rights: ask for those of one by --service", err=True)
        raise typer.Exit(REFUSED)
    if session.as_json:
        print_json({"rights": MessageToDict(first, preserving_proto_field_name=True)})
        return
    print_line(rights_text(first).rstrip("\n"))


def show_own(session: Session, *, service: Servers = "both") -> None:
    """Print what the rights say of the caller.

    Its entry, its grants, their legal bases, and the quotas that its calls are counted by. Of other participants
    nothing is told.
    """
    from google.protobuf.json_format import MessageToDict

    from kruispunt.rights_text import rights_text

    found = {}
    for name in servers_of(service):
        with client_of(session, name) as client:
            found[name] = client.get_own_rights()
    if session.as_json:
        print_json(
            {
                name: {
                    "rights": MessageToDict(own.rights, preserving_proto_field_name=True),
                    "quotas": own.quotas,
                }
                for name, own in found.items()
            }
        )
        return
    said = {name: rights_text(own.rights).rstrip("\n") for name, own in found.items()}
    alike = len(set(said.values())) == 1
    for name, text in said.items():
        if not alike or name == next(iter(said)):
            print_line(text if alike else f"# {name}\n{text}")
    for name, own in found.items():
        print_line(f"# quotas of {name}")
        for each in own.quotas:
            print_line(f"#   {quota_line(each)}")


def show_log(
    session: Session,
    *,
    service: Servers = "both",
    participant: Annotated[str, typer.Option(help="Only what concerns this participant.")] = "",
    basis: Annotated[str, typer.Option(help="Only what concerns this legal basis.")] = "",
    changed_by: Annotated[str, typer.Option(help="Only changes by this participant, or by operator.")] = "",
    day: OneDay = None,
    since: FirstDay = None,
    until: EndDay = None,
    most: Annotated[int, typer.Option(help="Changes at most, of each server.", min=1)] = 100,
) -> None:
    """List who changed which rights, and when; latest first.

    For administrators, auditors and data-protection officers. "+" widens, "-" narrows. Days are those of Brussels.
    """
    if day is not None and (since is not None or until is not None):
        raise ValueError("either --day, or --from and --until")
    if day is not None:
        since, until = day, day + dt.timedelta(days=1)
    found: dict[str, list[RecordedRightsChange]] = {}
    for name in servers_of(service):
        with client_of(session, name) as client:
            listing = client.list_rights_changes(
                participant=participant,
                legal_basis=basis,
                changed_by=changed_by,
                begin=since,
                end=until,
                page_size=min(most, 1000),
            )
            found[name] = [record for record, _ in zip(listing, range(most), strict=False)]
    if session.as_json:
        print_json(found)
        return
    marked = [[(name, record) for record in records] for name, records in found.items()]
    together = list(heapq.merge(*marked, key=lambda each: each[1].record_time, reverse=True))
    if not together:
        print_line("changes of rights: none")
    before = None
    for name, record in together:
        head = _head_of(name, record)
        if head != before:
            print_line(head)
        before = head
        for line in lines_of(record.change):
            print_line(f"  {line}")


def _head_of(name: str, record: RecordedRightsChange) -> str:
    told: dict[str, Any] = {
        "by": record.participant + (f", called by {record.via}" if record.via else ""),
        "end user": record.end_user,
        "case": record.case,
        "legal basis": record.legal_basis,
    }
    said = "; ".join(f"{key} {value}" for key, value in told.items() if value)
    return f"{show(record.record_time)} {name}\n  {said}"
