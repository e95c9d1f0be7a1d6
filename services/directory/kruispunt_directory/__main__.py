"""The command `kruispunt-directory`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kruispunt_directory.settings import DirectorySettings
from kruispunt_server.commands import Config, Service, build_app, load, refuse
from kruispunt_server.settings import ServerSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kruispunt.ssin import Ssin
    from kruispunt_server.assembly import Assembly, Telemetry
    from kruispunt_server.audit.retaining import FurtherRetained
    from kruispunt_server.database import Database
    from kruispunt_server.tables import SharedTables


def _wire(settings: ServerSettings, telemetry: "Telemetry") -> "Assembly":
    from kruispunt_directory.wiring import wire

    return wire(settings, telemetry)


def _tables() -> "SharedTables":
    from kruispunt_directory.tables import shared

    return shared


def _numbers_of(database: "Database", numbers: "Sequence[Ssin]") -> "set[Ssin]":
    from kruispunt_directory.store.projection import NumberProjection
    from kruispunt_directory.tables import directory_tables

    with database.reading() as connection:
        chains = NumberProjection(database, directory_tables()).load(connection, numbers)
    lineages = (chains.lineage(chains.root(number)) for number in numbers)
    return set(numbers).union(*(lineage.numbers for lineage in lineages))


def _let_go(settings: ServerSettings, database: "Database") -> "dict[str, FurtherRetained]":
    """Delete acknowledged notices, as `notice_retention_days` says."""
    import datetime as dt

    from kruispunt_directory.store.notices import NoticeStore
    from kruispunt_directory.tables import directory_tables
    from kruispunt_server.audit.retaining import FurtherRetained
    from kruispunt_server.clock import SystemClock

    assert isinstance(settings, DirectorySettings), "the command reads them"
    if settings.notice_retention_days is None:
        return {}
    before = SystemClock().now() - dt.timedelta(days=settings.notice_retention_days)
    gone = NoticeStore(database, directory_tables()).let_go(before)
    return {"notices": FurtherRetained(gone.deleted, gone.unacknowledged, "not acknowledged")}


SERVICE = Service("directory", "kruispunt_directory", DirectorySettings, _wire, _tables, _numbers_of, _let_go)
app = build_app(SERVICE)


@app.command("load-code-tables")
def load_code_tables(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="TOML file; absent: those that come along.")
    ] = None,
    config: Config = None,
) -> None:
    """Write code tables, all or none; loading them again changes nothing."""
    from kruispunt_directory import code_tables
    from kruispunt_directory.store.code_tables import load_into
    from kruispunt_directory.tables import directory_tables
    from kruispunt_server import migrate
    from kruispunt_server.clock import SystemClock
    from kruispunt_server.database import Database
    from kruispunt_server.errors import RegistryError

    settings = load(SERVICE, config)
    try:
        entries = code_tables.load_code_tables(file)
    except (code_tables.CodeTablesError, OSError) as error:
        refuse("nothing was changed", [str(error)])
    database = Database.open(settings.database_url)
    try:
        migrate.check_head(database, SERVICE.name)
        counts = load_into(database, directory_tables(), SystemClock(), entries)
    except migrate.MigrationError as error:
        refuse("nothing was changed", [str(error)])
    except RegistryError as error:
        refuse("nothing was changed", [f"{error.field}: {error.message}" if error.field else error.message])
    finally:
        database.close()
    typer.echo(f"{counts.created} created, {counts.revised} revised, {counts.unchanged} unchanged")


@app.command()
def refollow(
    *,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where it stopped: identity has back what it had lost.")
    ] = False,
    config: Config = None,
) -> None:
    """Let the directory follow identity again: from a snapshot on, unless with --resume.

    For when identity does not take its position, and after every restore of identity from a backup. Dossiers move to
    where identity says now, and institutions are told; look first whether `identity_endpoint` is the right one.
    """
    from kruispunt_directory.store.cursors import CursorStore
    from kruispunt_directory.tables import directory_tables
    from kruispunt_server.commands_audit import opened

    with opened(SERVICE, load(SERVICE, config)) as database:
        cursors = CursorStore(database, directory_tables())
        while True:  # whoever follows moves on meanwhile
            cursor = cursors.find()
            if cursor is None:
                refuse("nothing was changed", ["the directory never followed identity: it begins by itself"])
            if cursors.revise(cursor, cursor.again() if resume else cursor.anew()):
                break
    said = "it was not refused" if cursor.refused is None else f"identity had refused it: {cursor.refused}"
    how = "goes on after position" if resume else "begins with a snapshot; it had come to position"
    typer.echo(f"the directory {how} {cursor.position} ({said})")


def main() -> None:
    """Run the command."""
    app()


if __name__ == "__main__":
    main()
