"""Consistency tokens: how far a standby must have come for a caller to read what it wrote.

A token names a database and a position in its write-ahead log. It is opaque to callers, but for one rule: of two
tokens whose first 19 characters agree, the greater as text is the later. It is not signed, for it opens
nothing: who invents one sends its own reads to the primary. It tells how much the registry has written altogether,
and nothing of what or of whom.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Final, Self

from kruispunt_server.errors import Reason, RegistryError

TOKEN_KEY: Final = "kruispunt-consistency-token"  # noqa: S105 - the name of an entry

_FORM: Final = re.compile(r"1-([0-9a-f]{16})-([0-9a-f]{8})-([0-9a-f]{16})", re.ASCII).fullmatch
_NAME_BYTES: Final = 8


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the write-ahead log of a database.

    Attributes:
        timeline: one higher after each promotion of a standby.
        byte: number of bytes before it, over all timelines.
    """

    timeline: int
    byte: int


@dataclass(frozen=True, slots=True)
class ConsistencyToken:
    """What a caller brings.

    Attributes:
        database: name of the database, by `name_of`.
        position: that must have been reached.
    """

    database: str
    position: Position

    @classmethod
    def read(cls, text: str | bytes) -> Self:
        """Read what `written` gave.

        Raises:
            RegistryError: it never did; INVALID_ARGUMENT / FIELD_INVALID.
        """
        found = _FORM(text) if isinstance(text, str) else None
        if found is None:
            raise RegistryError(
                Reason.FIELD_INVALID,
                f'the metadata "{TOKEN_KEY}" is a token as an answer brought it',
                field=TOKEN_KEY,
            )
        return cls(found[1], Position(int(found[2], 16), int(found[3], 16)))

    def written(self) -> str:
        """Return the token as text of a fixed length."""
        return f"1-{self.database}-{self.position.timeline:08x}-{self.position.byte:016x}"


def name_of(system_identifier: int, key: bytes) -> str:
    """Return the name of a database in tokens: the same for a primary and its standbys, and told to nobody in clear."""
    told = system_identifier.to_bytes(8, "big", signed=True)
    return hashlib.blake2b(told, key=key, digest_size=_NAME_BYTES).hexdigest()
