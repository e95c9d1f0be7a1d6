"""Mutations that take effect once, however often they are sent.

The key of a mutation, its effects and its answer are written in one transaction. The key is claimed first: two
copies of one request that arrive together then wait for each other, and the second finds the answer of the
first, where it would otherwise find its effects and refuse them as a conflict.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from kruispunt_server.call import Call
from kruispunt_server.clock import Clock
from kruispunt_server.database import Database
from kruispunt_server.tables import SharedTables
from kruispunt_server.write_keys import WriteKey, refuse_late, refuse_reused

Work = Callable[[sa.Connection], bytes]


class _Undone(Exception):  # noqa: N818 - not an error
    """Carries the answer of a rehearsal out of the transaction that it undoes."""

    def __init__(self, response: bytes) -> None:
        super().__init__()
        self.response = response


class Writes:
    """Runs mutations.

    Args:
        database: where to.
        tables: the shared tables.
        clock: says when an answer was recorded.
    """

    def __init__(self, database: Database, tables: SharedTables, clock: Clock) -> None:
        self._database = database
        self._table = tables.idempotency
        self._clock = clock
        insert = postgresql.insert if database.dialect == "postgresql" else sqlite.insert
        self._claim_key = (
            insert(self._table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
        )
        named = (
            self._table.c.participant_id == sa.bindparam("of_participant"),
            self._table.c.request_id == sa.bindparam("of_request"),
        )
        self._find = sa.select(self._table.c.method, self._table.c.digest, self._table.c.response).where(
            *named
        )
        self._keep = (
            sa.update(self._table)
            .where(*named)
            .values(response=sa.bindparam("answer"), recorded_at=sa.bindparam("at"))
        )

    def run(self, call: Call, key: WriteKey, work: Work) -> bytes:
        """Run `work` in one transaction, unless the same request was answered before.

        Args:
            call: who asks, and until when.
            key: names the request.
            work: makes the change and returns the serialised answer; may be run and undone, and run again after the
                database undid it.

        Returns:
            The answer of `work`, or the stored one: then `work` is not called.

        Raises:
            RegistryError: the key was used for another request, INVALID_ARGUMENT / REQUEST_ID_REUSED; the caller
                gave up before the commit, DEADLINE_EXCEEDED / DEADLINE_OVER, and nothing changed; the store
                cannot be used, UNAVAILABLE / STORE_UNAVAILABLE, and the same request may be sent again.
            Exception: whatever `work` raises; nothing changed.
        """
        if key.validate_only:
            return self._rehearse(call, key, work)

        def carry_out(connection: sa.Connection) -> bytes:
            if not self._claim(connection, call, key):
                return self._stored(connection, call, key)
            response = work(connection)
            connection.execute(self._keep, {**_named(call, key), "answer": response, "at": self._clock.now()})
            refuse_late(call)
            return response

        return self._database.transact(_anew(call, carry_out), keyed=True)

    def _rehearse(self, call: Call, key: WriteKey, work: Work) -> bytes:
        def rehearse(connection: sa.Connection) -> bytes:
            row = connection.execute(self._find, _named(call, key)).one_or_none()
            if row is not None:
                refuse_reused(row, call, key)
            response = work(connection)
            refuse_late(call)
            raise _Undone(response)  # rolls the transaction back

        try:
            return self._database.transact(_anew(call, rehearse), keyed=True)
        except _Undone as undone:
            return undone.response

    def _claim(self, connection: sa.Connection, call: Call, key: WriteKey) -> bool:
        """Insert the key; waits for a transaction that holds it. Returns false if it was used before."""
        claimed = connection.execute(
            self._claim_key,
            {
                "participant_id": call.participant.participant_id,
                "request_id": key.request_id,
                "method": call.method,
                "digest": key.digest,
                "response": b"",  # nobody sees it before the real one replaces it
                "recorded_at": self._clock.now(),
            },
        )
        return claimed.rowcount == 1

    def _stored(self, connection: sa.Connection, call: Call, key: WriteKey) -> bytes:
        row = connection.execute(self._find, _named(call, key)).one()
        refuse_reused(row, call, key)
        response: bytes = row.response
        return response


def _anew(call: Call, work: Work) -> Work:
    """Return `work`, which forgets first what an attempt that was undone looked at."""
    looks, misses = len(call.looks), call.misses

    def begin(connection: sa.Connection) -> bytes:
        del call.looks[looks:]
        call.misses = misses
        return work(connection)

    return begin


def _named(call: Call, key: WriteKey) -> dict[str, Any]:
    return {"of_participant": call.participant.participant_id, "of_request": key.request_id}
