"""Reading, writing and hot statements do the same on SQLite and PostgreSQL."""

import datetime as dt
import os
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import sqlalchemy as sa
from tests.support.calls import NOON

from kruispunt_server import migrate
from kruispunt_server.bulk import bulk_insert
from kruispunt_server.database import ALLOW_UNSAFE, Database, UnsafeDatabaseError, constraint_of
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.hot import HotPool
from kruispunt_server.tables import SharedTables

REQUEST = uuid.UUID("01956a3c-0000-7000-8000-000000000001")


def _add(connection: sa.Connection, tables: SharedTables, name: str, sector: int = 0) -> None:
    connection.execute(
        sa.insert(tables.rights.participant),
        {"participant_id": name, "roles": "", "sector": sector, "institution": 0},
    )


def _names(database: Database, tables: SharedTables) -> list[str]:
    with database.reading() as connection:
        names = sa.select(tables.rights.participant.c.participant_id).order_by(
            tables.rights.participant.c.participant_id
        )
        return list(connection.scalars(names))


def _sector(tables: SharedTables) -> sa.Select[tuple[int]]:
    return sa.select(tables.rights.participant.c.sector).where(
        tables.rights.participant.c.participant_id == sa.bindparam("name")
    )


def test_writing_commits_at_its_end(database: Database, tables: SharedTables) -> None:
    """What was written is there for everybody."""
    with database.writing() as connection:
        _add(connection, tables, "pensions")

    assert ["pensions"] == _names(database, tables)


def test_writing_rolls_back_on_any_exception(database: Database, tables: SharedTables) -> None:
    """Nothing of a transaction that failed is left."""

    def fail() -> None:
        with database.writing() as connection:
            _add(connection, tables, "pensions")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert [] == _names(database, tables)


def test_read_modify_write_from_eight_threads_loses_nothing(database: Database, tables: SharedTables) -> None:
    """Writers of one key that take its lock follow one another."""
    row = tables.rights.participant
    with database.writing() as connection:
        _add(connection, tables, "pensions")

    def add_one(_: int) -> None:
        with database.writing() as connection:
            database.lock(connection, 85_010_100_123)
            before = connection.execute(sa.select(row.c.sector)).scalar_one()
            connection.execute(sa.update(row).values(sector=before + 1))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add_one, range(200)))

    with database.reading() as connection:
        assert 200 == connection.scalar(sa.select(row.c.sector))


def test_a_snapshot_does_not_see_what_is_committed_meanwhile(
    database: Database, tables: SharedTables
) -> None:
    """Several reads of one snapshot agree with each other."""
    count = sa.select(sa.func.count()).select_from(tables.rights.participant)
    with database.snapshot() as connection:
        first = connection.scalar(count)
        with database.writing() as writer:
            _add(writer, tables, "pensions")
        second = connection.scalar(count)

    assert (0, 0) == (first, second)
    assert ["pensions"] == _names(database, tables)


def test_a_violated_key_is_named(database: Database, tables: SharedTables) -> None:
    """PostgreSQL names the constraint, SQLite its columns."""
    with database.writing() as connection:
        _add(connection, tables, "pensions")
    with pytest.raises(sa.exc.IntegrityError) as caught, database.writing() as connection:
        _add(connection, tables, "pensions")

    expected = {"sqlite": "participant.participant_id", "postgresql": "pk_participant"}
    assert expected[database.dialect] == constraint_of(caught.value)


def test_a_violated_check_is_named(database: Database, tables: SharedTables) -> None:
    """Both databases name it."""
    with pytest.raises(sa.exc.IntegrityError) as caught, database.writing() as connection:
        connection.execute(
            sa.insert(tables.rights.participant), {"participant_id": "x", "roles": "", "sector": 3}
        )

    assert "ck_participant_institution" == constraint_of(caught.value)


def test_a_hot_statement_returns_the_drivers_tuples(database: Database, tables: SharedTables) -> None:
    """Any number of times, with any value."""
    with database.writing() as connection:
        _add(connection, tables, "pensions", 9)
        _add(connection, tables, "work", 14)
    hot = database.hot(_sector(tables))

    assert [(9,)] == hot.rows(name="pensions")
    assert [(14,)] == hot.rows(name="work")
    assert [] == hot.rows(name="nobody")


def test_a_hot_statement_sees_what_was_just_committed(database: Database, tables: SharedTables) -> None:
    """It holds no transaction open between two uses."""
    hot = database.hot(_sector(tables))
    before = hot.rows(name="pensions")
    with database.writing() as connection:
        _add(connection, tables, "pensions", 9)

    assert ([], [(9,)]) == (before, hot.rows(name="pensions"))


def test_a_hot_statement_takes_identifiers_dates_and_instants(
    database: Database, tables: SharedTables
) -> None:
    """Parameters are given in Python's types on both databases."""
    key = tables.idempotency
    with database.writing() as connection:
        connection.execute(
            sa.insert(key),
            {
                "participant_id": "pensions",
                "request_id": REQUEST,
                "method": "m",
                "digest": b"d",
                "response": b"r",
                "recorded_at": NOON,
            },
        )
    hot = database.hot(
        sa.select(key.c.response)
        .where(key.c.request_id == sa.bindparam("request"), key.c.recorded_at <= sa.bindparam("until"))
        .limit(sa.bindparam("limit", type_=sa.Integer))
    )

    assert [(b"r",)] == hot.rows(request=REQUEST, until=NOON, limit=1)
    assert [] == hot.rows(request=REQUEST, until=NOON - dt.timedelta(microseconds=1), limit=1)


def test_a_hot_statement_with_values_of_its_own_keeps_them(database: Database, tables: SharedTables) -> None:
    """Literals in the statement need not be given."""
    with database.writing() as connection:
        _add(connection, tables, "pensions", 9)
    hot = database.hot(
        sa.select(tables.rights.participant.c.participant_id).where(tables.rights.participant.c.sector == 9)
    )

    assert [("pensions",)] == hot.rows()


@pytest.mark.parametrize(
    ("sectors", "expected"),
    [
        ([], []),
        ([3], ["p3"]),
        ([5, 1, 85_010_100_123], ["p1", "p5"]),
        (list(range(40_000)), ["p1", "p3", "p5"]),
    ],
)
def test_a_hot_statement_takes_a_list_as_an_array(
    postgres_url: str, tables: SharedTables, sectors: list[int], expected: list[str]
) -> None:
    """Of any length, with whole numbers of any size."""
    database = Database.open(postgres_url)
    row = tables.rights.participant
    with database.writing() as connection:
        for sector in (1, 3, 5):
            _add(connection, tables, f"p{sector}", sector)
    hot = database.hot(
        sa.select(row.c.participant_id)
        .where(row.c.sector == sa.any_(sa.bindparam("sectors", type_=sa.ARRAY(sa.BigInteger))))
        .order_by(row.c.participant_id)
    )
    found = [hot.rows(sectors=sectors) for _ in range(2)]
    database.close()

    assert [[(name,) for name in expected]] * 2 == found


def test_a_hot_statement_names_a_violated_key(database: Database, tables: SharedTables) -> None:
    """As a transaction would; the connection stays usable."""
    hot = database.hot(
        sa.insert(tables.rights.participant).values(
            participant_id=sa.bindparam("name"), roles=sa.bindparam("roles")
        )
    )
    hot.run(name="pensions", roles="")

    with pytest.raises(sa.exc.IntegrityError) as caught:
        hot.run(name="pensions", roles="")
    hot.run(name="work", roles="")

    expected = {"sqlite": "participant.participant_id", "postgresql": "pk_participant"}
    assert expected[database.dialect] == constraint_of(caught.value)
    assert ["pensions", "work"] == _names(database, tables)


def test_a_hot_statement_whose_text_depends_on_its_values_is_refused(
    database: Database, tables: SharedTables
) -> None:
    """IN with a list has a text per length."""
    statement = sa.select(tables.rights.participant.c.roles).where(
        tables.rights.participant.c.sector.in_(sa.bindparam("sectors", expanding=True))
    )

    with pytest.raises(ValueError, match="one text"):
        database.hot(statement)


def test_eight_threads_share_hot_statements(database: Database, tables: SharedTables) -> None:
    """Each answer belongs to its question."""
    with database.writing() as connection:
        bulk_insert(
            connection,
            tables.rights.participant,
            [{"participant_id": f"p{n}", "roles": "", "sector": n, "institution": 0} for n in range(100)],
        )
    hot = database.hot(_sector(tables))

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda n: hot.rows(name=f"p{n % 100}"), range(1000)))

    assert [[(n % 100,)] for n in range(1000)] == answers


def test_bulk_insert_writes_every_row_and_type(database: Database, tables: SharedTables) -> None:
    """What comes back is what went in."""
    rows = [
        {
            "change_id": uuid.UUID(int=n),
            "recorded_at": NOON,
            "participant_id": "pensions",
            "method": "m\t\\N",
            "request_id": REQUEST,
            "commit_id": REQUEST,
            "subject": bytes([n, 0, 255]),
            "kind": "é",
            "key_id": None,
            "payload": bytes([0, n]),
        }
        for n in range(3)
    ]
    with database.writing() as connection:
        bulk_insert(connection, tables.change, rows)
        bulk_insert(connection, tables.change, [])

    with database.reading() as connection:
        columns = [tables.change.c[name] for name in rows[0]]
        found = connection.execute(sa.select(*columns).order_by(tables.change.c.change_id))
        assert rows == [dict(row) for row in found.mappings()]


def test_bulk_insert_names_a_violated_key(database: Database, tables: SharedTables) -> None:
    """As a single insert does; no row is left."""
    row = {"participant_id": "pensions", "roles": ""}
    with pytest.raises(sa.exc.IntegrityError) as caught, database.writing() as connection:
        bulk_insert(connection, tables.rights.participant, [row, row])

    expected = {"sqlite": "participant.participant_id", "postgresql": "pk_participant"}
    assert expected[database.dialect] == constraint_of(caught.value)
    assert [] == _names(database, tables)


def test_an_instant_without_zone_is_refused(database: Database, tables: SharedTables) -> None:
    """It would mean another moment on another machine."""
    hot = database.hot(
        sa.select(tables.access.c.result).where(tables.access.c.recorded_at == sa.bindparam("at"))
    )

    with pytest.raises(ValueError, match="an instant has a time zone"):
        hot.rows(at=NOON.replace(tzinfo=None))


def test_a_writer_that_waits_too_long_is_told_so(sqlite_url: str) -> None:
    """The lock of another process, or of another thread, ends as STORE_UNAVAILABLE with a time to retry."""
    first, second = (Database.open(sqlite_url, busy_timeout_s=0.1) for _ in range(2))
    held, release = Event(), Event()

    def hold() -> None:
        with first.writing():
            held.set()
            release.wait(10)

    with ThreadPoolExecutor(1) as threads:
        holding = threads.submit(hold)
        held.wait(10)
        refusals = []
        for waiting in (first, second):
            with pytest.raises(RegistryError) as caught, waiting.writing():
                pass
            refusals.append((caught.value.reason, caught.value.retry_after_s))
        release.set()
        holding.result()
    first.close()
    second.close()

    assert [(Reason.STORE_UNAVAILABLE, 1.0)] * 2 == refusals


def test_a_slow_statement_is_given_up(postgres_url: str) -> None:
    """PostgreSQL ends it at the time limit."""
    database = Database.open(postgres_url, statement_timeout_s=0.1)

    with pytest.raises(RegistryError) as caught, database.reading() as connection:
        connection.execute(sa.text("SELECT pg_sleep(5)"))
    database.close()

    assert Reason.STORE_UNAVAILABLE == caught.value.reason


def test_a_server_that_does_not_answer_is_given_up(postgres_url: str) -> None:
    """Even one whose own time limit does not work; both kinds of connection are replaced afterwards."""
    database = Database.open(postgres_url, statement_timeout_s=0.1)
    no_limit = sa.select(sa.func.set_config("statement_timeout", "0", False))
    sleep: sa.Select[Any] = sa.select(sa.literal_column("1")).where(sa.func.pg_sleep(30).is_not(None))
    database.hot(no_limit).rows()
    started = time.monotonic()

    with pytest.raises(RegistryError) as hot:
        database.hot(sleep).rows()

    def sleep_without_limit() -> None:
        with database.reading() as connection:
            connection.execute(no_limit)
            connection.execute(sleep)

    with pytest.raises(RegistryError) as plain:
        sleep_without_limit()
    took_s = time.monotonic() - started
    database.probe()
    with database.reading() as connection:
        answer = connection.scalar(sa.text("SELECT 1"))
    database.close()

    assert [Reason.STORE_UNAVAILABLE] * 2 == [hot.value.reason, plain.value.reason]
    assert took_s < 10
    assert 1 == answer


def test_a_deadlock_is_a_concurrent_change(postgres_url: str) -> None:
    """One of the two is told to try again, the other goes on."""
    database = Database.open(postgres_url)
    both = [Event(), Event()]

    def lock(own: int) -> Reason | None:
        try:
            with database.writing() as connection:
                database.lock(connection, own)
                both[own].set()
                both[1 - own].wait(10)
                database.lock(connection, 1 - own)
        except RegistryError as error:
            return error.reason
        return None

    with ThreadPoolExecutor(2) as threads:
        outcomes = set(threads.map(lock, (0, 1)))
    database.close()

    assert {None, Reason.CONCURRENT_CHANGE} == outcomes


def test_a_broken_connection_is_replaced_at_the_next_use(postgres_url: str, tables: SharedTables) -> None:
    """The call that meets it is told to retry; the next one works."""
    database = Database.open(postgres_url)
    hot = database.hot(_sector(tables))
    hot.rows(name="pensions")
    with database.reading() as connection:
        connection.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )

    with pytest.raises(RegistryError) as caught:
        hot.rows(name="pensions")
    after = hot.rows(name="pensions")
    database.close()

    assert Reason.STORE_UNAVAILABLE == caught.value.reason
    assert [] == after


def test_a_database_that_is_not_there_cannot_be_opened(postgres_url: str, tmp_path: Path) -> None:
    """The refusal is the same for both."""
    missing = sa.make_url(postgres_url).set(database="nothing_here").render_as_string(hide_password=False)
    for url in (missing, f"sqlite:///{tmp_path}/no/such/folder/x.db"):
        with pytest.raises(RegistryError) as caught:
            Database.open(url)
        assert Reason.STORE_UNAVAILABLE == caught.value.reason


def test_a_server_that_may_lose_what_it_acknowledged_is_refused(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test cluster flushes nothing, which is allowed by name only."""
    monkeypatch.delenv(ALLOW_UNSAFE)

    with pytest.raises(UnsafeDatabaseError, match="fsync off"):
        Database.open(postgres_url)


@pytest.mark.parametrize("url", ["mysql://host/name", "sqlite://", "sqlite:///:memory:"])
def test_another_kind_of_database_is_refused(url: str) -> None:
    """A database in memory is not shared by the connections to it."""
    with pytest.raises((ValueError, sa.exc.ArgumentError)):
        Database.open(url)


def test_sqlite_flushes_every_commit_and_holds_references(sqlite_url: str) -> None:
    """Both kinds of connection have the same settings."""
    database = Database.open(sqlite_url)
    names = ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")
    with database.reading() as connection:
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]
    hot = [database.hot(sa.text(f"PRAGMA {name}")).rows() for name in names]
    database.close()

    assert ["wal", 2, 1, 1] == found
    assert [[("wal",)], [(2,)], [(1,)], [(1,)]] == hot


@pytest.mark.parametrize("way", ["open", "migrate"])
def test_a_database_file_is_for_its_owner_only(tmp_path: Path, way: str) -> None:
    """With the write-ahead log beside it, whatever the umask leaves."""
    path = tmp_path / "directory.db"
    before = os.umask(0o022)
    try:
        if way == "migrate":
            migrate.upgrade(f"sqlite:///{path}", "directory")
        database = Database.open(f"sqlite:///{path}")
        with database.writing() as connection:
            connection.exec_driver_sql("CREATE TABLE made (number INTEGER)")
            modes = {one.name: oct(one.stat().st_mode & 0o777) for one in tmp_path.iterdir()}
        database.close()
    finally:
        os.umask(before)

    assert {"directory.db": "0o600", "directory.db-wal": "0o600", "directory.db-shm": "0o600"} == modes


def test_a_database_file_that_is_there_keeps_its_mode(sqlite_url: str) -> None:
    """An operator may have given a group access."""
    path = Path(str(sa.make_url(sqlite_url).database))
    path.chmod(0o640)

    Database.open(sqlite_url).close()

    assert 0o640 == path.stat().st_mode & 0o777


class _NoSession:
    """A connection that is only counted."""

    def __init__(self, opened: list["_NoSession"]) -> None:
        self.closed = False
        opened.append(self)

    def rows(self, *_: Any) -> list[Any]:
        """Return none."""
        return []

    def run(self, *_: Any) -> None:
        """Do nothing."""

    def usable(self) -> bool:
        """Say yes."""
        return True

    def close(self) -> None:
        """Note it."""
        self.closed = True


def test_hot_connections_are_bounded() -> None:
    """When all are in use for too long the store cannot be used; one that comes back or breaks makes room."""
    opened: list[_NoSession] = []
    pool = HotPool(lambda: _NoSession(opened), 2, 0.1)
    first, second = pool.take(), pool.take()

    with pytest.raises(RegistryError) as caught:
        pool.take()
    pool.give_back(first)
    again = pool.take()
    pool.discard(second)
    third = pool.take()

    assert Reason.STORE_UNAVAILABLE == caught.value.reason
    assert again is first
    assert [False, True, False] == [one.closed for one in opened]
    pool.close()
    for one in (again, third):
        pool.give_back(one)
    assert [True, True, True] == [one.closed for one in opened]


def test_a_call_waits_for_a_hot_connection() -> None:
    """It gets the one that comes back; a connection that cannot be opened takes no place."""
    opened: list[_NoSession] = []
    refusals = [ConnectionError()]

    def connect() -> _NoSession:
        if refusals:
            raise refusals.pop()
        return _NoSession(opened)

    pool = HotPool(connect, 1, 30.0)
    with pytest.raises(ConnectionError):
        pool.take()
    only = pool.take()
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(pool.take)
        time.sleep(0.1)
        assert not waiting.done()
        pool.give_back(only)

        assert only is waiting.result(10)


def test_sixteen_threads_share_two_hot_connections() -> None:
    """None waits in vain, and no connection is in two hands."""
    opened: list[_NoSession] = []
    pool = HotPool(lambda: _NoSession(opened), 2, 30.0)
    held: set[int] = set()

    def use(_: int) -> bool:
        session = pool.take()
        alone = id(session) not in held
        held.add(id(session))
        time.sleep(0)
        held.discard(id(session))
        pool.give_back(session)
        return alone

    with ThreadPoolExecutor(16) as threads:
        outcomes = list(threads.map(use, range(2000)))

    assert all(outcomes)
    assert 2 >= len(opened)


def test_probe_answers(database: Database) -> None:
    """Nothing is raised while the database is there."""
    database.probe()
