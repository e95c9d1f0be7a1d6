"""No query that a call makes reads a whole table: the planner is asked, on a table of life's shape."""

import datetime as dt
import re
from typing import Any

import pytest
import sqlalchemy as sa
from tests.support.calls import change_log

from kruispunt.ssin import Ssin
from kruispunt_directory.domain.dossier import EVERYTHING, DossierFilter
from kruispunt_directory.domain.notices import Holding, Notice, NoticeKind
from kruispunt_directory.store.attention import AttentionReader
from kruispunt_directory.store.cursors import CursorStore
from kruispunt_directory.store.dossiers import DossierStore
from kruispunt_directory.store.exporting import ExportReader, Selection
from kruispunt_directory.store.impacts import ImpactReader
from kruispunt_directory.store.notices import NoticeStore
from kruispunt_directory.store.numbers import NumberStore
from kruispunt_directory.store.reading import DossierReader
from kruispunt_directory.tables import DirectoryTables
from kruispunt_server.audit.reading import AuditReader, LookFilter
from kruispunt_server.call import InstitutionKey
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database, HotStatement
from kruispunt_server.ids import new_id, new_ids
from kruispunt_server.keys import Keys
from kruispunt_server.sealing.heads import HeadStore
from kruispunt_server.sealing.seal_keys import SealKeys

NOW = dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)
DAY = NOW.date()
PERSONS = [
    Ssin.assemble(850_101 + month * 100, sequence, born_from_2000=False)
    for month in range(12)
    for sequence in range(1, 901)
]
SOMEBODY = PERSONS[4711]
PENSIONS = InstitutionKey(5, 1)
NOTICES_EACH = 30
LOOKS = 20_000


@pytest.fixture
def filled(database: Database, directory_tables: DirectoryTables) -> Database:
    """The directory with 10,800 persons, four dossiers each, at 600 institutions with 30 notices each; and looks."""
    common: dict[str, Any] = {
        "phase": 0,
        "end_day": None,
        "network_level": 1,
        "source": "test",
        "version": 1,
        "recorded_at": NOW - dt.timedelta(days=400),
        "confirmed_at": NOW - dt.timedelta(days=400),
    }
    rows = [
        {
            "person": int(person),
            "registered_under": int(person),
            "sector": 1 + (position + held) % 20,
            "institution": 1 + position // 20 % 30,
            "capacity": 10 + held,
            "begin_day": dt.date(2020, 1 + held, 1),
            "dossier_id": new_id(),
            **common,
        }
        for position, person in enumerate(PERSONS)
        for held in range(4)
    ]
    tables = directory_tables.dossiers
    numbers = [
        {
            "ssin": int(person),
            "current_ssin": int(person),
            "status": 4 if position % 1000 == 0 else 1,
            "recorded_at": NOW,
        }
        for position, person in enumerate(PERSONS)
    ]
    with database.writing() as transaction:
        transaction.execute(sa.insert(tables.dossier), rows)
        transaction.execute(sa.insert(tables.dossier_version), [{**row, "standing": True} for row in rows])
        transaction.execute(sa.insert(tables.number), numbers)
        _tell(transaction, directory_tables)
        _look(transaction, directory_tables)
    with database.reading() as connection:
        connection.exec_driver_sql("ANALYZE")
    return database


def _tell(transaction: sa.Connection, tables: DirectoryTables) -> None:
    """Write 30 notices to each of 600 institutions, all of each minute in one commit."""
    institutions = [
        {"sector": sector, "institution": institution}
        for sector in range(1, 21)
        for institution in range(1, 31)
    ]
    states = [
        {**each, "last_no": NOTICES_EACH, "acknowledged_no": 20, "kept_from": 1} for each in institutions
    ]
    common = {
        "kind": int(NoticeKind.DATA_CHANGED),
        "ssin": int(SOMEBODY),
        "current_ssin": int(SOMEBODY),
        "changed_at": NOW,
    }
    notices = [
        {**each, **common, "notice_no": number, "recorded_at": told_at(number), "notice_id": notice_id}
        for each in institutions
        for number, notice_id in enumerate(new_ids(NOTICES_EACH), 1)
    ]
    transaction.execute(sa.insert(tables.following.notice_state), states)
    transaction.execute(sa.insert(tables.following.notice), notices)


def told_at(number: int) -> dt.datetime:
    """Return when the notices of a number were recorded."""
    return NOW - dt.timedelta(minutes=NOTICES_EACH - number)


def _look(transaction: sa.Connection, tables: DirectoryTables) -> None:
    """Write looks at 2,000 persons."""
    common = {
        "participant_id": "x",
        "method": "m",
        "end_user": "u",
        "legal_basis": "l",
        "case_reference": "c",
        "data_groups": "dossier",
        "result": "found",
    }
    looks = [
        {
            **common,
            "access_id": access_id,
            "subject": subject(place % 2_000),
            "position": place,
            "recorded_at": looked_at(place),
        }
        for place, access_id in enumerate(new_ids(LOOKS))
    ]
    heads = [
        {
            "log": "access",
            "tree_size": size,
            "root_hash": b"r",
            "signed_at": looked_at(size),
            "key_id": "k",
            "signature": b"s",
        }
        for size in range(5, LOOKS + 1, 5)
    ]
    transaction.execute(sa.insert(tables.shared.access), looks)
    transaction.execute(sa.insert(tables.shared.seals.tree_head), heads)


def looked_at(place: int) -> dt.datetime:
    """Return when a look was recorded: one a minute."""
    return NOW - dt.timedelta(minutes=LOOKS - place)


def subject(place: int) -> bytes:
    """Return a pseudonym."""
    return place.to_bytes(16)


class Recorder:
    """Keeps every statement that reaches the driver."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: list[tuple[str, Any]] = []
        sa.event.listen(database.engine, "before_cursor_execute", self._core)
        original = HotStatement.rows
        seen = self.seen

        def rows(statement: HotStatement, **values: Any) -> list[tuple[Any, ...]]:
            seen.append((statement.sql, statement._bound(dict(values))))
            return original(statement, **values)

        monkeypatch.setattr(HotStatement, "rows", rows)

    def _core(
        self, _c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
    ) -> None:
        self.seen.append((statement, parameters))


QUERIES = {
    "list_open": lambda w: w.reader.list_open(SOMEBODY, valid_at=DAY, limit=101),
    "list_open_of_many": lambda w: w.reader.list_open_of_many(PERSONS[:1000], valid_at=DAY),
    "list_page": lambda w: w.reader.list_page(
        SOMEBODY, valid_at=DAY, known_at=None, narrowed=EVERYTHING, after=[1, 1, 10, DAY, 0], limit=101
    ),
    "list_page_narrowed": lambda w: w.reader.list_page(
        SOMEBODY, valid_at=None, known_at=None, narrowed=DossierFilter(5, 1, 10), after=None, limit=101
    ),
    "list_page_known_at": lambda w: w.reader.list_page(
        SOMEBODY, valid_at=DAY, known_at=NOW, narrowed=EVERYTHING, after=None, limit=101
    ),
    "list_of_many_known_at": lambda w: w.reader.list_of_many(
        PERSONS[:100], valid_at=DAY, known_at=NOW, narrowed=EVERYTHING
    ),
    "dossiers_of": lambda w: w.reader.dossiers_of(PERSONS[:100], None),
    "resolve": lambda w: w.reader.resolve(SOMEBODY),
    # Many of so few rows are rightly read by a scan.
    "resolve_all": lambda w: w.reader.resolve_all(PERSONS[:5]),
    "in_capacities": lambda w: w.attention.in_capacities(PENSIONS, [10], today=DAY, after=None, limit=101),
    "dossiers_of_known_at": lambda w: w.reader.dossiers_of(PERSONS[:50], NOW),
    "list_of_many_narrowed": lambda w: w.reader.list_of_many(
        PERSONS[:50], valid_at=DAY, known_at=None, narrowed=DossierFilter(5)
    ),
    "not_confirmed": lambda w: w.attention.not_confirmed(
        PENSIONS, before=NOW, today=DAY, after=None, limit=101
    ),
    "overlapping": lambda w: w.attention.overlapping(PENSIONS, today=DAY, after=None, limit=101),
    "orphaned": lambda w: w.attention.orphaned(PENSIONS, today=DAY, after=None, limit=101),
    "capacities_in_use": lambda w: w.attention.capacities_in_use(PENSIONS, today=DAY),
    "coverage": lambda w: w.attention.coverage([PENSIONS, InstitutionKey(6, 1)]),
    "open_book": lambda w: w.open_book(),
    "open_books": lambda w: w.open_books(),
    "export": lambda w: w.exporting.stretch(PENSIONS, Selection(), 0),
    "export of a day": lambda w: w.exporting.stretch(
        PENSIONS, Selection(DAY, 10, NOW - dt.timedelta(days=1)), int(SOMEBODY)
    ),
    "notices.state": lambda w: w.notices.state(PENSIONS),
    "notices.list_after": lambda w: w.notices.list_after(PENSIONS, 5, 10),
    "notices.latest": lambda w: w.notices.latest(),
    "notices.new_after": lambda w: w.notices.new_after(told_at(NOTICES_EACH - 1)),
    "notices.last_before": lambda w: w.notices.last_before(PENSIONS, told_at(10)),
    "notices.list_between": lambda w: w.notices.list_between(PENSIONS, told_at(10), told_at(20)),
    "notices.list_holdings": lambda w: w.notices.list_holdings(PENSIONS, None, 10),
    "notices.list_holdings after": lambda w: w.notices.list_holdings(
        PENSIONS, Holding(SOMEBODY, SOMEBODY), 10
    ),
    "notices.acknowledge": lambda w: w.notices.acknowledge(PENSIONS, 25),
    "notices.write": lambda w: w.write_notice(),
    "notices.let_go": lambda w: w.notices.let_go(told_at(2)),
    "impacts.resolve": lambda w: w.impacts.resolve(SOMEBODY),
    "impacts.standing": lambda w: w.impacts.standing([SOMEBODY, PERSONS[0]]),
    "looks": lambda w: w.audit.looks(LookFilter([subject(5), subject(6)]), before=None, limit=101),
    "looks of a page": lambda w: w.audit.looks(
        LookFilter([subject(5)], "x", looked_at(5_000), looked_at(9_000)), before=9_000, limit=101
    ),
    "looks at anybody": lambda w: w.audit.looks(
        LookFilter([], "y", looked_at(5_000), looked_at(5_100)), before=None, limit=101
    ),
    "one look": lambda w: w.audit.find("access", new_id()),
}


class World:
    """What is asked."""

    def __init__(self, database: Database, tables: DirectoryTables) -> None:
        self.database = database
        self.reader = DossierReader(database, tables)
        self.attention = AttentionReader(database, tables)
        self.numbers = NumberStore(database, tables)
        clock = FixedClock(NOW)
        self.store = DossierStore(database, tables, change_log(database, tables.shared, clock), clock)
        self.exporting = ExportReader(database, tables)
        self.notices = NoticeStore(database, tables)
        self.impacts = ImpactReader(database, self.store, CursorStore(database, tables))
        seals = SealKeys(Keys(b"k" * 32).derive("seal"), None)
        heads = HeadStore(tables.shared, "directory", seals, clock)
        self.audit = AuditReader(database, tables.shared, heads)

    def open_book(self) -> None:
        with self.database.writing() as transaction:
            self.store.open_book(transaction, SOMEBODY, PENSIONS)

    def open_books(self) -> None:
        """Read some in a transaction of its own."""
        with self.database.writing() as transaction:
            self.store.open_books(transaction, [SOMEBODY, *PERSONS[:50]], PENSIONS)

    def write_notice(self) -> None:
        notice = Notice(PENSIONS, NoticeKind.DECEASED, SOMEBODY, SOMEBODY, NOW, None)
        with self.database.writing() as transaction:
            self.notices.write(transaction, [notice], NOW + dt.timedelta(minutes=1))


def test_no_query_scans(
    filled: Database, directory_tables: DirectoryTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every query path uses an index on the tables that grow with the population."""
    world = World(filled, directory_tables)
    scanning = []
    for name, query in QUERIES.items():
        with monkeypatch.context() as patched:
            recorder = Recorder(filled, patched)
            query(world)
            sa.event.remove(filled.engine, "before_cursor_execute", recorder._core)
        each = dict(recorder.seen)  # one plan a statement
        explained = [plan for statement in each.items() for plan in explain(filled, *statement)]
        assert explained, name
        scanning += [f"{name}: {line}" for line in explained if SCANS[filled.dialect].search(line)]

    assert [] == scanning


def test_what_is_new_is_entered_at_its_instant(
    filled: Database, directory_tables: DirectoryTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not once for each institution: it is asked ten times a second."""
    recorder = Recorder(filled, monkeypatch)
    new = World(filled, directory_tables).notices.new_after(told_at(NOTICES_EACH - 1))
    nothing = World(filled, directory_tables).notices.new_after(NOW)
    sa.event.remove(filled.engine, "before_cursor_execute", recorder._core)
    plan = explain(filled, *recorder.seen[-1])

    assert (600, {NOTICES_EACH}, NOW) == (len(new[0]), set(new[0].values()), new[1])
    assert ({}, NOW) == nothing
    assert [] != [line for line in plan if "ix_notice_recorded_at" in line]
    assert [] == [line for line in plan if "ix_notice_institution" in line]


def test_looks_of_a_time_are_entered_there(
    filled: Database, directory_tables: DirectoryTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them are found, and little is read beside: ten minutes more on each side."""
    reader = World(filled, directory_tables).audit
    recorder = Recorder(filled, monkeypatch)
    found = reader.looks(LookFilter(begin=looked_at(5_000), end=looked_at(5_100)), before=None, limit=1_000)
    sa.event.remove(filled.engine, "before_cursor_execute", recorder._core)
    narrowed = reader._stretch
    access = directory_tables.shared.access
    with filled.reading() as connection:
        bounds = narrowed(connection, LookFilter(begin=looked_at(5_000), end=looked_at(5_100)))
        read = connection.scalar(sa.select(sa.func.count()).select_from(access).where(*bounds))
        open_ended = narrowed(connection, LookFilter(begin=looked_at(0), end=NOW))

    assert list(range(5_099, 4_999, -1)) == [row.position for row in found]
    assert 120 <= (read or 0) <= 140
    assert [] == open_ended


def test_a_scan_would_be_seen(filled: Database, directory_tables: DirectoryTables) -> None:
    """The test above can fail: a question without index is found out."""
    table = directory_tables.dossiers.dossier
    statement = str(sa.select(table.c.person).where(table.c.source == sa.text("'x'")).compile(filled.engine))

    assert [line for line in explain(filled, statement, None) if SCANS[filled.dialect].search(line)]


SCANS = {
    "postgresql": re.compile(r"Seq Scan on (dossier|dossier_version|number|notice|access|tree_head)\b"),
    "sqlite": re.compile(r"\bSCAN (dossier|dossier_version|number|other|notice|access|tree_head)\b"),
}


def explain(database: Database, statement: str, parameters: Any) -> list[str]:
    """Return the plan of a statement, a line each; none for what is no query."""
    if not statement.lstrip().upper().startswith(("SELECT", "WITH", "UPDATE", "DELETE")):
        return []
    prefix = "EXPLAIN " if database.dialect == "postgresql" else "EXPLAIN QUERY PLAN "
    with database.reading() as connection:
        cursor = connection.connection.cursor()
        cursor.execute(prefix + statement, *([parameters] if parameters else []))
        return [str(row[-1]) for row in cursor.fetchall()]


@pytest.mark.parametrize("known_at", [None, NOW])
def test_a_thousand_persons_cost_as_many_statements_as_ten(
    filled: Database, directory_tables: DirectoryTables, known_at: dt.datetime | None
) -> None:
    """Numbers and dossiers are read by arrays: what ResolveDossiers reads for one message, and an import for one request."""
    world = World(filled, directory_tables)
    counts = []
    for some in (PERSONS[:10], PERSONS[:1000]):
        with pytest.MonkeyPatch.context() as patched:
            recorder = Recorder(filled, patched)
            world.reader.resolve_all(some, known_at)
            world.reader.list_of_many(some, valid_at=DAY, known_at=known_at, narrowed=EVERYTHING)
            with filled.writing() as transaction:
                world.store.settle_all(transaction, some)
                world.store.open_books(transaction, some, PENSIONS)
            sa.event.remove(filled.engine, "before_cursor_execute", recorder._core)
        counts.append([statement for statement, _ in recorder.seen if statement != "BEGIN IMMEDIATE"])

    assert [len(each) for each in counts] == [len(counts[0])] * 2
    locks = 1 if filled.dialect == "postgresql" else 0
    assert (2 if known_at is None else 4) + 4 + locks == len(counts[1])
