"""One key for each subject, so that what the change log says of a person can be made unreadable for ever.

A key is random, and lies in the database encrypted with a key of the operator's secret: neither the database nor the
secret alone makes a state readable. Destroying a subject's key erases what was written with it, here and in every copy
made afterwards, while the log and its tree stay as they are.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.dialects import postgresql

from kruispunt_server.clock import Clock
from kruispunt_server.database import Database
from kruispunt_server.ids import new_ids, random_bytes
from kruispunt_server.tables import SharedTables

_NONCE = 12
_KEY = 32


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """Encrypts and decrypts states of one subject.

    Attributes:
        key_id: names it in the log.
    """

    key_id: uuid.UUID
    _cipher: AESGCM = field(repr=False)

    def encrypt(self, change_id: uuid.UUID, state: bytes) -> bytes:
        """Return the payload: nonce and ciphertext, good for this change only."""
        nonce = random_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, state, change_id.bytes)

    def decrypt(self, change_id: uuid.UUID, payload: bytes) -> bytes:
        """Return the state.

        Raises:
            cryptography.exceptions.InvalidTag: the payload is of another change, or was altered.
        """
        return self._cipher.decrypt(payload[:_NONCE], payload[_NONCE:], change_id.bytes)


def _insert_arrays(table: sa.Table) -> sa.Executable:
    """One statement for any number of keys, that says which it wrote; it waits for others that write the same."""
    arrays = [
        sa.func.unnest(sa.bindparam(name, type_=sa.ARRAY(kind)))
        for name, kind in (
            ("key_ids", sa.Uuid()),
            ("subjects", sa.LargeBinary()),
            ("wrapped", sa.LargeBinary()),
        )
    ]
    values = sa.select(*arrays, sa.bindparam("made_at", type_=table.c.made_at.type))
    insert = postgresql.insert(table).from_select(["key_id", "subject", "wrapped", "made_at"], values)
    return insert.on_conflict_do_nothing().returning(table.c.subject)


class SubjectKeys:
    """Makes, finds and destroys keys; every method takes the running transaction.

    Args:
        database: whose dialect statements are made for.
        tables: the shared tables.
        wrapping_key: 32 bytes, derived from the operator's secret.
        clock: says when a key was made.
    """

    def __init__(self, database: Database, tables: SharedTables, wrapping_key: bytes, clock: Clock) -> None:
        self._wrapping = AESGCM(wrapping_key)
        self._clock = clock
        table = tables.seals.subject_key
        self._arrays = database.dialect == "postgresql"
        self._insert = _insert_arrays(table) if self._arrays else sa.insert(table)
        columns = (table.c.subject, table.c.key_id, table.c.wrapped)
        # Index: uq_subject_key_subject.
        self._one = sa.select(*columns).where(
            table.c.subject == sa.bindparam("subject"), table.c.destroyed_at.is_(None)
        )
        among = (
            table.c.subject == sa.any_(sa.bindparam("subjects", type_=sa.ARRAY(sa.LargeBinary)))
            if self._arrays
            else table.c.subject.in_(sa.bindparam("subjects", expanding=True))
        )
        self._many = sa.select(*columns).where(among, table.c.destroyed_at.is_(None))
        # Index: primary key.
        self._named = sa.select(table.c.subject, table.c.key_id, table.c.wrapped).where(
            table.c.key_id.in_(sa.bindparam("key_ids", expanding=True)), table.c.wrapped.is_not(None)
        )
        # Index: ix_subject_key_subject.
        self._destroy = (
            sa.update(table)
            .where(table.c.subject == sa.bindparam("of_subject"), table.c.destroyed_at.is_(None))
            .values(wrapped=None, destroyed_at=sa.bindparam("at"))
            .execution_options(preserve_rowcount=True)
        )

    def of(self, connection: sa.Connection, subjects: Sequence[bytes]) -> dict[bytes, SubjectKey]:
        """Return the key in use of each subject; one that has none is given one."""
        found = self._find(connection, subjects)
        missing = sorted(set(subjects) - found.keys())
        return found | self._made(connection, missing) if missing else found

    def named(self, connection: sa.Connection, key_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, SubjectKey]:
        """Return keys by their names; those that were destroyed are left out."""
        rows = connection.execute(self._named, {"key_ids": sorted(set(key_ids))})
        return {row.key_id: self._key(*row) for row in rows}

    def destroy(self, connection: sa.Connection, subject: bytes) -> int:
        """Destroy the keys of a subject; returns how many there were in use, 0 or 1.

        What the database has overwritten may still lie in its files: see `erasure`.
        """
        done = connection.execute(self._destroy, {"of_subject": subject, "at": self._clock.now()})
        return done.rowcount

    def _find(self, connection: sa.Connection, subjects: Sequence[bytes]) -> dict[bytes, SubjectKey]:
        if len(subjects) == 1:
            rows = connection.execute(self._one, {"subject": subjects[0]})
        else:
            rows = connection.execute(self._many, {"subjects": list(subjects)})
        return {bytes(row.subject): self._key(*row) for row in rows}

    def _made(self, connection: sa.Connection, subjects: list[bytes]) -> dict[bytes, SubjectKey]:
        """Make keys; of two transactions that make one for the same subject at once the first is right."""
        now, made, wrapped = self._clock.now(), {}, []
        for key_id, subject in zip(new_ids(len(subjects)), subjects, strict=True):
            nonce, fresh = random_bytes(_NONCE), random_bytes(_KEY)
            wrapped.append(nonce + self._wrapping.encrypt(nonce, fresh, key_id.bytes + subject))
            made[subject] = SubjectKey(key_id, AESGCM(fresh))
        ids = [key.key_id for key in made.values()]
        if not self._arrays:  # who writes on SQLite is alone
            rows = zip(ids, subjects, wrapped, strict=True)
            names = ("key_id", "subject", "wrapped")
            connection.execute(
                self._insert, [{**dict(zip(names, row, strict=True)), "made_at": now} for row in rows]
            )
            return made
        values = {"key_ids": ids, "subjects": subjects, "wrapped": wrapped, "made_at": now}
        own = {bytes(subject) for (subject,) in connection.execute(self._insert, values)}
        others = [subject for subject in subjects if subject not in own]
        return made | self._find(connection, others) if others else made

    def _key(self, subject: bytes, key_id: uuid.UUID, wrapped: bytes) -> SubjectKey:
        key = self._wrapping.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], key_id.bytes + bytes(subject))
        return SubjectKey(key_id, AESGCM(key))
