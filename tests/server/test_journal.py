"""No answer leaves before its access record is committed; the logs only grow."""

import datetime as dt
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from tests.support.calls import METHOD, NOON, PSEUDONYMS, call_of, change_log, said_in, subject_keys

from kruispunt_server.call import Call
from kruispunt_server.change import Change
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.ids import new_id
from kruispunt_server.journal import AccessJournal
from kruispunt_server.tables import SharedTables
from kruispunt_server.unavailable import unavailable

ANNA = 85_010_100_123
LATER = NOON + dt.timedelta(seconds=2)


@pytest.fixture
def journal(database: Database, tables: SharedTables) -> Iterator[AccessJournal]:
    """A journal on each kind of database."""
    made = AccessJournal(database, tables, PSEUDONYMS, FixedClock(LATER))
    made.start()
    yield made
    made.close()


def _looked(count: int = 1) -> Call:
    call = call_of()
    for number in range(count):
        call.look(ANNA + number, "dossier", "found")
    return call


def _count(database: Database, table: sa.Table) -> int | None:
    with database.reading() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table))


def test_a_record_says_who_looked_at_whom_and_why(
    journal: AccessJournal, database: Database, tables: SharedTables
) -> None:
    """The person is there as a pseudonym only."""
    call = call_of()
    look_id = call.look(ANNA, "dossier", "none")
    journal.commit(call)

    with database.reading() as connection:
        rows = [dict(row) for row in connection.execute(sa.select(tables.access)).mappings()]
    assert [
        {
            "entry_no": 1,
            "access_id": look_id,
            "recorded_at": LATER,
            "participant_id": "pensions",
            "method": METHOD,
            "end_user": "clerk-7",
            "legal_basis": "08/027",
            "case_reference": "file-12",
            "subject": PSEUDONYMS.of(ANNA),
            "data_groups": "dossier",
            "result": "none",
            "via": None,
            "position": None,
        }
    ] == rows
    assert [] == call.looks


def test_records_are_visible_to_others_when_commit_returns(
    journal: AccessJournal, database: Database, database_url: str, tables: SharedTables
) -> None:
    """Each of a thousand concurrent commits finds its own record through another connection; all are there once."""
    other = Database.open(database_url)
    seen = other.hot(sa.select(sa.func.count()).where(tables.access.c.access_id == sa.bindparam("look")))

    def commit(_: int) -> int:
        call = call_of()
        look = call.look(ANNA, "dossier", "found")
        journal.commit(call)
        return int(seen.rows(look=look)[0][0])

    with ThreadPoolExecutor(32) as threads:
        found = Counter(threads.map(commit, range(1000)))
    other.close()

    assert {1: 1000} == found
    assert 1000 == _count(database, tables.access)


def test_a_call_without_looks_writes_nothing(
    journal: AccessJournal, database: Database, tables: SharedTables
) -> None:
    """Code tables are nobody's data."""
    journal.commit(call_of(purpose=None))

    assert 0 == _count(database, tables.access)


def test_a_look_without_purpose_is_refused(
    journal: AccessJournal, database: Database, tables: SharedTables
) -> None:
    """There is no record without a reason, and so no answer."""
    call = call_of(purpose=None)
    call.look(ANNA, "dossier", "found")

    with pytest.raises(RegistryError) as caught:
        journal.commit(call)

    assert Reason.PURPOSE_REQUIRED == caught.value.reason
    assert 0 == _count(database, tables.access)


def test_many_looks_of_one_call_are_written_at_once(
    journal: AccessJournal, database: Database, tables: SharedTables
) -> None:
    """More than fit in one group."""
    journal.commit(_looked(12_000))

    assert 12_000 == _count(database, tables.access)


def test_a_record_that_cannot_be_written_fails_its_own_call_only(
    database: Database, tables: SharedTables
) -> None:
    """A record whose identifier exists already does not take those with it that were written beside it."""
    journal = AccessJournal(database, tables, PSEUDONYMS, FixedClock(LATER))
    twice = _looked()
    same = call_of()
    same.looks.extend(twice.looks)
    journal.commit(twice)
    calls = [_looked(), same, _looked()]

    outcomes = _commit_as_one_group(database, journal, calls)

    assert ["written", "IntegrityError", "written"] == outcomes
    assert 4 == _count(database, tables.access)  # the first, the two, and the one that held the others up


def test_an_unavailable_database_fails_every_waiting_call(
    database: Database, tables: SharedTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is told, none hangs, and the journal works again when the database does."""
    journal = AccessJournal(database, tables, PSEUDONYMS, FixedClock(LATER))
    with monkeypatch.context() as broken:
        broken.setattr(journal, "_insert_rows", _refuse)
        with ThreadPoolExecutor(8) as threads:
            outcomes = Counter(threads.map(lambda _: _outcome(journal, _looked()), range(50)))
    journal.commit(_looked())

    assert {"STORE_UNAVAILABLE": 50} == outcomes
    assert 1 == _count(database, tables.access)


def test_a_fault_of_ours_while_writing_leaves_nobody_waiting(
    database: Database, tables: SharedTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even what no handler expects ends the wait of everybody, without a single answer."""
    journal = AccessJournal(database, tables, PSEUDONYMS, FixedClock(LATER))

    def die(_: object) -> None:
        time.sleep(0.05)
        raise SystemExit

    with monkeypatch.context() as broken, ThreadPoolExecutor(8) as threads:
        broken.setattr(journal, "_insert_rows", die)
        outcomes = Counter(threads.map(lambda _: _outcome(journal, _looked()), range(16)))
    journal.commit(_looked())

    assert {"SystemExit", "STORE_UNAVAILABLE"} >= set(outcomes)
    assert 16 == outcomes.total()
    assert 1 == _count(database, tables.access)


def test_a_dropped_connection_is_told_and_forgotten(postgres_url: str, tables: SharedTables) -> None:
    """After a restart of PostgreSQL the next call is recorded."""
    database = Database.open(postgres_url)
    journal = AccessJournal(database, tables, PSEUDONYMS, FixedClock(LATER))
    journal.commit(_looked())
    with database.reading() as connection:
        connection.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )

    outcomes = [_outcome(journal, _looked()) for _ in range(2)]
    database.close()

    assert ["STORE_UNAVAILABLE", "written"] == outcomes


def test_a_call_whose_deadline_passes_does_not_wait_for_a_slow_write(
    database: Database, tables: SharedTables
) -> None:
    """It is refused and never recorded; those with time left are."""
    journal = AccessJournal(database, tables, PSEUDONYMS, FixedClock(LATER))
    hurried = call_of(seconds_left=0.05)
    hurried.look(ANNA, "dossier", "found")

    outcomes = _commit_as_one_group(database, journal, [_looked(), hurried, _looked()], hold_s=0.3)

    assert ["written", "DEADLINE_OVER", "written"] == outcomes
    assert 3 == _count(database, tables.access)


def test_a_closed_journal_takes_nothing(database: Database, tables: SharedTables) -> None:
    """A call that comes too late is told to go elsewhere."""
    journal = AccessJournal(database, tables, PSEUDONYMS, FixedClock(LATER))
    journal.close()

    assert "STORE_UNAVAILABLE" == _outcome(journal, _looked())


def test_closing_waits_for_what_is_being_written(database: Database, tables: SharedTables) -> None:
    """Calls that are in when the server drains get their records."""
    journal = AccessJournal(database, tables, PSEUDONYMS, FixedClock(LATER))
    closer = threading.Thread(target=journal.close)
    still_waiting: list[bool] = []

    def close() -> None:
        closer.start()
        closer.join(0.2)
        still_waiting.append(closer.is_alive())

    outcomes = _commit_as_one_group(database, journal, [_looked(), _looked()], meanwhile=close)
    closer.join(10)

    assert [True] == still_waiting
    assert ["written", "written"] == outcomes
    assert not closer.is_alive()
    assert 3 == _count(database, tables.access)


def test_a_change_is_recorded_with_what_it_did(database: Database, tables: SharedTables) -> None:
    """Who, why and when, in clear; of whom, before and after, encrypted; absent is absent."""
    log = change_log(database, tables, FixedClock(NOON))
    request_id = new_id()
    change = Change(ANNA, "dossier.registered", None, {"capacity": 1}, other=7, told={"from": "2026-01-01"})
    with database.writing() as connection:
        [change_id] = log.record(connection, call_of(), [change], request_id=request_id)

    with database.reading() as connection:
        row = connection.execute(sa.select(tables.change)).one()
        said = said_in(connection, subject_keys(database, tables, FixedClock(NOON)), row)
    kept = dict(row._mapping)
    assert {
        "entry_no": 1,
        "change_id": change_id,
        "recorded_at": NOON,
        "participant_id": "pensions",
        "method": METHOD,
        "end_user": "clerk-7",
        "legal_basis": "08/027",
        "case_reference": "file-12",
        "request_id": request_id,
        "subject": PSEUDONYMS.of(ANNA),
        "kind": "dossier.registered",
        "via": None,
        "position": None,
    } == {name: value for name, value in kept.items() if name not in ("commit_id", "key_id", "payload")}
    assert {
        "person": ANNA,
        "other": 7,
        "after": {"capacity": 1},
        "told": {"from": "2026-01-01"},
    } == said
    assert str(ANNA).encode() not in row.payload


def test_what_one_transaction_records_is_one_commit(database: Database, tables: SharedTables) -> None:
    """However often it records; the next transaction, on the same connection perhaps, is another."""
    log = change_log(database, tables, FixedClock(NOON))
    for _ in range(2):
        with database.writing() as connection:
            for _ in range(2):
                log.record(connection, call_of(), [Change(ANNA, "k")], request_id=new_id())

    with database.reading() as connection:
        rows = connection.execute(sa.select(tables.change.c.commit_id).order_by(tables.change.c.entry_no))
        first, second, third, fourth = rows.scalars()
    assert first == second
    assert third == fourth
    assert first != third


def test_a_subject_has_one_key_whoever_comes_first(database: Database, tables: SharedTables) -> None:
    """Eight transactions that record the first change of one person agree on its key."""
    log = change_log(database, tables, FixedClock(NOON))

    def record(_: int) -> None:
        with database.writing() as connection:
            log.record(connection, call_of(), [Change(ANNA, "k", None, {"n": 1})], request_id=new_id())

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(record, range(8)))

    with database.reading() as connection:
        keys = connection.execute(sa.select(tables.change.c.key_id).distinct()).all()
    assert 1 == len(keys)
    assert 8 == _count(database, tables.change)


def test_a_payload_is_good_for_its_own_change_only(database: Database, tables: SharedTables) -> None:
    """Put under another change of the same person it cannot be read."""
    log = change_log(database, tables, FixedClock(NOON))
    with database.writing() as connection:
        log.record(connection, call_of(), [Change(ANNA, "a"), Change(ANNA, "b")], request_id=new_id())

    with database.reading() as connection:
        rows = connection.execute(sa.select(tables.change).order_by(tables.change.c.entry_no)).all()
        keys = subject_keys(database, tables, FixedClock(NOON)).named(connection, [rows[0].key_id])
    with pytest.raises(InvalidTag):
        keys[rows[0].key_id].decrypt(rows[0].change_id, rows[1].payload)


@pytest.mark.parametrize("log", ["access", "change"])
@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM {log}",
        "UPDATE {log} SET participant_id = 'x'",
        "UPDATE {log} SET recorded_at = recorded_at",
        "UPDATE {log} SET position = NULL",
        "UPDATE {log} SET subject = NULL, position = 7",
    ],
)
def test_a_log_cannot_be_rewritten(
    database: Database, tables: SharedTables, log: str, statement: str
) -> None:
    """The database itself refuses."""
    _fill(database, tables)

    with (
        pytest.raises(sa.exc.IntegrityError, match=f"{log} is append-only"),
        database.writing() as connection,
    ):
        connection.execute(sa.text(statement.format(log=log)))


@pytest.mark.parametrize("log", ["access", "change"])
def test_a_position_is_given_once(database: Database, tables: SharedTables, log: str) -> None:
    """The sealer sets it; nobody changes it afterwards."""
    _fill(database, tables)
    with database.writing() as connection:
        connection.execute(sa.text(f"UPDATE {log} SET position = 1"))

    with (
        pytest.raises(sa.exc.IntegrityError, match=f"{log} is append-only"),
        database.writing() as connection,
    ):
        connection.execute(sa.text(f"UPDATE {log} SET position = 2"))


@pytest.mark.parametrize("log", ["access", "change"])
def test_a_log_cannot_be_emptied_by_a_side_door(database: Database, tables: SharedTables, log: str) -> None:
    """Neither TRUNCATE nor SQLite's INSERT OR REPLACE goes past the triggers."""
    _fill(database, tables)
    doors = {
        "postgresql": f"TRUNCATE {log}",
        "sqlite": f"INSERT OR REPLACE INTO {log} SELECT * FROM {log}",
    }

    with (
        pytest.raises(sa.exc.IntegrityError, match=f"{log} is append-only"),
        database.writing() as connection,
    ):
        connection.execute(sa.text(doors[database.dialect]))


@pytest.mark.parametrize("log", ["access", "change"])
def test_the_sealer_finds_unsealed_rows_by_index(database: Database, tables: SharedTables, log: str) -> None:
    """However long the log is, only what waits is read."""
    table = {"access": tables.access, "change": tables.change}[log]
    statement = f"SELECT entry_no FROM {log} WHERE position IS NULL ORDER BY entry_no LIMIT 100"
    explain = "EXPLAIN QUERY PLAN " if database.dialect == "sqlite" else "EXPLAIN "
    with database.reading() as connection:
        if database.dialect == "postgresql":
            connection.execute(sa.text("SET enable_seqscan = off"))
        plan = str(connection.execute(sa.text(explain + statement)).all())

    assert f"ix_{table.name}_unsealed" in plan


def _fill(database: Database, tables: SharedTables) -> None:
    AccessJournal(database, tables, PSEUDONYMS, FixedClock(LATER)).commit(_looked())
    log = change_log(database, tables, FixedClock(LATER))
    change = Change(ANNA, "dossier.registered", None, {})
    with database.writing() as connection:
        log.record(connection, call_of(), [change], request_id=new_id())


def test_many_changes_are_recorded_as_each_would_be(database: Database, tables: SharedTables) -> None:
    """In one go; every one says who, why and what."""
    request_id, call = new_id(), call_of()
    log = change_log(database, tables, FixedClock(NOON))
    changes = [
        Change(ANNA, "person.imported", None, {"n": 1}),
        Change(None, "table.changed", {"n": 1}, None),
    ]
    with database.writing() as connection:
        log.record(connection, call, changes * 3, request_id=request_id)
        log.record(connection, call, [], request_id=request_id)
        for change in changes:
            log.record(connection, call, [change], request_id=request_id)

    own = ("entry_no", "change_id", "payload", "position")
    kept = [column for column in tables.change.c if column.name not in own]
    keys = subject_keys(database, tables, FixedClock(NOON))
    in_order = sa.select(tables.change).order_by(tables.change.c.entry_no)
    with database.reading() as connection:
        rows = connection.execute(sa.select(*kept)).all()
        said = [said_in(connection, keys, row) for row in connection.execute(in_order).all()]
    assert [4, 4] == [rows.count(rows[0]), len(rows) - rows.count(rows[0])]
    assert [{"person": ANNA, "after": {"n": 1}}, {"before": {"n": 1}}] * 4 == said


def _refuse(_: object) -> None:
    raise unavailable()


def _outcome(journal: AccessJournal, call: Call) -> str:
    try:
        journal.commit(call)
    except RegistryError as error:
        return error.reason.label
    except (sa.exc.IntegrityError, SystemExit) as error:
        return type(error).__name__
    return "written"


def _commit_as_one_group(
    database: Database,
    journal: AccessJournal,
    calls: list[Call],
    *,
    hold_s: float = 0.0,
    meanwhile: object = None,
) -> list[str]:
    """Commit `calls` while another write goes on, so that they wait and are then written together."""
    write = journal._insert_rows
    started, release = threading.Event(), threading.Event()

    def held(parts: object) -> None:
        if not started.is_set():
            started.set()
            release.wait(10)
        write(parts)  # type: ignore[arg-type]

    journal._insert_rows = held  # type: ignore[method-assign]
    with ThreadPoolExecutor(8) as threads:
        first = threads.submit(_outcome, journal, _looked())
        assert started.wait(10)
        others = [threads.submit(_outcome, journal, call) for call in calls]
        while len(journal._waiting) < len(calls):
            time.sleep(0.001)
        if callable(meanwhile):
            meanwhile()
        time.sleep(hold_s)
        release.set()
        assert "written" == first.result(10)
        return [other.result(10) for other in others]
