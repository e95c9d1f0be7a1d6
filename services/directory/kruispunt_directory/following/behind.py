"""How far the directory is behind the registers, for health and metrics."""

import math
from typing import Final

from kruispunt_directory.store.cursors import CursorStore
from kruispunt_server.clock import Clock

HEALTH_NAME: Final = "kruispunt.directory.following"
"""The name of health that says whether the directory follows; only where it is set to follow."""


class Behind:
    """Says how far behind the directory is, whichever process follows.

    Args:
        cursors: how far the registers were followed.
        clock: to compare with; it is identity's that says up to when everything was told.
        late_s: seconds after which the directory is late.
    """

    def __init__(self, cursors: CursorStore, clock: Clock, late_s: float) -> None:
        self._cursors = cursors
        self._clock = clock
        self._late_s = late_s

    def seconds(self) -> float:
        """Return how many seconds the directory is behind; infinite: it never followed to the end of a snapshot.

        Raises:
            RegistryError: the store cannot be used; STORE_UNAVAILABLE.
        """
        until = self._cursors.followed_until()
        if until is None:
            return math.inf
        return max((self._clock.now() - until).total_seconds(), 0.0)

    def is_following(self) -> bool:
        """Return whether the directory is not late, and the registers take its position; errors as of `seconds`."""
        return self.refused() is None and self.seconds() <= self._late_s

    def refused(self) -> str | None:
        """Return why the registers do not take the position; none: as far as is known, they do; errors likewise."""
        cursor = self._cursors.find()
        return None if cursor is None else cursor.refused

    def has_unread(self) -> bool:
        """Return whether a snapshot is still to make up for changes that could not be read; errors likewise."""
        cursor = self._cursors.find()
        return cursor is not None and cursor.unread is not None
