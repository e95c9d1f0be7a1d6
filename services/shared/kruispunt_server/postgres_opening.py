"""How PostgreSQL is connected to: for transactions and for hot statements, directly or through a pooler, or at a standby."""

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import sqlalchemy as sa

from kruispunt_server import postgres_checks
from kruispunt_server.hot import PostgresSession, Session
from kruispunt_server.postgres_connection import PatientConnection
from kruispunt_server.time_left import seconds_left

_CONNECT_TIMEOUT_S: Final = 5
_GRACE_S: Final = 2.0
_POOLER: Final = "pooler"

Greet = Callable[[PatientConnection], None]


def pooler_of(url: sa.URL) -> str | None:
    """Return what stands between the server and the database: "transaction", a pooler of that mode, or nothing.

    Raises:
        ValueError: another pooler.
    """
    named = url.query.get(_POOLER)
    if named not in (None, "transaction") or (named and url.get_backend_name() != "postgresql"):
        raise ValueError("pooler=transaction is all that database_url may say of a pooler, of PostgreSQL's")
    return "transaction" if named else None


def open_postgresql(
    url: sa.URL,
    pool_size: int,
    busy_timeout_s: float,
    statement_timeout_s: float,
    *,
    pooled: bool,
    greet: Greet | None = None,
) -> tuple[sa.Engine, Callable[[], Session]]:
    """Return the engine for an address, and what opens a connection for hot statements; errors come when they connect.

    Args:
        url: as of `Database.open`.
        pool_size: as there.
        busy_timeout_s: as there.
        statement_timeout_s: as there.
        pooled: a pooler shares connections among transactions.
        greet: of a standby: sees every new connection first; one that it raises on is closed and not used.
    """
    url = url.set(drivername="postgresql+psycopg").difference_update_query([_POOLER])
    arguments, named_in_url = url.get_dialect()().create_connect_args(url)
    options = _options(named_in_url, statement_timeout_s, pooled=pooled, at_standby=greet is not None)
    connect_one: Callable[..., PatientConnection] = PatientConnection.connect

    def connect(**more: Any) -> PatientConnection:
        more["connect_timeout"] = _while_the_call_waits(options["connect_timeout"])
        connection = connect_one(*arguments, **{**options, **more})
        # PostgreSQL ends a slow statement by itself, unless a pooler is in between.
        connection.patience_s = statement_timeout_s + (0.0 if pooled else _GRACE_S)
        if greet is not None:
            connection.patience_s, connection.cancels = statement_timeout_s, False
            _introduce(connection, greet)
        return connection

    def session() -> Session:
        if pooled:
            return PostgresSession(connect(autocommit=True))
        # One plan for all values, held to an index by a test: over partitions a plan for each would take longer than
        # the statement, which then looks into one part only all the same.
        settings = f"{options['options']} -c plan_cache_mode=force_generic_plan"
        return PostgresSession(connect(autocommit=True, prepare_threshold=0, options=settings))

    engine = sa.create_engine(
        url,
        creator=connect,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=busy_timeout_s,
        hide_parameters=True,
    )
    return engine, session


def _options(
    named_in_url: Mapping[str, Any], statement_timeout_s: float, *, pooled: bool, at_standby: bool
) -> dict[str, Any]:
    patience_ms = int(statement_timeout_s * 1000)
    options: dict[str, Any] = {
        # The primary may be asked in place of a standby that says nothing.
        "connect_timeout": max(1, min(_CONNECT_TIMEOUT_S, math.ceil(statement_timeout_s)))
        if at_standby
        else _CONNECT_TIMEOUT_S,
        "application_name": "kruispunt",
        # A host that vanished is noticed; without these a call would wait for the kernel's quarter of an hour.
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 2,
        "tcp_user_timeout": patience_ms + 5_000,
        **named_in_url,
    }
    if pooled:
        options["prepare_threshold"] = None  # a statement would be prepared on somebody else's connection
    else:
        settings = f"-c statement_timeout={patience_ms} -c timezone=UTC -c {postgres_checks.MARK}=on"
        options["options"] = f"{settings} {named_in_url.get('options', '')}"
    return options


def _introduce(connection: PatientConnection, greet: Greet) -> None:
    try:
        greet(connection)
        connection.rollback()
    except BaseException:
        connection.close()
        raise


def _while_the_call_waits(connect_timeout: str | int) -> str | int:
    """Return how many seconds to wait for a server that says nothing; the driver makes it two at least."""
    left_s = seconds_left()
    if left_s is None:
        return connect_timeout
    return max(1, min(int(connect_timeout) or _CONNECT_TIMEOUT_S, math.ceil(left_s)))
