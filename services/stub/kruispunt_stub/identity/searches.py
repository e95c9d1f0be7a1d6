"""Searches made, in memory."""

import uuid

from kruispunt_identity.domain.search import Search
from kruispunt_stub.identity.rows import IdentityRows
from kruispunt_stub.memory import Transaction


class MemorySearches:
    """Keeps searches."""

    def __init__(self, rows: IdentityRows) -> None:
        self._rows = rows

    def keep(self, search: Search) -> None:
        """Write a search down."""
        with self._rows.memory.reading():  # nobody follows searches
            self._rows.searches[search.search_id] = search

    def find(self, connection: Transaction, search_id: uuid.UUID) -> Search | None:  # noqa: ARG002
        """Return a search, if there was one."""
        return self._rows.searches.get(search_id)
