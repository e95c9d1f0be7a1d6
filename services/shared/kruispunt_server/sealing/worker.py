"""The sealer at work: a thread in every worker, of which the one that holds the lease seals."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from kruispunt_server.database import Database
from kruispunt_server.events import Events
from kruispunt_server.lease import Lease
from kruispunt_server.sealing.heads import HeadStore, export_head
from kruispunt_server.sealing.sealer import LOGS, MOST, Sealer

LEASE = "sealer"
_EXPORT_S = 60.0
_PAUSE_AFTER_FAULT_S = 1.0


class SealingThread:
    """Seals in the background until it is stopped.

    Args:
        sealer: does it.
        lease: decides which process does it.
        interval_s: between two seals while there is little to do.
        heads_file: gets the latest head of each log every minute in which there was a new one; none: nowhere.
        heads: reads them.
        database: to read them from.
        events: gets faults.
    """

    def __init__(
        self,
        sealer: Sealer,
        lease: Lease,
        *,
        interval_s: float,
        heads_file: Path | None,
        heads: HeadStore,
        database: Database,
        events: Events,
    ) -> None:
        self._sealer = sealer
        self._lease = lease
        self._interval_s = interval_s
        self._heads_file = heads_file
        self._heads = heads
        self._database = database
        self._events = events
        self._exported: dict[str, int] = {}
        self._export_at = 0.0
        self._failing = False
        self._end = threading.Event()
        self._listeners: list[Callable[[], None]] = []
        self._thread = threading.Thread(target=self._run, name="sealer", daemon=True)

    def listen(self, wake: Callable[[], None]) -> None:
        """Call `wake` after every seal of this process; before `start` only."""
        self._listeners.append(wake)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Seal once more what is there, export, let another process go on, and end."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._end.wait(self._interval_s):
            self._turn()
        self._turn(last=True)

    def _turn(self, *, last: bool = False) -> None:
        """Do what is due; whatever goes wrong, the next turn tries again."""
        try:
            if not self._lease.try_hold():
                return
            self._seal_all()
            if self._heads_file is not None and (last or time.monotonic() >= self._export_at):
                self._export(self._heads_file)
            if last:
                self._lease.release()
            self._failing = False
        except Exception as error:  # noqa: BLE001 - the thread must live
            if not self._failing:  # once, not five times a second
                self._events.emit("sealing_failed", exception=type(error).__name__)
            self._failing = True
            self._end.wait(_PAUSE_AFTER_FAULT_S)

    def _seal_all(self) -> None:
        count = sealed = self._sealer.seal_once()
        while count >= MOST and not self._end.is_set():
            count = self._sealer.seal_once()
            sealed += count
        if sealed:
            for wake in self._listeners:
                wake()

    def _export(self, file: Path) -> None:
        with self._database.reading() as connection:
            heads = [self._heads.latest(connection, log) for log in LOGS]
        for head in heads:
            if head is not None and self._exported.get(head.log) != head.note.tree_size:
                export_head(file, head)
                self._exported[head.log] = head.note.tree_size
        self._export_at = time.monotonic() + _EXPORT_S
