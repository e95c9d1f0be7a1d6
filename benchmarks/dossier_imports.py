"""I1 and I2: ImportDossiers against a raw load of the same dossiers into the same table; PostgreSQL and SQLite.

Ours: rows of one institution, two on each person, sent by the client of the library over mutual TLS to a server in a
process of its own; each is judged by the rules of RegisterDossier, journalled and kept by its number, and its access
record is committed. Baseline: COPY, on SQLite executemany, of ready-made rows into an equal table with its indexes and
constraints, a round in one transaction. Both tables grow alike, a stretch at a time.

`floor` is what no rule and no protocol could beat: everything that the rows left behind, in six tables, loaded in the
same raw way, as a share of the baseline.
"""

import datetime as dt
import itertools
import os
import sqlite3
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from benchmarks.cluster import WORK, running
from benchmarks.comparing import SIZES, Contender, Size, interleave, line
from benchmarks.imports import as_server, certified
from benchmarks.population import ssin_of
from benchmarks.processes import Serving, serving
from benchmarks.serve_dossiers import INSTITUTION
from benchmarks.stores import epoch_us
from kruispunt import ClientCertificates, DirectoryClient, DossierRow, DossierRowOutcome, Period, Purpose
from kruispunt_directory.tables import directory_tables
from kruispunt_server import migrate
from kruispunt_server.database import Database
from kruispunt_server.ids import new_id

GOAL = 0.40
_ROUNDS = 5
_PURPOSE = Purpose(legal_basis="18/042", end_user="bench", case="bench")
_CAPACITIES = (100, 20)
_PHASE = 10
_COLUMNS = (
    "person", "sector", "institution", "capacity", "begin_day", "phase", "dossier_id", "registered_under", "end_day",
    "network_level", "source", "version", "recorded_at", "confirmed_at",
)  # fmt: skip
_NOW = dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)


class NotImportedError(Exception):
    """A row was not registered, or left no dossier, version, outcome, change or access record behind."""


@dataclass(frozen=True)
class Places:
    """Three equal databases of one kind.

    Attributes:
        ours: where the server writes.
        raw: where dossiers are loaded.
        floor: where everything is loaded.
        label: kind and version.
        pid: of the database server; none on SQLite.
    """

    ours: str
    raw: str
    floor: str
    label: str
    pid: int | None


def on_postgresql(size: Size) -> list[dict[str, Any]]:
    """Measure I1: 100,000 rows, in full a million."""
    return [_on("postgresql", "I1", size)]


def on_sqlite(size: Size) -> list[dict[str, Any]]:
    """Measure I2."""
    return [_on("sqlite", "I2", size)]


def _on(kind: str, name: str, given: Size) -> dict[str, Any]:
    rows = 1_000_000 if given is SIZES["full"] else 100_000
    # A warm-up of a third of a round comes first.
    size = Size(rows, rows * 3 // (3 * _ROUNDS + 1), _ROUNDS)
    with tempfile.TemporaryDirectory() as made, _places(kind) as places:
        certificates = certified(Path(made))
        with serving("serve_dossiers", places.ours, made) as server, _loader(places.raw) as load:
            sender = _Sender(server, certificates)
            raw = itertools.count()
            ours = Contender(sender.send, server.pid, places.pid)
            baseline = Contender(lambda count: _raw(load, count, next(raw)), os.getpid(), places.pid)
            interleave(ours, baseline, size)
        _check(places, sender.sent)
        floor = _floor(places, sender.sent)
    done = line(name, ours, baseline, goal=GOAL, rows=rows, store=places.label, unit="rows/s")
    mine = done["cpu_us"] + done["store_cpu_us"] + sender.cpu_us
    raw_us = _median(baseline.server_us) + _median(baseline.store_us)
    return done | {
        "client_cpu_us": sender.cpu_us,
        "baseline_cpu_us": round(raw_us, 1),
        "cpu_ratio": round(raw_us / mine, 3),
        "floor": round(floor / done["baseline"], 3),
        "load_average": round(os.getloadavg()[0], 1),
    }


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


class _Sender:
    """Sends rows, a stretch at a time, as one import."""

    def __init__(self, to: Serving, certificates: ClientCertificates) -> None:
        self._client = DirectoryClient(
            f"localhost:{to.port}", certificates=certificates, purpose=_PURPOSE, timeout_s=60
        )
        self._import_id = uuid.uuid4()
        self._cpu_s = 0.0
        self.sent = 0

    @property
    def cpu_us(self) -> int:
        """Processor time of the client per row."""
        return round(self._cpu_s / self.sent * 1e6)

    def send(self, count: int) -> float:
        """Send the next rows; returns rows per second."""
        rows = [_row(place) for place in range(self.sent, self.sent + count)]
        began, cpu = time.perf_counter(), time.process_time()
        results = self._client.import_dossiers(rows, import_id=self._import_id, first_row=self.sent + 1)
        done = sum(each.outcome is DossierRowOutcome.CREATED for each in results)
        seconds = time.perf_counter() - began
        self._cpu_s += time.process_time() - cpu
        if done != count:
            raise NotImportedError(f"{done} of {count}")
        self.sent += count
        return count / seconds


def _row(place: int) -> DossierRow:
    begin = dt.date(1995, 1, 1) + dt.timedelta(days=place * 37 % 9000)
    return DossierRow(
        ssin_of(place // 2), _CAPACITIES[place % 2], Period(begin), _PHASE, source="intake-desk"
    )


def _tuple(place: int, sqlite: bool) -> tuple[Any, ...]:  # noqa: FBT001 - the kind of database
    """Return a row as it lies in the table, in the driver's own values."""
    row, dossier_id = _row(place), new_id()
    person = int(row.ssin)
    begin: Any = row.period.begin.isoformat() if sqlite else row.period.begin
    recorded: Any = epoch_us(_NOW) if sqlite else _NOW
    identifier: Any = dossier_id.hex if sqlite else dossier_id
    return (
        person, INSTITUTION.sector, INSTITUTION.institution, row.capacity, begin, _PHASE, identifier, person, None,
        1, row.source, 1, recorded, recorded,
    )  # fmt: skip


class _Loader:
    """Loads ready-made rows into tables, all in one transaction."""

    def __init__(self, url: str) -> None:
        parsed = sa.make_url(url)
        self.sqlite = parsed.get_backend_name() == "sqlite"
        self._connection: Any = (
            _sqlite(str(parsed.database)) if self.sqlite else psycopg.connect(url, autocommit=False)
        )

    def load(self, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
        """Insert rows."""
        if self.sqlite:
            marks = ", ".join("?" * len(columns))
            self._connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)
            return
        with self._connection.cursor().copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def begin(self) -> None:
        if self.sqlite:
            self._connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        self._connection.execute("COMMIT") if self.sqlite else self._connection.commit()

    def close(self) -> None:
        self._connection.close()


def _sqlite(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("synchronous=full", "cache_size=-32768", "wal_autocheckpoint=16000"):  # as of our server
        connection.execute(f"PRAGMA {pragma}")
    return connection


@contextmanager
def _loader(url: str) -> Iterator[_Loader]:
    loader = _Loader(url)
    yield loader
    loader.close()


def _raw(loader: _Loader, count: int, stretch: int) -> float:
    """Load the next dossiers; returns rows per second, without what it took to make them ready."""
    rows = [_tuple(place, loader.sqlite) for place in range(stretch * count, (stretch + 1) * count)]
    began = time.perf_counter()
    loader.begin()
    loader.load("dossier", _COLUMNS, rows)
    loader.commit()
    return count / (time.perf_counter() - began)


def _floor(places: Places, rows: int) -> float:
    """Load all that the rows left behind into empty tables, in portions; returns rows of the import per second."""
    tables = directory_tables()
    names = [
        table.name
        for table in (
            tables.dossiers.dossier,
            tables.dossiers.dossier_version,
            tables.dossiers.import_row,
            tables.shared.seals.subject_key,
            tables.shared.change,
            tables.shared.access,
        )
    ]
    seconds = 0.0
    with _loader(places.floor) as target, _source(places.ours) as source:
        portion = 50_000
        readers = {name: source.execute(f"SELECT * FROM {name}") for name in names}
        columns = {name: tuple(each[0] for each in reader.description) for name, reader in readers.items()}
        while any(rows_ := {name: reader.fetchmany(portion) for name, reader in readers.items()}.values()):
            parts = dict(zip(names, rows_, strict=True))
            began = time.perf_counter()
            target.begin()
            for name, part in parts.items():
                if part:
                    target.load(name, columns[name], part)
            target.commit()
            seconds += time.perf_counter() - began
    return rows / seconds


@contextmanager
def _source(url: str) -> Iterator[Any]:
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        connection: Any = sqlite3.connect(str(parsed.database))
    else:
        connection = psycopg.connect(url)
    yield connection
    connection.close()


@contextmanager
def _places(kind: str) -> Iterator[Places]:
    """Give three empty, migrated databases, which are gone afterwards."""
    WORK.mkdir(exist_ok=True)
    names = ("bulk_ours", "bulk_raw", "bulk_floor")
    with ExitStack() as stack:
        if kind == "sqlite":
            folder = stack.enter_context(tempfile.TemporaryDirectory(dir=WORK))
            urls = [f"sqlite:///{folder}/{name}.db" for name in names]
            for url in urls:
                migrate.upgrade(url, "directory")
            yield Places(*urls, f"sqlite {sqlite3.sqlite_version}", None)
            return
        cluster = stack.enter_context(running())
        connection = stack.enter_context(psycopg.connect(cluster.url("postgres"), autocommit=True))
        for name in names:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
            stack.callback(connection.execute, f"DROP DATABASE {name} WITH (FORCE)")
            migrate.upgrade(cluster.url(name), "directory")
        ours = as_server(connection, cluster.url(names[0]), directory_tables().shared)
        label = f"postgresql {connection.info.server_version // 10_000}"
        yield Places(ours, cluster.url(names[1]), cluster.url(names[2]), label, cluster.pid)


def _check(places: Places, rows: int) -> None:
    tables = directory_tables()
    change = tables.shared.change
    made = sa.select(change).where(change.c.kind == "dossier.created").subquery()
    kept = sa.select(tables.dossiers.import_row).where(tables.dossiers.import_row.c.row_number > 0).subquery()
    database = Database.open(places.ours)
    with database.reading() as connection:
        counts = [
            connection.scalar(sa.select(sa.func.count()).select_from(table))
            for table in (
                tables.dossiers.dossier,
                tables.dossiers.dossier_version,
                made,
                kept,
                tables.shared.access,
            )
        ]
    database.close()
    if counts != [rows] * 5:
        raise NotImportedError(f"dossiers, versions, changes, outcomes, accesses: {counts} of {rows} rows")
