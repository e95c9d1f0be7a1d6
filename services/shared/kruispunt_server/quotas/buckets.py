"""Token buckets, as the generic cell rate algorithm keeps them: one number each, the instant at which it is full again.

A bucket of "N in S seconds" holds N and is refilled N / S a second; it is full at the beginning. A bucket that is full
again is the same as none, so that nothing has to be kept of who asks nothing.

Source: ITU-T I.371, annex A (virtual scheduling).
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from kruispunt_server.quotas.memory import COUNTS, STRIPES, Area, QuotaMemory

_ROUNDING_S: Final = 1e-6
_COUNT_BITS: Final = 20
_MOST: Final = (1 << _COUNT_BITS) - 1


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket of one owner.

    Attributes:
        area: where it is kept.
        key: of `QuotaMemory.key`.
        calls: it holds.
        per_seconds: in which it fills up.
        name: of the quota, for who is refused.
    """

    area: Area
    key: int
    calls: int
    per_seconds: float
    name: str = ""


class Buckets:
    """Takes from buckets, and counts.

    Args:
        memory: where they are kept.
        now: seconds on a clock that all processes of the host share and that never goes back.
    """

    def __init__(self, memory: QuotaMemory, now: Callable[[], float] = time.monotonic) -> None:
        self._memory = memory
        self._now = now

    def take(self, owner: int, buckets: Sequence[Bucket]) -> tuple[Bucket, float] | None:
        """Take one from each bucket, or from none if any is empty.

        Args:
            owner: the key whose buckets these are; all of one owner are decided one after the other.
            buckets: of different keys.

        Returns:
            None if it was taken; else the bucket to be waited for longest, and for how many seconds.
        """
        memory, stripe = self._memory, owner % STRIPES
        with memory.locked(stripe):
            now = self._now()
            full_at = []
            empty: tuple[Bucket, float] | None = None
            for one in buckets:
                full = self._full_at(one, stripe, now) + one.per_seconds / one.calls
                wait_s = full - (now + one.per_seconds)
                if wait_s > _ROUNDING_S and (empty is None or wait_s > empty[1]):
                    empty = one, wait_s
                full_at.append(full)
            if empty is None:
                for one, full in zip(buckets, full_at, strict=True):
                    memory.put(one.area, stripe, one.key, full, now)
            return empty

    def left(self, owner: int, buckets: Sequence[Bucket]) -> list[int]:
        """Return how many could be taken from each bucket at once now, and take none; arguments as of `take`."""
        memory, stripe = self._memory, owner % STRIPES
        with memory.locked(stripe):
            now = self._now()
            return [
                int(
                    (now + one.per_seconds + _ROUNDING_S - self._full_at(one, stripe, now))
                    * one.calls
                    / one.per_seconds
                )
                for one in buckets
            ]

    def _full_at(self, one: Bucket, stripe: int, now: float) -> float:
        """Return when a bucket is full; now, if it is already. Only while the stripe is locked."""
        kept = self._memory.find(one.area, stripe, one.key)
        # What lies beyond an empty bucket was written under a longer quota, or by nobody: that is no debt.
        owed = kept is not None and now < kept <= now + one.per_seconds + 2 * _ROUNDING_S
        return kept if kept is not None and owed else now

    def add(self, owner: int, count: int, window_s: float) -> tuple[int, int]:
        """Count for an owner, in windows of its own: each begins with the first that is counted after the last one ended.

        Returns:
            How many there were in the window before and after.
        """
        memory, stripe = self._memory, owner % STRIPES
        with memory.locked(stripe):
            now = int(self._now())
            kept = memory.find(COUNTS, stripe, owner)
            begin, before = (now, 0) if kept is None else _parted(kept)
            if not now - window_s < begin <= now:
                begin, before = now, 0
            after = min(before + count, _MOST)
            memory.put(
                COUNTS,
                stripe,
                owner,
                float(begin << _COUNT_BITS | after),
                float(now - window_s) * (_MOST + 1),
            )
            return before, after


def _parted(kept: float) -> tuple[int, int]:
    """Return second and count, which share the 53 bits in which a number is exact."""
    try:
        whole = int(kept)
    except (ValueError, OverflowError):  # written by nobody of ours
        return -1, 0
    return whole >> _COUNT_BITS, whole & _MOST
