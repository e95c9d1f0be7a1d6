"""Identifiers: UUID version 7 (RFC 9562), made here so that no round trip is needed to know one."""

import os
import threading
import time
import uuid

_RANDOM = 10
_POOLED = 4096
_KEPT = ~((0xF000 << 64) | (0xC000 << 48))
_MARKS = (0x7000 << 64) | (0x8000 << 48)  # version 7, variant 10


def new_id() -> uuid.UUID:
    """Return a new UUIDv7: 48 bits of milliseconds since 1970, the rest random."""
    milliseconds = (time.time_ns() // 1_000_000) << 80
    return uuid.UUID(int=(milliseconds | int.from_bytes(random_bytes(_RANDOM))) & _KEPT | _MARKS)


def new_ids(count: int) -> list[uuid.UUID]:
    """Return many new identifiers of one millisecond; the operating system is asked once."""
    milliseconds = (time.time_ns() // 1_000_000) << 80
    randoms = os.urandom(_RANDOM * count)
    return [
        uuid.UUID(int=(milliseconds | int.from_bytes(randoms[at : at + _RANDOM])) & _KEPT | _MARKS)
        for at in range(0, _RANDOM * count, _RANDOM)
    ]


class _Pool(threading.local):
    """Random bytes of one thread, each given out once."""

    left = b""


_pool = _Pool()


def random_bytes(count: int) -> bytes:
    """Return random bytes of the operating system, which is asked for many at once: each question is a system call.

    Not to be used across a fork, which would give the same bytes twice; every process of ours is executed anew.
    """
    if count > len(_pool.left):
        _pool.left = os.urandom(max(count, _POOLED))
    given, _pool.left = _pool.left[:count], _pool.left[count:]
    return given
