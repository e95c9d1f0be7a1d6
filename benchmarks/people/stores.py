"""Registers to search: loaded in bulk, kept by size, seed and rules."""

import hashlib
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import islice

import psycopg
import sqlalchemy as sa

from benchmarks import cluster
from benchmarks.people.persons import People
from kruispunt_identity.matching.keys import KeyMaker
from kruispunt_identity.matching.peppers import DerivedPeppers
from kruispunt_identity.matching.profile import MatchProfile
from kruispunt_identity.store.match_frequencies import refresh_frequencies
from kruispunt_identity.store.match_rows import values_of
from kruispunt_identity.store.matching import MatchStore
from kruispunt_identity.tables import identity_tables
from kruispunt_server.database import Database
from kruispunt_server.keys import Keys

TABLES = identity_tables().matching
FIRST_NUMBER = 10_000_000_000
_BATCH = 20_000
_LOADING_S = 600.0
_SAMPLE = 3_000  # persons that tell whether all would be the same


@dataclass(frozen=True)
class Register:
    """A loaded register.

    Attributes:
        database: opened.
        store: its keys and profiles.
        people: the persons; the n-th from 0 stands under `FIRST_NUMBER` + n.
    """

    database: Database
    store: MatchStore
    people: People


class NoNationalRegister:
    """Knows nobody."""

    def profiles(self, numbers: Sequence[int]) -> dict[int, MatchProfile]:  # noqa: ARG002
        """Return nothing."""
        return {}


def peppers() -> DerivedPeppers:
    """Return the peppers of every benchmark."""
    return DerivedPeppers(Keys(b"benchmarks" * 4))


@contextmanager
def opened(kind: str, count: int, seed: int) -> Iterator[Register]:
    """Give a register of `count` persons on "sqlite" or "postgresql"; made if there is none."""
    known = People(count, seed)
    name = f"people_{count}_{seed}_{_rules()}"
    cluster.WORK.mkdir(exist_ok=True)
    if kind == "sqlite":
        file = cluster.WORK / f"{name}.db"
        if not file.exists():
            draft = file.with_suffix(".draft")
            for left in file.parent.glob(f"{draft.name}*"):
                left.unlink()
            _load(f"sqlite:///{draft}", known)
            draft.rename(file)
        with _register(f"sqlite:///{file}", known) as register:
            yield register
        return
    with cluster.running() as running:
        with psycopg.connect(running.url("postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                connection.execute(f"DROP DATABASE IF EXISTS {name}_draft")
                connection.execute(f"CREATE DATABASE {name}_draft TEMPLATE template0")
                _load(running.url(f"{name}_draft"), known)
                connection.execute(f"ALTER DATABASE {name}_draft RENAME TO {name}")
        with _register(running.url(name), known) as register:
            yield register


def load(database: Database, known: People) -> MatchStore:
    """Make the tables in an empty database and write everybody."""
    store = MatchStore(database, TABLES, peppers())
    with database.writing() as connection:
        tables = [TABLES.match_generation, TABLES.match_key, TABLES.match_profile, TABLES.match_frequency]
        TABLES.match_key.metadata.create_all(connection, tables=tables)
    numbered = ((FIRST_NUMBER + place, person.profile) for place, person in enumerate(known))
    while batch := list(islice(numbered, _BATCH)):
        with database.writing() as connection:
            store.write_many(connection, batch)
    with database.writing() as connection:
        refresh_frequencies(connection, TABLES)
    return store


def _load(url: str, known: People) -> None:
    print(f"loading {len(known)} persons …", file=sys.stderr, flush=True)
    began = time.monotonic()
    database = Database.open(url, pool_size=1, statement_timeout_s=_LOADING_S)
    try:
        if database.dialect == "sqlite":
            with database.reading() as connection:
                connection.execute(sa.text("PRAGMA cache_size = -1000000"))
        load(database, known)
        with database.reading() as connection:
            connection.execute(sa.text("ANALYZE" if database.dialect == "sqlite" else "VACUUM ANALYZE"))
    finally:
        database.close()
    print(f"loaded in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)


@contextmanager
def _register(url: str, known: People) -> Iterator[Register]:
    database = Database.open(url)
    try:
        yield Register(database, MatchStore(database, TABLES, peppers()), known)
    finally:
        database.close()


@cache
def _rules() -> str:
    """Return a name for the way that persons, keys and tables are made: another way, another register."""
    digest = hashlib.blake2b(digest_size=4)
    for table in vars(TABLES).values():
        parts = [*table.columns.keys(), *sorted(str(index.name) for index in table.indexes)]
        digest.update(json.dumps([table.name, parts]).encode())
    maker = KeyMaker(b"a register of another kind")
    for person in People(_SAMPLE, 1):
        values = values_of(person.profile)
        digest.update(json.dumps([values, maker.keys_of(person.profile)]).encode())
    return digest.hexdigest()
