"""Searches made: an append-only account of who searched when, by what (as a keyed digest), and whom it showed."""

import json
import uuid

import sqlalchemy as sa

from kruispunt_identity.domain.search import Search
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.database import Database


class SearchLog:
    """Keeps searches."""

    def __init__(self, database: Database, tables: IdentityTables) -> None:
        self._database = database
        table = tables.registration.search
        self._insert = sa.insert(table)
        # Primary key.
        self._find = sa.select(
            table.c.search_id,
            table.c.participant_id,
            table.c.made_at,
            table.c.rules_version,
            table.c.criteria_digest,
            table.c.candidates,
        ).where(table.c.search_id == sa.bindparam("of"))

    def keep(self, search: Search) -> None:
        """Write a search down, in a transaction of its own; durable when it returns.

        Raises:
            RegistryError: UNAVAILABLE / STORE_UNAVAILABLE; then its answer must not leave.
        """
        row = {
            "search_id": search.search_id,
            "participant_id": search.participant_id,
            "made_at": search.made_at,
            "rules_version": search.rules_version,
            "criteria_digest": search.criteria_digest,
            "candidates": json.dumps(search.candidates, separators=(",", ":")),
        }
        self._database.transact(lambda connection: connection.execute(self._insert, row))

    def find(self, connection: sa.Connection, search_id: uuid.UUID) -> Search | None:
        """Return a search, if there was one."""
        row = connection.execute(self._find, {"of": search_id}).one_or_none()
        if row is None:
            return None
        candidates = tuple((number, grade, odds) for number, grade, odds in json.loads(row.candidates))
        return Search(
            row.search_id,
            row.participant_id,
            row.made_at,
            row.rules_version,
            bytes(row.criteria_digest),
            candidates,
        )
