"""Lets so many into the database at once, and refuses at the door when nobody comes out any more.

A call that waits for a connection holds a thread. While the database is well that is a matter of milliseconds. When it
is not, waiting calls would soon hold every thread for seconds, and a call that needs no database would wait with them.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from kruispunt_server.store_errors import waited_in_vain
from kruispunt_server.time_left import within

STALLED_S: Final = 2.0


class Stall:
    """Whether all have been inside for so long that it is no use to wait; used under the lock of what it is about.

    Attributes:
        since: when somebody first found no room, after the last one came out; none: nobody did.

    Args:
        after_s: how long is too long.
    """

    __slots__ = ("_after_s", "since")

    def __init__(self, after_s: float = STALLED_S) -> None:
        self.since: float | None = None
        self._after_s = after_s

    def meet(self) -> None:
        """Note that somebody found no room.

        Raises:
            RegistryError: nobody has come out for too long; UNAVAILABLE / STORE_UNAVAILABLE.
        """
        now = time.monotonic()
        if self.since is None:
            self.since = now
        elif now - self.since >= self._after_s:
            raise waited_in_vain()


class Turnstile:
    """Counts who is inside.

    Args:
        most: inside at once.
        wait_s: how long one waits to get in.
        stalled_s: after which others need not begin to wait.
    """

    def __init__(self, most: int, wait_s: float, *, stalled_s: float = STALLED_S) -> None:
        self._most = most
        self._wait_s = wait_s
        self._inside = 0
        self._changed = threading.Condition()
        self._stall = Stall(stalled_s)

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Be inside.

        Raises:
            RegistryError: there was no room in time, or it is no use to wait; UNAVAILABLE / STORE_UNAVAILABLE.
                The caller has given up; DEADLINE_EXCEEDED / DEADLINE_OVER.
        """
        self._enter()
        try:
            yield
        finally:
            self._leave()

    def _enter(self) -> None:
        with self._changed:
            if self._inside >= self._most:
                self._stall.meet()
                if not self._changed.wait_for(lambda: self._inside < self._most, within(self._wait_s)):
                    raise waited_in_vain()
            self._inside += 1

    def _leave(self) -> None:
        with self._changed:
            self._inside -= 1
            self._stall.since = None
            self._changed.notify()
