"""Tells operators who was not let in, such that whoever is refused cannot fill the log."""

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Final

from kruispunt_server.events import Events, Value

EVENT: Final = "call_refused"

_WINDOW_S: Final = 10.0
_MOST_CALLERS: Final = 4096


@dataclass(slots=True)
class _Window:
    """One caller, refused for one reason.

    Attributes:
        until: when it ends.
        fields: of the last refusal in it.
        untold: refusals since the last event.
    """

    until: float
    fields: dict[str, Any] = field(default_factory=dict)
    untold: int = 0


class Refusals:
    """Writes an event for the first refusal of a caller for a reason, and then one a window with how many there were.

    Each worker counts for itself. Of more callers than are remembered the earliest is told and forgotten.

    Args:
        events: told.
        event: which.
        window_s: its length.
        most: callers and reasons that are remembered.
        now: seconds that never go back.
    """

    def __init__(
        self,
        events: Events,
        *,
        event: str = EVENT,
        window_s: float = _WINDOW_S,
        most: int = _MOST_CALLERS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._events = events
        self._event = event
        self._window_s = window_s
        self._most = most
        self._now = now
        self._lock = threading.Lock()
        self._windows: dict[Hashable, _Window] = {}  # the first to end first
        self._timer: threading.Timer | None = None
        self._open = True

    def tell(self, who: Hashable, **fields: Value) -> None:
        """Note one refusal; `fields` are those of the event, without `count`."""
        with self._lock:
            now = self._now()
            self._sweep(now)
            window = self._windows.get(who)
            if window is not None:
                window.untold += 1
                window.fields = fields
                self._wake_later()
                return
            if len(self._windows) >= self._most:
                self._end(next(iter(self._windows)))
            self._windows[who] = _Window(now + self._window_s)
            self._events.emit(self._event, count=1, **fields)

    def sweep(self) -> None:
        """Tell what the windows that ended leave to tell."""
        with self._lock:
            self._timer = None
            self._sweep(self._now())
            if any(window.untold for window in self._windows.values()):
                self._wake_later()

    def close(self) -> None:
        """Tell all that is left to tell, and wake no more."""
        with self._lock:
            self._open = False
            if self._timer is not None:
                self._timer.cancel()
            for who in list(self._windows):
                self._end(who)

    def _sweep(self, now: float) -> None:
        ended = []
        for who, window in self._windows.items():
            if window.until > now:
                break
            ended.append(who)
        for who in ended:
            window = self._end(who)
            if window.untold:  # it goes on, probably: what follows is counted in the next window
                self._windows[who] = _Window(now + self._window_s)

    def _end(self, who: Hashable) -> _Window:
        window = self._windows.pop(who)
        if window.untold:
            self._events.emit(self._event, count=window.untold, **window.fields)
        return window

    def _wake_later(self) -> None:
        if self._timer is None and self._open:
            self._timer = threading.Timer(self._window_s, self.sweep)
            self._timer.daemon = True
            self._timer.start()
