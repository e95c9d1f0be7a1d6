"""The command `kruispunt-identity`."""

from typing import TYPE_CHECKING

from kruispunt_identity.commands import add_search_commands
from kruispunt_identity.commands_national import add_national_commands
from kruispunt_identity.settings import IdentitySettings
from kruispunt_server.commands import Service, build_app
from kruispunt_server.settings import ServerSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kruispunt.ssin import Ssin
    from kruispunt_server.assembly import Assembly, Telemetry
    from kruispunt_server.database import Database
    from kruispunt_server.tables import SharedTables


def _wire(settings: ServerSettings, telemetry: "Telemetry") -> "Assembly":
    from kruispunt_identity.wiring import wire

    return wire(settings, telemetry)


def _tables() -> "SharedTables":
    from kruispunt_identity.tables import shared

    return shared


def _numbers_of(database: "Database", numbers: "Sequence[Ssin]") -> "set[Ssin]":
    from kruispunt_identity.store.numbers import NumberStore
    from kruispunt_identity.tables import identity_tables

    store = NumberStore(database, identity_tables())
    with database.reading() as connection:
        resolved = store.resolve_many(connection, numbers)
        roots = {found.current for found in resolved.values() if found.current is not None}
        lineages = store.lineages(connection, roots)
    return set(numbers).union(*(lineage.numbers for lineage in lineages.values()))


SERVICE = Service("identity", "kruispunt_identity", IdentitySettings, _wire, _tables, _numbers_of)
app = build_app(SERVICE)
add_national_commands(app, SERVICE)
add_search_commands(app, SERVICE)


def main() -> None:
    """Run the command."""
    app()


if __name__ == "__main__":
    main()
