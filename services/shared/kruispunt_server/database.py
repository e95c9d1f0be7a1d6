"""One database, SQLite or PostgreSQL, behind the same few words: reading, snapshot, writing, hot.

SQLite is the embedded default: write-ahead log, every commit flushed, writers take their lock when they begin
(a plain BEGIN loses transactions to locks), and inside one process they queue fairly in place of polling.
PostgreSQL is the production store; a server that would acknowledge what it may lose is refused at the start.
"""

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Self

import sqlalchemy as sa

from kruispunt_server import postgres_checks
from kruispunt_server.errors import RegistryError
from kruispunt_server.hot import HotPool, HotStatement
from kruispunt_server.hot_insert import HotInsert, PostgresInsert, SqliteInsert
from kruispunt_server.postgres_checks import ALLOW_UNSAFE, Load, UnsafeDatabaseError
from kruispunt_server.postgres_opening import Greet, open_postgresql, pooler_of
from kruispunt_server.repeating import ResultT, carried_out
from kruispunt_server.sqlite_opening import MODE, open_sqlite
from kruispunt_server.store_errors import constraint_of, translating, waited_in_vain
from kruispunt_server.time_left import within
from kruispunt_server.turnstile import Turnstile

__all__ = ["ALLOW_UNSAFE", "Database", "HotStatement", "UnsafeDatabaseError", "constraint_of"]


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
            self._reader = engine.execution_options(**{MODE: ""})
            self._snapshot = engine.execution_options(**{MODE: "BEGIN"})
            self._writer: sa.Engine = engine.execution_options(**{MODE: "BEGIN IMMEDIATE"})
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
            engine, connect = open_sqlite(parsed, pool_size, busy_timeout_s)
        elif kind == "postgresql":
            engine, connect = open_postgresql(
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
        greet: Greet,
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
        engine, connect = open_postgresql(
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


_ADVISORY_LOCK = sa.select(sa.func.pg_advisory_xact_lock(sa.bindparam("key", type_=sa.BigInteger)))
# One row after the other, in the order of the array.
_ADVISORY_LOCKS = sa.select(
    sa.func.pg_advisory_xact_lock(
        sa.func.unnest(sa.bindparam("keys", type_=sa.ARRAY(sa.BigInteger))).column_valued("key")
    )
)
