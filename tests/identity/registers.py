"""Registers that tests of searches, decisions and sweeps fill by hand."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from tests.identity.matching.people import Known

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.number import Register
from kruispunt_identity.matching.frequencies import MatchFrequencies
from kruispunt_identity.matching.peppers import DerivedPeppers, Peppers
from kruispunt_identity.matching.profile import MatchProfile
from kruispunt_identity.matching.score import Matcher
from kruispunt_identity.matching.weights import shipped_weights
from kruispunt_identity.store.candidates import CandidateSearch
from kruispunt_identity.store.decisions import DecisionStore
from kruispunt_identity.store.matching import MatchStore
from kruispunt_identity.store.numbers import NumberStore
from kruispunt_identity.store.person_search import PersonSearch
from kruispunt_identity.store.sweep import Sweep
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database
from kruispunt_server.keys import Keys

NOON = dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)
SECRET = b"a secret of thirty-two bytes or more"


def bis(number: int) -> Ssin:
    """Return the bis number of a man born on 1 January 1980 with this sequence, 1 to 998."""
    base = 804_101_000 + number
    return Ssin.of(base * 100 + 97 - base % 97)


@dataclass
class Registers:
    """Stores on one database, and short ways to fill them."""

    database: Database
    tables: IdentityTables
    clock: FixedClock
    national: Known
    peppers: Peppers

    def __post_init__(self) -> None:
        self.numbers = NumberStore(self.database, self.tables)
        self.matches = MatchStore(self.database, self.tables.matching, self.peppers, self.clock)
        matcher = Matcher(shipped_weights(), MatchFrequencies())
        self.search = PersonSearch(self.matches, matcher, self.national)
        self.candidates = CandidateSearch(self.database, self.search, self.numbers)
        self.decisions = DecisionStore(self.database, self.tables, self.numbers)

    def sweep(self, *, own_only: bool = False) -> Sweep:
        """Return the sweep as the command makes it."""
        return Sweep(
            self.database,
            self.tables,
            self.matches,
            self.search,
            self.decisions,
            self.national,
            self.clock,
            own_only=own_only,
        )

    def add(self, ssin: Ssin, profile: MatchProfile, register: Register = Register.BIS) -> Ssin:
        """Add a person of ours."""
        with self.database.writing() as connection:
            self.numbers.insert(connection, ssin, register, self.clock.now())
            self.matches.write(connection, ssin, profile)
        return ssin

    def add_national(self, ssin: Ssin, profile: MatchProfile) -> Ssin:
        """Add a person of the national register: no row of ours but its keys."""
        self.national.persons[int(ssin)] = profile
        with self.database.writing() as connection:
            self.matches.write_many(connection, [(ssin, profile)], keep_profile=False)
        return ssin

    def replace(self, former: Ssin, next_: Ssin) -> None:
        """Let a number lead to another that nothing leads to yet, as a replacement does."""
        number = self.tables.persons.number
        with self.database.writing() as connection:
            connection.execute(sa.update(number).where(number.c.ssin == int(next_)).values(height=1))
            connection.execute(
                sa.update(number)
                .where(number.c.ssin == int(former))
                .values(
                    stands=False,
                    status=2,
                    root_ssin=int(next_),
                    replaced_by=int(next_),
                    replaced_by_height=1,
                    reason=1,
                    replaced_on=self.clock.today(),
                    replaced_at=self.clock.now(),
                )
            )

    def split(self, former: Ssin) -> None:
        """Let a number stand for itself again."""
        number = self.tables.persons.number
        with self.database.writing() as connection:
            connection.execute(
                sa.update(number)
                .where(number.c.ssin == int(former))
                .values(
                    stands=True,
                    status=1,
                    root_ssin=int(former),
                    replaced_by=None,
                    replaced_by_height=None,
                    reason=None,
                    replaced_on=None,
                    replaced_at=None,
                )
            )

    def cancel(self, ssin: Ssin) -> None:
        """Cancel a number."""
        number = self.tables.persons.number
        with self.database.writing() as connection:
            connection.execute(sa.update(number).where(number.c.ssin == int(ssin)).values(status=3))


def registers_on(database: Database, tables: IdentityTables, peppers: Peppers | None = None) -> Registers:
    """Return empty registers on a database."""
    return Registers(database, tables, FixedClock(NOON), Known({}), peppers or DerivedPeppers(Keys(SECRET)))
