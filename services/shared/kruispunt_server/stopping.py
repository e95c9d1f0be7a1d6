"""Waiting for SIGTERM or SIGINT.

A `threading.Event` set by a signal handler would not do: the handler runs in the main thread, in between any two
steps of the wait that it interrupts, and then waits for ever for a lock that this wait holds.
"""

import os
import select
import signal
from types import FrameType


class StopSignal:
    """Notes the first SIGTERM or SIGINT from now on; made and asked in the main thread.

    Attributes:
        signum: which one came; none so far.
    """

    def __init__(self) -> None:
        self.signum: int | None = None
        self._read, write = os.pipe()
        os.set_blocking(write, False)
        # Written to by Python as soon as a signal arrives, in whichever thread: the wait ends at once.
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, self._note)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for a signal, at most `timeout_s` seconds; returns whether one has come."""
        if self.signum is None:
            select.select([self._read], [], [], timeout_s)
        return self.signum is not None

    def _note(self, signum: int, _frame: FrameType | None) -> None:
        if self.signum is None:
            self.signum = signum
