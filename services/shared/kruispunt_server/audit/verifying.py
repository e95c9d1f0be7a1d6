"""Reads a log from its first record to its last and says where it is not what was sealed.

Memory does not grow with the log: records pass by 256 at a time, as many as a tile of the tree holds. Everything is
read in one snapshot, so that a log which grows meanwhile is not taken for one that was altered.
"""

import hashlib
import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa

from kruispunt.merkle import CompactRange, node_hash
from kruispunt.signed_heads import HeadNote, origin_of
from kruispunt_server.audit.exported_heads import ExportedHeads
from kruispunt_server.audit.letting_go import LettingGo, said_kept_from
from kruispunt_server.audit.trust import TrustedKeys, WrittenKey
from kruispunt_server.database import Database
from kruispunt_server.sealing.records import parts_in, record_text
from kruispunt_server.sealing.tiles import WIDTH, TileStore
from kruispunt_server.tables import SharedTables

LOGS: Final = ("change", "access")
_HASH: Final = 32
_MOST_FAULTS: Final = 20
_ROWS_AT_ONCE: Final = 8192
_HEADS_AT_ONCE: Final = 1000
_UNREADABLE: Final = (TypeError, ValueError, OverflowError)


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a log is not what was sealed.

    Attributes:
        log: "access" or "change".
        position: of the record, or the size of the tree that a head is over; none: the log as a whole.
        what: one English sentence.
    """

    log: str
    position: int | None
    what: str


@dataclass(slots=True)
class Report:
    """What verifying a log found.

    Attributes:
        log: "access" or "change".
        size: sealed records.
        kept_from: first position whose record retention has kept.
        days: the shortest retention, in days, under which records were let go; none: none were, or nothing says so.
        heads: signed heads that were checked, exported ones included.
        unsealed: records that no seal covers yet.
        faults: empty if everything is as it was sealed; the first twenty.
    """

    log: str
    size: int = 0
    kept_from: int = 0
    days: int | None = None
    heads: int = 0
    unsealed: int = 0
    faults: list[Fault] = field(default_factory=list)

    def note(self, position: int | None, what: str) -> None:
        """Add a fault, unless there are enough."""
        if len(self.faults) < _MOST_FAULTS:
            self.faults.append(Fault(self.log, position, what))


class Verifier:
    """Verifies the logs of one service.

    Args:
        database: where they are.
        tables: the shared tables.
        service: "identity" or "directory".
        anchors: public keys of 32 bytes known from elsewhere; none: the first key of the database is taken on trust.
        exported: heads that were kept elsewhere; none: there are none.
        least_days: the shortest retention that was ever set, by log; nothing: not known.
    """

    def __init__(
        self,
        database: Database,
        tables: SharedTables,
        service: str,
        *,
        anchors: Iterable[bytes] = (),
        exported: ExportedHeads | None = None,
        least_days: Mapping[str, int] | None = None,
    ) -> None:
        self._database = database
        self._tables = tables
        self._service = service
        self._anchors = list(anchors)
        self._exported = exported
        self._least_days = least_days or {}

    def verify(self, log: str, advance: Callable[[int], None] = lambda _count: None) -> Report:
        """Verify one log; `advance` is told how many records more were read."""
        report = Report(log)
        with self._database.snapshot() as connection:
            try:
                return _Reading(self, connection, log, advance, report).report()
            except _UNREADABLE:  # SQLite keeps what it is given: text where a number belongs
                report.note(None, "it cannot be read to its end: a value is there that nobody of ours writes")
                return report

    def size(self, log: str) -> int:
        """Return how many records are sealed, for a progress bar."""
        with self._database.reading() as connection:
            table = self._tables.seals.log
            return int(connection.scalar(sa.select(table.c.size).where(table.c.name == log)) or 0)

    def _trusted(self, connection: sa.Connection) -> TrustedKeys:
        key = self._tables.seals.tree_key
        columns = (key.c.key_id, key.c.public_key, key.c.endorsed_by, key.c.endorsement)
        rows = connection.execute(sa.select(*columns).order_by(key.c.first_used_at)).all()
        written = [WrittenKey(row[0], bytes(row[1]), row[2], row[3] and bytes(row[3])) for row in rows]
        return TrustedKeys(self._anchors or [key.public_key for key in written[:1]], written)


class _Reading:
    """One log, read once."""

    def __init__(
        self,
        verifier: Verifier,
        connection: sa.Connection,
        log: str,
        advance: Callable[[int], None],
        report: Report | None = None,
    ) -> None:
        self._connection = connection
        self._advance = advance
        self._database = verifier._database  # noqa: SLF001 - a part of it
        self._tables = verifier._tables  # noqa: SLF001
        self._table = self._tables.change if log == "change" else self._tables.access
        self._log = log
        self._report = Report(log) if report is None else report
        self._trusted = verifier._trusted(connection)  # noqa: SLF001
        table = self._tables.seals.log
        row = connection.execute(
            sa.select(table.c.log_id, table.c.size, table.c.kept_from).where(table.c.name == log)
        ).one_or_none()
        self._origin = "" if row is None else origin_of(verifier._service, log, row.log_id.hex)  # noqa: SLF001
        if row is None:
            self._report.note(None, "the row of the log is missing")
        else:
            self._report.size, self._report.kept_from = row.size, row.kept_from
            self._check_kept_from(verifier._exported, verifier._least_days.get(log))  # noqa: SLF001
        self._exported = verifier._exported  # noqa: SLF001
        self._upper = CompactRange()  # over the roots of full tiles of level 0
        self._root_was_right = True
        self._above: dict[int, list[bytes]] = {}
        self._fetch = TileStore(self._database, self._tables)

    def report(self) -> Report:
        """Read everything, and return what was found."""
        report = self._report
        heads = self._heads()
        head = next(heads, None)
        leaves: list[bytes] = []
        size = 0
        for leaf in self._leaves():
            leaves.append(leaf)
            size += 1
            while head is not None and head[0] <= size:
                if head[0] == size:
                    self._check_root(size, leaves, head[1])
                else:
                    report.note(head[0], f"a head is over {head[0]} records")
                head = next(heads, None)
            if len(leaves) == WIDTH:
                self._close_tile(size // WIDTH - 1, leaves)
                leaves = []
                self._advance(WIDTH)
        self._advance(len(leaves))
        if leaves:
            self._compare(0, size // WIDTH, b"".join(leaves))
        for level, hashes in self._above.items():
            if hashes:
                self._compare(level, size >> (8 * (level + 1)), b"".join(hashes))
        while head is not None:
            report.note(head[0], f"a head is over {head[0]} records, and there are {size}")
            head = next(heads, None)
        unsealed = sa.select(sa.func.count()).where(self._table.c.position.is_(None))
        report.unsealed = self._connection.scalar(unsealed) or 0
        return report

    def _check_kept_from(self, exported: ExportedHeads | None, least_days: int | None) -> None:
        report = self._report
        if not report.kept_from:
            return
        if (said := said_kept_from(self._connection, self._tables, self._log)) < report.kept_from:
            report.note(said, "records from here on were let go, and the change log does not say so")
        letting_go = LettingGo(self._connection, self._tables, self._log, exported, least_days)
        for position, what in letting_go.faults():
            report.note(position, what)
        report.days = letting_go.days

    def _leaves(self) -> Iterator[bytes]:
        """Yield the hash of each leaf from position 0 on; of a record that is not kept, that in the tree."""
        expected, report = 0, self._report
        sha256 = hashlib.sha256
        for position, text in self._rows():
            if position < expected:
                report.note(position, "two records have this position")
                continue
            if position > expected:
                yield from self._gap(expected, position)
            if position >= report.size:
                report.note(position, "the record lies beyond the end of the log")
                return
            if not parts_in(self._log, text):
                report.note(position, "the record has more parts than there are")
            yield sha256(b"\x00" + text).digest()
            expected = position + 1
        yield from self._gap(expected, report.size)

    def _gap(self, begin: int, end: int) -> Iterator[bytes]:
        """Yield the hashes that the tree has for records that are not there; a fault unless retention let them go."""
        tiles = self._fetch.fetch(self._connection, self._log)
        if end > max(begin, self._report.kept_from):
            first = max(begin, self._report.kept_from)
            self._report.note(first, f"{end - first} records from here on are missing")
        for position in range(begin, end):
            at = position % WIDTH * _HASH
            if at == 0:
                tiles = self._fetch.fetch(self._connection, self._log)  # forget the tiles read before
            leaf = tiles(0, position // WIDTH)[at : at + _HASH]
            if len(leaf) != _HASH:
                self._report.note(position, "neither the record nor its hash is there")
                leaf = bytes(_HASH)
            yield leaf

    def _rows(self) -> Iterator[tuple[int, bytes]]:
        """Yield position and text of each record that has a position, at the driver's speed."""
        dialect = self._database.dialect
        text = record_text(self._table, dialect)
        raw: Any = (
            sa.cast(text, sa.LargeBinary)
            if dialect == "sqlite"
            else sa.func.convert_to(text, sa.literal_column("'UTF8'"))
        )
        position = self._table.c.position
        statement = sa.select(position, raw).where(position.is_not(None)).order_by(position)
        # Index: uq_…_position.
        sql = str(statement.compile(self._database.engine, compile_kwargs={"literal_binds": True}))
        driver: Any = self._connection.connection.driver_connection
        if dialect == "sqlite":
            yield from driver.execute(sql)
            return
        with driver.cursor(name="verifying", binary=True) as cursor:
            cursor.itersize = _ROWS_AT_ONCE
            cursor.execute(sql)
            yield from cursor

    def _close_tile(self, tile_no: int, leaves: list[bytes]) -> None:
        """Compare a full tile of leaves, and the tiles above that it fills."""
        self._compare(0, tile_no, b"".join(leaves))
        root = _root_of_full(leaves)
        self._upper.append(root)
        level = 1
        while True:
            hashes = self._above.setdefault(level, [])
            hashes.append(root)
            tile_no >>= 8
            if len(hashes) < WIDTH:
                return
            self._compare(level, tile_no, b"".join(hashes))
            root, self._above[level] = _root_of_full(hashes), []
            level += 1

    def _compare(self, level: int, tile_no: int, hashes: bytes) -> None:
        kept = self._fetch.fetch(self._connection, self._log)(level, tile_no)
        if kept == hashes:
            return
        what = "the record was altered" if level == 0 else "a hash of the tree was altered"
        for at in range(0, max(len(hashes), len(kept)), _HASH):
            if kept[at : at + _HASH] != hashes[at : at + _HASH]:
                place = (tile_no * WIDTH + at // _HASH) << (8 * level)
                self._report.note(place, f"{what}: it has another hash than in the tree")

    def _check_root(self, size: int, leaves: Sequence[bytes], expected: bytes) -> None:
        rest = CompactRange()
        for leaf in leaves:
            rest.append(leaf)
        root = rest.root()
        for left in reversed(self._upper.hashes):
            root = node_hash(left, root)
        if root != expected and self._root_was_right:  # whatever follows an altered record is wrong too
            self._report.note(size, f"the root over the first {size} records is not the one that was signed")
        self._root_was_right = root == expected

    def _heads(self) -> Iterator[tuple[int, bytes]]:
        """Check the signatures of all heads, and yield sizes and roots in ascending order."""
        return heapq.merge(self._written_heads(), self._exported_heads())

    def _exported_heads(self) -> Iterator[tuple[int, bytes]]:
        """Check and yield the heads that were kept elsewhere."""
        if self._exported is None:
            return
        for kept in self._exported.of(self._log):
            if kept.note.origin != self._origin:
                self._report.note(None, "an exported head is of another log: this one took its place")
            self._check_signature(kept.note, kept.key_id, kept.signature)
            yield kept.note.tree_size, kept.note.root_hash

    def _written_heads(self) -> Iterator[tuple[int, bytes]]:
        """Check and yield the heads of the database: there is one for each seal, so they pass by too."""
        head = self._tables.seals.tree_head
        columns = (head.c.tree_size, head.c.root_hash, head.c.signed_at, head.c.key_id, head.c.signature)
        # Index: primary key.
        statement = sa.select(*columns).where(head.c.log == self._log).order_by(head.c.tree_size)
        last = 0
        rows = self._connection.execute(statement.execution_options(yield_per=_HEADS_AT_ONCE))
        for size, root, signed_at, key_id, signature in rows:
            note = HeadNote(self._origin, size, bytes(root), signed_at)
            self._check_signature(note, key_id, bytes(signature))
            yield size, note.root_hash
            last = size
        if last != self._report.size:
            self._report.note(last, f"the last head is over {last} records of {self._report.size}")

    def _check_signature(self, note: HeadNote, key_id: str, signature: bytes) -> None:
        self._report.heads += 1
        if key_id not in self._trusted:
            self._report.note(note.tree_size, "the head is signed with a key that nobody vouches for")
        elif not self._trusted.has_signed(key_id, signature, note.text()):
            self._report.note(note.tree_size, "the signature of the head is wrong")


def _root_of_full(hashes: Sequence[bytes]) -> bytes:
    """Return the root over as many hashes as a full tile has."""
    sha256 = hashlib.sha256
    level = list(hashes)
    while len(level) > 1:
        level = [
            sha256(b"\x01" + left + right).digest()
            for left, right in zip(level[::2], level[1::2], strict=True)
        ]
    return level[0]


def says(report: Report) -> Mapping[str, Any]:
    """Return a report as JSON values."""
    return {
        "log": report.log,
        "records": report.size,
        "kept_from": report.kept_from,
        "shortest_retention_days": report.days,
        "heads": report.heads,
        "unsealed": report.unsealed,
        "faults": [{"position": fault.position, "what": fault.what} for fault in report.faults],
    }
