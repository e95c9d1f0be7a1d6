"""What the registry signs: the head of a log's tree, as a note of four lines.

The form is that of a checkpoint as transparency logs use it: origin, size, root in base64, and one more line with the
instant. Checking the signature needs an implementation of Ed25519, which is not the client's business.
"""

import base64
import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Self

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class HeadNote:
    """What is signed.

    Attributes:
        origin: which log of which registry, such as "kruispunt/identity/access/018f…".
        tree_size: how many records the tree holds.
        root_hash: 32 bytes.
        signed_at: when, zone-aware.
    """

    origin: str
    tree_size: int
    root_hash: bytes
    signed_at: dt.datetime

    def text(self) -> str:
        """Return the note; its UTF-8 is what the signature is over."""
        root = base64.b64encode(self.root_hash).decode("ascii")
        microseconds = (self.signed_at - _EPOCH) // _MICROSECOND
        return f"{self.origin}\n{self.tree_size}\n{root}\n{microseconds}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a note.

        Raises:
            ValueError: it has another form.
        """
        lines = text.split("\n")
        if len(lines) != 5 or lines[4] or not lines[0]:
            raise ValueError("a note has four lines")
        root = base64.b64decode(lines[2], validate=True)
        if len(root) != hashlib.sha256().digest_size:
            raise ValueError("a root has 32 bytes")
        try:
            note = cls(lines[0], int(lines[1]), root, _EPOCH + int(lines[3]) * _MICROSECOND)
        except OverflowError:
            raise ValueError("an instant lies beyond the year 9999") from None
        if note.tree_size < 0 or note.text() != text:
            raise ValueError("a number is not written as it should be")
        return note


def origin_of(service: str, log: str, log_id: str) -> str:
    """Return the origin of a log: `service` "identity" or "directory", `log` "access" or "change", `log_id` in hex."""
    return f"kruispunt/{service}/{log}/{log_id}"


def key_id_of(public_key: bytes) -> str:
    """Return the name of a public key of 32 bytes: 16 hexadecimal digits."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def endorsement_text(public_key: bytes) -> str:
    """Return what the key before it signs to vouch for a public key of 32 bytes."""
    return f"kruispunt/next-key\n{public_key.hex()}\n"
