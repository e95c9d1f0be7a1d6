"""A little memory that all workers of one host share: numbers under keys, each for as long as it means something.

The parent makes a file without a name and lets the workers inherit it; who starts without a parent has memory of its
own. It never imports grpc, as the parent must not.

The memory is divided into stripes, each with a lock: a lock of threads, and a lock on one byte of the file, which the
kernel takes back from a process that dies. A slot changes by two stores of eight bytes in an order that leaves it empty
or whole at any moment, so that a process killed half-way spoils nothing. A process that was stopped while it held a
lock is waited for a moment only: an uncounted call is better than a server that stands still.
"""

import contextlib
import fcntl
import hashlib
import mmap
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final

VARIABLE: Final = "KRUISPUNT_QUOTA_FILE_DESCRIPTOR"
"""Of the environment: the file that the parent left open for its workers."""

STRIPES: Final = 64
_WAYS: Final = 8  # slots in which a key may stand
_SALT: Final = slice(0, 16)
_HEADER: Final = 64
_WORD: Final = 8
_PATIENCE_S: Final = 0.02
_NAP_S: Final = 0.000_05


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the memory for one kind of numbers.

    Attributes:
        first: its first word, of eight bytes.
        sets: per stripe, of `_WAYS` slots each; a power of two.
    """

    first: int
    sets: int

    @property
    def words(self) -> int:
        """How many words it takes: a key and a value per slot."""
        return STRIPES * self.sets * _WAYS * 2


# 64 x 256 x 8 slots: several thousand participants with their grants; 2 MB.
PARTICIPANTS: Final = Area(_HEADER // _WORD, 256)
# Twice as many: end users come and go, and are forgotten when they have asked nothing for a while.
END_USERS: Final = Area(PARTICIPANTS.first + PARTICIPANTS.words, 512)
# A count per participant.
COUNTS: Final = Area(END_USERS.first + END_USERS.words, 32)
SIZE: Final = (COUNTS.first + COUNTS.words) * _WORD


class QuotaMemory:
    """Numbers under keys of 64 bits.

    Args:
        file: shared with other processes; none: memory of this process alone.
    """

    def __init__(self, file: int | None = None) -> None:
        self._file = file
        self._mapped = mmap.mmap(-1 if file is None else file, SIZE)
        view = memoryview(self._mapped)
        self._keys = view.cast("Q")
        self._floats = view.cast("d")
        self._salt = bytes(view[_SALT]) if file is not None else os.urandom(16)
        self._locks = [threading.Lock() for _ in range(STRIPES)]

    @classmethod
    def inherited(cls) -> "QuotaMemory":
        """Return the memory that the parent made, or memory of this process alone if there is none."""
        said = os.environ.get(VARIABLE, "")
        try:
            return cls(int(said)) if said else cls()
        except (ValueError, OSError):  # started by hand with another's environment
            return cls()

    def key(self, *parts: str) -> int:
        """Return the key of some words; it cannot be chosen from outside, as a secret of the moment goes into it."""
        text = "\0".join(parts).encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=8, key=self._salt).digest(), "little") or 1

    @contextlib.contextmanager
    def locked(self, stripe: int) -> Iterator[None]:
        """Keep all others away from a stripe: threads, and processes that share the memory."""
        with self._locks[stripe]:
            held = self._file is not None and self._take(self._file, stripe)
            try:
                yield
            finally:
                if held:
                    fcntl.lockf(self._file, fcntl.LOCK_UN, 1, stripe)  # type: ignore[arg-type]

    def find(self, area: Area, stripe: int, key: int) -> float | None:
        """Return the number under a key, if it is still there. Only while the stripe is locked."""
        at = self._slot(area, stripe, key)
        return None if at is None else self._floats[at + _WAYS]

    def put(self, area: Area, stripe: int, key: int, value: float, stale: float) -> None:
        """Keep a number under a key. Only while the stripe is locked.

        Args:
            area: which.
            stripe: which.
            key: not 0.
            value: the number.
            stale: numbers up to this mean nothing any more, and make room; if there are none, the least does.
        """
        at = self._slot(area, stripe, key)
        if at is None:
            at = self._room(area, stripe, key, stale)
            self._keys[at] = 0  # who dies here leaves an empty slot
            self._floats[at + _WAYS] = value
            self._keys[at] = key
        else:
            self._floats[at + _WAYS] = value

    def _slot(self, area: Area, stripe: int, key: int) -> int | None:
        first = self._set(area, stripe, key)
        keys = self._keys
        for at in range(first, first + _WAYS):
            if keys[at] == key:
                return at
        return None

    def _room(self, area: Area, stripe: int, key: int, stale: float) -> int:
        """Return the slot for a new key: an empty one, one whose number means nothing, or that of the least number."""
        first = self._set(area, stripe, key)
        least = first
        for at in range(first, first + _WAYS):
            value = self._floats[at + _WAYS]
            if not self._keys[at] or not value > stale:
                return at
            if value < self._floats[least + _WAYS]:
                least = at
        return least

    @staticmethod
    def _set(area: Area, stripe: int, key: int) -> int:
        return area.first + (stripe * area.sets + (key >> 8) % area.sets) * _WAYS * 2

    @staticmethod
    def _take(file: int, stripe: int) -> bool:
        latest = 0.0
        while True:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, stripe)
            except OSError:
                now = time.monotonic()
                latest = latest or now + _PATIENCE_S
                if now >= latest:
                    return False
                time.sleep(_NAP_S)
            else:
                return True


def shared_file() -> IO[bytes]:
    """Make the file that workers share; it has no name, so that nobody tidies it away. For the parent."""
    file = tempfile.TemporaryFile(prefix="kruispunt-quotas-")  # noqa: SIM115 - the caller closes it
    file.write(os.urandom(16))
    file.truncate(SIZE)
    file.flush()
    return file
