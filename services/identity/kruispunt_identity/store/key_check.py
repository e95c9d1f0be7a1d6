"""Checking the search keys: those of some persons are computed anew from their facts and compared.

Source: matching.md §4: a nightly job recomputes a sample and compares.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kruispunt_identity.matching.profile import MatchProfile, ProfileSource
from kruispunt_identity.store.facts import FactStore
from kruispunt_identity.store.match_rows import standing_keys
from kruispunt_identity.store.matching import MatchStore
from kruispunt_identity.store.profiles import profile_of
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.arrays import among, array
from kruispunt_server.database import Database

_RUN = 10


@dataclass(frozen=True, slots=True)
class KeyCheckOutcome:
    """How many persons were looked at, and of how many the keys are not what their facts say."""

    persons: int
    different: int


class KeyCheck:
    """Looks at persons in short runs that begin at random numbers: cheap, whatever the size of the register."""

    def __init__(
        self, database: Database, tables: IdentityTables, matches: MatchStore, national: ProfileSource
    ) -> None:
        self._database = database
        self._matches = matches
        self._national = national
        self._facts = FactStore(database, tables.persons)
        self._dialect = database.dialect
        profile, key = tables.matching.match_profile, tables.matching.match_key
        self._key = key
        self._range = sa.select(sa.func.min(profile.c.ssin), sa.func.max(profile.c.ssin))
        # Primary key.
        self._select = (
            sa.select(
                profile.c.ssin,
                profile.c.names.is_not(None).label("kept"),
                profile.c.generation,
                profile.c["keys"],
                profile.c.next_generation,
                profile.c.next_keys,
            )
            .where(profile.c.ssin >= sa.bindparam("first"))
            .order_by(profile.c.ssin)
            .limit(_RUN)
        )
        # Primary key: generation, key, ssin.
        self._count = sa.select(sa.func.count()).where(
            key.c.generation == sa.bindparam("of_generation"),
            among(key.c.key, "keys", self._dialect),
            key.c.ssin == sa.bindparam("of"),
        )

    def run(self, sample: int, seed: int | None = None) -> KeyCheckOutcome:
        """Look at about `sample` persons, each once; at all of them where there are no more."""
        choice = random.Random(seed)  # noqa: S311 - a sample, no secret
        seen: set[int] = set()
        different = 0
        with self._database.reading() as connection:
            low, high = connection.execute(self._range).one()
        if low is None:
            return KeyCheckOutcome(0, 0)
        starts = [low, *(choice.randint(low, high) for _ in range(max(0, sample - 1) // _RUN))]
        for first in starts:
            with self._database.snapshot() as connection:
                rows = connection.execute(self._select, {"first": first}).all()
                new = [row for row in rows if row.ssin not in seen]
                seen.update(row.ssin for row in new)
                different += self._different(connection, new)
        return KeyCheckOutcome(len(seen), different)

    def _different(self, connection: sa.Connection, rows: Sequence[Any]) -> int:
        """Count the rows whose keys, or whose profile, are not what the facts say."""
        kept = [row.ssin for row in rows if row.kept]
        elsewhere = [row.ssin for row in rows if not row.kept]
        said: dict[int, list[Any]] = {number: [] for number in kept}
        for fact in self._facts.of(connection, kept, history=True) if kept else ():
            said[int(fact.registered_under)].append(fact)
        profiles = self._matches.profiles(connection, kept) if kept else {}
        told = {number: profile_of(facts) for number, facts in said.items() if facts}
        national = self._national.profiles(elsewhere) if elsewhere else {}
        return sum(
            (row.kept and profiles[row.ssin] != told.get(row.ssin))
            or not self._stand(connection, row, (told | national).get(row.ssin))
            for row in rows
        )

    def _stand(self, connection: sa.Connection, row: Any, profile: MatchProfile | None) -> bool:
        """Whether the keys that the profile has are in the row, and in the index."""
        for generation, keys in standing_keys(row).items():
            due = [] if profile is None else self._matches.generations.maker(generation).keys_of(profile)
            found = connection.scalar(
                self._count,
                {"of_generation": generation, "keys": array(due, self._dialect), "of": row.ssin},
            )
            if sorted(keys) != due or found != len(due):
                return False
        return True
