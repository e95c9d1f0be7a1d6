"""Signed heads: written with every seal, and carried to a file that is not the database."""

import base64
import errno
import json
import os
import stat
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from kruispunt.signed_heads import HeadNote, endorsement_text, origin_of
from kruispunt_server.clock import Clock
from kruispunt_server.instant import Instant
from kruispunt_server.sealing.seal_keys import SealKey, SealKeys
from kruispunt_server.tables import SharedTables


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head as it is kept.

    Attributes:
        log: "access" or "change".
        note: what was signed.
        key_id: names the key.
        public_key: 32 bytes.
        signature: 64 bytes.
    """

    log: str
    note: HeadNote
    key_id: str
    public_key: bytes
    signature: bytes


class HeadStore:
    """Signs and reads heads; every method takes the running transaction.

    Args:
        tables: the shared tables.
        service: "identity" or "directory".
        keys: to sign with.
        clock: says when.
    """

    def __init__(self, tables: SharedTables, service: str, keys: SealKeys, clock: Clock) -> None:
        self._service = service
        self._keys = keys
        self._clock = clock
        self._known: set[str] = set()
        head, key, log = tables.seals.tree_head, tables.seals.tree_key, tables.seals.log
        self._insert = sa.insert(head)
        self._insert_key = sa.insert(key)
        self._all_keys = sa.select(key.c.key_id).order_by(key.c.first_used_at.desc())
        found = sa.select(
            log.c.log_id,
            head.c.tree_size,
            head.c.root_hash,
            head.c.signed_at,
            head.c.key_id,
            head.c.signature,
            key.c.public_key,
        ).select_from(head.join(key, key.c.key_id == head.c.key_id).join(log, log.c.name == head.c.log))
        of_log = head.c.log == sa.bindparam("of_log")
        # Index: primary key.
        self._latest = found.where(of_log).order_by(head.c.tree_size.desc()).limit(1)
        self._of_size = found.where(of_log, head.c.tree_size == sa.bindparam("of_size"))

    def sign(
        self, connection: sa.Connection, log: str, log_id: uuid.UUID, tree_size: int, root_hash: bytes
    ) -> SignedHead:
        """Sign a head and keep it."""
        keys = self._keys.all()
        key = keys[0]
        if key.key_id not in self._known:
            self._introduce(connection, key)
        note = HeadNote(self._origin(log, log_id), tree_size, root_hash, self._clock.now())
        signature = key.sign(note.text())
        values = {
            "log": log,
            "tree_size": tree_size,
            "root_hash": root_hash,
            "signed_at": note.signed_at,
            "key_id": key.key_id,
            "signature": signature,
        }
        connection.execute(self._insert, values)
        return SignedHead(log, note, key.key_id, key.public, signature)

    def latest(self, connection: sa.Connection, log: str) -> SignedHead | None:
        """Return the latest head of a log; none: nothing was sealed yet."""
        return self._head(log, connection.execute(self._latest, {"of_log": log}).one_or_none())

    def of_size(self, connection: sa.Connection, log: str, tree_size: int) -> SignedHead | None:
        """Return the head of a tree of `tree_size`; none: none was signed for that size."""
        found = connection.execute(self._of_size, {"of_log": log, "of_size": tree_size})
        return self._head(log, found.one_or_none())

    def _introduce(self, connection: sa.Connection, key: SealKey) -> None:
        """Write a public key down when it first signs; the last one before it vouches, if it is at hand."""
        before: list[str] = list(connection.scalars(self._all_keys))
        if key.key_id not in before:
            voucher = next((old for old in self._keys.all() if before and old.key_id == before[0]), None)
            connection.execute(
                self._insert_key,
                {
                    "key_id": key.key_id,
                    "public_key": key.public,
                    "first_used_at": self._clock.now(),
                    "endorsed_by": voucher.key_id if voucher else None,
                    "endorsement": voucher.sign(endorsement_text(key.public)) if voucher else None,
                },
            )
        self._known = {key.key_id} if key.key_id in before else set()

    def _head(self, log: str, row: Any) -> SignedHead | None:
        if row is None:
            return None
        origin = self._origin(log, row.log_id)
        note = HeadNote(origin, row.tree_size, bytes(row.root_hash), row.signed_at)
        return SignedHead(log, note, row.key_id, bytes(row.public_key), bytes(row.signature))

    def _origin(self, log: str, log_id: uuid.UUID) -> str:
        return origin_of(self._service, log, log_id.hex)


def sealed_before(head: sa.Table, log: str) -> sa.Select[Any]:
    """Return how large a log was just before the instant `at`; nothing was sealed then: no row.

    Index: ix_tree_head_signed_at. The latest head, not the largest: where a clock was set back it is the smaller.
    """
    at = sa.bindparam("at", type_=Instant)
    order = (head.c.signed_at.desc(), head.c.tree_size.desc())
    return (
        sa.select(head.c.tree_size).where(head.c.log == log, head.c.signed_at < at).order_by(*order).limit(1)
    )


def sealed_from(head: sa.Table, log: str) -> sa.Select[Any]:
    """Return how large a log was after the first seal at the instant `at` or later; none yet: no row. The same index."""
    at = sa.bindparam("at", type_=Instant)
    order = (head.c.signed_at, head.c.tree_size)
    return (
        sa.select(head.c.tree_size).where(head.c.log == log, head.c.signed_at >= at).order_by(*order).limit(1)
    )


def export_head(file: Path, head: SignedHead) -> None:
    """Append a head to a file, one JSON object a line; it is on disk when this returns.

    What was left of a line, by a crash or a full disk, does not spoil the next one: it gets a line of its own.
    """
    line = json.dumps(exported(head), separators=(",", ":")) + "\n"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        said = (line if _ends_a_line(file, descriptor) else "\n" + line).encode()
        if os.write(descriptor, said) != len(said):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _ends_a_line(file: Path, descriptor: int) -> bool:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or not status.st_size:
        return True
    try:
        with file.open("rb") as opened:
            opened.seek(-1, os.SEEK_END)
            return opened.read() == b"\n"
    except OSError:  # it may be written and not read
        return True


def exported(head: SignedHead) -> dict[str, str]:
    """Return a head as it stands in a file: log, note, key, public key and signature, bytes in base64."""
    return {
        "log": head.log,
        "note": head.note.text(),
        "key_id": head.key_id,
        "public_key": base64.b64encode(head.public_key).decode("ascii"),
        "signature": base64.b64encode(head.signature).decode("ascii"),
    }
