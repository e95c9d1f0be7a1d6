"""Channels to one endpoint, exchanged for new ones when the files of the client's certificate change."""

import itertools
import os
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, Generic, Protocol, TypeVar, cast

from kruispunt.profiles import ClientCertificates

C = TypeVar("C")
S = TypeVar("S")
M = TypeVar("M")

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]", "unix")
_LOOK_S: Final = 1.0
# A call on an exchanged channel ends long before; a watch or stream that does not is opened again on a new one.
_RETIRED_S: Final = 600.0

_Stamp = tuple[tuple[int, int, int], ...]
_Stubs = dict[tuple[Any, int], Any]


class Channels(Protocol[C]):
    """How channels are opened and closed, which threads and tasks do each in their own way."""

    def open(self, endpoint: str, certificates: ClientCertificates | None) -> C:
        """Open one; without certificates in plaintext."""
        ...

    def is_ready(self, channel: C) -> bool:
        """Whether it is connected now."""
        ...

    def drop(self, channel: C) -> None:
        """Close one that nobody waits for."""
        ...


class Pool(Generic[C]):
    """A few channels to one endpoint, opened when the first is asked for.

    Certificates that were read from files are looked at again at most once a second, by whoever asks for a stub then:
    three `stat` calls. Files that do not fit together, as while they are being replaced, change nothing. Calls under
    way end on the channel that they began on.

    Attributes:
        generation: how often the channels were exchanged.

    Raises:
        ValueError: no certificates for an endpoint that is not on loopback, or no channel asked for.
    """

    def __init__(
        self, endpoint: str, certificates: ClientCertificates | None, size: int, channels: Channels[C]
    ) -> None:
        if size < 1:
            raise ValueError("a client needs at least one channel")
        if certificates is None and not _is_near(endpoint):
            raise ValueError("without certificates the registry is spoken to on loopback only")
        self.generation = 0
        self._endpoint = endpoint
        self._certificates = certificates
        self._size = size
        self._driver = channels
        self._channels: list[C] = []
        self._stubs: _Stubs = {}
        self._retired: list[tuple[float, list[C], _Stubs]] = []
        self._turns = itertools.count()
        self._lock = threading.Lock()
        self._looking = threading.Lock()
        self._look_at = time.monotonic() + _LOOK_S
        self._seen: _Stamp = ()
        self._closed = False

    def stub(self, kind: Callable[[C], S]) -> S:
        """Return a stub of a service, over the channels in turn.

        Raises:
            ValueError: the pool is closed.
        """
        if time.monotonic() >= self._look_at and self._looking.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._looking.release()
        with self._lock:
            if self._closed:
                raise ValueError("this client is closed")
            if not self._channels:
                self._channels = self._open(self._certificates)
            turn = next(self._turns) % self._size
            stub = self._stubs.get((kind, turn))
            if stub is None:
                stub = self._stubs[kind, turn] = kind(self._channels[turn])
        return cast("S", stub)

    def is_newer(self, generation: int) -> bool:
        """Look at the files now, and say whether there are newer channels than those of `generation`."""
        with self._looking:
            self._look()
        return self.generation > generation

    def newer(self, method: M) -> M | None:
        """Look at the files now; return the same method over a newer channel, none if there is none.

        Args:
            method: of a stub that came from here.
        """
        with self._looking:
            self._look()
        with self._lock:
            held = [
                (kind, name)
                for _, _, stubs in self._retired
                for (kind, _), stub in stubs.items()
                for name, each in vars(stub).items()
                if each is method
            ]
        if not held:
            return None
        kind, name = held[0]
        return cast("M", getattr(self.stub(kind), name))

    @property
    def is_closed(self) -> bool:
        """Whether nothing is given out any more."""
        return self._closed

    def is_ready(self) -> bool:
        """Whether any channel is connected now."""
        return any(map(self._driver.is_ready, self._channels))

    def give_back(self) -> list[C]:
        """Return all channels, for whoever closes them; none is given out any more."""
        with self._lock:
            self._closed = True
            closing = [*self._channels, *(each for _, channels, _ in self._retired for each in channels)]
            self._channels = []
            self._stubs.clear()
            self._retired.clear()
        return closing

    def _look(self) -> None:
        """Exchange the channels if the files hold something else by now; close those that were exchanged long ago."""
        now = time.monotonic()
        self._look_at = now + _LOOK_S
        self._close_retired(now - _RETIRED_S)
        before = self._certificates
        if before is None or before.files is None or self._closed:
            return
        try:
            stamp = _stamp(before.files)
            if stamp == self._seen:
                return
            fresh = ClientCertificates.from_files(*before.files)
            if stamp != _stamp(before.files):  # or key and certificate read might be of two pairs
                return
        except (OSError, ValueError):  # half replaced: looked at again
            return
        self._seen = stamp
        if fresh == before:
            return
        channels = self._open(fresh)
        with self._lock:
            unused: list[C] = channels if self._closed else []
            if not self._closed:
                self._retired.append((now, self._channels, self._stubs))
                self._channels, self._stubs, self._certificates = channels, {}, fresh
                self.generation += 1
        for channel in unused:
            self._driver.drop(channel)

    def _open(self, certificates: ClientCertificates | None) -> list[C]:
        return [self._driver.open(self._endpoint, certificates) for _ in range(self._size)]

    def _close_retired(self, before: float) -> None:
        with self._lock:
            over = [channels for since, channels, _ in self._retired if since < before]
            self._retired = [each for each in self._retired if each[0] >= before]
        for channel in itertools.chain.from_iterable(over):
            self._driver.drop(channel)


def _stamp(files: Iterable[Path]) -> _Stamp:
    return tuple((found.st_mtime_ns, found.st_ino, found.st_size) for found in map(os.stat, files))


def _is_near(endpoint: str) -> bool:
    return endpoint.rpartition(":")[0] in _LOOPBACK or endpoint.startswith("unix:")
