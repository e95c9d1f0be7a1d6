"""Builds what reads at standbys, from the settings."""

from collections.abc import Callable

import sqlalchemy as sa

from kruispunt_server.clock import Clock
from kruispunt_server.database import Database
from kruispunt_server.events import Events
from kruispunt_server.keys import Keys
from kruispunt_server.settings import ServerSettings
from kruispunt_server.standbys.primary import Primary
from kruispunt_server.standbys.reads import Counting, Reads
from kruispunt_server.standbys.routed import RoutedDatabase
from kruispunt_server.standbys.standby import Standby
from kruispunt_server.tables import SharedTables


def reads_of(
    settings: ServerSettings,
    database: Database,
    tables: SharedTables,
    keys: Keys,
    clock: Clock,
    events: Events,
    counted: Counting | None,
) -> Reads | None:
    """Return what sends calls to standbys, not started; none: there are none. A standby that is away is no fault."""
    if not settings.standby_urls:
        return None
    primary = Primary(database, tables, keys.derive("consistency-token"), clock)

    def changed(name: str, serves: bool, why: str) -> None:  # noqa: FBT001 - an event's fields
        events.emit("standby_changed", standby=name, serving=serves, why=why)

    standbys = [_standby(url, settings, primary, tables, changed) for url in settings.standby_urls]
    return Reads(
        RoutedDatabase(database, standbys),
        primary,
        standbys,
        staleness_s=settings.standby_staleness_s,
        patience_s=settings.standby_wait_s,
        counted=counted,
    )


def _standby(
    url: str,
    settings: ServerSettings,
    primary: Primary,
    tables: SharedTables,
    changed: Callable[[str, bool, str], None],
) -> Standby:
    standby = Standby(place_of(url), primary, changed)
    database = Database.of_standby(
        url,
        pool_size=settings.database_connections,
        busy_timeout_s=settings.standby_timeout_s,
        statement_timeout_s=settings.standby_timeout_s,
        greet=standby.greet,
    )
    standby.over(database, tables)
    return standby


def place_of(url: str) -> str:
    """Return host and port of an address, which hold no secret."""
    parsed = sa.make_url(url)
    host = parsed.host or parsed.query.get("host", "")
    port = parsed.port or parsed.query.get("port", "")
    return f"{host}:{port}" if port else str(host)
