"""Keys and profiles of persons in the database: written with the person, looked up by a search."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from kruispunt_identity.matching.keys import KeyMaker
from kruispunt_identity.matching.peppers import Peppers
from kruispunt_identity.matching.pool import Pool
from kruispunt_identity.matching.profile import MatchProfile
from kruispunt_identity.store.match_generations import MatchGenerations
from kruispunt_identity.store.match_pool import PoolReader
from kruispunt_identity.store.match_rows import difference, slots_of, standing_keys, values_of
from kruispunt_identity.tables_matching import MatchingTables
from kruispunt_server.arrays import among, array
from kruispunt_server.bulk import bulk_insert_columns
from kruispunt_server.clock import Clock, SystemClock
from kruispunt_server.database import Database

__all__ = ["MatchStore", "Pool"]


class MatchStore:
    """Writes and looks up what persons are found by; every method runs on the caller's connection.

    A new person costs five statements, a changed one up to six; about twelve rows of keys.

    Args:
        database: of the identity service.
        tables: of the person search.
        peppers: of the generations.
        clock: says when a person changed, for the sweep.

    Attributes:
        generations: of the keys; to rebuild them.
    """

    def __init__(
        self, database: Database, tables: MatchingTables, peppers: Peppers, clock: Clock | None = None
    ) -> None:
        self._dialect = database.dialect
        self._clock = clock or SystemClock()
        self._peppers = peppers
        self._locks: KeyMaker | None = None
        self.generations = MatchGenerations(database, tables, peppers, self._clock)
        self._pools = PoolReader(database, tables, self.generations)
        self._key = key = tables.match_key
        self._profile = profile = tables.match_profile
        of_number = profile.c.ssin == sa.bindparam("of")
        slots = (profile.c.generation, profile.c["keys"], profile.c.next_generation, profile.c.next_keys)
        among_numbers = among(profile.c.ssin, "numbers", self._dialect)
        # Primary key, all of them.
        self._select_slots = sa.select(profile.c.ssin, *slots).where(of_number).with_for_update()
        self._select_many_slots = (
            sa.select(profile.c.ssin, *slots).where(among_numbers).order_by(profile.c.ssin).with_for_update()
        )
        self._insert = sa.insert(profile)
        self._update = sa.update(profile).where(of_number)
        self._delete = sa.delete(profile).where(of_number)
        self._delete_many = sa.delete(profile).where(among_numbers)
        self._insert_key = sa.insert(key)
        self._delete_key = sa.delete(key).where(
            key.c.generation == sa.bindparam("of_generation"),
            key.c.key == sa.bindparam("of_key"),
            key.c.ssin == sa.bindparam("of"),
        )

    def write(self, connection: sa.Connection, ssin: int, profile: MatchProfile) -> None:
        """Replace the keys and the profile of a number, in every generation that is building or active.

        Args:
            connection: one of `Database.writing`, that of the change itself.
            ssin: the number that the facts stand under.
            profile: all names that the person is to be found by.

        Raises:
            PepperError: a generation's pepper is not there.
        """
        number = int(ssin)
        keys = self._keys_of(self.generations.written(connection), profile)
        row = connection.execute(self._select_slots, {"of": number}).first()
        gone, come = difference(standing_keys(row) if row is not None else {}, keys)
        values = {**values_of(profile), **slots_of(keys), "changed_at": self._clock.now()}
        if row is None:
            connection.execute(self._insert, {"ssin": number, **values})
        else:
            connection.execute(self._update, {"of": number, **values})
        if gone:
            connection.execute(
                self._delete_key, [{"of_generation": g, "of_key": key, "of": number} for g, key in gone]
            )
        if come:
            connection.execute(
                self._insert_key, [{"generation": g, "key": key, "ssin": number} for g, key in come]
            )

    def write_many(
        self,
        connection: sa.Connection,
        profiles: Sequence[tuple[int, MatchProfile]],
        *,
        keep_profile: bool = True,
    ) -> None:
        """Replace the keys and profiles of many numbers, in bulk.

        Args:
            connection: one of `Database.writing`.
            profiles: numbers and what they are found by; of a number that comes twice the last one stands.
                Some thousands at a time; about 60 µs each.
            keep_profile: false for numbers of the national register: keys only, no name is kept.

        Raises:
            PepperError: a generation's pepper is not there.
        """
        given = {int(ssin): profile for ssin, profile in profiles}
        if not given:
            return
        generations = self.generations.written(connection)
        numbers = sorted(given)
        parameter = {"numbers": array(numbers, self._dialect)}
        standing = {
            row.ssin: standing_keys(row) for row in connection.execute(self._select_many_slots, parameter)
        }
        now = self._clock.now()
        rows: list[dict[str, Any]] = []
        gone: list[dict[str, int]] = []
        come: list[tuple[int, int, int]] = []
        for number in numbers:
            profile = given[number]
            keys = self._keys_of(generations, profile)
            if number in standing:
                go, new = difference(standing[number], keys)
                gone += [{"of_generation": g, "of_key": key, "of": number} for g, key in go]
                come += [(g, key, number) for g, key in new]
            else:
                come += [(g, key, number) for g, made in keys.items() for key in made]
            kept = values_of(profile if keep_profile else None)
            rows.append({"ssin": number, **kept, **slots_of(keys), "changed_at": now})
        if gone:
            connection.execute(self._delete_key, gone)
        if standing:
            connection.execute(self._delete_many, {"numbers": array(sorted(standing), self._dialect)})
        names = list(rows[0])
        bulk_insert_columns(connection, self._profile, {name: [row[name] for row in rows] for name in names})
        come.sort()  # pages of the index are met in order
        if come:
            columns = dict(zip(("generation", "key", "ssin"), zip(*come, strict=True), strict=True))
            bulk_insert_columns(connection, self._key, columns)

    def remove(self, connection: sa.Connection, ssin: int) -> None:
        """Let nobody find a number any more; nothing happens if nobody did."""
        number = int(ssin)
        row = connection.execute(self._select_slots, {"of": number}).first()
        if row is None:
            return
        gone, _ = difference(standing_keys(row), {})
        if gone:
            connection.execute(
                self._delete_key, [{"of_generation": g, "of_key": key, "of": number} for g, key in gone]
            )
        connection.execute(self._delete, {"of": number})

    def locks_of(self, profile: MatchProfile) -> list[int]:
        """Return the hashes on which two registrations of one human being meet, sorted: two or three.

        Who spells the name or writes the date otherwise, but not both, meets. Take them in this order with
        `Database.lock`, search again, then write.
        """
        if self._locks is None:
            self._locks = KeyMaker(self._peppers.lock_key)
        return self._locks.lock_keys(profile)

    def pool(
        self, connection: sa.Connection, query: MatchProfile, *, year_tolerance: int = 1, most: int = 1500
    ) -> Pool:
        """Return the numbers that share keys with a query, those that share the rarest first.

        Args:
            connection: any.
            query: what is searched by.
            year_tolerance: how many years the birth year may be off; 0 to 10.
            most: numbers at most.
        """
        return self._pools.pool(connection, query, year_tolerance=year_tolerance, most=most)

    def wider(self, connection: sa.Connection, query: MatchProfile, pool: Pool, *, most: int = 1500) -> Pool:
        """Return who comes next: beyond the pool, or under keys that allow for a slip at the first letter of a name."""
        return self._pools.wider(connection, query, pool, most=most)

    def outlines(
        self, connection: sa.Connection, numbers: Sequence[int]
    ) -> list[tuple[int, str | None, int]]:
        """Return number, letters and birth date of each number, for the first comparison; unknown ones are left out.

        The letters are none where the profile must be asked elsewhere.
        """
        return self._pools.outlines(connection, numbers)

    def profiles(self, connection: sa.Connection, numbers: Iterable[int]) -> dict[int, MatchProfile]:
        """Return the profiles that are kept here; those of national persons are not."""
        return self._pools.profiles(connection, list(numbers))

    def _keys_of(self, generations: Sequence[int], profile: MatchProfile) -> dict[int, list[int]]:
        return {number: self.generations.maker(number).keys_of(profile) for number in generations}
