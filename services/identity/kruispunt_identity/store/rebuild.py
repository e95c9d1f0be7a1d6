"""Rebuilding the keys of every person under a new pepper or new rules, while the register is in use.

Source: matching.md §4: recompute into a second generation, then switch.
"""

from collections.abc import Iterator

import sqlalchemy as sa

from kruispunt_identity.matching.profile import ProfileSource
from kruispunt_identity.store.match_generations import Generation, MatchGenerations
from kruispunt_identity.tables_matching import MatchingTables
from kruispunt_server.database import Database


class KeyRebuild:
    """Takes the steps of a rebuild, a short transaction each; a rebuild that broke off goes on where it stopped.

    Writers write both generations meanwhile, searches use the old one until the switch.
    """

    def __init__(
        self,
        database: Database,
        tables: MatchingTables,
        generations: MatchGenerations,
        national: ProfileSource,
    ) -> None:
        self._database = database
        self._generations = generations
        self._national = national
        profile = tables.match_profile
        self._count = sa.select(sa.func.count()).select_from(profile)
        self._count_after = self._count.where(profile.c.ssin > sa.bindparam("after"))

    def standing(self) -> tuple[Generation | None, Generation | None]:
        """Return the generation that is being built, and the retired one that still has keys, if any."""
        with self._database.reading() as connection:
            return self._generations.building(connection), self._generations.retired(connection)

    def following(self) -> int:
        """Return the number of the generation that `begin` would make."""
        with self._database.reading() as connection:
            known = self._generations.all(connection)
        return known[-1].number + 1 if known else 2

    def begin(self) -> Generation:
        """Make a generation; from now on every writer fills it.

        Raises:
            GenerationError: one is being built, or a retired one is not purged.
            PepperError: its pepper is not there.
        """
        with self._database.writing() as connection:
            return self._generations.begin_generation(connection)

    def persons(self, after: int = 0) -> int:
        """Return how many persons there are whose number follows `after`."""
        with self._database.reading() as connection:
            return connection.scalar(self._count_after, {"after": after}) or 0

    def build(self, generation: Generation, size: int = 1000) -> Iterator[int]:
        """Write the keys of everybody who has none in `generation` yet; yields about how many a batch did.

        Raises:
            RegistryError: the national register cannot be asked; UNAVAILABLE / REGISTER_UNAVAILABLE.
        """
        after = generation.built_to
        while True:
            with self._database.writing() as connection:
                last = self._generations.rebuild_batch(connection, after, size, self._national)
            if last is None:
                return
            after = last
            yield size

    def switch(self) -> Generation:
        """Let searches use the new generation, at once.

        Raises:
            GenerationError: none is being built, or not everybody is done.
        """
        with self._database.writing() as connection:
            return self._generations.activate(connection)

    def purge(self, size: int = 1000) -> Iterator[int]:
        """Take the keys of the retired generation away, if there is one; yields how many persons a batch did."""
        while True:
            with self._database.writing() as connection:
                done = self._generations.purge_batch(connection, size)
            if not done:
                return
            yield done
