"""Calls as the boundary would make them."""

import datetime as dt
import json
import time
from typing import Any

import sqlalchemy as sa

from kruispunt_server.call import Call, InstitutionKey, Participant, Purpose, Role
from kruispunt_server.changes import ChangeLog
from kruispunt_server.clock import Clock
from kruispunt_server.database import Database
from kruispunt_server.keys import Keys, Pseudonyms
from kruispunt_server.subject_keys import SubjectKeys
from kruispunt_server.tables import SharedTables

NOON = dt.datetime(2026, 3, 2, 12, 0, tzinfo=dt.UTC)
METHOD = "kruispunt.directory.v1.DirectoryService/ListDossiers"
PENSIONS = Participant("pensions", frozenset({Role.CONSUMER, Role.SUPPLIER}), InstitutionKey(9, 1))
PURPOSE = Purpose(legal_basis="08/027", end_user="clerk-7", case="file-12")
PSEUDONYMS = Pseudonyms(Keys(b"k" * 32).derive("pseudonym"))


def change_log(database: Database, tables: SharedTables, clock: Clock) -> ChangeLog:
    """Return the change log of a registry whose secret is `k` 32 times."""
    return ChangeLog(tables, PSEUDONYMS, subject_keys(database, tables, clock))


def subject_keys(database: Database, tables: SharedTables, clock: Clock) -> SubjectKeys:
    """Return the keys of that registry's subjects."""
    return SubjectKeys(database, tables, Keys(b"k" * 32).derive("subject-key"), clock)


def said_in(connection: sa.Connection, keys: SubjectKeys, row: Any) -> dict[str, Any]:
    """Return what a row of the change log says: `person`, `other`, `before`, `after`, `told`, as far as they are there."""
    if row.key_id is None:
        return dict(json.loads(row.payload))
    key = keys.named(connection, [row.key_id])[row.key_id]
    return dict(json.loads(key.decrypt(row.change_id, row.payload)))


def call_of(
    *,
    participant: Participant = PENSIONS,
    purpose: Purpose | None = PURPOSE,
    method: str = METHOD,
    seconds_left: float = 20.0,
) -> Call:
    """Return a call that came in at noon."""
    return Call(method, participant, purpose, NOON, time.monotonic() + seconds_left)
