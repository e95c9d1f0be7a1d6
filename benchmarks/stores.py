"""The databases that benchmarks read: migrated, loaded once, kept by size and schema revision."""

import datetime as dt
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import psycopg
import sqlalchemy as sa

from benchmarks.cluster import WORK, Cluster, running
from benchmarks.population import DOSSIERS_EACH, Row, by_arrival, by_person
from kruispunt_server import migrate

_COLUMNS = (
    "person, sector, institution, capacity, begin_day, phase, dossier_id, registered_under, end_day,"
    " network_level, source, version, recorded_at, confirmed_at"
)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Store:
    """A loaded database.

    Attributes:
        url: as `Database.open` takes it.
        label: kind and version, for the result.
        persons: how many it knows.
        pid: of the database server; none: the database works inside ours.
        rows_each: rows of a person that are counted.
        cluster: the database server; none: the database works inside ours.
    """

    url: str
    label: str
    persons: int
    pid: int | None
    rows_each: int = DOSSIERS_EACH
    cluster: Cluster | None = None

    @property
    def rows(self) -> int:
        """How many dossiers, or persons."""
        return self.persons * self.rows_each


def epoch_us(instant: dt.datetime) -> int:
    """Return an instant as SQLite keeps it: microseconds since 1970."""
    return (instant - _EPOCH) // dt.timedelta(microseconds=1)


@contextmanager
def opened(kind: str, rows: int) -> Iterator[Store]:
    """Give the store of `kind` ("sqlite" or "postgresql") with `rows` dossiers; made if there is none."""
    with opened_all(kind, [rows]) as (store,):
        yield store


@contextmanager
def opened_all(kind: str, sizes: Sequence[int]) -> Iterator[list[Store]]:
    """Give several stores of one kind at once."""
    WORK.mkdir(exist_ok=True)
    if kind == "sqlite":
        yield [_sqlite(rows) for rows in sizes]
        return
    with running() as cluster:
        yield [_postgresql(cluster, rows) for rows in sizes]


@contextmanager
def copied(kind: str, rows: int, copies: int = 1) -> Iterator[list[Store]]:
    """Give copies of a store that are gone afterwards, for what writes into them."""
    with opened(kind, rows) as store:
        if kind == "sqlite":
            with tempfile.TemporaryDirectory(dir=WORK) as folder:
                yield [_sqlite_copy(store, Path(folder) / f"{number}.db") for number in range(copies)]
            return
        url = sa.make_url(store.url)
        names = [f"copy_{number}" for number in range(copies)]
        with psycopg.connect(_text(url.set(database="postgres")), autocommit=True) as connection:
            for name in names:
                connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
                connection.execute(f"CREATE DATABASE {name} TEMPLATE {url.database}")
            yield [replace(store, url=_text(url.set(database=name))) for name in names]
            for name in names:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _sqlite_copy(store: Store, copy: Path) -> Store:
    with closing(sqlite3.connect(store.url.removeprefix("sqlite:///"))) as whole:
        whole.execute("VACUUM INTO ?", [str(copy)])  # what still lies in its log, too
    return replace(store, url=f"sqlite:///{copy}")


def _text(url: sa.URL) -> str:
    return url.render_as_string(hide_password=False)


def _name(rows: int) -> str:
    return f"dossiers_{rows}_{migrate.head('directory')}"


def _sqlite(rows: int) -> Store:
    file = WORK / f"{_name(rows)}.db"
    if not file.exists():
        make_sqlite(file, rows // DOSSIERS_EACH)
    return Store(f"sqlite:///{file}", f"sqlite {sqlite3.sqlite_version}", rows // DOSSIERS_EACH, None)


def _postgresql(cluster: Cluster, rows: int) -> Store:
    name, persons = _name(rows), rows // DOSSIERS_EACH
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            _make_postgresql(connection, cluster, name, persons)
        version = connection.info.server_version // 10_000
    return Store(cluster.url(name), f"postgresql {version}", persons, cluster.pid, cluster=cluster)


def make_sqlite(file: Path, persons: int) -> None:
    """Write the dossiers of so many persons into a new file; it appears when it is complete."""
    draft = file.with_suffix(".draft")
    for left in file.parent.glob(f"{draft.name}*"):
        left.unlink()
    migrate.upgrade(f"sqlite:///{draft}", "directory")
    with _told(f"{file.name}: {persons * DOSSIERS_EACH} rows"):
        connection = sqlite3.connect(draft, isolation_level=None)
        connection.execute("PRAGMA cache_size = -1000000")
        connection.execute("BEGIN")
        connection.executemany(
            f"INSERT INTO dossier ({_COLUMNS}) VALUES ({', '.join('?' * 14)})",
            map(_sqlite_row, by_person(persons)),
        )
        connection.execute("COMMIT")
        connection.execute("ANALYZE")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
    draft.rename(file)


def _sqlite_row(row: Row) -> tuple[object, ...]:
    begin, end = row[4].isoformat(), row[8] and row[8].isoformat()
    return (*row[:4], begin, row[5], row[6].hex, row[7], end, *row[9:])


def _make_postgresql(connection: psycopg.Connection, cluster: Cluster, name: str, persons: int) -> None:
    draft = f"{name}_draft"
    connection.execute(f"DROP DATABASE IF EXISTS {draft}")
    connection.execute(f"CREATE DATABASE {draft} TEMPLATE template0")
    migrate.upgrade(cluster.url(draft), "directory")
    with (
        _told(f"{name} on PostgreSQL: {persons * DOSSIERS_EACH} rows"),
        psycopg.connect(cluster.url(draft), autocommit=True) as loading,
    ):
        with loading.cursor().copy(f"COPY dossier ({_COLUMNS}) FROM STDIN") as copy:
            lines = map(_copy_line, by_arrival(persons))
            while block := "".join(islice(lines, 10_000)):
                copy.write(block)
        loading.execute("VACUUM ANALYZE")
        loading.execute("CHECKPOINT")
    connection.execute(f"ALTER DATABASE {draft} RENAME TO {name}")


def _copy_line(row: Row) -> str:
    end = row[8].isoformat() if row[8] else "\\N"
    recorded, confirmed = (
        (_EPOCH + dt.timedelta(microseconds=instant)).isoformat() for instant in row[12:14]
    )
    return (
        f"{row[0]}\t{row[1]}\t{row[2]}\t{row[3]}\t{row[4]}\t{row[5]}\t{row[6]}\t{row[7]}\t{end}\t"
        f"{row[9]}\t{row[10]}\t{row[11]}\t{recorded}\t{confirmed}\n"
    )


@contextmanager
def _told(what: str) -> Iterator[None]:
    print(f"loading {what} …", file=sys.stderr, flush=True)
    began = time.monotonic()
    yield
    print(f"loaded in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
