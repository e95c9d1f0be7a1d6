"""Erases what the change log says of a person: destroys the keys that it was written with, down to the files.

The log keeps its records, and its tree still verifies: only nobody can read any more what they said. That this was
done is a record of the log itself, which names the pseudonym and nothing else.
"""

import os
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from kruispunt_server.call import OPERATOR
from kruispunt_server.clock import Clock
from kruispunt_server.database import Database
from kruispunt_server.errors import RegistryError
from kruispunt_server.ids import new_id
from kruispunt_server.keys import Pseudonyms
from kruispunt_server.subject_keys import SubjectKeys
from kruispunt_server.tables import SharedTables

KIND: Final = "subject.erased"
METHOD: Final = "audit erase"

_CHUNK: Final = 1 << 20
_PAUSE_S: Final = 0.2
_FIRST_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was erased.

    Attributes:
        destroyed: keys destroyed now; a person erased before has none left.
        gone: whether no file of the database holds the keys any more. If not, somebody reads a state from before:
            erase again later.
    """

    destroyed: int
    gone: bool


class Eraser:
    """Erases persons from the change log.

    Args:
        database: opened by its owner: PostgreSQL lets nobody else rewrite a table.
        tables: the shared tables.
        pseudonyms: finds the subjects.
        keys: destroys their keys.
        clock: says when.
        patience_s: how long to wait for those who read a state from before.
    """

    def __init__(
        self,
        database: Database,
        tables: SharedTables,
        pseudonyms: Pseudonyms,
        keys: SubjectKeys,
        clock: Clock,
        *,
        patience_s: float = 30.0,
    ) -> None:
        self._database = database
        self._change = tables.change
        self._key = tables.seals.subject_key
        self._pseudonyms = pseudonyms
        self._keys = keys
        self._clock = clock
        self._patience_s = patience_s

    def erase(self, persons: Sequence[int]) -> Erasure:
        """Destroy the keys of persons, in one transaction, and see to it that no file holds them any more.

        Args:
            persons: all the numbers of whom is erased: each number is a subject of its own.

        Raises:
            RegistryError: the store cannot be used; STORE_UNAVAILABLE.
        """
        wrapped, before = self._destroy([self._pseudonyms.of(person) for person in persons])
        if self._database.dialect == "sqlite":
            # Of keys destroyed before nobody knows what to look for: then the file is written anew.
            gone = self._clean_sqlite(wrapped, anew=before)
        else:
            gone = self._patiently(self._clean_postgresql)
        return Erasure(len(wrapped), gone)

    def _destroy(self, subjects: Sequence[bytes]) -> tuple[list[bytes], bool]:
        """Return the keys as they were kept, and whether some had been destroyed before."""
        key = self._key
        kept: list[bytes] = []
        before = False
        with self._database.writing() as connection:
            if self._database.dialect == "sqlite":
                connection.exec_driver_sql("PRAGMA secure_delete=on")
            for subject in subjects:
                # Index: ix_subject_key_subject.
                rows = connection.execute(sa.select(key.c.wrapped).where(key.c.subject == subject)).all()
                live = [bytes(row.wrapped) for row in rows if row.wrapped is not None]
                before = before or len(live) < len(rows)
                if live and self._keys.destroy(connection, subject):
                    kept += live
                    connection.execute(sa.insert(self._change).values(self._record(subject)))
        return kept, before

    def _record(self, subject: bytes) -> dict[str, Any]:
        return {
            "change_id": new_id(),
            "recorded_at": self._clock.now(),
            "participant_id": OPERATOR,
            "method": METHOD,
            "request_id": new_id(),
            "commit_id": new_id(),
            "subject": subject,
            "kind": KIND,
            "payload": b"{}",
        }

    def _clean_sqlite(self, wrapped: Sequence[bytes], *, anew: bool) -> bool:
        """Carry the log over into the file and empty it; a copy left by a page that moved goes with a rebuild."""
        file = Path(str(self._database.engine.url.database))
        gone = self._patiently(self._empty_log)
        if anew or (gone and holds(file, wrapped)):
            gone = self._patiently(self._rebuild) and self._patiently(self._empty_log)
        return gone and not holds(file, wrapped)

    def _empty_log(self) -> bool:
        with self._database.reading() as connection:
            busy, _pages, _carried = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        return not busy

    def _rebuild(self) -> bool:
        with self._database.reading() as connection:
            connection.exec_driver_sql("VACUUM")
        return True

    def _clean_postgresql(self) -> bool:
        """Write the table of keys anew; true if nobody needed a row from before."""
        said: list[int] = []

        def hear(diagnostic: Any) -> None:
            # "N dead row versions cannot be removed yet.", in the language of the server.
            number = _FIRST_NUMBER.search(diagnostic.message_detail or "")
            if number is not None:
                said.append(int(number.group()))

        with self._database.reading() as connection:
            driver: Any = connection.connection.driver_connection
            driver.add_notice_handler(hear)
            try:
                connection.exec_driver_sql("SET lock_timeout = '1s'")  # writers queue behind us meanwhile
                connection.exec_driver_sql(f"VACUUM (FULL, VERBOSE) {self._key.name}")
            finally:
                driver.remove_notice_handler(hear)
                connection.exec_driver_sql("RESET lock_timeout")
        return said == [0]

    def _patiently(self, step: Callable[[], bool]) -> bool:
        until = time.monotonic() + self._patience_s
        while True:
            with suppress(RegistryError):  # a lock that somebody holds
                if step():
                    return True
            if time.monotonic() > until:
                return False
            time.sleep(_PAUSE_S)


def holds(file: Path, keys: Sequence[bytes]) -> bool:
    """Return whether a SQLite file, or the log beside it, holds one of some keys; read piece by piece."""
    return any(_holds(each, keys) for each in (file, file.with_name(f"{file.name}-wal")) if each.exists())


def _holds(file: Path, keys: Sequence[bytes]) -> bool:
    if not keys:
        return False
    overlap = max(map(len, keys)) - 1
    rest = b""
    # Left open until the process ends: closing it would drop the locks that SQLite has on the file in this process.
    opened = os.open(file, os.O_RDONLY)
    while piece := os.read(opened, _CHUNK):
        seen = rest + piece
        if any(key in seen for key in keys):
            return True
        rest = seen[-overlap:]
    return False
