"""The change log: every mutation, with what it was before and after, written in the transaction that makes it.

The log names nobody. A subject is a keyed pseudonym; the number and the states are one payload, encrypted with the
subject's key. Of code tables and the like, which concern nobody, the payload is plain JSON.
"""

import json
import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from kruispunt_server.bulk import bulk_insert
from kruispunt_server.call import Call
from kruispunt_server.change import Change
from kruispunt_server.clock import Clock
from kruispunt_server.database import Database
from kruispunt_server.ids import new_id, new_ids
from kruispunt_server.keys import Pseudonyms
from kruispunt_server.subject_keys import SubjectKey, SubjectKeys
from kruispunt_server.tables import SharedTables

_COMMIT = "kruispunt_commit"
_FEW = 3

encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class ChangeLog:
    """Writes the change log.

    Args:
        tables: the shared tables.
        pseudonyms: what the log keeps in place of numbers.
        keys: what payloads are encrypted with.
    """

    def __init__(self, tables: SharedTables, pseudonyms: Pseudonyms, keys: SubjectKeys) -> None:
        self._table = tables.change
        self._insert = sa.insert(tables.change)
        self.pseudonyms = pseudonyms
        self._keys = keys

    def record(
        self, connection: sa.Connection, call: Call, changes: Sequence[Change], *, request_id: uuid.UUID
    ) -> list[uuid.UUID]:
        """Insert changes, in their order.

        Args:
            connection: one of `Database.writing`; all that is recorded on it until its transaction ends is one commit.
            call: who changes, why and when.
            changes: 0 or more.
            request_id: of the mutation.

        Returns:
            The identifier of each change.
        """
        if not changes:
            return []
        subjects = {
            change.person: self.pseudonyms.of(change.person)
            for change in changes
            if change.person is not None
        }
        keys = self._keys.of(connection, list(subjects.values())) if subjects else {}
        said = self._said(call, request_id, _commit_id(connection))
        ids = new_ids(len(changes))
        rows = []
        for change, change_id in zip(changes, ids, strict=True):
            subject = None if change.person is None else subjects[change.person]
            key = None if subject is None else keys[subject]
            rows.append({"change_id": change_id, **said, **_row(change, change_id, subject, key)})
        if len(rows) > _FEW:
            bulk_insert(connection, self._table, rows)
        else:
            connection.execute(self._insert, rows)
        return ids

    @staticmethod
    def _said(call: Call, request_id: uuid.UUID, commit_id: uuid.UUID) -> dict[str, Any]:
        purpose = call.purpose
        return {
            "recorded_at": call.now,
            "participant_id": call.participant.participant_id,
            "method": call.method,
            "end_user": (purpose.end_user or None) if purpose else None,
            "legal_basis": (purpose.legal_basis or None) if purpose else None,
            "case_reference": (purpose.case or None) if purpose else None,
            "request_id": request_id,
            "commit_id": commit_id,
            "via": call.via or None,
        }


def nobodys_log(database: Database, tables: SharedTables, clock: Clock) -> ChangeLog:
    """Return a log for changes that concern no person: it needs no secret."""
    return ChangeLog(tables, Pseudonyms(b""), SubjectKeys(database, tables, bytes(32), clock))


def payload_of(change: Change) -> bytes:
    """Return a change as the JSON that is kept: `person`, `other`, `before`, `after`, `told`; what is absent is left out."""
    parts = {
        "person": change.person,
        "other": change.other,
        "before": change.before,
        "after": change.after,
        "told": change.told,
    }
    return encode({name: part for name, part in parts.items() if part is not None}).encode()


def _row(
    change: Change, change_id: uuid.UUID, subject: bytes | None, key: SubjectKey | None
) -> dict[str, Any]:
    state = payload_of(change)
    return {
        "subject": subject,
        "kind": change.kind,
        "key_id": None if key is None else key.key_id,
        "payload": state if key is None else key.encrypt(change_id, state),
    }


def _commit_id(connection: sa.Connection) -> uuid.UUID:
    """Return what names the running transaction in the log."""
    transaction = connection.get_transaction()
    kept = connection.info.get(_COMMIT)
    if kept is None or kept[0] is not transaction:
        kept = connection.info[_COMMIT] = (transaction, new_id())
    commit_id: uuid.UUID = kept[1]
    return commit_id
