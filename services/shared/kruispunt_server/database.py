"""One database, SQLite or PostgreSQL, behind the same few words: reading, snapshot, writing, hot.

SQLite is the embedded default: write-ahead log, every commit flushed, writers take their lock when they begin
(a plain BEGIN loses transactions to locks), and inside one process they queue fairly in place of polling.
PostgreSQL is the production store; a server that would acknowledge what it may lose is refused at the start.
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, Self

import psycopg
import sqlalchemy as sa

from kruispunt_server.hot import HotPool, HotStatement, PostgresSession, Session, SqliteSession
from kruispunt_server.store_errors import constraint_of, translating, unavailable

__all__ = ["Database", "HotStatement", "constraint_of"]

ALLOW_UNSAFE = "KRUISPUNT_ALLOW_UNSAFE_POSTGRES"

_CONNECT_TIMEOUT_S = 5
_GRACE_S = 2.0
_SAFE_SETTINGS = ("fsync", "synchronous_commit", "full_page_writes")
_MODE = "kruispunt_begin"


class UnsafeDatabaseError(Exception):
    """The database may lose what it acknowledged, or lets the server rewrite the journal; it does not start on it."""


class Database:
    """Connections to one database. Made by `open`.

    Attributes:
        dialect: "sqlite" or "postgresql".
        engine: SQLAlchemy's, for migrations and tests; everything else goes through the methods.
    """

    def __init__(self, engine: sa.Engine, pool: HotPool, *, busy_timeout_s: float) -> None:
        self.engine = engine
        self.dialect = engine.dialect.name
        self._hot_pool = pool
        self._busy_timeout_s = busy_timeout_s
        self._turn = threading.Lock() if self.dialect == "sqlite" else None
        if self.dialect == "sqlite":
            self._reader = engine.execution_options(**{_MODE: ""})
            self._snapshot = engine.execution_options(**{_MODE: "BEGIN"})
            self._writer: sa.Engine = engine.execution_options(**{_MODE: "BEGIN IMMEDIATE"})
        else:
            self._reader = engine.execution_options(isolation_level="AUTOCOMMIT")
            self._snapshot = engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            self._writer = engine
        self._ping = self.hot(sa.select(sa.literal_column("1")))

    @classmethod
    def open(
        cls,
        url: str,
        *,
        pool_size: int = 8,
        busy_timeout_s: float = 5.0,
        statement_timeout_s: float = 10.0,
    ) -> Self:
        """Open the database at `url` and check that it keeps what it acknowledges.

        Args:
            url: `sqlite:////path/of/file` or `postgresql://user@host/name`.
            pool_size: connections at most for transactions; hot statements have as many of their own.
            busy_timeout_s: how long a call waits for a connection or, on SQLite, for the writers' lock.
            statement_timeout_s: after which PostgreSQL gives up a statement.

        Raises:
            ValueError: another kind of database, or one in memory.
            UnsafeDatabaseError: PostgreSQL runs with fsync, synchronous_commit or full_page_writes off, and the
                environment does not allow it by KRUISPUNT_ALLOW_UNSAFE_POSTGRES=1.
            RegistryError: the database cannot be reached; STORE_UNAVAILABLE.
        """
        parsed = sa.make_url(url)
        kind = parsed.get_backend_name()
        if kind == "sqlite":
            engine, connect = _open_sqlite(parsed, pool_size, busy_timeout_s)
        elif kind == "postgresql":
            engine, connect = _open_postgresql(parsed, pool_size, busy_timeout_s, statement_timeout_s)
        else:
            raise ValueError("the database must be SQLite or PostgreSQL")
        database = cls(engine, HotPool(connect, pool_size, busy_timeout_s), busy_timeout_s=busy_timeout_s)
        try:
            database.probe()
            database._refuse_unsafe()
        except BaseException:
            database.close()
            raise
        return database

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """Return a connection in autocommit: each statement sees the latest committed state.

        Raises:
            RegistryError: STORE_UNAVAILABLE; of the other two the same.
        """
        return self._connected(self._reader)

    def snapshot(self) -> AbstractContextManager[sa.Connection]:
        """Return a connection in one read-only transaction: every statement sees the same state."""
        return self._connected(self._snapshot)

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Give a connection in one transaction: committed at the end, rolled back on any exception.

        Raises:
            RegistryError: STORE_UNAVAILABLE; CONCURRENT_CHANGE after a deadlock.
            sqlalchemy.exc.IntegrityError: a constraint was violated; see `constraint_of`.
        """
        with translating(), self._writers_turn(), self._writer.begin() as connection:
            yield connection

    def lock(self, connection: sa.Connection, key: int) -> None:
        """Let no other transaction that locks `key` run beside this one, until this one ends.

        Args:
            connection: one of `writing`; on SQLite it excludes every other writer already.
            key: a person's number, or any other 64-bit number that the writers agree on.
        """
        if self.dialect == "postgresql":
            connection.execute(_ADVISORY_LOCK, {"key": key})

    def hot(self, statement: sa.Executable) -> HotStatement:
        """Compile `statement` for this database, to be executed often and cheaply."""
        return HotStatement(statement, self.engine.dialect, self._hot_pool)

    def probe(self) -> None:
        """Make one cheap round trip.

        Raises:
            RegistryError: the database does not answer; STORE_UNAVAILABLE.
        """
        self._ping.rows()

    def close(self) -> None:
        """Close every connection."""
        self._hot_pool.close()
        self.engine.dispose()

    @contextmanager
    def _connected(self, engine: sa.Engine) -> Iterator[sa.Connection]:
        with translating(), engine.connect() as connection:
            yield connection

    @contextmanager
    def _writers_turn(self) -> Iterator[None]:
        if self._turn is None:
            yield
            return
        if not self._turn.acquire(timeout=self._busy_timeout_s):
            raise unavailable()
        try:
            yield
        finally:
            self._turn.release()

    def _refuse_unsafe(self) -> None:
        if self.dialect != "postgresql" or os.environ.get(ALLOW_UNSAFE) == "1":
            return
        with self.reading() as connection:
            for name in _SAFE_SETTINGS:
                if connection.scalar(_SETTING, {"name": name}) == "off":
                    raise UnsafeDatabaseError(
                        f"PostgreSQL runs with {name} off: it may lose what it acknowledged"
                    )


_ADVISORY_LOCK = sa.select(sa.func.pg_advisory_xact_lock(sa.bindparam("key", type_=sa.BigInteger)))
_SETTING = sa.select(sa.func.current_setting(sa.bindparam("name", type_=sa.Text)))


def _open_sqlite(
    url: sa.URL, pool_size: int, busy_timeout_s: float
) -> tuple[sa.Engine, Callable[[], Session]]:
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
    statement = connection.get_execution_options().get(_MODE, "BEGIN IMMEDIATE")
    if statement:
        connection.exec_driver_sql(statement)


class _PatientConnection(psycopg.Connection[Any]):
    """A connection that gives up on a server that does not answer, even one that is frozen with its line open.

    The server's own statement_timeout ends a slow statement; this ends the wait for a server that cannot
    even do that. The connection is then closed: an answer might still come.
    """

    patience_s: float | None = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for the server; at most `patience_s`."""
        try:
            return super().wait(gen, interval, self.patience_s if timeout is None else timeout)
        except psycopg.OperationalError as error:
            if error.sqlstate is None:
                self.pgconn.finish()
            raise


def _open_postgresql(
    url: sa.URL, pool_size: int, busy_timeout_s: float, statement_timeout_s: float
) -> tuple[sa.Engine, Callable[[], Session]]:
    patience_ms = int(statement_timeout_s * 1000)
    url = url.set(drivername="postgresql+psycopg")
    arguments, named_in_url = url.get_dialect()().create_connect_args(url)
    options: dict[str, Any] = {
        "connect_timeout": _CONNECT_TIMEOUT_S,
        "application_name": "kruispunt",
        "options": f"-c statement_timeout={patience_ms} -c timezone=UTC",
        # A host that vanished is noticed; without these a call would wait for the kernel's quarter of an hour.
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 2,
        "tcp_user_timeout": patience_ms + 5_000,
        **named_in_url,
    }

    connect_one: Callable[..., _PatientConnection] = _PatientConnection.connect

    def connect(**more: Any) -> _PatientConnection:
        connection = connect_one(*arguments, **options, **more)
        connection.patience_s = statement_timeout_s + _GRACE_S
        return connection

    engine = sa.create_engine(
        url,
        creator=connect,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=busy_timeout_s,
        hide_parameters=True,
    )

    def session() -> Session:
        return PostgresSession(connect(autocommit=True, prepare_threshold=0))

    return engine, session
