"""Deletes what need no longer be kept: records of the logs by age, and stored answers to changes.

First `log.kept_from` rises, with a record of the change log that says so; then records below it are deleted, in small
transactions. Broken off, it goes on the next time. Hashes and heads stay: what is left is proved as before.

What goes is old by the signed heads, not only by what records say of themselves: so whoever verifies can tell from
heads alone that nothing younger went (`letting_go`).
"""

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from kruispunt_server.audit.letting_go import KIND, Rise, last_rises, payload_of
from kruispunt_server.call import OPERATOR
from kruispunt_server.clock import Clock
from kruispunt_server.database import Database
from kruispunt_server.ids import new_id
from kruispunt_server.tables import SharedTables

LOGS: Final = ("change", "access")
METHOD: Final = "audit retain"
BATCH: Final = 5_000


@dataclass(frozen=True, slots=True)
class Retention:
    """How long what is kept, in days; none: for ever.

    Attributes:
        access: records of who looked at whom.
        change: records of what was changed.
        requests: answers that a repeated change gets again.
    """

    access: int | None
    change: int | None
    requests: int | None


@dataclass(frozen=True, slots=True)
class Retained:
    """What was done.

    Attributes:
        kept_from: of each log, the first position that is kept.
        deleted: of each log, and of "requests", how many rows were deleted now.
    """

    kept_from: dict[str, int]
    deleted: dict[str, int]


@dataclass(frozen=True, slots=True)
class FurtherRetained:
    """What was done to rows that one service alone keeps.

    Attributes:
        deleted: how many were deleted now.
        held_back: how many are old enough, and stay all the same.
        because: why they stay, in a few words.
    """

    deleted: int
    held_back: int
    because: str


class Retainer:
    """Applies a retention to one service.

    Args:
        database: opened by its owner: a server may not delete from the logs.
        tables: the shared tables.
        clock: says how old a record is.
        batch: rows deleted in one transaction, about.
    """

    def __init__(self, database: Database, tables: SharedTables, clock: Clock, *, batch: int = BATCH) -> None:
        self._database = database
        self._shared = tables
        self._log, self._head = tables.seals.log, tables.seals.tree_head
        self._tables = {"change": tables.change, "access": tables.access}
        self._requests = tables.idempotency
        self._clock = clock
        self._batch = batch

    def retain(self, retention: Retention, advance: Callable[[int], None] = lambda _count: None) -> Retained:
        """Raise what is kept and delete the rest; `advance` is told how many rows more are deleted, after each commit.

        Raises:
            RegistryError: the store cannot be used; STORE_UNAVAILABLE. What was deleted stays so.
        """
        kept_from = self._raise({"change": retention.change, "access": retention.access})
        deleted = {log: self._delete(log, kept_from[log], advance) for log in LOGS}
        deleted["requests"] = 0
        if retention.requests is not None:
            deleted["requests"] = self._forget(self._before(retention.requests), advance)
        return Retained(kept_from, deleted)

    def _before(self, days: int) -> dt.datetime:
        return self._clock.now() - dt.timedelta(days=days)

    def _raise(self, days: dict[str, int | None]) -> dict[str, int]:
        # Found before the rows are locked, which the sealer waits for: no record that has a position changes.
        at = self._clock.now()
        found = {
            log: Rise(self._first_kept(log, at - dt.timedelta(days=limit)), limit, at)
            for log, limit in days.items()
            if limit is not None
        }
        log = self._log
        with self._database.writing() as connection:
            rows = connection.execute(
                sa.select(log.c.name, log.c.kept_from).order_by(log.c.name).with_for_update()
            ).all()
            before = {row.name: row.kept_from for row in rows}
            risen = {name: rise for name, rise in found.items() if rise.kept_from > before[name]}
            for name, rise in risen.items():
                connection.execute(sa.update(log).where(log.c.name == name).values(kept_from=rise.kept_from))
            kept_from = {**before, **{name: rise.kept_from for name, rise in risen.items()}}
            if risen:
                # Of a log that does not rise now, how it last rose is said again.
                others = any(first and name not in risen for name, first in before.items())
                rises = {**(last_rises(connection, self._shared) if others else {}), **risen}
                connection.execute(
                    sa.insert(self._tables["change"]).values(self._record(at, kept_from, rises))
                )
        return kept_from

    def _first_kept(self, log: str, before: dt.datetime) -> int:
        """Return the position from which on everything is kept: the end of a seal.

        All before it was recorded, and sealed, before an instant.
        """
        table, head = self._tables[log], self._head
        with self._database.snapshot() as connection:
            row = connection.execute(
                sa.select(self._log.c.kept_from, self._log.c.size).where(self._log.c.name == log)
            ).one()
            # Index: uq_…_position; reads what is about to be deleted, and one record more.
            first = connection.scalar(
                sa.select(table.c.position)
                .where(table.c.position >= row.kept_from, table.c.recorded_at >= before)
                .order_by(table.c.position)
                .limit(1)
            )
            # Index: primary key; where records were sealed late, reads the heads since.
            sealed = connection.scalar(
                sa.select(head.c.tree_size)
                .where(
                    head.c.log == log,
                    head.c.tree_size > row.kept_from,
                    head.c.tree_size <= (row.size if first is None else first),
                    head.c.signed_at < before,
                )
                .order_by(head.c.tree_size.desc())
                .limit(1)
            )
        return int(row.kept_from if sealed is None else sealed)

    def _record(self, at: dt.datetime, kept_from: dict[str, int], rises: dict[str, Rise]) -> dict[str, Any]:
        return {
            "change_id": new_id(),
            "recorded_at": at,
            "participant_id": OPERATOR,
            "method": METHOD,
            "request_id": new_id(),
            "commit_id": new_id(),
            "kind": KIND,
            "payload": payload_of(kept_from, rises),
        }

    def _delete(self, log: str, kept_from: int, advance: Callable[[int], None]) -> int:
        position = self._tables[log].c.position
        with self._database.reading() as connection:
            begin = connection.scalar(sa.select(sa.func.min(position)))
        deleted = 0
        for low in range(kept_from if begin is None else begin, kept_from, self._batch):
            high = min(low + self._batch, kept_from)
            with self._database.writing() as connection:
                done = connection.execute(
                    sa.delete(self._tables[log])
                    .where(position >= low, position < high)
                    .execution_options(preserve_rowcount=True)
                )
            deleted += done.rowcount
            advance(done.rowcount)
        return deleted

    def _forget(self, before: dt.datetime, advance: Callable[[int], None]) -> int:
        """Delete stored answers, in the order of their primary key, one batch read after the other."""
        table = self._requests
        key = (table.c.participant_id, table.c.request_id)
        place: tuple[str, uuid.UUID] | None = None
        deleted = 0
        while True:
            page = sa.select(*key, table.c.recorded_at).order_by(*key).limit(self._batch)
            if place is not None:
                page = page.where(sa.tuple_(*key) > sa.tuple_(*(sa.literal(each) for each in place)))
            with self._database.writing() as connection:
                rows = connection.execute(page).all()
                old = [
                    {"of_participant": row.participant_id, "of_request": row.request_id}
                    for row in rows
                    if row.recorded_at < before
                ]
                if old:
                    connection.execute(
                        sa.delete(table).where(
                            key[0] == sa.bindparam("of_participant"), key[1] == sa.bindparam("of_request")
                        ),
                        old,
                    )
            deleted += len(old)
            advance(len(old))
            if len(rows) < self._batch:
                return deleted
            place = (rows[-1].participant_id, rows[-1].request_id)
