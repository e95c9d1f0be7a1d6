"""IP: ImportPersons as `kruispunt person import` does it, against a server that only acknowledges; on both stores.

A file of invented persons, each with a number, six facts and evidence, is read through and then sent by the client of
the library, over mutual TLS, to a server in a process of its own. Both servers get the same rows, a stretch at a time.
"""

import itertools
import json
import sqlite3
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from benchmarks.cluster import WORK, running
from benchmarks.comparing import SIZES, Contender, Size, interleave, line
from benchmarks.people.persons import Person, persons
from benchmarks.population import ssin_of
from benchmarks.processes import Serving, serving
from benchmarks.served import URI
from benchmarks.stores import Store
from kruispunt import ClientCertificates, IdentityClient, Purpose
from kruispunt.cli.person_files import read_lines
from kruispunt.registering import ImportRow, RowOutcome
from kruispunt_directory.tables import directory_tables
from kruispunt_identity.tables import identity_tables
from kruispunt_server import migrate, pki
from kruispunt_server.audit.granting import grant
from kruispunt_server.call import OPERATOR
from kruispunt_server.database import Database
from kruispunt_server.tables import SharedTables

GOAL_ROWS_PER_S = 2500

_SEED = 7
_SHARED = {"identity": identity_tables().shared, "directory": directory_tables().shared}
_ROUNDS = 5
_PURPOSE = Purpose(legal_basis="18/042", end_user="bench", case="bench")


class NotImportedError(Exception):
    """A row was not imported, or left no number, six facts, change and access record behind."""


def run(size: Size) -> Iterator[dict[str, Any]]:
    """Measure 100,000 persons, in full a million; on one store after the other."""
    rows = 1_000_000 if size is SIZES["full"] else 100_000
    file = file_of(rows)
    for kind in ("sqlite", "postgresql"):
        yield _on(kind, file, rows)


def _on(kind: str, file: Path, rows: int) -> dict[str, Any]:
    # A warm-up of a third of a round comes first.
    size = Size(rows, rows * 3 // (3 * _ROUNDS + 1), _ROUNDS)
    with tempfile.TemporaryDirectory() as made, empty(kind) as store, empty("sqlite") as other:
        certificates = certified(Path(made))
        with (
            serving("serve_imports", store.url, made) as importing,
            serving("serve_imports", other.url, made, "acknowledge") as acknowledging,
        ):
            sender = Sender(importing, certificates, file)
            ours = Contender(sender.send, importing.pid, store.pid)
            baseline = Contender(Sender(acknowledging, certificates, file).send, acknowledging.pid)
            interleave(ours, baseline, size)
        _check(store, sender.sent, sender.repeated)
    more = {
        "unit": "rows/s",
        "goal_rows_per_s": GOAL_ROWS_PER_S,
        "client_cpu_us": sender.cpu_us,
        "repeated": sender.repeated,
    }
    return line("IP", ours, baseline, goal=None, rows=rows, store=store.label, **more)


class Sender:
    """Sends a file, a stretch at a time, as one import."""

    def __init__(self, to: Serving, certificates: ClientCertificates, file: Path) -> None:
        self._client = IdentityClient(f"localhost:{to.port}", certificates=certificates, purpose=_PURPOSE)
        self._import_id = uuid.uuid4()
        self._check, self._rows = _rows(file), _rows(file)
        self._cpu_s = 0.0
        self.sent = self.repeated = 0

    @property
    def cpu_us(self) -> int:
        """Processor time of the client per row."""
        return round(self._cpu_s / self.sent * 1e6)

    def send(self, count: int) -> float:
        """Read through and send the next rows; returns rows per second."""
        began, cpu = time.perf_counter(), time.process_time()
        read = sum(1 for _ in itertools.islice(self._check, count))
        done = self._imported(itertools.islice(self._rows, count))
        seconds = time.perf_counter() - began
        self._cpu_s += time.process_time() - cpu
        if (read, done) != (count, count):
            raise NotImportedError(f"{done} of {count}")
        self.sent += count
        return count / seconds

    def _imported(self, rows: Iterator[ImportRow]) -> int:
        results = self._client.import_persons(rows, import_id=self._import_id, first_row=self.sent + 1)
        # Repeated: the answer was lost with a stream that broke, and the client asked again.
        outcomes = Counter(result.outcome for result in results)
        self.repeated += outcomes[RowOutcome.REPEATED]
        return outcomes[RowOutcome.IMPORTED] + outcomes[RowOutcome.REPEATED]


def certified(folder: Path) -> ClientCertificates:
    """Make the certificates of a server and of who calls it; returns those of the caller."""
    pki.make_authority(folder)
    pki.issue_server(folder)
    pki.issue_client(folder, "bench", URI)
    return ClientCertificates.from_files(
        folder / "ca.crt", folder / "clients/bench.crt", folder / "clients/bench.key"
    )


def _rows(file: Path) -> Iterator[ImportRow]:
    for each in read_lines(file):
        assert not isinstance(each.row, ValueError)
        yield each.row


@contextmanager
def empty(kind: str, service: str = "identity") -> Iterator[Store]:
    """Give an empty, migrated database of a service, which is gone afterwards."""
    WORK.mkdir(exist_ok=True)
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(dir=WORK) as folder:
            url = f"sqlite:///{folder}/{service}.db"
            migrate.upgrade(url, service)
            yield Store(url, f"sqlite {sqlite3.sqlite_version}", 0, None)
        return
    with running() as cluster, psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS imports WITH (FORCE)")
        connection.execute("CREATE DATABASE imports TEMPLATE template0")
        migrate.upgrade(cluster.url("imports"), service)
        version = connection.info.server_version // 10_000
        url = as_server(connection, cluster.url("imports"), _SHARED[service])
        yield Store(url, f"postgresql {version}", 0, cluster.pid)
        connection.execute("DROP DATABASE imports WITH (FORCE)")


def as_server(connection: psycopg.Connection, url: str, tables: SharedTables) -> str:
    """Return the address for a role that may serve and not rewrite the journal, as in operation."""
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'serving'").fetchone() is None:
        connection.execute("CREATE ROLE serving LOGIN")
    owner = Database.open(url)
    grant(owner, tables, "serving")
    owner.close()
    return url.replace("//postgres@", "//serving@")


def _check(store: Store, rows: int, repeated: int) -> None:
    tables = identity_tables()
    change = tables.shared.change
    imported = (
        sa.select(change).where(change.c.participant_id != OPERATOR).subquery()
    )  # the rights, loaded before
    kept = (tables.persons.number, tables.persons.fact, imported, tables.shared.access)
    database = Database.open(store.url)
    with database.reading() as connection:
        counts = [connection.scalar(sa.select(sa.func.count()).select_from(table)) for table in kept]
    database.close()
    *written, accesses = counts
    if written != [rows, 6 * rows, rows] or not rows <= (accesses or 0) <= rows + repeated:
        raise NotImportedError(f"numbers, facts, changes, accesses: {counts} of {rows} rows")


def file_of(rows: int) -> Path:
    """Return the file of so many persons; made if there is none."""
    WORK.mkdir(exist_ok=True)
    file = WORK / f"import_{rows}_{_SEED}.jsonl"
    if not file.exists():
        draft = file.with_suffix(".draft")
        with draft.open("w", encoding="utf-8") as lines:
            for place, person in enumerate(persons(rows, _SEED)):
                lines.write(json.dumps(_document(place, person), ensure_ascii=False) + "\n")
        draft.rename(file)
    return file


def _document(place: int, person: Person) -> dict[str, Any]:
    year, month, day = person.birth
    abroad = max(person.countries)
    return {
        "ssin": str(ssin_of(place)),
        "register": "RAD",
        "name": {"family_name": person.family, "given_names": person.given},
        "birth": {
            "date": f"{min(year, 2025):04}-{month:02}-{day:02}",
            "place": {"country": abroad, "municipality_name": person.group.title()},
        },
        "gender": "MALE" if person.gender == 1 else "FEMALE",
        "nationalities": sorted(person.countries),
        "civil_state": {"code": 20 if place % 3 else 10},
        "residential_address": {
            "country": abroad,
            "municipality_name": person.group.title(),
            "street": f"{person.family} 5",
            "house_number": str(place % 200 + 1),
        },
        "validity": {"begin": f"20{place % 20:02}-{place % 12 + 1:02}-01"},
        "evidence": {"kind": "PASSPORT", "document_number": f"P{place:07}", "issuing_country": abroad},
    }
