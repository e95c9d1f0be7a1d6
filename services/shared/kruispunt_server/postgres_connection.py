"""A connection to PostgreSQL that waits no longer than the call has time.

The watch is on our side: setting `statement_timeout` for each statement would take another round trip, and a pooler
that shares connections would hand the setting to somebody else's statement. When time is over the statement is
cancelled by the protocol's own request, over a second connection, and the answer to it is awaited: then the connection
is as good as before. Costs 0.1 µs a statement while nothing is late.
"""

from contextlib import suppress
from typing import Any, Final

import psycopg
from psycopg.pq import TransactionStatus

from kruispunt_server.store_errors import DeadlineOverError
from kruispunt_server.time_left import for_everybody, seconds_left

_GRACE_S: Final = 2.0
_AT_REST: Final = (TransactionStatus.IDLE, TransactionStatus.INTRANS)


class PatientConnection(psycopg.Connection[Any]):
    """A connection on which a statement ends when the caller has given up, or after `patience_s`.

    Even one to a server that is frozen with its line open: it is closed then, as an answer might still come.

    Attributes:
        patience_s: how long a statement may take at most; none: as long as it likes.
        cancels: have a late statement ended, and keep the connection; or else close it at once, where another server
            may be asked meanwhile.
    """

    patience_s: float | None = None
    cancels = True

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for the server.

        Raises:
            DeadlineOverError: the caller has given up. The transaction is rolled back; outside one, the statement
                has no effect, unless it was just done.
            psycopg.OperationalError: the server took longer than `patience_s`.
        """
        left_s, patience_s = seconds_left(), self.patience_s
        if timeout is not None or left_s is None or (patience_s is not None and patience_s < left_s):
            return self._within(gen, interval, patience_s if timeout is None else timeout)
        if left_s <= 0:
            if self.pgconn.transaction_status in _AT_REST:
                gen.close()  # not begun: nothing was sent
                raise DeadlineOverError
            left_s = _GRACE_S  # in the middle of a copy, to end it
        try:
            return self._within(gen, interval, left_s)
        except _LateError as late:
            raise DeadlineOverError from late

    def commit(self) -> None:
        """Commit, whether or not the caller still waits: half a commit would be worse than a late one.

        Nor is it cancelled when patience ends: cancelled, one that waits for a synchronous standby stands on this
        server alone, and whoever reads it next, as who repeats the request does, would take it for kept. The connection
        is closed, and the commit stays unseen until the standby has it.
        """
        cancels, self.cancels = self.cancels, False
        try:
            with for_everybody():
                super().commit()
        finally:
            self.cancels = cancels

    def rollback(self) -> None:
        """Roll back, whether or not the caller still waits."""
        with for_everybody():
            super().rollback()

    def _within(self, gen: Any, interval: float, timeout: float | None) -> Any:
        try:
            return super().wait(gen, interval, timeout)
        except psycopg.OperationalError as error:
            if error.sqlstate is not None or self.pgconn.transaction_status != TransactionStatus.ACTIVE:
                raise  # the server said something, or the line broke
            if self.cancels:
                self._cancel(gen, interval)
            else:
                self.pgconn.finish()
            raise _LateError("the statement took too long") from error

    def _cancel(self, gen: Any, interval: float) -> None:
        """Have the statement ended, and hear the server say so; close the connection if it does not."""
        with suppress(psycopg.Error):  # among them that it was cancelled
            self.cancel_safe(timeout=_GRACE_S)
            super().wait(gen, interval, _GRACE_S)
        if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
            self.pgconn.finish()


class _LateError(psycopg.OperationalError):
    """The server has not answered in time."""
