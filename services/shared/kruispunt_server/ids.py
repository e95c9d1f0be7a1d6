"""Identifiers: UUID version 7 (RFC 9562), made here so that no round trip is needed to know one."""

import os
import time
import uuid

_RANDOM = 10
_KEPT = ~((0xF000 << 64) | (0xC000 << 48))
_MARKS = (0x7000 << 64) | (0x8000 << 48)  # version 7, variant 10


def new_id() -> uuid.UUID:
    """Return a new UUIDv7: 48 bits of milliseconds since 1970, the rest random."""
    return new_ids(1)[0]


def new_ids(count: int) -> list[uuid.UUID]:
    """Return many new identifiers of one millisecond; the operating system is asked once."""
    milliseconds = (time.time_ns() // 1_000_000) << 80
    randoms = os.urandom(_RANDOM * count)
    return [
        uuid.UUID(int=(milliseconds | int.from_bytes(randoms[at : at + _RANDOM])) & _KEPT | _MARKS)
        for at in range(0, _RANDOM * count, _RANDOM)
    ]
