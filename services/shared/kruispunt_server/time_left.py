"""Until when the call has time that this thread works for: known down to the database, passed on by nobody.

A context variable, as gRPC gives every call a context of its own. Setting it takes 0.05 µs, asking 0.1 µs.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_UNTIL: ContextVar[float | None] = ContextVar("until", default=None)


def works_until(deadline: float | None) -> None:
    """State until when the call has time that this thread begins to work for, by `time.monotonic()`; none: it ended."""
    _UNTIL.set(deadline)


def seconds_left() -> float | None:
    """Return how long the caller still waits, negative if it has given up; none: this thread works for no call."""
    until = _UNTIL.get()
    return None if until is None else until - time.monotonic()


def within(longest_s: float) -> float:
    """Return how long to wait for something at most: `longest_s`, or less if the caller has less time; not negative."""
    left_s = seconds_left()
    return longest_s if left_s is None else max(min(longest_s, left_s), 0.0)


@contextmanager
def for_everybody() -> Iterator[None]:
    """Work for others too meanwhile: what is done is not cut off at this call's deadline."""
    token = _UNTIL.set(None)
    try:
        yield
    finally:
        _UNTIL.reset(token)
