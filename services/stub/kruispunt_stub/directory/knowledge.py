"""The code tables in memory, as they stood after every write."""

import datetime as dt
import uuid
from collections.abc import Sequence

from kruispunt_directory.domain.knowledge import Entry, Knowledge
from kruispunt_directory.domain.knowledge_checks import check_entries
from kruispunt_directory.domain.knowledge_writes import WriteCounts, changes_of, counts_of
from kruispunt_server.call import Call
from kruispunt_server.clock import Clock
from kruispunt_stub.directory.rows import DirectoryRows
from kruispunt_stub.memory import Transaction

_NOTHING = Knowledge([], 0)


class MemoryKnowledge:
    """Reads and writes the code tables."""

    def __init__(self, rows: DirectoryRows, clock: Clock) -> None:
        self._rows = rows
        self._clock = clock

    def current(self) -> Knowledge:
        """Return everything as known now."""
        return self.latest()

    def latest(self) -> Knowledge:
        """Return everything as known now."""
        with self._rows.memory.reading():
            return self.after_write(len(self._rows.knowledge))

    def at(self, known_at: dt.datetime) -> Knowledge:
        """Return everything as it was known at an instant."""
        with self._rows.memory.reading():
            numbers = [number for number, (at, _) in self._rows.knowledge.items() if at <= known_at]
            return self.after_write(max(numbers, default=0))

    def after_write(self, number: int) -> Knowledge:
        """Return everything as it stood after the write with that number; 0 for before the first."""
        if not number:
            return _NOTHING
        knowledge: Knowledge = self._rows.knowledge[number][1]
        return knowledge

    def write(
        self,
        connection: Transaction,
        call: Call,
        entries: Sequence[Entry],
        request_id: uuid.UUID,
    ) -> WriteCounts:
        """Write entries, all or none: a known key becomes a new revision, an equal entry changes nothing.

        Raises:
            RegistryError: as of `check_entries` and `changes_of`.
        """
        del connection, call, request_id  # there is no journal here
        check_entries(entries)
        before = self.latest()
        changed = changes_of(before, entries)
        if changed:
            number = before.number + 1
            after = Knowledge([*before.all_entries(), *entries], number)
            self._rows.knowledge[number] = (self._clock.now(), after)
        return counts_of(changed, entries)
