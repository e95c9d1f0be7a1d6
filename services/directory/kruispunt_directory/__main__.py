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


SERVICE = Service("directory", "kruispunt_directory", DirectorySettings, _wire, _tables, _numbers_of)
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


def main() -> None:
    """Run the command."""
    app()


if __name__ == "__main__":
    main()
