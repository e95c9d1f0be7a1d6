"""Gives committed records their positions, in the order of their commits, and seals them.

A number drawn inside a transaction is not the order of commits: who commits late would be skipped by a reader that
remembers the highest number it saw. So positions are given afterwards, to rows that are committed and have none, in
one transaction that locks the row of the log: two sealers at once take turns, and nothing is placed twice.

Among the commits that a seal finds, those come first whose highest `entry_no` is lowest. Of two commits that both
changed one person the later drew its numbers after the earlier had committed, under the person's lock; so it has the
higher one, and comes after it.
"""

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from kruispunt.merkle import leaf_hash
from kruispunt_server.database import Database
from kruispunt_server.sealing.heads import HeadStore, SignedHead
from kruispunt_server.sealing.records import record_text
from kruispunt_server.sealing.tiles import TileStore
from kruispunt_server.tables import SharedTables

LOGS: Final = ("change", "access")
MOST: Final = 10_000

Sealed = Callable[[str, int, float], None]
"""Told log, records and seconds of every seal."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A record that has no position yet."""

    entry_no: int
    text: str


class Sealer:
    """Seals both logs of one service.

    Args:
        database: where they are.
        tables: the shared tables.
        heads: signs.
        most: records in one seal, about; a commit is never cut.
        sealed: told of every seal.
    """

    def __init__(
        self,
        database: Database,
        tables: SharedTables,
        heads: HeadStore,
        *,
        most: int = MOST,
        sealed: Sealed | None = None,
    ) -> None:
        self._database = database
        self._heads = heads
        self._tiles = TileStore(database, tables)
        self._most = most
        self._sealed = sealed
        self._tables = {"change": tables.change, "access": tables.access}
        log = tables.seals.log
        self._lock = (
            sa.select(log.c.log_id, log.c.size).where(log.c.name == sa.bindparam("of_log")).with_for_update()
        )
        self._named = sa.select(log.c.log_id).where(log.c.name == sa.bindparam("of_log"))
        self._grow = (
            sa.update(log).where(log.c.name == sa.bindparam("of_log")).values(size=sa.bindparam("grown"))
        )
        self._any = {
            # Index: ix_…_unsealed, as of all that follow.
            name: database.hot(sa.select(sa.literal_column("1")).where(table.c.position.is_(None)).limit(1))
            for name, table in self._tables.items()
        }
        self._place = {name: _placing(table, database.dialect) for name, table in self._tables.items()}
        access, change = tables.access, tables.change
        self._looks = (
            sa.select(access.c.entry_no, record_text(access, database.dialect))
            .where(access.c.position.is_(None))
            .order_by(access.c.entry_no)
            .limit(most)
        )
        last = sa.func.max(change.c.entry_no)
        self._commits = (
            sa.select(change.c.commit_id, last.label("last_no"), sa.func.count().label("rows"))
            .where(change.c.position.is_(None))
            .group_by(change.c.commit_id)
            .order_by(last)
            .limit(most)
        )
        self._changes = sa.select(
            change.c.entry_no, change.c.commit_id, record_text(change, database.dialect)
        ).where(change.c.position.is_(None), change.c.entry_no <= sa.bindparam("highest"))

    def log_id(self) -> str:
        """Return what tells the change log of this registry apart from that of another, in hexadecimal."""
        with self._database.reading() as connection:
            row = connection.execute(self._named, {"of_log": "change"}).one()
        log_id: uuid.UUID = row.log_id
        return log_id.hex

    def seal_once(self) -> int:
        """Seal what is committed now, at most about `most` of each log; returns how many records.

        Raises:
            RegistryError: the store cannot be used; STORE_UNAVAILABLE.
            SealKeyError: the file of keys cannot be used.
        """
        return sum(self._seal(log) for log in LOGS if self._any[log].rows())

    def _seal(self, log: str) -> int:
        began = time.perf_counter()
        with self._database.writing() as connection:
            log_id, size = connection.execute(self._lock, {"of_log": log}).one()
            waiting = self._waiting(connection, log)
            if waiting:
                self._append(connection, log, log_id, size, waiting)
        if waiting and self._sealed is not None:
            self._sealed(log, len(waiting), time.perf_counter() - began)
        return len(waiting)

    def _append(
        self, connection: sa.Connection, log: str, log_id: uuid.UUID, size: int, waiting: Sequence[_Waiting]
    ) -> SignedHead:
        entries = [record.entry_no for record in waiting]
        positions = list(range(size, size + len(waiting)))
        if self._database.dialect == "postgresql":
            connection.execute(self._place[log], {"entries": entries, "positions": positions})
        else:
            rows = [{"of_entry": e, "place": p} for e, p in zip(entries, positions, strict=True)]
            connection.execute(self._place[log], rows)
        leaves = [leaf_hash(record.text.encode()) for record in waiting]
        root = self._tiles.append(connection, log, size, leaves)
        grown = size + len(waiting)
        connection.execute(self._grow, {"of_log": log, "grown": grown})
        return self._heads.sign(connection, log, log_id, grown, root)

    def _waiting(self, connection: sa.Connection, log: str) -> list[_Waiting]:
        if log == "access":
            return [_Waiting(*row) for row in connection.execute(self._looks)]
        order: dict[uuid.UUID, int] = {}
        rows = 0
        for commit_id, last_no, count in connection.execute(self._commits):
            if order and rows + count > self._most:
                break
            order[commit_id] = last_no
            rows += count
        if not order:
            return []
        highest = max(order.values())
        found = connection.execute(self._changes, {"highest": highest})
        chosen = [row for row in found if row.commit_id in order]
        chosen.sort(key=lambda row: (order[row.commit_id], row.entry_no))
        return [_Waiting(entry_no, text) for entry_no, _, text in chosen]


def _placing(table: sa.Table, dialect: str) -> Any:
    """Return the statement that gives rows their positions: arrays on PostgreSQL, row by row on SQLite."""
    if dialect != "postgresql":
        return (
            sa.update(table)
            .where(table.c.entry_no == sa.bindparam("of_entry"))
            .values(position=sa.bindparam("place"))
        )
    given = (
        sa.func.unnest(
            sa.bindparam("entries", type_=sa.ARRAY(sa.BigInteger)),
            sa.bindparam("positions", type_=sa.ARRAY(sa.BigInteger)),
        )
        .table_valued("entry_no", "place")
        .render_derived()
    )
    return sa.update(table).where(table.c.entry_no == given.c.entry_no).values(position=given.c.place)
