"""The office's own files: on whom, since when, and until when it pays."""

import datetime as dt
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from kruispunt import Ssin

_TABLE = """
CREATE TABLE IF NOT EXISTS file (
    file_no INTEGER PRIMARY KEY,
    registered TEXT NOT NULL,
    ssin TEXT NOT NULL,
    begin TEXT NOT NULL,
    until TEXT,
    told INTEGER NOT NULL DEFAULT 0
)
"""


@dataclass(frozen=True)
class File:
    """One file.

    Attributes:
        file_no: the office's own number of it.
        registered: the number under which it was begun; a file keeps it for ever, as a dossier does, so that it can go
            back when a replacement is undone.
        ssin: the number that stands now.
        begin: first day that is paid.
        until: the day after the last; none: still paid.
        told: whether the directory knows of it.
    """

    file_no: int
    registered: Ssin
    ssin: Ssin
    begin: dt.date
    until: dt.date | None
    told: bool


class Cabinet:
    """Keeps files."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute(_TABLE)

    def open(self, ssin: Ssin, begin: dt.date) -> File:
        """Begin a file."""
        row = self._database.execute(
            "INSERT INTO file (registered, ssin, begin) VALUES (?, ?, ?)",
            (str(ssin), str(ssin), begin.isoformat()),
        )
        return File(int(row.lastrowid or 0), ssin, ssin, begin, None, told=False)

    def note_told(self, file: File, ssin: Ssin) -> None:
        """Note that the directory knows of a file, and under which number."""
        self._database.execute(
            "UPDATE file SET told = 1, ssin = ? WHERE file_no = ?", (str(ssin), file.file_no)
        )

    def end(self, file: File, until: dt.date) -> None:
        """End a file."""
        self._database.execute(
            "UPDATE file SET until = ? WHERE file_no = ?", (until.isoformat(), file.file_no)
        )

    def renumber(self, registered: Ssin, current: Ssin) -> int:
        """Let the files that were begun under a number be of another; returns how many that changed."""
        done = self._database.execute(
            "UPDATE file SET ssin = ? WHERE registered = ? AND ssin <> ?",
            (str(current), str(registered), str(current)),
        )
        return done.rowcount

    def of(self, ssin: Ssin) -> list[File]:
        """Return the files on a person."""
        return [each for each in self.all() if each.ssin == ssin]

    def all(self) -> list[File]:
        """Return every file, the oldest first."""
        rows = self._database.execute(
            "SELECT file_no, registered, ssin, begin, until, told FROM file ORDER BY file_no"
        )
        return [
            File(
                number,
                Ssin.parse(registered),
                Ssin.parse(ssin),
                dt.date.fromisoformat(begin),
                dt.date.fromisoformat(until) if until else None,
                bool(told),
            )
            for number, registered, ssin, begin, until, told in rows
        ]

    def close(self) -> None:
        """Close the cabinet."""
        self._database.close()
