"""Values of the feeds: where to begin, what is told, how far a reader has come.

A watch begins where a `FeedStart` says and goes on for ever: over restarts of the server and broken connections it
resumes by itself after the last item. To resume over restarts of your own program, keep the position:

- `FilePositions` keeps it in a file, saved when the next item is asked for. What you do with an item is then done at
  least once: after a crash in between the item comes again.
- Where what you do is a transaction of a database, save `item.resume_token` in the same transaction, as
  `kruispunt.sqlalchemy_positions` does: then it is done exactly once.
"""

import asyncio
import datetime as dt
import enum
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self

from kruispunt import merkle
from kruispunt.facts import DataGroup
from kruispunt.persons import NumberStatus, Register
from kruispunt.ssin import Ssin
from kruispunt.values import InstitutionRef


@dataclass(frozen=True, slots=True)
class FeedStart:
    """Where a watch begins; made by the methods, or one of the constants.

    Attributes:
        kind: name of the field of the contract.
        token: for "resume_token".
        instant: for "since", zone-aware.
    """

    kind: str
    token: str = field(default="", repr=False)
    instant: dt.datetime | None = None

    @classmethod
    def after(cls, resume_token: str) -> Self:
        """After an item that was dealt with."""
        return cls("resume_token", token=resume_token)

    @classmethod
    def since(cls, instant: dt.datetime) -> Self:
        """With the first that was recorded at an instant, zone-aware, or later."""
        return cls("since", instant=instant)


BEGINNING = FeedStart("beginning")
"""With the very first."""
NOW = FeedStart("now")
"""With the next one from now on."""
SNAPSHOT = FeedStart("snapshot")
"""With everything as it stands, and then what changes."""
UNACKNOWLEDGED = FeedStart("unacknowledged")
"""With the first that was not acknowledged; of notices only."""


class ChangeKind(enum.Enum):
    """What happened to a person or number; the values are those of the contract."""

    UNSPECIFIED = 0
    PERSON_REGISTERED = 1
    PERSON_IMPORTED = 2
    FACTS_TOLD = 3
    FACT_RETRACTED = 4
    NUMBER_REPLACED = 5
    NUMBER_JOINED = 6
    NUMBER_SPLIT = 7
    NUMBER_PARTED = 8
    NUMBER_CANCELLED = 9
    REGISTER_MOVED = 10
    IDENTIFIER_LINKED = 11
    IDENTIFIER_ENDED = 12
    TOLD_APART = 13
    PERSON_PROTECTED = 14
    PROTECTION_LIFTED = 15


@dataclass(frozen=True, slots=True)
class RegisterChange:
    """One change of the registers; what the data is now is not told.

    Attributes:
        position: in the change log, from 0 on.
        change_id: names it, a UUID.
        kind: what happened.
        ssin: the number; none: the person was erased from the journal.
        other: the other number; none: there is none.
        data_groups: which were told, corrected or taken back.
        affects_from: first day of what changed; none: from ever, or not known.
        affects_until: the day after its last; none: for ever.
        source: the institution that changed it; none: the registry itself.
        effective_date: day on which a replacement, split or move took effect.
        register: of the number afterwards; UNSPECIFIED: unchanged.
        deceased: whether a decease is on file afterwards; none: not touched.
    """

    position: int
    change_id: str
    kind: ChangeKind
    ssin: Ssin | None
    other: Ssin | None
    data_groups: tuple[DataGroup, ...]
    affects_from: dt.date | None
    affects_until: dt.date | None
    source: InstitutionRef | None
    effective_date: dt.date | None
    register: Register
    deceased: bool | None

    def digest_text(self) -> str:
        """Return the text by which a digest counts it: the same before and after the person is erased."""
        return "\x1f".join(map(str, (self.position, self.change_id, self.kind.value)))


@dataclass(frozen=True, slots=True)
class StandingNumber:
    """A number as it stands, in a snapshot.

    Attributes:
        ssin: the number.
        status: its state.
        current: where it leads; itself if it stands or is cancelled.
        next_: the next step; none: it was not replaced.
        replace_date: day of its replacement.
        register: where the person is kept.
        deceased: whether a decease of the person is on file, under whichever of its numbers.
    """

    ssin: Ssin
    status: NumberStatus
    current: Ssin
    next_: Ssin | None
    replace_date: dt.date | None
    register: Register
    deceased: bool


@dataclass(frozen=True, slots=True)
class Told:
    """One item of a watch of changes: a commit, a part of a snapshot, or a sign of life.

    Attributes:
        resume_token: to go on after it.
        position: of the last change told so far; -1: none yet.
        record_time: of a commit, UTC.
        changes: everything that one transaction changed; empty for what is no commit.
        numbers: a part of a snapshot; empty for what is none.
        snapshot_ends: true on the last part of a snapshot.
        told_until: of a sign of life: when there was nothing further to tell, UTC.
        message: as it came over the wire.
    """

    resume_token: str = field(repr=False)
    position: int
    record_time: dt.datetime | None = None
    changes: tuple[RegisterChange, ...] = ()
    numbers: tuple[StandingNumber, ...] = ()
    snapshot_ends: bool = False
    told_until: dt.datetime | None = None
    message: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class FeedDigest:
    """Count and root over what a feed told of one day.

    Attributes:
        count: how many entries.
        first_position: of the first; 0: none.
        last_position: of the last; 0: none.
        root_hash: 32 bytes.
        complete: false while the day goes on, or something recorded on it is not told yet.
    """

    count: int
    first_position: int
    last_position: int
    root_hash: bytes
    complete: bool
    message: Any = field(default=None, repr=False, compare=False)

    def agrees_with(self, texts: Iterable[str]) -> bool:
        """Return whether exactly these entries, by their `digest_text` and in their order, were told."""
        tree = merkle.CompactRange()
        for text in texts:
            tree.append(merkle.leaf_hash(text.encode()))
        return (tree.size, tree.root()) == (self.count, self.root_hash)


class Positions(Protocol):
    """Keeps how far a reader has come."""

    def load(self) -> str:
        """Return the token of the last item that was dealt with; empty: there is none."""
        ...

    def save(self, resume_token: str) -> None:
        """Keep the token of an item that was dealt with, durably."""
        ...


class AsyncPositions(Protocol):
    """Keeps how far a reader has come, without holding up the other tasks of its program."""

    async def load(self) -> str:
        """Return the token of the last item that was dealt with; empty: there is none."""
        ...

    async def save(self, resume_token: str) -> None:
        """Keep the token of an item that was dealt with, durably."""
        ...


class FilePositions:
    """Keeps a position in a file, replaced as a whole and flushed.

    Args:
        path: of the file; made when something is saved.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    def load(self) -> str:
        """Return what was saved last; empty: nothing yet."""
        try:
            return self._path.read_text("ascii").strip()
        except FileNotFoundError:
            return ""

    def save(self, resume_token: str) -> None:
        """Replace the file."""
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        with draft.open("w", encoding="ascii") as out:
            out.write(resume_token + "\n")
            out.flush()
            os.fsync(out.fileno())
        draft.replace(self._path)


class AsyncFilePositions:
    """Keeps a position in a file as `FilePositions` does, while other tasks go on.

    Args:
        path: of the file; made when something is saved.
    """

    def __init__(self, path: str | Path) -> None:
        self._file = FilePositions(path)

    async def load(self) -> str:
        """Return what was saved last; empty: nothing yet."""
        return await asyncio.to_thread(self._file.load)

    async def save(self, resume_token: str) -> None:
        """Replace the file."""
        await asyncio.to_thread(self._file.save, resume_token)
