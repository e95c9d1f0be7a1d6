"""What an operator does with the journal, on the database itself: `audit verify`, and what `commands_keeping` adds."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kruispunt_server.commands import Config, Service, load, refuse

if TYPE_CHECKING:
    from kruispunt_server.audit.exported_heads import ExportedHeads
    from kruispunt_server.audit.verifying import Report, Verifier
    from kruispunt_server.database import Database
    from kruispunt_server.settings import ServerSettings

_ALTERED = 1
_PATIENCE_S = 3600.0


def audit_app(service: Service) -> typer.Typer:
    """Return the commands `audit …` of a service."""
    app = typer.Typer(help="Prove what the journal says.", no_args_is_help=True)

    @app.callback()
    def audit() -> None:
        """Prove what the journal says."""

    @app.command()
    def verify(
        *,
        config: Config = None,
        key: Annotated[
            list[str] | None,
            typer.Option(
                help="Public key to trust, 64 hexadecimal digits; may be repeated. Left out: the keys at hand."
            ),
        ] = None,
        heads: Annotated[
            Path | None,
            typer.Option(help="Heads that were exported; what was cut off or replaced is found by them."),
        ] = None,
        access_days: Annotated[
            int | None,
            typer.Option(
                min=1, help="The shortest access_retention_days ever set: none may have been shorter."
            ),
        ] = None,
        change_days: Annotated[
            int | None,
            typer.Option(min=1, help="The shortest change_retention_days ever set, likewise."),
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a log.")] = False,
    ) -> None:
        """Read both logs from the first record to the last, and say where they are not what was sealed.

        Exit status: 0 nothing was altered, 1 something was.
        """
        settings = load(service, config)
        given = {"access": access_days, "change": change_days}
        least_days = {log: days for log, days in given.items() if days is not None}
        with opened(service, settings) as database, _heads(heads) as exported:
            verifier = _verifier(service, settings, database, key, exported, least_days)
            reports = list(_verified(verifier, quiet=as_json))
        for report in reports:
            _print(report, as_json=as_json)
        raise typer.Exit(_ALTERED if any(report.faults for report in reports) else 0)

    from kruispunt_server.commands_keeping import add_keeping

    add_keeping(app, service)
    return app


@contextmanager
def opened(service: Service, settings: "ServerSettings") -> "Iterator[Database]":
    """Give the database of a service, at the head of its migrations; statements may take long."""
    from kruispunt_server import migrate
    from kruispunt_server.database import Database, UnsafeDatabaseError
    from kruispunt_server.errors import RegistryError

    try:
        database = Database.open(settings.database_url, pool_size=2, statement_timeout_s=_PATIENCE_S)
    except (RegistryError, UnsafeDatabaseError) as error:
        refuse("nothing was done", [str(error)])
    try:
        migrate.check_head(database, service.name)
        yield database
    except migrate.MigrationError as error:
        refuse("nothing was done", [str(error)])
    finally:
        database.close()


@contextmanager
def _heads(file: Path | None) -> "Iterator[ExportedHeads]":
    from kruispunt_server.audit.exported_heads import ExportedHeads, HeadsFileError

    try:
        exported = ExportedHeads(file)
    except HeadsFileError as error:
        refuse("nothing was verified", [str(error)])
    with exported:
        yield exported


def _verifier(
    service: Service,
    settings: "ServerSettings",
    database: "Database",
    keys: list[str] | None,
    exported: "ExportedHeads",
    least_days: dict[str, int],
) -> "Verifier":
    from kruispunt_server.audit.verifying import Verifier
    from kruispunt_server.keys import Keys
    from kruispunt_server.sealing.seal_keys import SealKeyError, SealKeys

    try:
        anchors = [bytes.fromhex(key) for key in keys or ()]
        if not anchors:
            at_hand = SealKeys(Keys(settings.secret()).derive("seal"), settings.seal_key_file).all()
            anchors = [key.public for key in at_hand]
    except ValueError:
        refuse("nothing was verified", ["--key: 64 hexadecimal digits are expected"])
    except SealKeyError as error:
        refuse("nothing was verified", [str(error)])
    return Verifier(
        database,
        service.tables(),
        service.name,
        anchors=anchors,
        exported=exported,
        least_days=least_days,
    )


def _verified(verifier: "Verifier", *, quiet: bool) -> "Iterator[Report]":
    from kruispunt_server.audit.verifying import LOGS

    for log in LOGS:
        with _progress(log, verifier.size(log), quiet=quiet) as advance:
            report = verifier.verify(log, advance)
        yield report


@contextmanager
def _progress(what: str, total: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    import sys

    if quiet or not sys.stderr.isatty():
        yield lambda _count: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.advance(task, count)


def _print(report: "Report", *, as_json: bool) -> None:
    from kruispunt_server.audit.verifying import says

    if as_json:
        typer.echo(json.dumps(says(report)))
        return
    said: list[Any] = [f"{report.size} records sealed", f"{report.heads} signed heads"]
    if report.kept_from:
        under = "" if report.days is None else f", under a retention of {report.days} days or longer"
        said.append(f"the first {report.kept_from} no longer kept{under}; their hashes are")
    if report.unsealed:
        said.append(f"{report.unsealed} not sealed yet")
    typer.echo(f"{report.log}: {', '.join(said)}: {'ALTERED' if report.faults else 'nothing was altered'}")
    for fault in report.faults:
        where = "" if fault.position is None else f"at {fault.position}: "
        typer.echo(f"  {where}{fault.what}")
