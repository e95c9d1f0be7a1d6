"""The access log: who looked at whom.

No answer with personal data leaves before its access record is committed. A commit per call would cap the server at
what the disk can flush, so calls commit in groups: whoever finds nobody writing writes everything that waits, in
one transaction; who comes meanwhile waits, and when the write is done the first of them writes for all the rest.
The calls' own threads do this work. There is no background thread that could die, and a lone call
pays for no hand-over.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from kruispunt_server.call import Call
from kruispunt_server.clock import Clock
from kruispunt_server.database import Database
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.hot import Row
from kruispunt_server.keys import Pseudonyms
from kruispunt_server.tables import SharedTables
from kruispunt_server.time_left import for_everybody
from kruispunt_server.unavailable import unavailable

_ROWS_AT_ONCE: Final = 10_000

_NAMES: Final = (
    "access_id",
    "recorded_at",
    "participant_id",
    "method",
    "end_user",
    "legal_basis",
    "case_reference",
    "subject",
    "data_groups",
    "result",
    "via",
)

Rows = Sequence[Row]

# What stands until a write says otherwise: whatever goes wrong, no answer leaves.
_UNWRITTEN: Final = unavailable()


class _Entry:
    """What one call waits for.

    Attributes:
        rows: its access records, in the order of `_NAMES`.
        leads: whether this call has to write next.
        settled: whether somebody has tried to write it.
        error: why it is not written; none once it is.
    """

    __slots__ = ("_wake", "error", "leads", "rows", "settled")

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.leads = False
        self.settled = False
        self.error: Exception | None = _UNWRITTEN
        self._wake = threading.Lock()
        self._wake.acquire()

    def wait(self, timeout_s: float) -> bool:
        """Wait until it was written or has to write; returns false if neither came."""
        return self._wake.acquire(timeout=max(0.0, timeout_s))

    def wake(self) -> None:
        """End the wait; once per entry."""
        self._wake.release()


class AccessJournal:
    """Writes the access log.

    Args:
        database: where to.
        tables: the shared tables.
        pseudonyms: what the log keeps in place of numbers.
        clock: says when a look was recorded.
        patience_s: how long a call waits for another's write at most, whatever its deadline.
        flushed: told rows and seconds of every write.
    """

    def __init__(
        self,
        database: Database,
        tables: SharedTables,
        pseudonyms: Pseudonyms,
        clock: Clock,
        *,
        patience_s: float = 10.0,
        flushed: Callable[[int, float], None] | None = None,
    ) -> None:
        self._pseudonyms = pseudonyms
        self._clock = clock
        self._patience_s = patience_s
        self._flushed = flushed
        self._flag: Callable[[Sequence[Call]], None] | None = None
        self._insert = database.hot_insert(tables.access, _NAMES)
        self._idle = threading.Condition()
        self._waiting: list[_Entry] = []
        self._writing = False
        self._open = True

    def flag_with(self, flag: Callable[[Sequence[Call]], None]) -> None:
        """Let looks of calls be flagged before they are written; it may be asked twice about one look."""
        self._flag = flag

    def start(self) -> None:
        """Take records again after `close`; a new journal takes them from the start."""
        with self._idle:
            self._open = True

    def close(self) -> None:
        """Take no more records, and wait until those of running calls are written or refused."""
        with self._idle:
            self._open = False
            self._idle.wait_for(lambda: not self._writing, timeout=2 * self._patience_s)

    def commit(self, call: Call) -> None:
        """Write the access records of `call.looks`; when this returns they are committed and the list is empty.

        Raises:
            RegistryError: they are not, or nobody knows: the answer must not leave. UNAVAILABLE /
                STORE_UNAVAILABLE; DEADLINE_EXCEEDED / DEADLINE_OVER if the caller gave up first;
                INVALID_ARGUMENT / PURPOSE_REQUIRED if the call looked at a person without saying why.
        """
        if not call.looks:
            return
        if self._flag is not None and call.purpose is not None:
            self._flag([call])
        entry = _Entry(self._rows(call))
        if self._enter(entry) or self._await(entry, call.deadline):
            self._lead(entry)
        if isinstance(entry.error, RegistryError):
            raise unavailable() from entry.error  # one per thread: an exception carries its thread's traceback
        if entry.error is not None:
            raise entry.error
        call.looks.clear()

    def commit_all(self, calls: Sequence[Call]) -> None:
        """Write the access records of many calls at once; when this returns all are committed and their lists empty.

        Raises:
            RegistryError: none is written, or nobody knows; as of `commit`.
        """
        if self._flag is not None:
            self._flag(calls)
        rows = [row for call in calls if call.looks for row in self._rows(call)]
        if not rows:
            return
        entry = _Entry(rows)
        if self._enter(entry) or self._await(entry, time.monotonic() + 2 * self._patience_s):
            self._lead(entry)
        if isinstance(entry.error, RegistryError):
            raise unavailable() from entry.error
        if entry.error is not None:
            raise entry.error
        for call in calls:
            call.looks.clear()

    def _rows(self, call: Call) -> Rows:
        purpose = call.purpose
        if purpose is None:
            raise RegistryError(
                Reason.PURPOSE_REQUIRED, "personal data is looked at for a stated purpose only"
            )
        now, via = self._clock.now(), call.via or None
        participant = call.participant.participant_id
        return [
            (
                look.look_id,
                now,
                participant,
                call.method,
                purpose.end_user,
                purpose.legal_basis,
                purpose.case,
                self._pseudonyms.of(look.person),
                look.data_groups,
                look.result,
                via,
            )
            for look in call.looks
        ]

    def _enter(self, entry: _Entry) -> bool:
        """Queue; returns whether this call has to write because nobody else does."""
        with self._idle:
            if not self._open:
                raise unavailable()
            self._waiting.append(entry)
            leads, self._writing = not self._writing, True
            return leads

    def _await(self, entry: _Entry, deadline: float) -> bool:
        """Wait for another's write; returns whether this call has to write next."""
        left_s = deadline - time.monotonic()
        if entry.wait(min(left_s, self._patience_s)):
            return entry.leads
        with self._idle:
            if entry.leads or entry.settled:  # in the very moment of giving up
                return entry.leads
            if entry in self._waiting:
                self._waiting.remove(entry)
        if left_s < self._patience_s:
            raise RegistryError(Reason.DEADLINE_OVER, "the deadline passed before the access was recorded")
        raise unavailable()

    def _lead(self, own: _Entry) -> None:
        """Write everything that waits, `own` first, then let the first of those who came meanwhile lead."""
        batch = self._take()
        try:
            with for_everybody():
                self._write(batch)
        finally:
            with self._idle:
                for entry in batch:
                    entry.settled = True
                successor = self._waiting[0] if self._waiting else None
                if successor is None:
                    self._writing = False
                    self._idle.notify_all()
                else:
                    successor.leads = True
            if successor is not None:
                successor.wake()
            for entry in batch:
                if entry is not own:
                    entry.wake()

    def _take(self) -> list[_Entry]:
        with self._idle:
            count = rows = 0
            while count < len(self._waiting) and (count == 0 or rows < _ROWS_AT_ONCE):
                rows += len(self._waiting[count].rows)
                count += 1
            batch, self._waiting = self._waiting[:count], self._waiting[count:]
            return batch

    def _write(self, batch: list[_Entry]) -> None:
        """Write the batch; if some row in it is refused, each call by itself, so that one does not fail others."""
        began = time.perf_counter()
        try:
            self._insert_rows([entry.rows for entry in batch])
        except RegistryError as error:
            for entry in batch:
                entry.error = error
        except Exception as error:  # noqa: BLE001 - handed to the call it belongs to
            if len(batch) == 1:
                batch[0].error = error
                return
            for entry in batch:
                self._write([entry])
        else:
            for entry in batch:
                entry.error = None
            if self._flushed is not None:
                rows = sum(len(entry.rows) for entry in batch)
                self._flushed(rows, time.perf_counter() - began)

    def _insert_rows(self, parts: Sequence[Rows]) -> None:
        self._insert.run([row for part in parts for row in part])
