"""Runs a unit of work once more when the database undid it through no fault of its own.

The one place that owns the rule. Of two transactions that wait for each other PostgreSQL undoes one; under stricter
isolation than the usual one it undoes whoever comes second; and a connection may be dead before anything is sent on it,
as all of a pool are after a restart of the database. In each case nothing was written, and the same work may be done
again, if it is done from the beginning: what it read is no longer true.
"""

import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final, TypeVar

import sqlalchemy as sa

from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.time_left import within

ATTEMPTS: Final = 4
_PAUSE_S: Final = 0.01  # before the second attempt, at most; doubled before each further one
ResultT = TypeVar("ResultT")


def carried_out(
    writing: Callable[[], AbstractContextManager[sa.Connection]],
    unit: Callable[[sa.Connection], ResultT],
    *,
    keyed: bool,
) -> ResultT:
    """Return what `unit` returned in the transaction that was committed.

    Args:
        writing: begins a transaction.
        unit: all that the transaction does; has no effect but on the database, or one that it takes back itself.
        keyed: `unit` notices by itself that it was committed already; so it may be run again even if nobody knows.

    Raises:
        RegistryError: CONCURRENT_CHANGE after the last attempt, or when the caller has no more time;
            STORE_UNAVAILABLE if the connection was lost and there is no other, or during a commit.
        Exception: whatever `unit` raises.
    """
    attempt = 1
    while True:
        in_doubt = False
        try:
            with writing() as connection:
                result = unit(connection)
                in_doubt = not keyed
        except RegistryError as error:
            pause_s = random.uniform(0, _PAUSE_S * 2**attempt)  # noqa: S311 - so that two do not meet again
            again = _was_undone(error) or (_lost_its_connection(error) and not in_doubt)
            if not again or attempt == ATTEMPTS or within(pause_s) < pause_s:
                raise
        else:
            return result
        time.sleep(pause_s)
        attempt += 1


def _was_undone(error: RegistryError) -> bool:
    """Whether the database, and not the work, says that another transaction came between."""
    return error.reason is Reason.CONCURRENT_CHANGE and isinstance(error.__cause__, sa.exc.DBAPIError)


def _lost_its_connection(error: RegistryError) -> bool:
    cause = error.__cause__
    return isinstance(cause, sa.exc.DBAPIError) and cause.connection_invalidated
