"""Carrying out what the registers told: cursor, numbers, dossiers and notices in one transaction.

A message is applied only right after the one that came before it, and once: the cursor names both. So it does not
matter how often a stream breaks, who follows, or when a process dies.
"""

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

from kruispunt_directory.domain.cursor import Cursor
from kruispunt_directory.domain.told import (
    PositionRefusedError,
    RegisterCommit,
    SignOfLife,
    SnapshotPart,
    Told,
)
from kruispunt_directory.following.effects import Effects, Stores
from kruispunt_server.call import Purpose
from kruispunt_server.clock import Clock

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    from kruispunt_directory.store.cursors import CursorStore
    from kruispunt_server.database import Database

_MOMENT = dt.timedelta(microseconds=1)


class OvertakenError(Exception):
    """Another follower has applied something meanwhile: read the cursor again and go on from there."""


class Applier:
    """Applies messages of identity's feed.

    Args:
        database: of the directory.
        cursors: how far it was followed.
        stores: what is written.
        clock: says when.
        purpose: why the registry itself changes dossiers, for the journal.
    """

    def __init__(
        self, database: "Database", cursors: "CursorStore", stores: Stores, clock: Clock, purpose: Purpose
    ) -> None:
        self._database = database
        self._cursors = cursors
        self._stores = stores
        self._clock = clock
        self._purpose = purpose

    def cursor(self) -> Cursor | None:
        """Return how far the registers were followed; none: never yet."""
        return self._cursors.find()

    def refuse(self, cursor: Cursor, refusal: PositionRefusedError) -> None:
        """Keep that the registers do not go on after a cursor, until something is applied.

        Raises:
            OvertakenError: it was replaced meanwhile.
        """
        self._revise(cursor, replace(cursor, refused=refusal.reason))

    def start_over(self, cursor: Cursor) -> None:
        """Go on with a snapshot in place of what follows a cursor.

        Raises:
            OvertakenError: it was replaced meanwhile.
        """
        self._revise(cursor, cursor.anew())

    def _revise(self, expected: Cursor, revised: Cursor) -> None:
        if expected != revised and not self._cursors.revise(expected, revised):
            raise OvertakenError

    def apply(self, told: Told, after: str | None) -> int:
        """Apply one message.

        Args:
            told: the message.
            after: the resume token that the cursor must hold; none: nothing was ever applied, or it goes on with a
                snapshot.

        Returns:
            How many spans of days stayed with the remaining number of a split for want of a better reason.

        Raises:
            OvertakenError: the cursor holds another; nothing changed.
            RegistryError: the store cannot be used, or a deadlock; nothing changed, and it may be applied again.
        """
        with self._database.writing() as transaction:
            cursor = self._cursors.locked(transaction)
            if (cursor.resume_token if cursor else None) != after:
                raise OvertakenError
            now = self._clock.now()
            if cursor is not None:
                now = max(now, cursor.applied_at + _MOMENT)
            effects = Effects(transaction, self._stores, now, self._purpose)
            told_until = cursor.told_until if cursor else None
            unread = cursor.unread if cursor else None
            match told.content:
                case SignOfLife():
                    told_until = told.content.told_until
                case SnapshotPart():
                    # Whoever never came to the end of a snapshot knew nothing that could have changed.
                    effects.apply_snapshot(told.content, after_gap=told_until is not None)
                    unread = None if told.content.last else unread
                case RegisterCommit():
                    if cursor is None or told.content.position > cursor.position:
                        effects.apply_commit(told.content)
                        if unread is None and told.content.has_unread:
                            unread = told.content.position
                    recorded_at = told.content.recorded_at
                    told_until = max(told_until or recorded_at, recorded_at)
            self._cursors.write(
                transaction,
                Cursor(told.resume_token, told.position, effects.now, told_until, unread=unread),
            )
        return effects.undecided
