"""A database whose reads go where the call that makes them was sent: to the primary, or to a standby.

Two things must come together before anything is read at a standby: the method's policy allows it, and the store that
reads was given this database and not the primary itself. Everything else, and every write, is at the primary.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

import psycopg
import sqlalchemy as sa

from kruispunt_server.database import Database, HotStatement
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.hot import Row
from kruispunt_server.standbys.read_place import READ_AT, StandbyFailedError
from kruispunt_server.standbys.standby import Standby

_OF_THE_STORE: Final = frozenset({Reason.STORE_UNAVAILABLE, Reason.CONCURRENT_CHANGE})


class RoutedDatabase(Database):
    """The primary, but for reads of a call that was sent to a standby.

    Args:
        primary: shares its connections with this one.
        standbys: to which calls may be sent.
    """

    def __init__(self, primary: Database, standbys: Sequence[Standby]) -> None:
        vars(self).update(vars(primary))
        self._primary = primary
        self._standbys = tuple(standbys)

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """Return a connection in autocommit; errors as of `Database.reading`."""
        standby = READ_AT.get()
        return self._primary.reading() if standby is None else _at(standby, standby.database.reading)

    @contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """Give a connection in one read-only transaction; errors as of `Database.snapshot`."""
        standby = READ_AT.get()
        connected = self._primary.snapshot() if standby is None else _at(standby, standby.database.snapshot)
        with connected as connection:
            yield connection

    def hot(self, statement: sa.Executable) -> HotStatement:
        """Compile `statement`, to be executed wherever a call reads."""
        elsewhere = {standby: standby.database.hot(statement) for standby in self._standbys}
        return _RoutedStatement(self._primary.hot(statement), elsewhere)


class _RoutedStatement(HotStatement):
    """A statement at the primary and at each standby."""

    def __init__(self, at_primary: HotStatement, elsewhere: dict[Standby, HotStatement]) -> None:
        vars(self).update(vars(at_primary))
        self._at_primary = at_primary
        self._elsewhere = elsewhere

    def rows(self, **values: Any) -> list[Row]:
        """Execute and return every row; errors as of `HotStatement.rows`."""
        standby = READ_AT.get()
        if standby is None:
            return self._at_primary.rows(**values)
        with _failing(standby):
            return self._elsewhere[standby].rows(**values)


@contextmanager
def _at(
    standby: Standby, connected: Callable[[], AbstractContextManager[sa.Connection]]
) -> Iterator[sa.Connection]:
    with _failing(standby), connected() as connection:
        yield connection


@contextmanager
def _failing(standby: Standby) -> Iterator[None]:
    """Turn whatever goes wrong with a standby into the wish to ask the primary.

    That may be a statement that gave way to what the standby had to replay (SQLSTATE 40001), a lost connection, one
    that took too long, or a table that a migration has not brought there yet.
    """
    try:
        yield
    except RegistryError as error:
        if error.reason not in _OF_THE_STORE:
            raise
        if error.reason is Reason.STORE_UNAVAILABLE:
            standby.lost()
        raise StandbyFailedError(broken=True) from error
    except (sa.exc.SQLAlchemyError, psycopg.Error) as error:
        raise StandbyFailedError(broken=True) from error
