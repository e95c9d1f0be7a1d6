"""What a database's complaint means to a caller.

A caller can do something about three of them: wait and try again (STORE_UNAVAILABLE; DEADLINE_OVER where it waits no
longer itself), try again at once (CONCURRENT_CHANGE), or see that a constraint was violated (`sqlalchemy.exc.IntegrityError`, passed on as it is for
the place that knows what the constraint stands for). Everything else is a fault of ours and passes unchanged.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import sqlalchemy as sa

from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.time_left import seconds_left
from kruispunt_server.unavailable import unavailable

# SQLSTATE classes and codes: https://www.postgresql.org/docs/18/errcodes-appendix.html
_PG_CONFLICT = frozenset({"40001", "40P01"})
_PG_UNAVAILABLE_CLASSES = frozenset({"08", "53", "57", "58"})
# Lock not available; a standby that took a write; a prepared plan that a migration outdated.
_PG_UNAVAILABLE = frozenset({"55P03", "25006", "0A000"})

# Primary result codes of SQLite: busy, locked, out of memory, read only, interrupted, input/output, corrupt,
# full, cannot open, locking protocol, schema changed, not a database.
_SQLITE_UNAVAILABLE = frozenset({5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 17, 26})

_SQLITE_INTERRUPTED = 9

_KEY_OF_PARTITION = re.compile(r"^(.+)_p\d+_pkey$")
_SQLITE_CONSTRAINT = re.compile(r"^[A-Z ]+ constraint failed: (.+)$")


class DeadlineOverError(psycopg.OperationalError):
    """A statement was ended, or not begun, because the caller has given up."""


def deadline_over() -> RegistryError:
    """Return the refusal of a call whose time went by while the database worked for it; DEADLINE_EXCEEDED to the caller."""
    return RegistryError(Reason.DEADLINE_OVER, "the deadline passed while the database worked")


def waited_in_vain() -> RegistryError:
    """Return the refusal of a call that got no connection, or no turn to write, in time."""
    left_s = seconds_left()
    return deadline_over() if left_s is not None and left_s <= 0 else unavailable()


def translated(error: BaseException) -> RegistryError | None:
    """Return what `error` means to the caller, or none where it is not the store's state that is at fault."""
    if isinstance(error, sa.exc.TimeoutError):
        return unavailable()
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if isinstance(cause, psycopg.Error):
        return _of_postgresql(cause)
    if isinstance(cause, sqlite3.Error):
        return _of_sqlite(cause)
    return None


def _of_postgresql(cause: psycopg.Error) -> RegistryError | None:
    if isinstance(cause, DeadlineOverError):
        return deadline_over()
    state = cause.sqlstate
    if state is None:
        lost = isinstance(cause, (psycopg.OperationalError, psycopg.InterfaceError))
        return unavailable() if lost else None
    if state in _PG_CONFLICT:
        return RegistryError(
            Reason.CONCURRENT_CHANGE,
            "another change of the same rows came between",
            retry_after_s=0.0,
        )
    if state in _PG_UNAVAILABLE or state[:2] in _PG_UNAVAILABLE_CLASSES:
        return unavailable()
    return None


def _of_sqlite(cause: sqlite3.Error) -> RegistryError | None:
    code = getattr(cause, "sqlite_errorcode", None)
    left_s = seconds_left()
    if code == _SQLITE_INTERRUPTED and left_s is not None and left_s <= 0:
        return deadline_over()
    return unavailable() if code is not None and code & 0xFF in _SQLITE_UNAVAILABLE else None


@contextmanager
def translating() -> Iterator[None]:
    """Turn what the driver or SQLAlchemy raises inside into the registry's refusals.

    Raises:
        RegistryError: the store cannot be reached, is locked or took too long; UNAVAILABLE /
            STORE_UNAVAILABLE. The caller has given up; DEADLINE_EXCEEDED / DEADLINE_OVER. A deadlock or serialisation failure; ABORTED / CONCURRENT_CHANGE.
    """
    try:
        yield
    except (sa.exc.SQLAlchemyError, psycopg.Error, sqlite3.Error) as error:
        refusal = translated(error)
        if refusal is None:
            raise
        raise refusal from error


def as_integrity_error(error: BaseException) -> sa.exc.IntegrityError | None:
    """Return a driver's complaint of a violated constraint as SQLAlchemy would have wrapped it, else none.

    For statements that go past SQLAlchemy, so that their callers handle one kind of error.
    """
    if isinstance(error, (psycopg.IntegrityError, sqlite3.IntegrityError)):
        return sa.exc.IntegrityError("statement of the driver", None, error, hide_parameters=True)
    return None


def constraint_of(error: sa.exc.IntegrityError) -> str:
    """Return which constraint `error` says was violated.

    Returns:
        The constraint's name, of a partition's key that of the whole table; on SQLite, which does not tell the name of a key, its columns as
        `table.column, table.column`; empty where the database says neither (foreign keys on SQLite).
    """
    cause = error.orig
    if isinstance(cause, psycopg.Error):
        return _KEY_OF_PARTITION.sub(r"pk_\1", cause.diag.constraint_name or "")
    found = _SQLITE_CONSTRAINT.match(str(cause))
    return found.group(1) if found else ""
