"""Where the keys of an issuer come from: a file, or an address; read beside the calls, never by one."""

import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from kruispunt_server.bearer.key_set import Expected, KeySet, KeySetError
from kruispunt_server.events import Events

_LARGEST: Final = 1 << 20
_TIMEOUT_S: Final = 5.0
_SOONEST_S: Final = 10.0
"""Between two readings, however many tokens name a key that is not known."""


class KeySource:
    """Keeps the keys of an issuer fresh, on a thread of its own.

    What cannot be read, or is no key set, changes nothing: the keys that were read before stay.

    Attributes:
        current: the keys; none: they were never read.

    Args:
        read: returns the text of the set.
        expected: what every token must say.
        events: gets what was read, and what could not be.
        every_s: between two readings.
    """

    def __init__(
        self, read: Callable[[], bytes], expected: Expected, events: Events, *, every_s: float
    ) -> None:
        self.current: KeySet | None = None
        self._read = read
        self._expected = expected
        self._events = events
        self._every_s = every_s
        self._text = b""
        self._failing = False
        self._asked = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="token keys", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopped.set()
        self._asked.set()
        if self._thread.is_alive():
            self._thread.join(_TIMEOUT_S)

    def ask(self) -> None:
        """Ask that the keys be read soon: a token names one that is not known."""
        self._asked.set()

    def refresh(self) -> None:
        """Read the keys now."""
        try:
            text = self._read()
            if text != self._text:
                self.current, self._text = KeySet(text, self._expected), text
                self._events.emit("token_keys_loaded")
            self._failing = False
        except (OSError, ValueError, KeySetError) as error:
            if not self._failing:
                self._events.emit("token_keys_unreadable", exception=type(error).__name__)
            self._failing = True

    def _run(self) -> None:
        while not self._stopped.is_set():
            self.refresh()
            if self._stopped.wait(min(_SOONEST_S, self._every_s)):
                return
            self._asked.wait(max(self._every_s - _SOONEST_S, 0))
            self._asked.clear()


def file_reader(path: Path) -> Callable[[], bytes]:
    """Return what reads a file."""
    return path.read_bytes


def url_reader(url: str) -> Callable[[], bytes]:
    """Return what fetches an address; it follows no redirect, so that it stays the address that was set."""
    opener = urllib.request.build_opener(_NoRedirect)

    def read() -> bytes:
        with opener.open(
            url, timeout=_TIMEOUT_S
        ) as answer:  # https, or http on loopback: the settings see to it
            text: bytes = answer.read(_LARGEST + 1)
        if len(text) > _LARGEST:
            raise KeySetError("the answer is too large")
        return text

    return read


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow none: it becomes an HTTPError."""
