"""How far the registers were followed, in memory."""

import datetime as dt

from kruispunt_directory.domain.cursor import Cursor
from kruispunt_stub.directory.rows import DirectoryRows
from kruispunt_stub.memory import Transaction

_NAME = "identity"


class MemoryCursors:
    """Reads and writes the cursor of identity's feed."""

    def __init__(self, rows: DirectoryRows) -> None:
        self._rows = rows

    def find(self) -> Cursor | None:
        """Return how far the feed was followed; none: it never was."""
        return self._rows.cursors.get(_NAME)

    def followed_until(self) -> dt.datetime | None:
        """Return up to when the feed was followed; none: not yet."""
        cursor = self.find()
        return None if cursor is None else cursor.told_until

    def locked(self, transaction: Transaction) -> Cursor | None:  # noqa: ARG002
        """Return the same, in a transaction."""
        return self.find()

    def revise(self, expected: Cursor, revised: Cursor) -> bool:
        """Replace a cursor by another, unless something was applied meanwhile; returns whether it was."""
        with self._rows.memory.writing() as transaction:
            unchanged = self.find() == expected
            if unchanged:
                self.write(transaction, revised)
        return unchanged

    def write(self, transaction: Transaction, cursor: Cursor) -> None:  # noqa: ARG002
        """Keep how far the feed was followed, in the transaction of the effects."""
        self._rows.cursors[_NAME] = cursor
