"""What proves the journal: looks at persons, signed heads, receipts that verify without any server."""

import base64
import datetime as dt
import enum
import json
from dataclasses import dataclass, field
from typing import Any, Self

from kruispunt import merkle
from kruispunt.signed_heads import HeadNote, key_id_of
from kruispunt.ssin import Ssin


class Log(enum.Enum):
    """Which log; the values are those of the contract."""

    ACCESS = 1
    CHANGE = 2


@dataclass(frozen=True, slots=True)
class AccessRecord:
    """One look at a person.

    Attributes:
        access_id: names the record, a UUID.
        record_time: when it was recorded, UTC.
        participant: who looked.
        method: full name of the method.
        end_user: person or program at the institution.
        legal_basis: the deliberation.
        case: file at the institution.
        ssin: the number that was looked at; none unless it was asked for.
        data_groups: which kinds of data, comma separated.
        result: what came of it.
        position: place in the sealed log; none: not sealed yet.
        via: the service of the registry that looked for the participant; empty: it looked itself.
        message: the record as it came over the wire.
    """

    access_id: str
    record_time: dt.datetime
    participant: str
    method: str
    end_user: str
    legal_basis: str
    case: str
    ssin: Ssin | None
    data_groups: str
    result: str
    position: int | None
    via: str = ""
    message: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class SignedHead:
    """The head of a log's tree.

    Attributes:
        log: which log.
        note: what was signed.
        key_id: names the key.
        public_key: 32 bytes; trust it only if you had it before.
        signature: 64 bytes.
    """

    log: Log
    note: HeadNote
    key_id: str
    public_key: bytes
    signature: bytes
    message: Any = field(default=None, repr=False, compare=False)

    def is_signed_by(self, public_key: bytes) -> bool:
        """Return whether that key, 32 bytes, signed the head, as one of this log. Needs `pip install 'kruispunt[verify]'`.

        Raises:
            ModuleNotFoundError: `cryptography` is not installed.
        """
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(self.signature, self.note.text().encode())
        except (InvalidSignature, ValueError):
            return False
        return key_id_of(public_key) == self.key_id and self._is_of_its_log

    @property
    def _is_of_its_log(self) -> bool:
        """Whether the note, which is signed, names the log that is said beside it."""
        return self.note.origin.split("/")[2:3] == [self.log.name.lower()]


@dataclass(frozen=True, slots=True)
class Receipt:
    """One record, its place in the log, and the head it is under. It verifies with no server.

    Attributes:
        record: the text that is hashed; empty if it is no longer kept.
        leaf_hash: its hash in the tree.
        position: place in the log, from 0 on.
        inclusion_path: from the leaf upwards.
        head: of the tree.
    """

    record: str
    leaf_hash: bytes
    position: int
    inclusion_path: tuple[bytes, ...]
    head: SignedHead
    message: Any = field(default=None, repr=False, compare=False)

    @property
    def is_in_the_log(self) -> bool:
        """Whether the record, if it is there, has this hash, and the hash is under the head's root."""
        leaf = merkle.leaf_hash(self.record.encode()) if self.record else self.leaf_hash
        note = self.head.note
        return leaf == self.leaf_hash and merkle.is_included(
            leaf, self.position, note.tree_size, self.inclusion_path, note.root_hash
        )

    def is_proved_by(self, public_key: bytes) -> bool:
        """Return whether the record is in the log, and that key, 32 bytes, signed the head; raises as `is_signed_by`."""
        return self.is_in_the_log and self.head.is_signed_by(public_key)

    def to_json(self) -> str:
        """Return the receipt as one JSON document; bytes are base64."""
        said = {
            "record": self.record,
            "leaf_hash": _text(self.leaf_hash),
            "position": self.position,
            "inclusion_path": [_text(each) for each in self.inclusion_path],
            "log": self.head.log.name,
            "note": self.head.note.text(),
            "key_id": self.head.key_id,
            "public_key": _text(self.head.public_key),
            "signature": _text(self.head.signature),
        }
        return json.dumps(said, ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a receipt.

        Raises:
            ValueError: it is none.
        """
        try:
            said = json.loads(text)
            head = SignedHead(
                Log[said["log"]],
                HeadNote.parse(said["note"]),
                said["key_id"],
                _bytes(said["public_key"]),
                _bytes(said["signature"]),
            )
            path = tuple(_bytes(each) for each in said["inclusion_path"])
            receipt = cls(said["record"], _bytes(said["leaf_hash"]), said["position"], path, head)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError("this is no receipt") from error
        if type(receipt.record) is not str or type(receipt.position) is not int:
            raise ValueError("this is no receipt: a record is a text, and a position a number")
        return receipt


@dataclass(frozen=True, slots=True)
class Consistency:
    """Whether an earlier tree is the beginning of a later one.

    Attributes:
        first_size: records of the earlier tree.
        first_root: its root, as it follows from the log; compare it with the head that you kept.
        path: hashes of RFC 6962, section 2.1.2.
        head: of the later tree.
    """

    first_size: int
    first_root: bytes
    path: tuple[bytes, ...]
    head: SignedHead
    message: Any = field(default=None, repr=False, compare=False)

    def holds_for(self, root_hash: bytes) -> bool:
        """Return whether the tree with the root that you kept is the beginning of the later one."""
        note = self.head.note
        return merkle.is_consistent(self.first_size, root_hash, note.tree_size, note.root_hash, self.path)


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
