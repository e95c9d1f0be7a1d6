"""A file that stands in for the national register: for the embedded default, the sandbox and tests.

A SQLite file of one table, number to document (national/documents.py says what stands in one). It is never changed
but replaced whole, by `load`; a server that reads it notices at the next question.
"""

import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final, Self

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.national import NationalPerson
from kruispunt_identity.matching.profile import MatchProfile
from kruispunt_identity.national.documents import (
    Document,
    DocumentError,
    check_document,
    person_of,
    profile_of,
)
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.sqlite_opening import create_private

_FIND: Final = "SELECT document FROM person WHERE ssin IN (SELECT value FROM json_each(?))"
_WALK: Final = "SELECT document FROM person WHERE ssin > ? ORDER BY ssin LIMIT ?"
_RETRY_AFTER_S = 5.0


class NationalFileError(Exception):
    """A file cannot be loaded; the text says which line and why, never a value."""


class SqliteNationalRegister:
    """Reads the stand-in. Safe to share between threads; each opens the file for itself.

    Args:
        path: of the file; it need not be there yet, but nobody can be asked for until it is.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mine = threading.local()

    def find_many(self, numbers: Sequence[Ssin]) -> dict[Ssin, NationalPerson]:
        """Return those of many persons whom the register knows; RegistryError as of `NationalRegister`."""
        persons = (person_of(document) for document in self._find(numbers))
        return {person.ssin: person for person in persons}

    def profiles(self, numbers: Sequence[int]) -> dict[int, MatchProfile]:
        """Return what a search compares persons by; RegistryError as of `NationalRegister`."""
        return {int(document["ssin"]): profile_of(document) for document in self._find(numbers)}

    def walk(self, after: int, size: int) -> list[NationalPerson]:
        """Return the next persons by number; RegistryError as of `NationalRegister`."""
        return [person_of(document) for document in self._rows(_WALK, (int(after), size))]

    def _find(self, numbers: Sequence[int]) -> list[Document]:
        return self._rows(_FIND, (json.dumps([int(number) for number in numbers]),)) if numbers else []

    def _rows(self, statement: str, parameters: tuple[Any, ...]) -> list[Document]:
        try:
            rows = self._connection().execute(statement, parameters).fetchall()
        except (sqlite3.Error, OSError) as error:
            raise RegistryError(
                Reason.REGISTER_UNAVAILABLE,
                "the national register cannot be asked now",
                retry_after_s=_RETRY_AFTER_S,
            ) from error
        return [json.loads(row[0]) for row in rows]

    def _connection(self) -> sqlite3.Connection:
        """Return this thread's connection to the file that lies there now."""
        found = self._path.stat()
        version = (found.st_ino, found.st_mtime_ns)
        if getattr(self._mine, "version", None) != version:
            # Nobody writes to the file, so nobody need be waited for.
            address = f"{self._path.absolute().as_uri()}?mode=ro&immutable=1"
            opened = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)
            before = getattr(self._mine, "connection", None)
            self._mine.connection, self._mine.version = opened, version
            if before is not None:
                before.close()
        connection: sqlite3.Connection = self._mine.connection
        return connection


class Loading:
    """A file being made, beside the one that it will replace. Use it in `with`: left without `replace`, it is gone.

    Args:
        path: of the file that it will replace, or become.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._beside = path.with_name(f".{path.name}.{os.getpid()}")

    def __enter__(self) -> Self:
        with suppress(FileNotFoundError):
            self._beside.unlink()
        create_private(str(self._beside))
        self._connection = sqlite3.connect(self._beside, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=off")
        self._connection.execute("CREATE TABLE person (ssin INTEGER PRIMARY KEY, document TEXT NOT NULL)")
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        with suppress(FileNotFoundError):
            self._beside.unlink()

    def fill(self, lines: Iterable[str]) -> int:
        """Check and write every line; returns how many persons there are.

        Raises:
            NationalFileError: a line cannot be used, or a number stands there twice.
        """
        self._connection.execute("BEGIN")
        self._connection.executemany("INSERT INTO person VALUES (?, ?)", _checked(lines, set()))
        self._connection.execute("COMMIT")
        count: int = self._connection.execute("SELECT count(*) FROM person").fetchone()[0]
        return count

    def profiles(self, size: int) -> Iterator[list[tuple[int, MatchProfile]]]:
        """Give what every person in it is searched by, by number, `size` at a time."""
        after = 0
        while rows := self._connection.execute(
            "SELECT ssin, document FROM person WHERE ssin > ? ORDER BY ssin LIMIT ?", (after, size)
        ).fetchall():
            yield [(ssin, profile_of(json.loads(document))) for ssin, document in rows]
            after = rows[-1][0]

    def gone(self) -> list[int]:
        """Return the numbers that the file to be replaced holds and this one does not, in order."""
        if not self._path.exists():
            return []
        known = {row[0] for row in self._connection.execute("SELECT ssin FROM person")}
        address = f"{self._path.absolute().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(address, uri=True)) as before:
            rows = before.execute("SELECT ssin FROM person ORDER BY ssin").fetchall()
        return [row[0] for row in rows if row[0] not in known]

    def replace(self) -> None:
        """Put it in place: whoever asks from now on is answered from it."""
        self._connection.close()
        with self._beside.open("rb") as written:
            os.fsync(written.fileno())
        self._beside.replace(self._path)


def load(path: Path, lines: Iterable[str]) -> int:
    """Make the stand-in hold exactly the persons of `lines`; returns how many. Search keys are not written.

    Raises:
        NationalFileError: a line cannot be used; what was there stays.
    """
    with Loading(path) as loading:
        count = loading.fill(lines)
        loading.replace()
    return count


def _checked(lines: Iterable[str], seen: set[int]) -> Iterator[tuple[int, str]]:
    for position, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            ssin, document = check_document(line)
        except DocumentError as error:
            raise NationalFileError(f"line {position}: {error}") from None
        if int(ssin) in seen:
            raise NationalFileError(f"line {position}: the number stands there twice")
        seen.add(int(ssin))
        yield int(ssin), json.dumps(document, ensure_ascii=False, separators=(",", ":"))
