"""Where the facts are kept: in memory, for each participant, the latest so many."""

import datetime as dt
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from kruispunt_server.clock import Clock
from kruispunt_server.rehearsal.heard import Heard, Told

_KEPT: Final = 5_000  # calls of one participant, 1.3 kB each


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of one participant's client.

    Attributes:
        known_since: from when on every call is known.
        calls: in the order in which they ended.
        told: notices that went out to it, likewise.
        certificate: PEM, as it came over the latest connection; empty: over plaintext.
    """

    known_since: dt.datetime
    calls: tuple[Heard, ...] = ()
    told: tuple[Told, ...] = ()
    certificate: bytes = b""


@dataclass(slots=True)
class _Page:
    calls: deque[Heard] = field(default_factory=lambda: deque(maxlen=_KEPT))
    told: deque[Told] = field(default_factory=lambda: deque(maxlen=_KEPT))
    certificate: bytes = b""
    known_since: dt.datetime | None = None


class Notebook:
    """Keeps what was heard.

    Args:
        clock: says since when.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._began = clock.now()
        self._pages: dict[str, _Page] = {}
        self._lock = threading.Lock()

    def see(self, participant_id: str, certificate: bytes) -> None:
        """Keep by which certificate a participant called last; PEM, empty over plaintext."""
        with self._lock:
            self._pages.setdefault(participant_id, _Page()).certificate = certificate

    def hear(self, participant_id: str, call: Heard) -> None:
        """Keep a call; the oldest of the participant is forgotten if there are too many."""
        with self._lock:
            page = self._pages.setdefault(participant_id, _Page())
            if len(page.calls) == _KEPT:
                page.known_since = page.calls[1].came_at
            page.calls.append(call)

    def tell(self, participant_id: str, told: Told) -> None:
        """Keep that notices went out."""
        with self._lock:
            self._pages.setdefault(participant_id, _Page()).told.append(told)

    def record(self, participant_id: str) -> Record:
        """Return what is known of a participant's client by now."""
        with self._lock:
            page = self._pages.get(participant_id, _Page())
            return Record(
                page.known_since or self._began, tuple(page.calls), tuple(page.told), page.certificate
            )
