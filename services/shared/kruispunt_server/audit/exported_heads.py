"""Heads that were kept outside the database: a file that gets a line every minute for ever, read line by line.

It is read once and sorted on disk, in a database of SQLite that has no name and goes when it is closed: a file may be
put together from several, and memory does not grow with it.
"""

import base64
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from kruispunt.signed_heads import HeadNote

_LINE_BEGINS: Final = '{"log":"'
_LONGEST_LINE: Final = 1 << 16
_INSERT: Final = "INSERT INTO head VALUES (?, ?, ?, ?, ?)"
_OF_LOG: Final = "SELECT note, key_id, signature FROM head WHERE log = ? AND size >= ? ORDER BY size, note"


class HeadsFileError(Exception):
    """The file of exported heads cannot be read."""


@dataclass(frozen=True, slots=True)
class ExportedHead:
    """A signed head that was kept outside the database.

    Attributes:
        log: "access" or "change".
        note: what was signed.
        key_id: names the key.
        signature: 64 bytes.
    """

    log: str
    note: HeadNote
    key_id: str
    signature: bytes


class ExportedHeads:
    """The heads of a file, by size; to be closed.

    Args:
        file: that the sealer exported to; none: there are no heads.

    Attributes:
        count: how many there are, of both logs.

    Raises:
        HeadsFileError: it cannot be read, or a line is no head. A line that was torn when it was written is left out.
    """

    def __init__(self, file: Path | None = None) -> None:
        self.count = 0
        self._kept = sqlite3.connect("")
        self._kept.execute(
            "CREATE TABLE head (log TEXT, size INTEGER, note TEXT, key_id TEXT, signature BLOB)"
        )
        try:
            if file is not None:
                self._kept.executemany(_INSERT, self._rows(file))
            self._kept.execute("CREATE INDEX by_size ON head (log, size, note)")
        except HeadsFileError:
            self.close()
            raise
        except (OSError, UnicodeDecodeError):
            self.close()
            raise HeadsFileError("the file cannot be read") from None
        except sqlite3.Error:
            self.close()
            raise HeadsFileError("the file cannot be sorted: is there room for temporary files?") from None

    def of(self, log: str, *, least_size: int = 0) -> Iterator[ExportedHead]:
        """Yield the heads of a log over at least so many records, in ascending order."""
        for note, key_id, signature in self._kept.execute(_OF_LOG, (log, least_size)):
            yield ExportedHead(log, HeadNote.parse(note), key_id, signature)

    def close(self) -> None:
        """Let go of what was sorted."""
        self._kept.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _rows(self, file: Path) -> Iterator[tuple[str, int, str, str, bytes]]:
        with file.open(encoding="utf-8") as lines:
            number = 0
            while line := lines.readline(_LONGEST_LINE):
                number += 1
                head = _head_of(line.rstrip("\n"), number)
                if head is not None:
                    self.count += 1
                    yield head.log, head.note.tree_size, head.note.text(), head.key_id, head.signature


def _head_of(line: str, number: int) -> ExportedHead | None:
    """Return the head of a line; none: its beginning stands there, and its end does not."""
    if line.startswith(_LINE_BEGINS[: len(line)]) and not line.endswith("}"):
        return None
    try:
        said = json.loads(line)
        signature = base64.b64decode(said["signature"], validate=True)
        head = ExportedHead(said["log"], HeadNote.parse(said["note"]), said["key_id"], signature)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise HeadsFileError(f"line {number} is no signed head") from None
    if not (isinstance(head.log, str) and isinstance(head.key_id, str)) or head.note.tree_size >= 1 << 63:
        raise HeadsFileError(f"line {number} is no signed head")
    return head
