"""One database, SQLite or PostgreSQL, behind the same few words: reading, snapshot, writing, hot.

SQLite is the embedded default: write-ahead log, every commit flushed, writers take their lock when they begin
(a plain BEGIN loses transactions to locks), and inside one process they queue fairly in place of polling.
PostgreSQL is the production store; a server that would acknowledge what it may lose is refused at the start.
"""

import math
import os
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, Self

import sqlalchemy as sa

from kruispunt_server import postgres_checks
from kruispunt_server.errors import RegistryError
from kruispunt_server.hot import HotPool, HotStatement, PostgresSession, Session, SqliteSession
from kruispunt_server.hot_insert import HotInsert, PostgresInsert, SqliteInsert
from kruispunt_server.postgres_checks import ALLOW_UNSAFE, Load, UnsafeDatabaseError
from kruispunt_server.postgres_connection import PatientConnection
from kruispunt_server.repeating import ResultT, carried_out
from kruispunt_server.store_errors import constraint_of, translating, waited_in_vain
from kruispunt_server.time_left import seconds_left, within
from kruispunt_server.turnstile import Turnstile

__all__ = ["ALLOW_UNSAFE", "Database", "HotStatement", "UnsafeDatabaseError", "constraint_of", "pooler_of"]

_CONNECT_TIMEOUT_S = 5
_GRACE_S = 2.0
_MODE = "kruispunt_begin"
_POOLER = "pooler"
_INTERRUPT_AFTER = 20_000  # instructions of SQLite: between two looks at the clock pass about 0.3 ms


class Database:
    """Connections to one database. Made by `open`.

    Attributes:
        dialect: "sqlite" or "postgresql".
        hot_statements: every one that was compiled by `hot`; a test asks for the plan of each.
        pooled: a pooler shares connections among transactions: nothing may be kept in a session.
        engine: SQLAlchemy's, for migrations and tests; everything else goes through the methods.
    """

    def __init__(
        self,
        engine: sa.Engine,
        pool: HotPool,
        *,
        pool_size: int,
        busy_timeout_s: float,
        pooled: bool,
    ) -> None:
        self.engine = engine
        self.pooled = pooled
        self.dialect = engine.dialect.name
        self._hot_pool = pool
        self._busy_timeout_s = busy_timeout_s
        self._door = Turnstile(pool_size, busy_timeout_s)
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
        self.hot_statements: list[HotStatement] = []
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
            url: `sqlite:////path/of/file` or `postgresql://user@host/name`, with `?pooler=transaction` where a pooler
                shares connections among transactions: then nothing is kept in a session, neither settings nor
                prepared statements.
            pool_size: connections at most for transactions; hot statements have as many of their own.
            busy_timeout_s: how long a call waits for a connection or, on SQLite, for the writers' lock.
            statement_timeout_s: after which PostgreSQL gives up a statement, if the call does not before.

        Raises:
            ValueError: another kind of database, or one in memory, or another pooler.
            UnsafeDatabaseError: PostgreSQL runs with fsync, synchronous_commit or full_page_writes off, and the
                environment does not allow it by KRUISPUNT_ALLOW_UNSAFE_POSTGRES=1; or is otherwise unfit, as of
                `postgres_checks.refuse_unsafe`.
            RegistryError: the database cannot be reached; STORE_UNAVAILABLE.
        """
        parsed = sa.make_url(url)
        kind, pooled = parsed.get_backend_name(), pooler_of(parsed) is not None
        if kind == "sqlite":
            engine, connect = _open_sqlite(parsed, pool_size, busy_timeout_s)
        elif kind == "postgresql":
            engine, connect = _open_postgresql(
                parsed, pool_size, busy_timeout_s, statement_timeout_s, pooled=pooled
            )
        else:
            raise ValueError("the database must be SQLite or PostgreSQL")
        pool = HotPool(connect, pool_size, busy_timeout_s)
        database = cls(engine, pool, pool_size=pool_size, busy_timeout_s=busy_timeout_s, pooled=pooled)
        try:
            database._refuse_unsafe()
            database.probe()
        except BaseException:
            database.close()
            raise
        return database

    @classmethod
    def of_standby(
        cls,
        url: str,
        *,
        pool_size: int,
        busy_timeout_s: float,
        statement_timeout_s: float,
        greet: Callable[[PatientConnection], None],
    ) -> Self:
        """Return the database of a hot standby, whether or not it can be reached now; only to be read.

        Args:
            url: `postgresql://user@host/name`, of one server.
            pool_size: as of `open`.
            busy_timeout_s: as of `open`.
            statement_timeout_s: as of `open`.
            greet: sees every new connection first; one that it raises on is closed and not used.
        """
        parsed = sa.make_url(url)
        pooled = pooler_of(parsed) is not None
        engine, connect = _open_postgresql(
            parsed, pool_size, busy_timeout_s, statement_timeout_s, pooled=pooled, greet=greet
        )
        pool = HotPool(connect, pool_size, busy_timeout_s)
        return cls(engine, pool, pool_size=pool_size, busy_timeout_s=busy_timeout_s, pooled=pooled)

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """Return a connection in autocommit: each statement sees the latest committed state.

        Raises:
            RegistryError: STORE_UNAVAILABLE; of the other two the same.
        """
        return self._connected(self._reader)

    @contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """Give a connection in one read-only transaction: every statement sees the same state."""
        with self._connected(self._snapshot) as connection:
            yield connection
            # Rolled back, psycopg would forget its prepared statements: each is then parsed and planned every time.
            connection.commit()

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Give a connection in one transaction: committed at the end, rolled back on any exception.

        Raises:
            RegistryError: STORE_UNAVAILABLE; CONCURRENT_CHANGE after a deadlock.
            sqlalchemy.exc.IntegrityError: a constraint was violated; see `constraint_of`.
        """
        with translating(), self._writers_turn(), self._door.passing(), self._writer.begin() as connection:
            yield connection

    def transact(self, unit: Callable[[sa.Connection], ResultT], *, keyed: bool = False) -> ResultT:
        """Run `unit` in one transaction, and again if the database undid it; returns what it returned.

        Args:
            unit: all that the transaction does; repeatable, as of `repeating.carried_out`.
            keyed: `unit` notices that it was committed already.

        Raises:
            RegistryError: as of `writing`; CONCURRENT_CHANGE after several attempts only.
            sqlalchemy.exc.IntegrityError: a constraint was violated; see `constraint_of`.
        """
        return carried_out(self.writing, unit, keyed=keyed)

    def lock(self, connection: sa.Connection, key: int) -> None:
        """Let no other transaction that locks `key` run beside this one, until this one ends.

        Args:
            connection: one of `writing`; on SQLite it excludes every other writer already.
            key: a person's number, or any other 64-bit number that the writers agree on.
        """
        if self.dialect == "postgresql":
            connection.execute(_ADVISORY_LOCK, {"key": key})

    def lock_all(self, connection: sa.Connection, keys: Collection[int]) -> None:
        """Lock many keys as `lock`, in ascending order, in one round trip: two that do so cannot deadlock."""
        if self.dialect == "postgresql" and keys:
            connection.execute(_ADVISORY_LOCKS, {"keys": sorted(set(keys))})

    def hot(self, statement: sa.Executable) -> HotStatement:
        """Compile `statement` for this database, to be executed often and cheaply."""
        compiled = HotStatement(statement, self.engine.dialect, self._hot_pool)
        self.hot_statements.append(compiled)
        return compiled

    def hot_insert(self, table: sa.Table, names: Sequence[str]) -> HotInsert:
        """Prepare inserting rows of these columns into `table`, often and cheaply, each time in a transaction of its own."""
        if self.dialect == "postgresql":
            return PostgresInsert(table, names, self.hot)
        return SqliteInsert(table, names, self.engine.dialect, self._hot_pool, self._writers_turn)

    def probe(self) -> None:
        """Make one cheap round trip.

        Raises:
            RegistryError: the database does not answer; STORE_UNAVAILABLE.
        """
        self._ping.rows()

    def refuse_unfit(self, load: Load) -> None:
        """Refuse a PostgreSQL that cannot be written to or has too few connections; SQLite is always fit.

        Raises:
            UnsafeDatabaseError: with all that is wrong.
        """
        if self.dialect == "postgresql":
            with self.reading() as connection:
                postgres_checks.refuse_unfit(connection, load, pooled=self.pooled)

    def close(self) -> None:
        """Close every connection."""
        self._hot_pool.close()
        self.engine.dispose()

    @contextmanager
    def _connected(self, engine: sa.Engine) -> Iterator[sa.Connection]:
        with translating(), self._door.passing(), engine.connect() as connection:
            yield connection

    @contextmanager
    def _writers_turn(self) -> Iterator[None]:
        if self._turn is None:
            yield
            return
        if not self._turn.acquire(timeout=within(self._busy_timeout_s)):
            raise waited_in_vain()
        try:
            yield
        finally:
            self._turn.release()

    def _refuse_unsafe(self) -> None:
        if self.dialect != "postgresql":
            return
        try:
            with self.reading() as connection:
                postgres_checks.refuse_unsafe(connection, pooled=self.pooled)
        except RegistryError as error:
            if "startup parameter" in str(error.__cause__):  # of PgBouncer: it does not know `options`
                raise UnsafeDatabaseError(postgres_checks.POOLER_UNNAMED) from error
            raise


def pooler_of(url: sa.URL) -> str | None:
    """Return what stands between the server and the database: "transaction", a pooler of that mode, or nothing.

    Raises:
        ValueError: another pooler.
    """
    named = url.query.get(_POOLER)
    if named not in (None, "transaction") or (named and url.get_backend_name() != "postgresql"):
        raise ValueError("pooler=transaction is all that database_url may say of a pooler, of PostgreSQL's")
    return "transaction" if named else None


_ADVISORY_LOCK = sa.select(sa.func.pg_advisory_xact_lock(sa.bindparam("key", type_=sa.BigInteger)))
# One row after the other, in the order of the array.
_ADVISORY_LOCKS = sa.select(
    sa.func.pg_advisory_xact_lock(
        sa.func.unnest(sa.bindparam("keys", type_=sa.ARRAY(sa.BigInteger))).column_valued("key")
    )
)


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
    statement = connection.get_execution_options().get(_MODE, "BEGIN IMMEDIATE")
    if statement:
        connection.exec_driver_sql(statement)


def _has_given_up() -> bool:
    """Whether the call that this thread works for has no time left: SQLite then ends its statement."""
    left_s = seconds_left()
    return left_s is not None and left_s <= 0


def _introduce(connection: PatientConnection, greet: Callable[[PatientConnection], None]) -> None:
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


def _open_postgresql(
    url: sa.URL,
    pool_size: int,
    busy_timeout_s: float,
    statement_timeout_s: float,
    *,
    pooled: bool,
    greet: Callable[[PatientConnection], None] | None = None,
) -> tuple[sa.Engine, Callable[[], Session]]:
    patience_ms = int(statement_timeout_s * 1000)
    url = url.set(drivername="postgresql+psycopg").difference_update_query([_POOLER])
    arguments, named_in_url = url.get_dialect()().create_connect_args(url)
    options: dict[str, Any] = {
        # The primary may be asked in place of a standby that says nothing.
        "connect_timeout": _CONNECT_TIMEOUT_S
        if greet is None
        else max(1, min(_CONNECT_TIMEOUT_S, math.ceil(statement_timeout_s))),
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

    engine = sa.create_engine(
        url,
        creator=connect,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=busy_timeout_s,
        hide_parameters=True,
    )

    def session() -> Session:
        if pooled:
            return PostgresSession(connect(autocommit=True))
        # One plan for all values, held to an index by a test: over partitions a plan for each would take longer than
        # the statement, which then looks into one part only all the same.
        settings = f"{options['options']} -c plan_cache_mode=force_generic_plan"
        return PostgresSession(connect(autocommit=True, prepare_threshold=0, options=settings))

    return engine, session
