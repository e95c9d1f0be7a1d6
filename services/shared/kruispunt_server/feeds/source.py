"""What a feed tells, as the hub sees it: entries after a position, per key; positions only rise."""

import datetime as dt
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from kruispunt_server.call import Call

Key = Hashable
"""Whose entries: none where all watchers see the same, an institution where each has its own."""


class EntryUnreadableError(Exception):
    """What stands at a position cannot be decrypted: it was altered.

    Args:
        position: of the entry.
    """

    def __init__(self, position: int) -> None:
        super().__init__("an entry was altered")
        self.position = position


@dataclass(frozen=True, slots=True)
class Entry:
    """What is told in one message.

    Attributes:
        position: of the last that it tells; a reader goes on after it.
        persons: numbers that it shows, for the access log.
        content: what `Source.message` makes the message of.
    """

    position: int
    persons: Sequence[int] = field(repr=False)
    content: object = field(repr=False)


@dataclass(frozen=True, slots=True)
class Page:
    """Entries in order.

    Attributes:
        entries: 0 or more.
        position: up to where was read; what lies between the last entry and it concerns nobody here.
    """

    entries: Sequence[Entry]
    position: int


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a snapshot.

    Attributes:
        persons: numbers that it shows.
        content: what `Source.snapshot_message` makes the message of.
        place: where the next part begins; none: this was the last.
    """

    persons: Sequence[int] = field(repr=False)
    content: object = field(repr=False)
    place: str | None


class Source(Protocol):
    """A feed.

    Attributes:
        name: of the feed, 1 to 32 characters; part of every token.
        data_groups: what its entries show, for the access log.
    """

    name: str
    data_groups: str

    def log_id(self, key: Key) -> str:
        """Return what tells the entries of a key apart from those of another, and of another registry."""
        ...

    def key_of(self, call: Call) -> Key:
        """Return whose entries a caller sees, or raise RegistryError."""
        ...

    def ends(self, keys: Collection[Key]) -> Mapping[Key, int]:
        """Return the position of the last entry of each key; that of `before_all` where there is none."""
        ...

    def news(self) -> Mapping[Key, int]:
        """Return the position of the last entry of the keys that have new ones since this was last asked.

        Of others too does no harm; the first answer may be empty. One thread asks, ten times a second.
        """
        ...

    def before_all(self, key: Key) -> int:
        """Return the position after which everything that is kept follows."""
        ...

    def is_whole(self, key: Key) -> bool:
        """Return whether nothing was let go yet: the very first entry is still kept."""
        ...

    def before(self, key: Key, instant: dt.datetime) -> int | None:
        """Return the position after which everything recorded at an instant or later follows.

        None: some of it is no longer kept, or may not be.
        """
        ...

    def acknowledged(self, key: Key) -> int | None:
        """Return the position up to which was acknowledged; none: this feed knows no acknowledging."""
        ...

    def read(self, key: Key, after: int, end: int) -> Page:
        """Return what follows a position, up to `end` at most; a page of bounded size.

        Raises:
            EntryUnreadableError: one of the page was altered; none is left out for that.
        """
        ...

    def snapshot(self, key: Key, place: str) -> Part:
        """Return a part of everything as it stands; the first where `place` is empty."""
        ...

    def message(self, entry: Entry, resume_token: str) -> bytes:
        """Return an entry as a serialised message."""
        ...

    def snapshot_message(self, part: Part, position: int, resume_token: str) -> bytes:
        """Return a part of a snapshot as a serialised message."""
        ...

    def heartbeat(self, position: int, resume_token: str, told_until: dt.datetime) -> bytes:
        """Return a sign of life as a serialised message."""
        ...
