"""How far the registers were followed."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from kruispunt_directory.domain.cursor import Cursor
from kruispunt_directory.tables import DirectoryTables
from kruispunt_server.database import Database

NAME = "identity"
_COLUMNS = ("resume_token", "position", "applied_at", "told_until", "refused_because", "unread_position")

# Who applies what was told queues for it. Negative: persons' numbers, which are locked too, are not.
_FOLLOWERS_LOCK = -2


class CursorStore:
    """Reads and writes the cursor of identity's feed."""

    def __init__(self, database: Database, tables: DirectoryTables) -> None:
        self._database = database
        table = tables.following.feed_cursor
        self._read = sa.select(*(table.c[name] for name in _COLUMNS)).where(table.c.name == NAME)
        insert = postgresql.insert if database.dialect == "postgresql" else sqlite.insert
        made = insert(table)
        self._write = made.on_conflict_do_update(
            index_elements=[table.c.name],
            set_={name: made.excluded[name] for name in _COLUMNS},
        )

    def find(self) -> Cursor | None:
        """Return how far the feed was followed; none: it never was."""
        with self._database.reading() as connection:
            return _cursor(connection.execute(self._read).one_or_none())

    def followed_until(self) -> dt.datetime | None:
        """Return up to when the feed was followed; none: not yet."""
        cursor = self.find()
        return None if cursor is None else cursor.told_until

    def locked(self, transaction: sa.Connection) -> Cursor | None:
        """Return the same, and let nobody else apply anything until the transaction ends."""
        self._database.lock(transaction, _FOLLOWERS_LOCK)
        return _cursor(transaction.execute(self._read).one_or_none())

    def revise(self, expected: Cursor, revised: Cursor) -> bool:
        """Replace a cursor by another, unless something was applied or revised meanwhile; returns whether it was."""
        with self._database.writing() as transaction:
            unchanged = self.locked(transaction) == expected
            if unchanged:
                self.write(transaction, revised)
        return unchanged

    def write(self, transaction: sa.Connection, cursor: Cursor) -> None:
        """Keep how far the feed was followed, in the transaction of the effects."""
        transaction.execute(
            self._write,
            {
                "name": NAME,
                "resume_token": cursor.resume_token or "",
                "position": cursor.position,
                "applied_at": cursor.applied_at,
                "told_until": cursor.told_until,
                "refused_because": cursor.refused,
                "unread_position": cursor.unread,
            },
        )


def _cursor(row: Any) -> Cursor | None:
    if row is None:
        return None
    return Cursor(
        row.resume_token or None,
        row.position,
        row.applied_at,
        row.told_until,
        row.refused_because,
        row.unread_position,
    )
