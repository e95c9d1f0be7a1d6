"""`kruispunt watch` and `impact`: what changes, as it happens, and whom a change would concern."""

import datetime as dt
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from kruispunt.cli import options
from kruispunt.cli.output import print_json, print_line, print_table, show
from kruispunt.cli.session import Session, command
from kruispunt.feeds import BEGINNING, NOW, SNAPSHOT, UNACKNOWLEDGED, FeedStart, FilePositions, Told
from kruispunt.notices import ToldNotices

app = typer.Typer(help="What changes, as it happens; ends with Ctrl-C.", no_args_is_help=True)

Item = TypeVar("Item", Told, ToldNotices)

_STARTS = {
    "beginning": BEGINNING,
    "now": NOW,
    "snapshot": SNAPSHOT,
    "unacknowledged": UNACKNOWLEDGED,
}


def _start(text: str) -> FeedStart:
    if text in _STARTS:
        return _STARTS[text]
    return FeedStart.since(options.instant(text))


Start = Annotated[
    FeedStart | None,
    typer.Option(
        "--from",
        parser=options.reader(_start),
        metavar="WHERE",
        help="beginning, now, snapshot, unacknowledged (notices), or an instant.",
    ),
]
Position = Annotated[Path | None, typer.Option(help="File that keeps how far was read; goes on from there.")]


@app.callback()
def watch() -> None:
    """What changes, as it happens; ends with Ctrl-C."""


def _changes(session: Session, *, start: Start = None, position: Position = None) -> None:
    """Print the registers' changes; for internal services and registrars."""
    with session.identity() as identity:
        positions = FilePositions(position) if position else None
        _print_all(session, identity.watch_changes(start or NOW, positions=positions), _change_lines)


def _notices(session: Session, *, start: Start = None, position: Position = None) -> None:
    """Print your institution's notices; left out where: those not acknowledged."""
    with session.directory() as directory:
        positions = FilePositions(position) if position else None
        watched = directory.watch_notices(start or UNACKNOWLEDGED, positions=positions)
        _print_all(session, watched, _notice_lines)


def impact(
    session: Session,
    *,
    person: options.Person,
    next_: Annotated[
        str,
        typer.Option(
            "--next", parser=options.person, metavar="PERSON", help="Number that would take its place."
        ),
    ] = "",
    begin: options.Begin = None,
    end: options.End = None,
) -> None:
    """Show which dossiers a replacement or correction would concern; nothing is written."""
    with session.directory() as directory:
        seen = directory.explain_impact(person, next_=next_, affects_from=begin, affects_until=end)
    if session.as_json:
        print_json(seen)
        return
    print_table(
        "dossiers",
        ("institution", "capacity", "phase", "period", "person", "would be", "afterwards"),
        [
            (
                i.institution,
                i.capacity,
                i.phase,
                i.period,
                i.ssin,
                show(i.outcome) if next_ else "",
                i.afterwards,
            )
            for i in seen.impacts
        ],
    )
    print_line("told: " + (", ".join(map(str, seen.told)) or "nobody"))
    if not seen.complete:
        print_line("note: the directory does not follow the registers; replaced numbers may be missing")


command(app, "changes")(_changes)
command(app, "notices")(_notices)


def add_to(top: typer.Typer) -> None:
    """Add the command at the top of the tree."""
    command(top, "impact")(impact)


def _print_all(session: Session, items: Iterator[Item], lines: Callable[[Item], Iterator[str]]) -> None:
    try:
        for item in items:
            if session.as_json:
                print_json(item)
            else:
                for line in lines(item):
                    print_line(line)
            sys.stdout.flush()  # whoever reads along, be it a program, sees it at once
    except KeyboardInterrupt:
        return


def _change_lines(item: Told) -> Iterator[str]:
    for number in item.numbers:
        leads = f" leads to {number.current}" if number.current != number.ssin else ""
        yield f"stands  {number.ssin}  {show(number.status)}{leads}"
    for change in item.changes:
        other = f" {change.other}" if change.other else ""
        groups = ", ".join(show(group) for group in change.data_groups)
        yield f"{change.position:>7}  {_time(item.record_time)}  {change.ssin or 'erased'}  {show(change.kind)}{other}  {groups}".rstrip()


def _notice_lines(item: ToldNotices) -> Iterator[str]:
    for holding in item.holdings:
        yield f"held    {holding.registered}  stands under {holding.current}"
    for notice in item.notices:
        now = f" now {notice.current}" if notice.current != notice.ssin else ""
        yield f"{notice.notice_no:>7}  {_time(notice.change_time)}  {notice.ssin}  {show(notice.kind)}{now}"


def _time(instant: dt.datetime | None) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S}Z" if instant else ""
