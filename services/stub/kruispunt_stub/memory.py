"""Rows in memory, changed in transactions: all of one, or nothing of it."""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from kruispunt_server.ids import new_id

ResultT = TypeVar("ResultT")
Table = dict[Any, Any]
"""Rows by key. Values are never changed in place, so that a copy of the dictionary is a copy of the table."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """What stores are handed in place of a connection.

    Attributes:
        commit_id: names what is written in it.
    """

    commit_id: uuid.UUID = field(default_factory=new_id)


class Memory:
    """What one service keeps; one transaction at a time, whether it reads or writes.

    Attributes:
        dialect: as a database has it; no store here asks for it.
    """

    dialect: Final = "memory"

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._tables: list[Table] = []
        self._listeners: list[Callable[[], None]] = []

    def table(self) -> Table:
        """Return a new table, which a transaction that fails leaves as it was."""
        made: Table = {}
        self._tables.append(made)
        return made

    def listen(self, listener: Callable[[], None]) -> None:
        """Have `listener` called after every transaction that wrote, when nothing is held any more."""
        self._listeners.append(listener)

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Read one state throughout."""
        with self._lock:
            yield Transaction()

    snapshot = reading

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Write everything, or nothing if anything is raised."""
        with self._lock:
            before = [dict(table) for table in self._tables]
            try:
                yield Transaction()
            except BaseException:
                for table, rows in zip(self._tables, before, strict=True):
                    table.clear()
                    table.update(rows)
                raise
        for listener in self._listeners:
            listener()

    def transact(self, unit: Callable[[Transaction], ResultT], *, keyed: bool = False) -> ResultT:
        """Run `unit` in one transaction, which nothing but itself undoes; returns what it returned."""
        del keyed
        with self.writing() as transaction:
            return unit(transaction)

    def lock(self, connection: Transaction, key: int) -> None:
        """Do nothing: whoever writes holds everything."""
