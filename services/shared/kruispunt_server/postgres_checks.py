"""What a PostgreSQL must be like before a server starts on it: all that is wrong is told at once.

Asked over the connection that the server uses, so that what was set for its role or its database counts.
"""

import os
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

ALLOW_UNSAFE: Final = "KRUISPUNT_ALLOW_UNSAFE_POSTGRES"
OLDEST: Final = 15
# Goes along with the settings that a session begins with, to see whether they arrive.
MARK: Final = "kruispunt.session"
POOLER_UNNAMED: Final = (
    "the settings of a session do not arrive at PostgreSQL: there is a pooler in between, and database_url must say so "
    "by ?pooler=transaction"
)
FOR_COMMANDS: Final = 4  # connections that are left to commands, beside the servers
_MUST_FLUSH: Final = ("fsync", "synchronous_commit", "full_page_writes")
_UTC: Final = frozenset(
    {"UTC", "Etc/UTC", "Etc/UCT", "Etc/Universal", "Etc/Zulu", "UCT", "Universal", "Zulu"}
)


class UnsafeDatabaseError(Exception):
    """The database may lose what it acknowledged, lets the server rewrite the journal, or cannot carry the server.

    Attributes:
        passing: it may be otherwise in a moment: a standby that is promoted.
    """

    def __init__(self, message: str, *, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing


@dataclass(frozen=True, slots=True)
class Load:
    """What the servers of one database will ask of it.

    Attributes:
        servers: how many use the same PostgreSQL.
        workers: processes of each.
        connections: of each pool; every process has two.
    """

    servers: int
    workers: int
    connections: int

    def most(self) -> int:
        """Return how many connections are open at most, commands included."""
        return self.servers * self.workers * 2 * self.connections + FOR_COMMANDS


def refuse_unsafe(connection: sa.Connection, *, pooled: bool) -> None:
    """Refuse a PostgreSQL that may lose what it acknowledges, or keeps text or times in another way.

    Args:
        connection: any to it.
        pooled: a pooler shares connections among transactions.

    Raises:
        UnsafeDatabaseError: with all that is wrong.
    """
    faults = [] if os.environ.get(ALLOW_UNSAFE) == "1" else _not_flushing(connection)
    faults += _of_another_kind(connection)
    if not pooled and connection.scalar(_ARRIVED) != "on":
        faults.append(POOLER_UNNAMED)
    _refuse(faults)


def refuse_unfit(connection: sa.Connection, load: Load, *, pooled: bool) -> None:
    """Refuse a PostgreSQL that cannot be written to, or has too few connections.

    Args:
        connection: any to it.
        load: what will be asked of it.
        pooled: connections are the pooler's; how many it opens is not seen from here.

    Raises:
        UnsafeDatabaseError: with all that is wrong.
    """
    if connection.scalar(sa.select(sa.func.pg_is_in_recovery())):
        raise UnsafeDatabaseError("this PostgreSQL is a standby: it takes no writes", passing=True)
    faults = []
    if _setting(connection, "transaction_read_only") == "on":
        faults.append("PostgreSQL lets this role only read: default_transaction_read_only is on")
    if not pooled:
        faults += _too_few(connection, load)
    _refuse(faults)


def _refuse(faults: list[str]) -> None:
    if faults:
        raise UnsafeDatabaseError("; ".join(faults))


def _not_flushing(connection: sa.Connection) -> list[str]:
    """Return what may lose an acknowledged commit when the machine fails.

    Every `synchronous_commit` but "off" waits until the commit is on this machine's disk; they differ in what they
    wait for on standbys.
    """
    return [
        f"PostgreSQL runs with {name} off: it may lose what it acknowledged"
        for name in _MUST_FLUSH
        if _setting(connection, name) == "off"
    ]


def _of_another_kind(connection: sa.Connection) -> list[str]:
    faults = []
    version = int(_setting(connection, "server_version_num")) // 10_000
    if version < OLDEST:
        faults.append(f"PostgreSQL is of version {version}: {OLDEST} is the oldest that the server runs on")
    encoding = _setting(connection, "server_encoding")
    if encoding != "UTF8":
        faults.append(f"the database is encoded in {encoding}: only UTF8 holds every name")
    zone = _setting(connection, "TimeZone")
    if zone not in _UTC:
        faults.append(
            f"sessions have the time zone {zone}: it must be UTC (ALTER ROLE … SET timezone = 'UTC')"
        )
    return faults


def _too_few(connection: sa.Connection, load: Load) -> list[str]:
    """Return which limits the servers will run into, with the figures."""
    needed = load.most()
    figures = (
        f"{load.servers} x {load.workers} workers x 2 x {load.connections} connections and {FOR_COMMANDS} for commands "
        f"are {needed}, but "
    )
    return [
        figures + sentence for limit, sentence in _limits(connection) if 0 <= limit < needed
    ]  # -1: no limit


def _limits(connection: sa.Connection) -> list[tuple[int, str]]:
    found = {name: int(value) for name, value in connection.execute(_RESERVED).all()}
    total = found.pop("max_connections")
    free = total - sum(found.values())
    role, of_role, of_database = connection.execute(_LIMITS).one()
    return [
        (free, f"PostgreSQL has {free}: max_connections is {total}, less {total - free} that are reserved"),
        (of_role, f"the role {role} may open {of_role}"),
        (of_database, f"the database takes {of_database}"),
    ]


def _setting(connection: sa.Connection, name: str) -> Any:
    return connection.scalar(_SETTING, {"name": name})


_SETTING = sa.select(sa.func.current_setting(sa.bindparam("name", type_=sa.Text)))
_ARRIVED = sa.select(sa.func.current_setting(MARK, sa.true()))
_RESERVED = sa.text(
    "SELECT name, setting FROM pg_settings WHERE name IN "
    "('max_connections', 'superuser_reserved_connections', 'reserved_connections')"
)
_LIMITS = sa.text(
    "SELECT rolname, rolconnlimit, datconnlimit FROM pg_roles, pg_database "
    "WHERE rolname = current_user AND datname = current_database()"
)
