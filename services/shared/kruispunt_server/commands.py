"""The command line that both servers have."""

import os
import secrets
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Never

import typer

from kruispunt_server.settings import ServerSettings, SettingsError
from kruispunt_server.supervisor import REFUSED, Supervisor

if TYPE_CHECKING:  # the parent process must not import grpc
    from kruispunt.ssin import Ssin
    from kruispunt_server.access.rights import Rights
    from kruispunt_server.assembly import Assembly, Telemetry
    from kruispunt_server.audit.retaining import FurtherRetained
    from kruispunt_server.database import Database
    from kruispunt_server.tables import SharedTables

Config = Annotated[
    Path | None, typer.Option("--config", help="TOML file with settings; environment variables win over it.")
]
RightsPath = Annotated[
    Path, typer.Argument(metavar="FILE", help="YAML file of participants, legal bases and grants.")
]


@dataclass(frozen=True, slots=True)
class Service:
    """One of the two servers, as the command line sees it.

    Attributes:
        name: "directory" or "identity".
        package: that `python -m` starts.
        settings: what an operator sets.
        wire: builds the server; imports it only when called.
        tables: returns the shared tables of the service.
        numbers_of: returns every number of the persons of some numbers: these, and all that lead to the same.
        let_go: deletes what need no longer be kept of what this service alone keeps; none: nothing is.
    """

    name: str
    package: str
    settings: type[ServerSettings]
    wire: "Callable[[ServerSettings, Telemetry], Assembly]"
    tables: "Callable[[], SharedTables]"
    numbers_of: "Callable[[Database, Sequence[Ssin]], set[Ssin]]"
    let_go: "Callable[[ServerSettings, Database], Mapping[str, FurtherRetained]] | None" = None


def build_app(service: Service) -> typer.Typer:
    """Return the command line of a service; its own commands may be added."""
    app = typer.Typer(
        name=f"kruispunt-{service.name}",
        help=f"The {service.name} server of Kruispunt.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    _add_serving(app, service)
    _add_preparing(app, service)
    from kruispunt_server.commands_audit import audit_app

    app.add_typer(audit_app(service), name="audit")
    return app


def _add_serving(app: typer.Typer, service: Service) -> None:
    @app.command()
    def serve(config: Config = None) -> None:
        """Serve until asked to stop."""
        settings = load(service, config)
        try:
            code = _serve(service, config, settings)
        except OSError as error:  # a port that somebody else has
            refuse("the server cannot listen", [error.strerror or type(error).__name__])
        raise typer.Exit(code)

    @app.command(hidden=True)
    def worker(port: Annotated[int, typer.Option()], config: Config = None) -> None:
        """Serve in this one process; started by `serve`."""
        from kruispunt_server.worker import run_worker

        raise typer.Exit(run_worker(load(service, config), service.wire, port))


def _add_preparing(app: typer.Typer, service: Service) -> None:
    @app.command()
    def migrate(config: Config = None) -> None:
        """Bring the database to the revision that this version works on."""
        from kruispunt_server import migrate as migrations

        url = load(service, config).database_url
        try:
            migrations.upgrade(url, service.name)
        except migrations.MigrationError as error:
            refuse("nothing was migrated", [str(error)])
        typer.echo(f"the {service.name} database is at revision {migrations.current(url, service.name)}")

    @app.command()
    def partition(
        partitions: Annotated[int, typer.Argument(help="Of each table of persons, 2 to 1024; 0: none.")],
        config: Config = None,
    ) -> None:
        """Rebuild the tables of persons on PostgreSQL with partitions, or without; while no server serves, as their owner."""
        _partition(service, load(service, config).database_url, partitions)

    @app.command("check-settings")
    def check_settings(config: Config = None) -> None:
        """Say everything that is wrong with the settings."""
        load(service, config)
        typer.echo("the settings are complete")

    @app.command("load-rights")
    def load_rights(file: RightsPath, config: Config = None) -> None:
        """Make the rights exactly those of FILE, at the database itself; anything wrong in it, and nothing is changed.

        For the first administrator; afterwards `kruispunt access apply` does it over the wire.
        """
        _load_rights(service, file, load(service, config))

    @app.command("dev-pki")
    def dev_pki(
        folder: Annotated[Path, typer.Argument(help="Where it goes; what is there and still good stays.")],
        rights: Annotated[Path, typer.Option(help="YAML file of rights.")],
    ) -> None:
        """Make a development authority, a secret, and certificates for the server and every participant."""
        _dev_pki(folder, rights)


def load(service: Service, config: Path | None) -> ServerSettings:
    """Return the settings, or print all that is wrong with them and leave with 78."""
    try:
        return service.settings.load(config)
    except SettingsError as error:
        refuse("the settings cannot be used", error.faults)


def refuse(sentence: str, faults: list[str]) -> Never:
    """Print what is wrong, a line each, and leave with 78."""
    typer.echo("\n  ".join([f"{sentence}:", *faults]), err=True)
    raise typer.Exit(REFUSED)


def _serve(service: Service, config: Path | None, settings: ServerSettings) -> int:
    from kruispunt_server.events import Events
    from kruispunt_server.quotas import memory

    events = Events(service.name, level=settings.log_level, strict=settings.strict_events)
    command = [sys.executable, "-m", service.package, "worker"]
    command += ["--config", str(config)] if config is not None else []
    with tempfile.TemporaryDirectory(prefix="kruispunt-metrics-") as folder, memory.shared_file() as quotas:
        # Or gRPC's core writes its own lines, free text with the addresses of clients, among the events.
        environment = {"GRPC_VERBOSITY": "NONE", **os.environ, memory.VARIABLE: str(quotas.fileno())}
        greet: Callable[[int, int], None] = lambda _number, _process_id: None  # noqa: E731 - replaced below
        forget: Callable[[int], None] = lambda _process_id: None  # noqa: E731 - likewise
        if settings.metrics_port is not None:
            from kruispunt_server.metrics import FOLDER_VARIABLE, forget_worker, serve_metrics
            from kruispunt_server.worker_figures import WorkerFigures

            figures = WorkerFigures()
            greet = figures.began
            environment[FOLDER_VARIABLE] = folder
            port = serve_metrics(Path(folder), settings.metrics_host, settings.metrics_port, figures)
            events.emit("metrics_served", address=settings.metrics_host, port=port)

            def forget(process_id: int) -> None:
                figures.ended(process_id)
                forget_worker(Path(folder), process_id)

        supervisor = Supervisor(
            command,
            host=settings.host,
            port=settings.port,
            workers=settings.workers,
            events=events,
            ready_file=settings.ready_file,
            greet=greet,
            forget=forget,
            environment=environment,
            inherited=[quotas.fileno()],
            patience_s=settings.lame_duck_s + settings.drain_s + settings.statement_timeout_s + 15,
        )
        return supervisor.run()


def _partition(service: Service, url: str, partitions: int) -> None:
    from kruispunt_server import migrate as migrations
    from kruispunt_server import partitioning
    from kruispunt_server.owned import owned

    if (found := migrations.current(url, service.name)) != (head := migrations.head(service.name)):
        refuse(
            "nothing was changed",
            [f"the {service.name} database is at revision {found}: migrate it to {head}"],
        )
    try:
        rows = partitioning.spread(url, owned(service.tables().change.metadata), partitions)
    except (migrations.MigrationError, partitioning.PartitioningError) as error:
        refuse("nothing was changed", [str(error)])
    for table, count in rows.items():
        typer.echo(f"{table}: {count} rows in {partitions or 'no'} partitions")


def _load_rights(service: Service, file: Path, settings: ServerSettings) -> None:
    from kruispunt_server import migrate as migrations
    from kruispunt_server.access import loading
    from kruispunt_server.access.difference import Difference
    from kruispunt_server.clock import SystemClock
    from kruispunt_server.database import Database
    from kruispunt_server.operator_user import operating_user

    rights = _rights_in(file, "nothing was changed")
    database = Database.open(settings.database_url)
    try:
        migrations.check_head(database, service.name)
        changes = loading.load_rights(
            database, service.tables(), SystemClock(), rights, user=operating_user()
        )
    except migrations.MigrationError as error:
        refuse("nothing was changed", [str(error)])
    finally:
        database.close()
    for change in changes:
        typer.echo(f"{change.kind.name.lower():8} {change.entry}")
        for detail in change.details() if change.kind is Difference.CHANGED else []:
            typer.echo(f"         {detail}")
    typer.echo(
        f"{len(rights.registrations)} participants, {len(rights.legal_bases)} legal bases, {len(rights.grants)} grants: "
        f"{len(changes) or 'no'} {'change' if len(changes) == 1 else 'changes'}"
    )


def _rights_in(file: Path, outcome: str) -> "Rights":
    from kruispunt.rights_file import RightsFileError
    from kruispunt_server.access.loading import rights_in

    try:
        return rights_in(file)
    except RightsFileError as error:
        refuse(outcome, [f"{file}:{line}: {sentence}" for line, sentence in error.faults] + error.and_more())


def _dev_pki(folder: Path, file: Path) -> None:
    from kruispunt_server import pki

    rights = _rights_in(file, "nothing was made")
    clients = {one.participant.participant_id: one.uris for one in rights.registrations}
    try:
        issued = pki.issue_all(folder, clients)
    except pki.PkiError as error:
        refuse("nothing more was made", [str(error)])
    secret = folder / "secret"
    if not secret.exists():
        pki.replace_file(secret, secrets.token_hex(32).encode() + b"\n", 0o600)
    typer.echo(f"{folder}: {len(issued)} certificates made, {len(clients) + 1 - len(issued)} stay")
