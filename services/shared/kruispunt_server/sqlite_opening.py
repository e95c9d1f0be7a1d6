"""Connections to SQLite: write-ahead log, every commit flushed, a statement ends when the caller has given up."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import sqlalchemy as sa

from kruispunt_server.hot import Session, SqliteSession
from kruispunt_server.time_left import seconds_left

MODE: Final = "kruispunt_begin"
"""The execution option by which a connection says how its transactions begin; empty: there is none."""

_INTERRUPT_AFTER: Final = 20_000  # instructions: between two looks at the clock pass about 0.3 ms


def open_sqlite(
    url: sa.URL, pool_size: int, busy_timeout_s: float
) -> tuple[sa.Engine, Callable[[], Session]]:
    """Return the engine for a file, and what opens a connection for hot statements.

    Raises:
        ValueError: a database in memory.
    """
    if url.database in (None, "", ":memory:"):
        raise ValueError("SQLite needs a file: connections to memory do not share what they hold")
    path = str(url.database)
    create_private(path)

    def connect() -> sqlite3.Connection:
        # The driver must not open transactions by itself; the pools hand a connection to one thread at a time.
        connection = sqlite3.connect(
            path, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        for pragma in (
            "journal_mode=wal",
            "synchronous=full",
            "foreign_keys=on",
            # Imports touch thousands of pages a transaction: they stay in memory until its end, and what several
            # transactions changed is carried from the log to the file once.
            "cache_size=-32768",  # KiB at most
            "wal_autocheckpoint=16000",  # pages: the log grows to 64 MB
            "recursive_triggers=on",  # or INSERT OR REPLACE deletes past the append-only triggers
        ):
            connection.execute(f"PRAGMA {pragma}")
        connection.set_progress_handler(_has_given_up, _INTERRUPT_AFTER)
        return connection

    engine = sa.create_engine(
        url,
        creator=connect,
        paramstyle="named",
        poolclass=sa.QueuePool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=busy_timeout_s,
        hide_parameters=True,
    )
    sa.event.listen(engine, "begin", _begin_sqlite)

    def session() -> Session:
        return SqliteSession(connect())

    return engine, session


def create_private(path: str) -> None:
    """Create a database file that only its owner can read, unless it is there; SQLite lets its log follow that."""
    # Never open one that is there: closing it would drop the locks that this process has on it.
    with suppress(OSError):  # it is there, or SQLite will say what is wrong
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _begin_sqlite(connection: sa.Connection) -> None:
    statement = connection.get_execution_options().get(MODE, "BEGIN IMMEDIATE")
    if statement:
        connection.exec_driver_sql(statement)


def _has_given_up() -> bool:
    """Whether the call that this thread works for has no time left: SQLite then ends its statement."""
    left_s = seconds_left()
    return left_s is not None and left_s <= 0
