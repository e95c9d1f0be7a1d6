"""The code tables and rules in the database, and in memory.

Everything is held in memory as an immutable `Knowledge`: a few thousand entries that change a few times a month,
and are asked for many times a second. What stood after each write is never forgotten.
"""

import datetime as dt
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Sequence

import sqlalchemy as sa

from kruispunt_directory.domain.knowledge import Entry, Key, Kind, Knowledge, key_of, kind_of
from kruispunt_directory.domain.knowledge_checks import check_entries
from kruispunt_directory.domain.knowledge_writes import WriteCounts, changes_of, counts_of
from kruispunt_directory.store.knowledge_rows import KEY_COLUMNS, entry_of, plain_of, row_of
from kruispunt_directory.tables import DirectoryTables
from kruispunt_server.call import Call
from kruispunt_server.change import Change
from kruispunt_server.changes import ChangeLog
from kruispunt_server.clock import Clock
from kruispunt_server.database import Database

# Writers of the code tables queue for it. Negative: persons' numbers, which are locked too, are not.
_WRITERS_LOCK = -1

_VIEWS_KEPT = 8
_REFRESH_S = 1.0
_PATIENCE_S = 10.0


class KnowledgeStore:
    """Reads and writes the code tables. Safe to share between threads.

    Args:
        database: of the directory.
        tables: of the directory.
        log: of changes.
        clock: says when a write was made.
        refresh_s: how old the view in memory may become before the database is asked again.
        monotonic: seconds that only grow.
    """

    def __init__(
        self,
        database: Database,
        tables: DirectoryTables,
        log: ChangeLog,
        clock: Clock,
        *,
        refresh_s: float = _REFRESH_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._tables = tables.knowledge
        self._shared = tables.shared
        self._log = log
        self._clock = clock
        self._refresh_s = refresh_s
        self._monotonic = monotonic
        self._of_kind: dict[Kind, sa.Table] = {kind: getattr(self._tables, kind.value) for kind in Kind}
        self._views: OrderedDict[int, Knowledge] = OrderedDict()
        self._views_lock = threading.Lock()
        self._current: Knowledge | None = None
        self._checked_at = 0.0
        self._refreshing = threading.Lock()
        # Index: the end of the primary key's.
        self._newest = database.hot(sa.select(sa.func.max(self._tables.knowledge_revision.c.number)))

    def current(self) -> Knowledge:
        """Return everything as known now, at most about a second old. Usually costs no query.

        While one thread asks the database, the others go on with what they have; but not for longer than
        ten seconds, so that an authorisation that was ended is not relied on for ever.

        Raises:
            RegistryError: the store cannot be reached; STORE_UNAVAILABLE.
        """
        held = self._current
        age = self._monotonic() - self._checked_at
        if held is not None and age < self._refresh_s:
            return held
        if not self._refreshing.acquire(blocking=held is None or age > self._refresh_s + _PATIENCE_S):
            assert held is not None
            return held
        try:
            held = self._current
            if held is not None and self._monotonic() - self._checked_at < self._refresh_s:
                return held  # somebody else did it while this thread waited
            return self._refresh()
        finally:
            self._refreshing.release()

    def latest(self) -> Knowledge:
        """Return everything as known now, at the cost of one cheap read: never older than this call.

        Raises:
            RegistryError: the store cannot be reached; STORE_UNAVAILABLE.
        """
        return self.after_write(self._newest.rows()[0][0] or 0)

    def at(self, known_at: dt.datetime) -> Knowledge:
        """Return everything as it was known at an instant.

        A write counts from the instant that it noted while it held the writers' lock, moments before it was
        committed: an answer about the last few moments may still change, one about an earlier past does not.

        Raises:
            RegistryError: the store cannot be reached; STORE_UNAVAILABLE.
        """
        revision = self._tables.knowledge_revision
        # Index: ix_knowledge_revision_recorded_at.
        statement = sa.select(sa.func.max(revision.c.number)).where(revision.c.recorded_at <= known_at)
        with self._database.reading() as connection:
            return self._view(connection, connection.scalar(statement) or 0)

    def after_write(self, number: int) -> Knowledge:
        """Return everything as it stood after the write with that number; 0 for before the first.

        Raises:
            RegistryError: the store cannot be reached; STORE_UNAVAILABLE.
        """
        held = self._held(number)
        if held is not None:
            return held
        with self._database.reading() as connection:
            return self._view(connection, number)

    def write(
        self, connection: sa.Connection, call: Call, entries: Sequence[Entry], request_id: uuid.UUID
    ) -> WriteCounts:
        """Write entries, all or none: a known key becomes a new revision, an equal entry changes nothing.

        Args:
            connection: in a writing transaction, which the caller commits.
            call: who writes.
            entries: any number; they may refer to each other, in any order.
            request_id: of the request.

        Raises:
            RegistryError: as in `check_entries`; a reference that leads nowhere, FAILED_PRECONDITION /
                REFERENCE_UNKNOWN.
        """
        check_entries(entries)
        self._database.lock(connection, _WRITERS_LOCK)
        revision = self._tables.knowledge_revision
        number = connection.scalar(sa.select(sa.func.max(revision.c.number))) or 0
        # Not kept in memory: in a transaction that wrote before, the number is not committed yet.
        before = self._held(number) or Knowledge(self._load(connection, number), number)
        changed = changes_of(before, entries)
        if changed:
            self._insert(connection, call, changed, number + 1, request_id)
        return counts_of(changed, entries)

    def _insert(
        self,
        connection: sa.Connection,
        call: Call,
        changed: Sequence[tuple[Entry | None, Entry]],
        number: int,
        request_id: uuid.UUID,
    ) -> None:
        recorded_at = self._record_write(connection, call, number, request_id)
        written = {"written_in": number, "recorded_at": recorded_at}
        for kind, table in self._of_kind.items():
            of_kind = [(old, new) for old, new in changed if kind_of(new) is kind]
            if not of_kind:
                continue
            revisions = self._revisions(connection, kind)
            rows = [
                row_of(new) | written | {"revision": revisions.get(key_of(new), 0) + 1} for _, new in of_kind
            ]
            connection.execute(sa.insert(table), rows)
        changes = [
            Change(
                None,
                f"{kind_of(new).value}.{'created' if old is None else 'revised'}",
                None if old is None else plain_of(old),
                plain_of(new),
            )
            for old, new in changed
        ]
        self._log.record(connection, call, changes, request_id=request_id)

    def _record_write(
        self, connection: sa.Connection, call: Call, number: int, request_id: uuid.UUID
    ) -> dt.datetime:
        revision = self._tables.knowledge_revision
        last = connection.scalar(sa.select(revision.c.recorded_at).where(revision.c.number == number - 1))
        now = self._clock.now()
        recorded_at = now if last is None else max(now, last)  # clocks of two hosts may disagree
        connection.execute(
            sa.insert(revision).values(
                number=number,
                recorded_at=recorded_at,
                participant_id=call.participant.participant_id,
                request_id=request_id,
            )
        )
        return recorded_at

    def _revisions(self, connection: sa.Connection, kind: Kind) -> dict[Key, int]:
        """Return the highest revision of each key."""
        table = self._of_kind[kind]
        key = [table.c[name] for name in KEY_COLUMNS[kind]]
        statement = sa.select(*key, sa.func.max(table.c.revision)).group_by(*key)
        return {tuple(row[:-1]): row[-1] for row in connection.execute(statement)}

    def _refresh(self) -> Knowledge:
        asked_at = self._monotonic()
        current = self.latest()
        self._current, self._checked_at = current, asked_at
        return current

    def _held(self, number: int) -> Knowledge | None:
        with self._views_lock:
            view = self._views.get(number)
            if view is not None:
                self._views.move_to_end(number)
            return view

    def _view(self, connection: sa.Connection, number: int) -> Knowledge:
        view = self._held(number)
        if view is None:
            view = Knowledge(self._load(connection, number), number)
            with self._views_lock:
                self._views[number] = view
                while len(self._views) > _VIEWS_KEPT:
                    self._views.popitem(last=False)
        return view

    def _load(self, connection: sa.Connection, number: int) -> list[Entry]:
        """Read every entry as of a write; of several revisions the newest comes last."""
        # No snapshot is needed: rows up to a committed write never change.
        entries: list[Entry] = []
        for kind, table in self._of_kind.items():
            columns = [column for column in table.c if column.name not in ("written_in", "recorded_at")]
            statement = sa.select(*columns).where(table.c.written_in <= number).order_by(table.c.revision)
            entries += [entry_of(kind, row._asdict()) for row in connection.execute(statement)]
        return entries
