"""Reads what auditors ask for: looks at persons, single records, and paths in the tree."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kruispunt_server.database import Database
from kruispunt_server.sealing import tiles
from kruispunt_server.sealing.heads import HeadStore, SignedHead, sealed_before, sealed_from
from kruispunt_server.sealing.records import record_text
from kruispunt_server.tables import SharedTables

# By which clocks may differ, and a record may be sealed later than it was made.
_MARGIN = dt.timedelta(minutes=10)
_SHOWN = (
    "entry_no",
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
    "position",
)


@dataclass(frozen=True, slots=True)
class LookFilter:
    """Which looks are meant; what is given narrows.

    Attributes:
        subjects: pseudonyms; empty: anybody.
        participant_id: who looked; none: anybody.
        begin: recorded then or later.
        end: recorded before.
    """

    subjects: Sequence[bytes] = ()
    participant_id: str | None = None
    begin: dt.datetime | None = None
    end: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A record of a log.

    Attributes:
        participant_id: whose call it is of.
        position: none: not sealed yet.
        text: what is hashed.
    """

    participant_id: str
    position: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Proof:
    """That a record is in a log.

    Attributes:
        leaf_hash: of the record, as the tree has it.
        path: from the leaf upwards.
        head: of the tree.
    """

    leaf_hash: bytes
    path: list[bytes]
    head: SignedHead


class AuditReader:
    """Reads the logs, their trees and heads."""

    def __init__(self, database: Database, tables: SharedTables, heads: HeadStore) -> None:
        self._database = database
        self._access = tables.access
        self._heads = heads
        self._tiles = tiles.TileStore(database, tables)
        head, access = tables.seals.tree_head, tables.access
        self._sealed_before, self._sealed_from = sealed_before(head, "access"), sealed_from(head, "access")
        # Index: uq_access_position, of both.
        self._last_below = (
            sa.select(access.c.entry_no)
            .where(access.c.position < sa.bindparam("of_position"))
            .order_by(access.c.position.desc())
            .limit(1)
        )
        self._first_from = (
            sa.select(access.c.entry_no)
            .where(access.c.position >= sa.bindparam("of_position"))
            .order_by(access.c.position)
            .limit(1)
        )
        self._records = {
            name: _finding(table, database.dialect)
            for name, table in (("access", tables.access), ("change", tables.change))
        }

    def looks(self, narrowed: LookFilter, *, before: int | None, limit: int) -> list[Any]:
        """Return rows of the access log, latest first, at most `limit`; those before an `entry_no` if one is given.

        Index: ix_access_subject where subjects are given, else the primary key, between the instants if they are.
        """
        access = self._access
        statement = sa.select(*(access.c[name] for name in _SHOWN))
        if narrowed.subjects:
            statement = statement.where(access.c.subject.in_(narrowed.subjects))
        if narrowed.participant_id is not None:
            statement = statement.where(access.c.participant_id == narrowed.participant_id)
        if narrowed.begin is not None:
            statement = statement.where(access.c.recorded_at >= narrowed.begin)
        if narrowed.end is not None:
            statement = statement.where(access.c.recorded_at < narrowed.end)
        if before is not None:
            statement = statement.where(access.c.entry_no < before)
        with self._database.reading() as connection:
            statement = statement.where(*self._stretch(connection, narrowed))
            return list(connection.execute(statement.order_by(access.c.entry_no.desc()).limit(limit)))

    def _stretch(self, connection: sa.Connection, narrowed: LookFilter) -> list[sa.ColumnElement[bool]]:
        """Return between which entries everything lies that was recorded between two instants; by the heads, widely.

        Who was sealed before the first instant drew a lower number than whoever was recorded from then on; who was
        sealed after the second drew a higher one, if neither clocks nor transactions are off by the margin.
        """
        bounds: list[sa.ColumnElement[bool]] = []
        if narrowed.begin is not None:
            size = connection.scalar(self._sealed_before, {"at": narrowed.begin - _MARGIN})
            below = connection.scalar(self._last_below, {"of_position": size or 0})
            if below is not None:
                bounds.append(self._access.c.entry_no > below)
        if narrowed.end is not None:
            size = connection.scalar(self._sealed_from, {"at": narrowed.end + _MARGIN})
            above = None if size is None else connection.scalar(self._first_from, {"of_position": size})
            if above is not None:
                bounds.append(self._access.c.entry_no < above)
        return bounds

    def find(self, log: str, record_id: uuid.UUID) -> Record | None:
        """Return a record; none: there is none of that identifier."""
        with self._database.reading() as connection:
            row = connection.execute(self._records[log], {"of_record": record_id}).one_or_none()
        return None if row is None else Record(*row)

    def head(self, log: str, tree_size: int = 0) -> SignedHead | None:
        """Return the head of a tree of `tree_size`, 0: the latest; none: no such head was signed."""
        with self._database.reading() as connection:
            if tree_size:
                return self._heads.of_size(connection, log, tree_size)
            return self._heads.latest(connection, log)

    def prove(self, head: SignedHead, position: int) -> Proof:
        """Return the proof that the record at a position below the head's size is under the head."""
        with self._database.reading() as connection:
            fetch = self._tiles.fetch(connection, head.log)
            leaf = tiles.subtree(fetch, 0, position)
            return Proof(leaf, tiles.inclusion_path(fetch, position, head.note.tree_size), head)

    def connect(self, first_size: int, head: SignedHead) -> tuple[bytes, list[bytes]]:
        """Return the root over the first records, 1 to the head's size of them, and the path from it to the head."""
        with self._database.reading() as connection:
            fetch = self._tiles.fetch(connection, head.log)
            root = tiles.root(fetch, first_size)
            return root, tiles.consistency_path(fetch, first_size, head.note.tree_size)


def _finding(table: sa.Table, dialect: str) -> sa.Select[Any]:
    # Index: uq_…_…_id.
    columns = (table.c.participant_id, table.c.position, record_text(table, dialect))
    return sa.select(*columns).where(table.c[f"{table.name}_id"] == sa.bindparam("of_record"))
