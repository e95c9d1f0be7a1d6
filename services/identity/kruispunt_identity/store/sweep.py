"""The sweep: new and changed persons are searched against the register, and likely pairs go on a work list.

It never merges. It goes batch by batch, in the order of the changes, and goes on where it stopped.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from kruispunt.ssin import Ssin
from kruispunt_identity.matching.grade import Grade
from kruispunt_identity.matching.profile import MatchProfile, ProfileSource
from kruispunt_identity.matching.suspicion import Pair, Suspicion, in_order
from kruispunt_identity.store.decisions import DecisionStore
from kruispunt_identity.store.matching import MatchStore
from kruispunt_identity.store.person_search import Hit, PersonSearch
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.clock import Clock
from kruispunt_server.database import Database

_CURSOR = "sweep"
# A change may be committed this long after the instant it bears: so much is swept again the next time.
_UNSETTLED = dt.timedelta(minutes=1)
_BEGINNING = (dt.datetime(1970, 1, 1, tzinfo=dt.UTC), 0)
_PAIRS_PER_PERSON = 20

Place = tuple[dt.datetime, int]


@dataclass(frozen=True, slots=True)
class Swept:
    """What a batch came to: persons searched, and pairs that wait for somebody to decide."""

    persons: int
    pairs: int


class Sweep:
    """Searches persons whose keys changed since the last sweep.

    Args:
        database: of the identity service.
        tables: all of them.
        matches: keys and profiles.
        search: finds who may be the same person; about 7 ms each.
        decisions: keeps the work list.
        national: knows the profiles of national persons; with their own numbers only when `own_only` is false.
        clock: says when a pair was found.
        own_only: leave persons of the national register out as a starting point; they still are candidates.
    """

    def __init__(
        self,
        database: Database,
        tables: IdentityTables,
        matches: MatchStore,
        search: PersonSearch,
        decisions: DecisionStore,
        national: ProfileSource,
        clock: Clock,
        *,
        own_only: bool = False,
    ) -> None:
        self._database = database
        self._matches = matches
        self._search = search
        self._decisions = decisions
        self._national = national
        self._clock = clock
        profile, cursor = tables.matching.match_profile, tables.registration.cursor
        self._order = (profile.c.changed_at, profile.c.ssin)
        # Index: ix_match_profile_changed_at.
        changed = [profile.c.changed_at <= sa.bindparam("until", type_=profile.c.changed_at.type)]
        if own_only:
            changed.append(profile.c.names.is_not(None))
        self._select = (
            sa.select(profile.c.ssin, profile.c.names.is_not(None).label("kept"), profile.c.changed_at)
            .where(*changed)
            .order_by(*self._order)
            .limit(sa.bindparam("size"))
        )
        self._count = sa.select(sa.func.count()).select_from(profile).where(*changed)
        self._select_cursor = sa.select(cursor.c.changed_at, cursor.c.ssin).where(cursor.c.name == _CURSOR)
        insert = postgresql.insert if database.dialect == "postgresql" else sqlite.insert
        save = insert(cursor)
        self._save = save.on_conflict_do_update(
            index_elements=[cursor.c.name],
            set_={"changed_at": save.excluded.changed_at, "ssin": save.excluded.ssin},
        )

    def waiting(self) -> int:
        """Return how many persons changed since the last sweep."""
        with self._database.reading() as connection:
            place = self._place(connection)
            return connection.scalar(self._after(self._count, place), {"until": self._clock.now()}) or 0

    def start_anew(self) -> None:
        """Let the next sweep begin with the whole register."""
        with self._database.writing() as connection:
            self._keep_place(connection, _BEGINNING)

    def run(self, size: int = 200) -> Iterator[Swept]:
        """Sweep everything that changed up to now; what was yielded is kept, so it may be broken off anywhere.

        Args:
            size: persons per batch, and per transaction.

        Raises:
            RegistryError: the national register cannot be asked; UNAVAILABLE / REGISTER_UNAVAILABLE.
        """
        until = self._clock.now()
        with self._database.reading() as connection:
            place = self._place(connection)
        while True:
            with self._database.reading() as connection:
                rows = connection.execute(
                    self._after(self._select, place), {"until": until, "size": size}
                ).all()
                suspicions = self._suspicions(connection, self._profiles(connection, rows))
            if not rows:
                return
            place = (rows[-1].changed_at, rows[-1].ssin)
            with self._database.writing() as connection:
                self._decisions.suspect(connection, suspicions)
                self._keep_place(connection, min(place, (until - _UNSETTLED, 0)))
            yield Swept(len(rows), len(suspicions))

    def _profiles(self, connection: sa.Connection, rows: Sequence[Any]) -> dict[int, MatchProfile]:
        kept = [row.ssin for row in rows if row.kept]
        elsewhere = [row.ssin for row in rows if not row.kept]
        known = self._matches.profiles(connection, kept) if kept else {}
        return {**known, **(self._national.profiles(elsewhere) if elsewhere else {})}

    def _suspicions(self, connection: sa.Connection, profiles: Mapping[int, MatchProfile]) -> list[Suspicion]:
        """Return the pairs that somebody has to decide: of two persons once, by their likeliest numbers."""
        hits: dict[Pair, tuple[Hit, int]] = {}
        for number, profile in profiles.items():
            found = self._search.find(connection, profile, limit=_PAIRS_PER_PERSON)
            for hit in found.hits:
                if hit.grade >= Grade.POSSIBLE and hit.ssin != number:
                    hits.setdefault(in_order(Ssin(number), Ssin(hit.ssin)), (hit, found.rules_version))
        persons = self._decisions.undecided(connection, list(hits)) if hits else {}
        now = self._clock.now()
        likeliest: dict[Pair, Suspicion] = {}
        for pair in sorted(persons, key=lambda each: (-hits[each][0].score.log2_odds, each)):
            hit, rules_version = hits[pair]
            likeliest.setdefault(
                persons[pair],
                Suspicion(
                    *pair,
                    hit.grade,
                    hit.score.log2_odds,
                    hit.score.parts,
                    rules_version,
                    now,
                    persons[pair],
                ),
            )
        return sorted(likeliest.values(), key=lambda each: (each.low, each.high))

    def _after(self, statement: sa.Select[Any], place: Place) -> sa.Select[Any]:
        here = sa.tuple_(*place, types=[column.type for column in self._order])
        return statement.where(sa.tuple_(*self._order) > here)

    def _place(self, connection: sa.Connection) -> Place:
        row = connection.execute(self._select_cursor).one_or_none()
        return _BEGINNING if row is None else (row.changed_at, row.ssin)

    def _keep_place(self, connection: sa.Connection, place: Place) -> None:
        connection.execute(self._save, {"name": _CURSOR, "changed_at": place[0], "ssin": place[1]})
