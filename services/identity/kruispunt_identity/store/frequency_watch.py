"""Keeping a running server's frequencies of names as fresh as the last count."""

import threading
from contextlib import suppress

import sqlalchemy as sa

from kruispunt_identity.matching.score import Matcher
from kruispunt_identity.store.match_frequencies import load_frequencies
from kruispunt_identity.tables_matching import MatchingTables
from kruispunt_server.database import Database
from kruispunt_server.errors import RegistryError

_INTERVAL_S = 60.0


class FrequencyWatch:
    """Looks every minute, beside the calls, whether names were counted anew; no search waits for it.

    Args:
        database: of the identity service.
        tables: of the person search.
        matcher: takes the frequencies.
        interval_s: between two looks.
    """

    def __init__(
        self, database: Database, tables: MatchingTables, matcher: Matcher, interval_s: float = _INTERVAL_S
    ) -> None:
        self._database = database
        self._tables = tables
        self._matcher = matcher
        self._interval_s = interval_s
        self._ending = threading.Event()
        counted = tables.match_frequency.c.persons
        # All of it: some ten thousand rows.
        self._digest = sa.select(sa.func.count(), sa.func.sum(counted))
        self._seen: tuple[int, int | None] | None = None
        self._thread = threading.Thread(target=self._run, name="frequencies", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> bool:
        """Take the frequencies if they changed since the last look; returns whether they did.

        Raises:
            RegistryError: the store cannot be used now; STORE_UNAVAILABLE.
        """
        with self._database.reading() as connection:
            rows, total = connection.execute(self._digest).one()
            if (rows, total) == self._seen:
                return False
            self._matcher.take(load_frequencies(connection, self._tables))
        self._seen = (rows, total)
        return True

    def _run(self) -> None:
        while not self._ending.wait(self._interval_s):
            with suppress(RegistryError):  # health tells of a store that cannot be used
                self.look()
