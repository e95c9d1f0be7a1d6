"""Generations of keys: one pepper and one version of the rules each, replaced while the register is in use.

`begin` makes a generation that every writer fills beside the active one; `rebuild_batch` fills it for the persons
that nobody writes; `activate` lets searches use it, in one transaction; `purge_batch` takes the old one away.
Searches go on all the while, and each step may be interrupted and taken up again.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from kruispunt_identity.matching.keys import RULES_VERSION, KeyMaker
from kruispunt_identity.matching.peppers import Peppers
from kruispunt_identity.matching.profile import ProfileSource
from kruispunt_identity.store.match_rows import packed, profile_of, standing_keys
from kruispunt_identity.tables_matching import MatchingTables
from kruispunt_server.bulk import bulk_insert_columns
from kruispunt_server.clock import Clock
from kruispunt_server.database import Database

# Writers of keys share it; who begins or activates a generation has it alone. Negative: no person's number.
_GENERATIONS_LOCK = -2_000_003


class GenerationState(enum.IntEnum):
    """What a generation of keys is used for."""

    BUILDING = 1
    ACTIVE = 2
    RETIRED = 3


@dataclass(frozen=True, slots=True)
class Generation:
    """One generation of keys.

    Attributes:
        number: 1, 2, …
        rules_version: of the rules that its keys follow.
        state: what it is used for.
        built_to: the last number that a rebuild, or a purge, has done; 0 before the first.
    """

    number: int
    rules_version: int
    state: GenerationState
    built_to: int


class GenerationError(Exception):
    """The step cannot be taken now; the text says which must come before."""


class MatchGenerations:
    """Reads and changes the generations; every method runs on the caller's connection.

    Args:
        database: of the identity service.
        tables: of the person search.
        peppers: one per generation.
        clock: says when a generation was made.
    """

    def __init__(self, database: Database, tables: MatchingTables, peppers: Peppers, clock: Clock) -> None:
        self._dialect = database.dialect
        self._peppers = peppers
        self._clock = clock
        self._makers: dict[int, KeyMaker] = {}
        self._generation = generation = tables.match_generation
        self._key = key = tables.match_key
        self._profile = profile = tables.match_profile
        self._select = sa.select(
            generation.c.generation, generation.c.rules_version, generation.c.state, generation.c.built_to
        ).order_by(generation.c.generation)
        insert = postgresql.insert if self._dialect == "postgresql" else sqlite.insert
        self._insert_first = insert(generation).on_conflict_do_nothing()
        self._share = sa.select(
            sa.func.pg_advisory_xact_lock_shared(sa.literal(_GENERATIONS_LOCK, sa.BigInteger))
        )
        self._alone = sa.select(sa.func.pg_advisory_xact_lock(sa.literal(_GENERATIONS_LOCK, sa.BigInteger)))
        self._update = sa.update(generation).where(generation.c.generation == sa.bindparam("of"))
        # Primary key.
        self._select_batch = (
            sa.select(
                profile.c.ssin, profile.c.names, profile.c.birth, profile.c.gender, profile.c.countries,
                profile.c.generation, profile.c["keys"], profile.c.next_generation, profile.c.next_keys,
            )
            .where(profile.c.ssin > sa.bindparam("after"))
            .order_by(profile.c.ssin)
            .limit(sa.bindparam("size"))
            .with_for_update()
        )  # fmt: skip
        self._update_next = (
            sa.update(profile)
            .where(profile.c.ssin == sa.bindparam("of"))
            .values(next_generation=sa.bindparam("number"), next_keys=sa.bindparam("packed"))
        )
        self._update_shifted = (
            sa.update(profile)
            .where(profile.c.ssin == sa.bindparam("of"))
            .values(
                generation=sa.bindparam("number"),
                keys=sa.bindparam("packed"),
                next_generation=None,
                next_keys=None,
            )
        )
        self._delete_key = sa.delete(key).where(
            key.c.generation == sa.bindparam("number"),
            key.c.key == sa.bindparam("of_key"),
            key.c.ssin == sa.bindparam("of"),
        )
        self._select_unbuilt = (
            sa.select(profile.c.ssin)
            .where(
                profile.c.generation != sa.bindparam("number"),
                sa.func.coalesce(profile.c.next_generation, 0) != sa.bindparam("number"),
            )
            .limit(1)
        )

    def maker(self, number: int) -> KeyMaker:
        """Return the maker of a generation's keys.

        Raises:
            PepperError: its pepper is not there.
        """
        maker = self._makers.get(number)
        if maker is None:
            maker = self._makers[number] = KeyMaker(self._peppers.of(number))
        return maker

    def all(self, connection: sa.Connection) -> list[Generation]:
        """Return every generation, oldest first."""
        rows = connection.execute(self._select).all()
        return [Generation(row[0], row[1], GenerationState(row[2]), row[3]) for row in rows]

    def active(self, connection: sa.Connection) -> Generation | None:
        """Return the generation that searches use; none before the first person is written."""
        return _one(self.all(connection), GenerationState.ACTIVE)

    def building(self, connection: sa.Connection) -> Generation | None:
        """Return the generation that is being built, if any."""
        return _one(self.all(connection), GenerationState.BUILDING)

    def retired(self, connection: sa.Connection) -> Generation | None:
        """Return the generation that waits to be purged, if any."""
        return _one(self.all(connection), GenerationState.RETIRED)

    def written(self, connection: sa.Connection) -> list[int]:
        """Return the numbers of the generations to write: the active one, then the one being built.

        None is begun or activated before the transaction of `connection` ends. Makes the first generation.
        """
        if self._dialect == "postgresql":
            connection.execute(self._share)
        known = self.all(connection)
        if not known:
            self.ensure_generation(connection)
            known = self.all(connection)
        used = [each for each in known if each.state is not GenerationState.RETIRED]
        return [each.number for each in sorted(used, key=lambda each: -each.state)]

    def ensure_generation(self, connection: sa.Connection) -> None:
        """Make generation 1 and let it be used, if there is none."""
        if self.all(connection):
            return
        # Of two that come at the same moment one waits for the other's row, and then leaves it.
        connection.execute(
            self._insert_first,
            {
                "generation": 1, "rules_version": RULES_VERSION, "state": int(GenerationState.ACTIVE),
                "made_at": self._clock.now(), "built_to": 0,
            },
        )  # fmt: skip

    def begin_generation(self, connection: sa.Connection) -> Generation:
        """Make the generation that follows the active one; from now on every writer fills it.

        The transaction waits until those of running writers have ended, and must be committed before the rebuild.
        The pepper must be there: of a file, `FilePeppers.add_random` first.

        Raises:
            GenerationError: one is being built already, or a retired one is not purged yet.
            PepperError: its pepper is not there.
        """
        self._take_alone(connection)
        self.ensure_generation(connection)
        known = self.all(connection)
        if _one(known, GenerationState.BUILDING):
            raise GenerationError("a generation of keys is being built already")
        if _one(known, GenerationState.RETIRED):
            raise GenerationError("the retired generation of keys must be purged first")
        made = Generation(known[-1].number + 1, RULES_VERSION, GenerationState.BUILDING, 0)
        self.maker(made.number)
        connection.execute(
            sa.insert(self._generation),
            {
                "generation": made.number, "rules_version": made.rules_version, "state": int(made.state),
                "made_at": self._clock.now(), "built_to": 0,
            },
        )  # fmt: skip
        return made

    def rebuild_batch(
        self, connection: sa.Connection, after: int, size: int, national: ProfileSource | None = None
    ) -> int | None:
        """Write the keys of the next persons in the generation being built.

        Args:
            connection: one of `Database.writing`; the batch is done when it commits.
            after: the number that the batch before returned; `built_to` to take up an interrupted rebuild.
            size: persons at most; 1000 keeps transactions short.
            national: knows those of whom only keys are kept. Whom it no longer knows has no keys hereafter.

        Returns:
            The last number done; none when there was nobody left.

        Raises:
            GenerationError: no generation is being built.
        """
        building = self.building(connection)
        if building is None:
            raise GenerationError("no generation of keys is being built")
        rows = connection.execute(self._select_batch, {"after": after, "size": size}).all()
        if not rows:
            return None
        elsewhere = [row.ssin for row in rows if row.names is None]
        known = national.profiles(elsewhere) if national is not None and elsewhere else {}
        maker = self.maker(building.number)
        keys: list[tuple[int, int]] = []
        slots: list[dict[str, Any]] = []
        for row in rows:
            if building.number in standing_keys(row):
                continue  # a writer was here since the rebuild began
            if row.names is None:
                profile = known.get(row.ssin)
            else:
                profile = profile_of(row.names, row.birth, row.gender, row.countries)
            own = maker.keys_of(profile) if profile is not None else []
            keys += [(key, row.ssin) for key in own]
            slots.append({"of": row.ssin, "number": building.number, "packed": packed(own)})
        self._insert_keys(connection, building.number, keys)
        if slots:
            connection.execute(self._update_next, slots)
        last: int = rows[-1].ssin
        connection.execute(self._update.values(built_to=last), {"of": building.number})
        return last

    def activate(self, connection: sa.Connection) -> Generation:
        """Let searches use the generation that was built, and retire the one they used, at once.

        Raises:
            GenerationError: none is being built, or the rebuild has not done every person.
        """
        self._take_alone(connection)
        building, active = self.building(connection), self.active(connection)
        if building is None:
            raise GenerationError("no generation of keys is being built")
        if connection.execute(self._select_unbuilt, {"number": building.number}).first() is not None:
            raise GenerationError("the rebuild has not done every person yet")
        if active is not None:
            retired = self._update.values(state=int(GenerationState.RETIRED), built_to=0)
            connection.execute(retired, {"of": active.number})
        connection.execute(self._update.values(state=int(GenerationState.ACTIVE)), {"of": building.number})
        return Generation(building.number, building.rules_version, GenerationState.ACTIVE, building.built_to)

    def purge_batch(self, connection: sa.Connection, size: int) -> int:
        """Take away the retired generation's keys of the next persons.

        Returns:
            How many persons were done; 0 when the generation is gone, or there was none.
        """
        retired = self.retired(connection)
        if retired is None:
            return 0
        rows = connection.execute(self._select_batch, {"after": retired.built_to, "size": size}).all()
        if not rows:
            connection.execute(sa.delete(self._key).where(self._key.c.generation == retired.number))
            connection.execute(
                sa.delete(self._generation).where(self._generation.c.generation == retired.number)
            )
            return 0
        gone: list[dict[str, int]] = []
        slots: list[dict[str, Any]] = []
        for row in rows:
            keys = standing_keys(row)
            old = keys.pop(retired.number, ())
            gone += [{"number": retired.number, "of_key": key, "of": row.ssin} for key in old]
            number, left = next(iter(keys.items()), (0, ()))
            if len(keys) < (1 if row.next_generation is None else 2):
                slots.append({"of": row.ssin, "number": number, "packed": packed(left)})
        if gone:
            connection.execute(self._delete_key, gone)
        if slots:
            connection.execute(self._update_shifted, slots)
        connection.execute(self._update.values(built_to=rows[-1].ssin), {"of": retired.number})
        return len(rows)

    def _take_alone(self, connection: sa.Connection) -> None:
        if self._dialect == "postgresql":
            connection.execute(self._alone)

    def _insert_keys(self, connection: sa.Connection, number: int, keys: list[tuple[int, int]]) -> None:
        keys.sort()  # pages of the index are met in order
        columns = {
            "generation": [number] * len(keys),
            "key": [key for key, _ in keys],
            "ssin": [ssin for _, ssin in keys],
        }
        if keys:
            bulk_insert_columns(connection, self._key, columns)


def _one(generations: Sequence[Generation], state: GenerationState) -> Generation | None:
    return next((each for each in generations if each.state is state), None)
