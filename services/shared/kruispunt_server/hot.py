"""Statements on the hot path: compiled once, executed on the driver's own cursor.

A call's cost is then the driver's. Measured on two shared cores, one row by its key, best of 30 rounds: PostgreSQL
81 µs (bare driver 81 to 88, `Connection.execute` 323), SQLite 6.6 µs (6.3, 116). Connections stand in a
last-in-first-out stack outside SQLAlchemy's pool, each in autocommit, each with its prepared statements: no more
than there are calls at the same moment, up to a limit, and none is tied to a thread that may die.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol, TypeVar

import psycopg
import sqlalchemy as sa

from kruispunt_server.errors import Reason
from kruispunt_server.store_errors import as_integrity_error, translated, waited_in_vain
from kruispunt_server.time_left import within
from kruispunt_server.turnstile import Stall

Row = tuple[Any, ...]
Processor = Callable[[Any], Any]
Result = TypeVar("Result")


class Session(Protocol):
    """One driver connection, ready for statements of one kind of database."""

    def rows(self, sql: str, values: Mapping[str, Any]) -> list[Row]:
        """Execute and return every row."""
        ...

    def run(self, sql: str, values: Mapping[str, Any]) -> None:
        """Execute a statement that returns none."""
        ...

    def usable(self) -> bool:
        """Whether the connection can serve another statement."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class PostgresSession:
    """A psycopg connection: binary results, each statement prepared at its first use."""

    def __init__(self, connection: psycopg.Connection[Row]) -> None:
        self._connection = connection
        self._cursor = connection.cursor(binary=True)

    def rows(self, sql: str, values: Mapping[str, Any]) -> list[Row]:
        """Execute and return every row."""
        return self._cursor.execute(sql, values, prepare=True).fetchall()

    def run(self, sql: str, values: Mapping[str, Any]) -> None:
        """Execute a statement that returns none."""
        self._cursor.execute(sql, values, prepare=True)

    def usable(self) -> bool:
        """Whether the connection can serve another statement."""
        return self._connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class SqliteSession:
    """A sqlite3 connection; the driver keeps its own cache of prepared statements."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, values: Mapping[str, Any]) -> list[Row]:
        """Execute and return every row."""
        return self._connection.execute(sql, values).fetchall()

    def run(self, sql: str, values: Mapping[str, Any]) -> None:
        """Execute a statement that returns none."""
        self._connection.execute(sql, values)

    def run_for_each(self, sql: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute a statement once for each of many rows, all or none."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._connection.executemany(sql, rows)
            self._connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # it may have been rolled back already
                self._connection.execute("ROLLBACK")
            raise

    def usable(self) -> bool:
        """Whether the connection can serve another statement: a file does not go away."""
        return True

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class HotPool:
    """The driver connections that hot statements run on.

    Args:
        connect: opens one; may raise the driver's errors.
        most: connections at most, idle ones and those in use.
        wait_s: how long a call waits for a connection when all are in use.
    """

    def __init__(self, connect: Callable[[], Session], most: int, wait_s: float) -> None:
        self._connect = connect
        self._most = most
        self._wait_s = wait_s
        self._idle: list[Session] = []  # append and pop of a list are atomic
        self._open = 0
        self._waiting = 0
        self._closed = False
        self._changed = threading.Condition()
        self._stall = Stall()

    def take(self) -> Session:
        """Return a connection; nobody else has it until it is given back.

        Raises:
            RegistryError: all stayed in use for `wait_s`, or have been for so long that it is no use to wait;
                UNAVAILABLE / STORE_UNAVAILABLE. The caller has given up; DEADLINE_EXCEEDED / DEADLINE_OVER.
        """
        try:
            return self._idle.pop()
        except IndexError:
            return self._wait() or self._connect_counted()

    def use(self, work: Callable[[Session], Result]) -> Result:
        """Do something on a connection that nobody else has meanwhile.

        Raises:
            RegistryError: as of `take`, and the store cannot be used; UNAVAILABLE / STORE_UNAVAILABLE. The
                connection is replaced at the next use.
            sqlalchemy.exc.IntegrityError: a constraint was violated; the statement took no effect.
        """
        session: Session | None = None
        try:
            session = self.take()
            result = work(session)
        except BaseException as error:
            self._failed(session, error)
            raise
        self.give_back(session)
        return result

    def give_back(self, session: Session) -> None:
        """Keep the connection for the next call."""
        self._idle.append(session)
        self._stall.since = None
        if self._waiting:  # it looked for an idle one after it said that it waits
            with self._changed:
                self._changed.notify()
        if self._closed:
            self._drop_idle()

    def discard(self, session: Session) -> None:
        """Close a broken connection, and the idle ones: what broke it most likely broke them too."""
        self._close_counted(session)
        self._drop_idle()

    def close(self) -> None:
        """Close every connection, those in use as they come back."""
        self._closed = True
        self._drop_idle()

    def _failed(self, session: Session | None, error: BaseException) -> None:
        refusal = translated(error)
        if session is not None:
            cut_off = refusal is not None and refusal.reason is Reason.DEADLINE_OVER
            if (refusal is None or cut_off) and session.usable() and isinstance(error, Exception):
                self.give_back(session)
            else:
                self.discard(session)
        meaning = refusal or as_integrity_error(error)
        if meaning is not None:
            raise meaning from error

    def _wait(self) -> Session | None:
        """Return a connection that came back, or none: then one more may be opened, and is counted already."""
        latest = time.monotonic() + within(self._wait_s)
        with self._changed:
            if not self._idle and self._open >= self._most:
                self._stall.meet()
            self._waiting += 1
            try:
                while True:
                    if self._idle:
                        with suppress(IndexError):  # somebody else was faster
                            return self._idle.pop()
                    if self._open < self._most:
                        self._open += 1
                        return None
                    if not self._changed.wait(latest - time.monotonic()) and time.monotonic() >= latest:
                        raise waited_in_vain()
            finally:
                self._waiting -= 1

    def _connect_counted(self) -> Session:
        try:
            return self._connect()
        except BaseException:
            self._one_less()
            raise

    def _close_counted(self, session: Session) -> None:
        try:
            session.close()
        finally:
            self._one_less()

    def _one_less(self) -> None:
        with self._changed:
            self._open -= 1
            self._stall.since = None
            self._changed.notify()

    def _drop_idle(self) -> None:
        with suppress(IndexError):
            while True:
                self._close_counted(self._idle.pop())


class HotStatement:
    """One statement, compiled for one database, without a transaction around it.

    Parameters are named by `sqlalchemy.bindparam` and go through the bind processing of their types (a
    `uuid.UUID`, a date or an instant may be given on both databases; text is taken as the driver's own form
    already). `rows` gives what the driver makes; `typed_rows` and `rows_on` what SQLAlchemy would.
    A list goes to PostgreSQL as an array; for SQLite the caller writes `json_each` and gives JSON text.
    """

    def __init__(self, statement: sa.Executable, dialect: sa.Dialect, pool: HotPool) -> None:
        compiled: Any = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        if compiled.post_compile_params:
            raise ValueError("a hot statement has one text: write = ANY(:x) or json_each in place of IN (:x)")
        self._sql: str = str(compiled)
        self._fixed: dict[str, Any] = {}
        self._processors: list[tuple[str, Processor]] = []
        for name, bind in compiled.binds.items():
            processor = _processor(bind.type, dialect)
            if processor is not None:
                self._processors.append((name, processor))
            if not bind.required:
                self._fixed[name] = bind.effective_value
            if isinstance(bind.type, sa.ARRAY) and dialect.name == "postgresql":
                # Lists in the binary format: psycopg's text format escapes every element by itself.
                self._sql = self._sql.replace(f"%({name})s", f"%({name})b")
        self._pool = pool
        self._result = _result_processors(statement, dialect)

    @property
    def sql(self) -> str:
        """The text given to the driver; for EXPLAIN in tests."""
        return self._sql

    def rows(self, **values: Any) -> list[Row]:
        """Execute and return every row as the driver's tuple.

        Raises:
            RegistryError: the store cannot be used; UNAVAILABLE / STORE_UNAVAILABLE. The connection is replaced
                at the next use.
        """
        bound = self._bound(values)
        return self._pool.use(lambda session: session.rows(self._sql, bound))

    def typed_rows(self, **values: Any) -> list[Row]:
        """Execute and return every row as `rows`, with values of the types of its columns; errors as of `rows`."""
        return self._typed(self.rows(**values))

    def rows_on(self, connection: sa.Connection, **values: Any) -> list[Row]:
        """Execute in the transaction of a connection, past SQLAlchemy; as `typed_rows`, errors those of the driver."""
        if not connection.in_transaction():
            connection.begin()
        driver: Any = connection.connection.driver_connection
        session = PostgresSession(driver) if isinstance(driver, psycopg.Connection) else SqliteSession(driver)
        bound = self._bound(values)
        # Who listens to the engine's statements hears of it all the same: tests of plans do.
        connection.dispatch.before_cursor_execute(connection, None, self._sql, bound, None, False)
        return self._typed(session.rows(self._sql, bound))

    def run(self, **values: Any) -> None:
        """Execute a statement that returns no rows; it is committed when this returns.

        Raises:
            RegistryError: as of `rows`; whether the statement took effect is then unknown.
            sqlalchemy.exc.IntegrityError: a constraint was violated; it took no effect.
        """
        bound = self._bound(values)
        self._pool.use(lambda session: session.run(self._sql, bound))

    def _typed(self, rows: list[Row]) -> list[Row]:
        if not self._result:
            return rows
        typed = []
        for row in rows:
            values = list(row)
            for at, processor in self._result:
                values[at] = processor(values[at])
            typed.append(tuple(values))
        return typed

    def _bound(self, values: dict[str, Any]) -> dict[str, Any]:
        if self._fixed:
            values = self._fixed | values
        for name, processor in self._processors:
            value = values[name]
            if not isinstance(value, str):
                values[name] = processor(value)
        return values


def _processor(kind: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> Processor | None:
    own = kind.dialect_impl(dialect)
    if isinstance(own, sa.ARRAY) and _processor(own.item_type, dialect) is None:
        return None  # SQLAlchemy would copy the list to change nothing
    return own.bind_processor(dialect)


def _result_processors(statement: sa.Executable, dialect: sa.Dialect) -> list[tuple[int, Processor]]:
    """Return which columns of a result are of another type than the driver's, and what makes them so."""
    columns = statement.selected_columns if isinstance(statement, sa.Select) else ()
    found = (column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns)
    return [(at, processor) for at, processor in enumerate(found) if processor is not None]
