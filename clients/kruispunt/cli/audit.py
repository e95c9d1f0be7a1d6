"""`kruispunt audit`: who looked at whom, and what proves that the journal was not altered."""

import datetime as dt
import importlib.metadata
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from kruispunt.auditing import Log, Receipt
from kruispunt.cli import options
from kruispunt.cli.output import print_json, print_line, print_records
from kruispunt.cli.session import Session, command, tell_wrong_use

app = typer.Typer(help="Who looked at whom, and proof of it.", no_args_is_help=True)

_ON_THE_DATABASE: Any = {"allow_extra_args": True, "ignore_unknown_options": True}
_SERVICES = ("identity", "directory")


def _service(text: str) -> str:
    if text not in _SERVICES:
        raise typer.BadParameter("it is identity or directory")
    return text


def _log(text: str | Log) -> Log:
    """Read which log is meant; typer reads the default too, which is one already."""
    if isinstance(text, Log):
        return text
    try:
        return Log[text.upper()]
    except KeyError:
        raise typer.BadParameter("it is access or change") from None


ServiceName = Annotated[
    str,
    typer.Option("--service", parser=_service, metavar="NAME", help="Whose journal: identity or directory."),
]
LogName = Annotated[Log, typer.Option("--log", parser=_log, metavar="LOG", help="access or change.")]
Since = Annotated[
    dt.datetime | None,
    typer.Option(parser=options.reader(options.instant), metavar="INSTANT", help="Not before."),
]
Until = Annotated[
    dt.datetime | None,
    typer.Option(parser=options.reader(options.instant), metavar="INSTANT", help="Before."),
]


@app.callback()
def audit() -> None:
    """Who looked at whom, and proof of it."""


def _records(
    session: Session,
    *,
    persons: Annotated[list[str] | None, typer.Argument(parser=options.person, metavar="[PERSON]…")] = None,
    service: ServiceName = "directory",
    participant: Annotated[str, typer.Option(help="Only looks by this participant.")] = "",
    since: Since = None,
    until: Until = None,
    most: Annotated[int, typer.Option(help="Records at most.", min=1)] = 100,
) -> None:
    """List who looked at whom, latest first; for auditors and data-protection officers."""
    with _client(session, service) as client:
        listing = client.list_access_records(
            persons or (), participant=participant, begin=since, until=until, page_size=min(most, 1000)
        )
        records = [record for record, _ in zip(listing, range(most), strict=False)]
    if session.as_json:
        print_json({"records": records})
        return
    print_records(
        "looks",
        ("when", "who", "method", "end user", "legal basis", "case", "what", "result", "record"),
        [
            (
                each.record_time,
                each.participant + (f" by {each.via}" if each.via else ""),
                each.method.rpartition("/")[2],
                each.end_user,
                each.legal_basis,
                each.case,
                each.data_groups,
                each.result,
                each.access_id,
            )
            for each in records
        ],
        head=3,
    )


def _head(session: Session, *, log: LogName = Log.ACCESS, service: ServiceName = "directory") -> None:
    """Show the latest signed head of a log; keep it."""
    with _client(session, service) as client:
        head = client.get_signed_head(log)
    note = {
        "origin": head.note.origin,
        "tree_size": head.note.tree_size,
        "root_hash": head.note.root_hash.hex(),
        "signed_at": head.note.signed_at,
        "key_id": head.key_id,
        "public_key": head.public_key.hex(),
        "signature": head.signature.hex(),
    }
    if session.as_json:
        print_json(note)
        return
    for name, value in note.items():
        print_line(f"{name:11} {value}")


def _proof(
    session: Session,
    *,
    record_id: Annotated[str, typer.Argument(help="A UUID: of a look or of a change.")],
    log: LogName = Log.ACCESS,
    service: ServiceName = "directory",
    out: Annotated[Path | None, typer.Option(help="File for the receipt; left out: it is printed.")] = None,
) -> None:
    """Get the receipt of one record; `kruispunt audit check-receipt` verifies it without any server."""
    with _client(session, service) as client:
        receipt = client.get_receipt(log, record_id)
    if out is None:
        print_line(receipt.to_json())
        return
    out.write_text(receipt.to_json() + "\n", "utf-8")
    print_line(f"record {receipt.position} of {receipt.head.note.tree_size}: {out}")


def _consistency(
    session: Session,
    *,
    first_size: Annotated[int, typer.Argument(help="Size of the tree whose head you kept.", min=1)],
    root_hash: Annotated[str, typer.Argument(help="Its root, 64 hexadecimal digits.")],
    log: LogName = Log.ACCESS,
    service: ServiceName = "directory",
) -> None:
    """Check that the tree whose head you kept is the beginning of the log as it is now; exit status 1 if it is not."""
    kept = bytes.fromhex(root_hash)
    with _client(session, service) as client:
        proof = client.check_consistency(log, first_size)
    holds = proof.holds_for(kept)
    if session.as_json:
        print_json({"consistent": holds, "tree_size": proof.head.note.tree_size})
    else:
        mark = "✓ the log of" if holds else "✗ ALTERED: not the log of"
        print_line(f"{mark} {first_size} records is the beginning of that of {proof.head.note.tree_size}")
    if not holds:
        raise typer.Exit(1)


command(app, "records")(_records)
command(app, "head")(_head)
command(app, "proof")(_proof)
command(app, "consistency")(_consistency)


@app.command("check-receipt")
def check_receipt(
    file: Annotated[Path, typer.Argument(help="A receipt.", exists=True)],
    *,
    key: Annotated[
        str, typer.Option(help="Public key of the registry that you trust, 64 hexadecimal digits.")
    ],
) -> None:
    """Verify a receipt with no server; exit status 1 if it proves nothing."""
    try:
        receipt = Receipt.from_json(file.read_text("utf-8"))
        proved = receipt.is_proved_by(bytes.fromhex(key))
    except ModuleNotFoundError:
        tell_wrong_use("this needs: pip install 'kruispunt[verify]'", as_json=False)
        raise typer.Exit(2) from None
    except ValueError as error:
        tell_wrong_use(str(error), as_json=False)
        raise typer.Exit(2) from None
    note = receipt.head.note
    if not proved:
        print_line("✗ it proves nothing: record, path, head and key do not belong together")
        raise typer.Exit(1)
    print_line(
        f"✓ record {receipt.position} of {note.tree_size} in {note.origin}, signed {note.signed_at:%Y-%m-%d %H:%M:%S}Z"
    )
    print_line(receipt.record.replace("\x1f", " | ").replace("\x1e", "(none)"))


@app.command(context_settings=_ON_THE_DATABASE)
def verify(context: typer.Context, service: ServiceName) -> None:
    """Read the logs of a service on its database, and say where they are not what was sealed; for operators.

    Further options are those of `kruispunt identity audit verify`: --config, --key, --heads, --json.
    """
    _run_on_database(service, "verify", context.args)


@app.command(context_settings=_ON_THE_DATABASE)
def erase(context: typer.Context, service: ServiceName) -> None:
    """Make what the change log of a service says of a person unreadable for ever; for operators.

    Further options are those of `kruispunt identity audit erase`: --ssin, --all-numbers, --only-these,
    --config, --json.
    """
    _run_on_database(service, "erase", context.args)


@app.command(context_settings=_ON_THE_DATABASE)
def retain(context: typer.Context, service: ServiceName) -> None:
    """Delete what a service need no longer keep, as its settings say; for operators.

    Further options are those of `kruispunt identity audit retain`: --config, --json.
    """
    _run_on_database(service, "retain", context.args)


@app.command(context_settings=_ON_THE_DATABASE)
def grant(context: typer.Context, service: ServiceName) -> None:
    """Let a PostgreSQL role serve, and not rewrite the journal; for operators.

    Further options are those of `kruispunt identity audit grant`: --role, --config, --print.
    """
    _run_on_database(service, "grant", context.args)


def _client(session: Session, service: str) -> Any:
    connect: Callable[[], Any] = session.identity if service == "identity" else session.directory
    return connect()


def _run_on_database(service: str, name: str, arguments: list[str]) -> None:
    """Run the server's own command, where the servers are installed."""
    entries = importlib.metadata.entry_points(group="kruispunt.commands")
    try:
        tree: Any = typer.main.get_command(next(each for each in entries if each.name == service).load())
    except (ModuleNotFoundError, StopIteration):
        tell_wrong_use("this needs: pip install 'kruispunt[server]'", as_json=False)
        raise typer.Exit(2) from None
    status = tree.main(["audit", name, *arguments], prog_name=f"kruispunt {service}", standalone_mode=False)
    raise typer.Exit(status if isinstance(status, int) else 0)
