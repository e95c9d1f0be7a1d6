"""The command `kruispunt-identity`."""

from typing import TYPE_CHECKING

from kruispunt_identity.commands import add_search_commands
from kruispunt_identity.commands_national import add_national_commands
from kruispunt_identity.settings import IdentitySettings
from kruispunt_server.commands import Service, build_app
from kruispunt_server.settings import ServerSettings

if TYPE_CHECKING:
    from kruispunt_server.assembly import Assembly, Telemetry
    from kruispunt_server.tables import SharedTables


def _wire(settings: ServerSettings, telemetry: "Telemetry") -> "Assembly":
    from kruispunt_identity.wiring import wire

    return wire(settings, telemetry)


def _tables() -> "SharedTables":
    from kruispunt_identity.tables import shared

    return shared


SERVICE = Service("identity", "kruispunt_identity", IdentitySettings, _wire, _tables)
app = build_app(SERVICE)
add_national_commands(app, SERVICE)
add_search_commands(app, SERVICE)


def main() -> None:
    """Run the command."""
    app()


if __name__ == "__main__":
    main()
