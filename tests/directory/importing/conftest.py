"""The two ways in, side by side: a servicer that registers dossiers one by one, and one that imports them."""

import datetime as dt
import shutil
import time
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from google.type.date_pb2 import Date
from tests.support.calls import change_log, said_in, subject_keys
from tests.support.postgres import Cluster, template_of
from tests.support.rights import EVERYTHING

from kruispunt.common.v1 import values_pb2
from kruispunt.directory.v1 import dossier_service_pb2 as pb
from kruispunt.ssin import Ssin
from kruispunt_directory.code_tables import load_code_tables
from kruispunt_directory.domain.claim import Claim, PartialDate, PersonRegister, RegisteredPerson
from kruispunt_directory.servicer.dossiers import DossierServicer
from kruispunt_directory.servicer.importing import ImportingServicer
from kruispunt_directory.store.code_tables import load_into
from kruispunt_directory.store.dossiers import DossierStore
from kruispunt_directory.store.importing import ImportStore
from kruispunt_directory.store.knowledge import KnowledgeStore
from kruispunt_directory.tables import DirectoryTables
from kruispunt_server.call import Call, InstitutionKey, Participant, Purpose, Role
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database
from kruispunt_server.wire import REASON_NUMBERS
from kruispunt_server.writes import Writes

NOON = dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)
IMPORT_ID = "0193f1a2-0000-7000-8000-000000000001"
ANNA, BEA, CAS, GONE = (
    Ssin.parse(number) for number in ("85073003328", "75060898009", "42012205181", "17073003384")
)
PENSIONS = Participant("pensions", frozenset({Role.SUPPLIER}), InstitutionKey(5, 1))


class Registers:
    """Identity, as far as the directory asks it: knows some persons, and counts how often it is asked."""

    def __init__(self, known: Mapping[Ssin, RegisteredPerson]) -> None:
        self._known = known
        self.asked: list[tuple[int, int]] = []

    def find(self, call: Call, number: Ssin, *, with_claim: bool) -> RegisteredPerson | None:
        return self.find_many(call, [number], [number] if with_claim else []).get(number)

    def find_many(
        self, call: Call, numbers: Collection[Ssin], with_claim: Collection[Ssin]
    ) -> Mapping[Ssin, RegisteredPerson]:
        assert call.purpose is not None
        self.asked.append((len(numbers), len(with_claim)))
        return {
            number: known
            if number in with_claim
            else RegisteredPerson(None, known.is_replaced, known.is_cancelled)
            for number, known in self._known.items()
            if number in numbers
        }


PERSONS = {
    ANNA: RegisteredPerson(Claim("Peeters", ("Anna",), PartialDate(1985, 7, 30), 2)),
    BEA: RegisteredPerson(Claim("Maes", ("Bea", "Lea"), PartialDate(1975, 6, 8), 2)),
    CAS: RegisteredPerson(Claim("Claes", ("Cas",), PartialDate(1942), 1), is_replaced=True),
    GONE: RegisteredPerson(is_cancelled=True),
}


@dataclass
class Desk:
    """Both servicers on one database.

    Attributes:
        single: registers one dossier a call.
        importing: takes rows.
    """

    database: Database
    tables: DirectoryTables
    clock: FixedClock
    store: DossierStore
    single: DossierServicer
    importing: ImportingServicer

    def call(self, participant: Participant = PENSIONS, method: str = "test") -> Call:
        """Return a call as the boundary makes it."""
        purpose = Purpose("18/042", "clerk", "case")
        return Call(method, participant, purpose, self.clock.now(), time.monotonic() + 600, right=EVERYTHING)

    def send(
        self, *requests: pb.ImportDossiersRequest, call: Call | None = None
    ) -> list[pb.DossierRowResult]:
        """Send one stream of requests, as a caller who waits for each answer."""
        answers = self.importing.ImportDossiers(iter(requests), call or self.call())
        return [result for answer in answers for result in answer.results]

    def register(self, row: pb.DossierRow) -> pb.RegisterDossierResponse:
        """Register a row alone."""
        said = {field.name: value for field, value in row.ListFields()}
        request = pb.RegisterDossierRequest(request_id=str(uuid.uuid4()), **said)
        return self.single.RegisterDossier(request, self.call())

    def remove(self, person: Ssin) -> None:
        """Take every dossier of the institution on a person back."""
        self.single.RemoveDossiers(
            pb.RemoveDossiersRequest(
                request_id=str(uuid.uuid4()), ssin=str(person), all=pb.RemoveDossiersRequest.All()
            ),
            self.call(),
        )

    def rows(self, *tables: sa.Table) -> list[int]:
        """Return how many rows tables have."""
        with self.database.reading() as connection:
            return [connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0 for table in tables]

    def written(self) -> list[int]:
        """Return how many dossiers, versions, kept rows and changes of dossiers there are."""
        dossiers, change = self.tables.dossiers, self.tables.shared.change
        of_dossiers = sa.select(change).where(change.c.kind.like("dossier.%")).subquery()
        return self.rows(dossiers.dossier, dossiers.dossier_version, dossiers.import_row, of_dossiers)  # type: ignore[arg-type]

    def last_change(self) -> int:
        """Return the number of the last change."""
        with self.database.reading() as connection:
            return connection.scalar(sa.select(sa.func.max(self.tables.shared.change.c.entry_no))) or 0

    def changes(self, after: int = 0) -> list[tuple[str, dict[str, Any]]]:
        """Return (kind, what it says) of every change of dossiers after one, in their order."""
        change = self.tables.shared.change
        keys = subject_keys(self.database, self.tables.shared, self.clock)
        with self.database.reading() as connection:
            found = connection.execute(
                sa.select(change)
                .where(change.c.kind.like("dossier.%"), change.c.entry_no > after)
                .order_by(change.c.entry_no)
            ).all()
            return [(row.kind, said_in(connection, keys, row)) for row in found]


def desk_on(
    database: Database,
    tables: DirectoryTables,
    registers: PersonRegister | None = None,
    *,
    codes: bool = True,
) -> Desk:
    """Return both servicers on a migrated database, with the shipped code tables unless they are there already."""
    clock = FixedClock(NOON)
    log = change_log(database, tables.shared, clock)
    if codes:
        load_into(database, tables, FixedClock(NOON - dt.timedelta(days=30)), load_code_tables())
    store = DossierStore(database, tables, log, clock)
    knowledge = KnowledgeStore(database, tables, log, clock)
    return Desk(
        database,
        tables,
        clock,
        store,
        DossierServicer(store, knowledge, Writes(database, tables.shared, clock), registers),
        ImportingServicer(ImportStore(database, tables, store, REASON_NUMBERS), knowledge, registers, clock),
    )


@pytest.fixture
def desk(database: Database, directory_tables: DirectoryTables) -> Desk:
    """Both servicers on an empty directory that runs alone."""
    return desk_on(database, directory_tables)


@pytest.fixture(params=["sqlite", "postgresql"])
def two_databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Database]]:
    """Two empty databases of one kind."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            template: Path = request.getfixturevalue("sqlite_templates")["directory"]
            files = [Path(shutil.copyfile(template, tmp_path / f"{name}.db")) for name in ("one", "other")]
            urls = [f"sqlite:///{file}" for file in files]
        else:
            cluster: Cluster = request.getfixturevalue("postgres")
            urls = [
                stack.enter_context(cluster.database(template_of(cluster, "directory"))) for _ in range(2)
            ]
        opened = [Database.open(url) for url in urls]
        for one in opened:
            stack.callback(one.close)
        yield opened


def row(
    ssin: Ssin | str = ANNA, begin: str = "2020-01-01", end: str | None = None, **more: Any
) -> pb.DossierRow:
    """Return a row in capacity 100, phase 0, unless `more` says otherwise."""
    period = values_pb2.Period(begin=date(begin), end=date(end) if end else None)
    return pb.DossierRow(**{"ssin": str(ssin), "capacity": 100, "period": period, **more})


def request(*rows: pb.DossierRow, first: int = 1, **more: Any) -> pb.ImportDossiersRequest:
    """Return a request of the one import."""
    return pb.ImportDossiersRequest(**{"import_id": IMPORT_ID, "first_row": first, "rows": rows, **more})


def requests(rows: Iterable[pb.DossierRow], size: int, **more: Any) -> list[pb.ImportDossiersRequest]:
    """Return all rows as requests of so many."""
    every = list(rows)
    return [request(*every[at : at + size], first=at + 1, **more) for at in range(0, len(every), size)]


def date(text: str) -> Date:
    """Return a date of the contract."""
    day = dt.date.fromisoformat(text)
    return Date(year=day.year, month=day.month, day=day.day)


def new_import_id() -> str:
    """Return the name of another import."""
    return str(uuid.uuid4())


def numbers(count: int) -> list[Ssin]:
    """Return so many different numbers."""
    return [
        Ssin.assemble(
            850_000 + (at // 900 % 12 + 1) * 100 + at // 10_800 + 1, at % 900 + 1, born_from_2000=False
        )
        for at in range(count)
    ]
