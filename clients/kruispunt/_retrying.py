"""Which refusals of a call pass, and when to come again."""

import random
import time

from kruispunt.errors import ConcurrentChange, KruispuntError, QuotaExhausted, TooManyCalls

_ATTEMPTS = 4
_FIRST_PAUSE_S = 0.05
_WORTH_REPEATING = ConcurrentChange | QuotaExhausted | TooManyCalls


class Retries:
    """The attempts of one call, which share its deadline.

    Args:
        timeout_s: for all of them.
    """

    def __init__(self, timeout_s: float) -> None:
        self._deadline = time.monotonic() + timeout_s
        self._made = 0

    def begin(self) -> float:
        """Count an attempt, and return the seconds that it may take."""
        self._made += 1
        return max(self._deadline - time.monotonic(), 0.001)

    @property
    def has_more(self) -> bool:
        """Whether another attempt may be made."""
        return self._made < _ATTEMPTS

    def pause_s(self, refusal: KruispuntError) -> float | None:
        """Return after how many seconds to come again; none: the refusal stands.

        A full server, or a full quota, says when, and is not asked before.
        """
        pause_s = random.uniform(0.5, 1.5) * _FIRST_PAUSE_S * 2**self._made  # noqa: S311 - jitter
        pause_s += refusal.retry_after_s or 0.0
        in_time = time.monotonic() + pause_s < self._deadline
        return pause_s if self.has_more and in_time and isinstance(refusal, _WORTH_REPEATING) else None
