"""What the database undid is done again, by one rule, on a real PostgreSQL; what may have happened is not."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
import sqlalchemy as sa
from tests.support.calls import NOON, call_of

from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.repeating import ATTEMPTS
from kruispunt_server.tables import SharedTables
from kruispunt_server.time_left import works_until
from kruispunt_server.writes import WriteKey, Writes

STRICTER = {"options": r"-c default_transaction_isolation=repeatable\ read"}


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    """PostgreSQL as it usually is."""
    opened = Database.open(postgres_url)
    yield opened
    opened.close()


@pytest.fixture
def stricter(postgres_url: str) -> Iterator[Database]:
    """PostgreSQL whose transactions all see one state, so that the second to change a row is undone."""
    url = sa.make_url(postgres_url).update_query_dict(STRICTER)
    opened = Database.open(url.render_as_string(hide_password=False))
    yield opened
    opened.close()


@pytest.fixture
def writes(database: Database, tables: SharedTables) -> Writes:
    return Writes(database, tables, FixedClock(NOON))


def key_of(number: int, *, validate_only: bool = False) -> WriteKey:
    return WriteKey(uuid.UUID(int=number), b"digest", validate_only=validate_only)


def add(connection: sa.Connection, tables: SharedTables, name: str, sector: int = 0) -> None:
    row = {"participant_id": name, "roles": "", "sector": sector, "institution": 0}
    connection.execute(sa.insert(tables.rights.participant), row)


def names(database: Database, tables: SharedTables) -> list[str]:
    column = tables.rights.participant.c.participant_id
    with database.reading() as connection:
        return list(connection.scalars(sa.select(column).order_by(column)))


class Breaking:
    """Work that PostgreSQL makes fail as often as it is told, in the way it is told."""

    def __init__(self, tables: SharedTables, statement: str, times: int = 1_000_000) -> None:
        self.runs = 0
        self._tables = tables
        self._statement = statement
        self._times = times

    def __call__(self, connection: sa.Connection) -> bytes:
        self.runs += 1
        add(connection, self._tables, "pensions")
        if self.runs <= self._times:
            connection.exec_driver_sql(self._statement)
        return b"answer"


UNDO = "DO $$ BEGIN RAISE EXCEPTION 'undone' USING ERRCODE = '40001'; END $$"
DIE = "SELECT pg_terminate_backend(pg_backend_pid())"


def test_of_two_that_wait_for_each_other_both_succeed(
    database: Database, writes: Writes, tables: SharedTables
) -> None:
    """PostgreSQL undoes one of them, which is done again: a real deadlock."""
    both, runs = [Event(), Event()], [0, 0]

    def change(own: int) -> bytes:
        def work(connection: sa.Connection) -> bytes:
            runs[own] += 1
            database.lock(connection, own)
            both[own].set()
            both[1 - own].wait(10)
            database.lock(connection, 1 - own)
            add(connection, tables, f"p{own}")
            return b"answer %d" % own

        return writes.run(call_of(), key_of(own), work)

    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(change, (0, 1)))

    assert [b"answer 0", b"answer 1"] == answers
    assert ["p0", "p1"] == names(database, tables)
    assert [1, 2] == sorted(runs)


def test_who_comes_second_begins_anew(stricter: Database, tables: SharedTables) -> None:
    """A real serialization failure: both read before either writes, and no change is lost."""
    row = tables.rights.participant
    both, runs = Barrier(2), []
    with stricter.writing() as connection:
        add(connection, tables, "pensions", 5)

    def raise_by_one(_: int) -> None:
        def unit(connection: sa.Connection) -> None:
            before = connection.execute(sa.select(row.c.sector)).scalar_one()
            runs.append(before)
            if len(runs) <= 2:
                both.wait(10)
            connection.execute(sa.update(row).values(sector=before + 1))

        stricter.transact(unit)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(raise_by_one, range(2)))
    with stricter.reading() as connection:
        after = connection.scalar(sa.select(row.c.sector))

    assert ([5, 5, 6], 7) == (runs, after)


def test_it_is_given_up_after_some_attempts(database: Database, writes: Writes, tables: SharedTables) -> None:
    """The caller is told that another change came between; nothing is left."""
    work = Breaking(tables, UNDO)
    with pytest.raises(RegistryError) as caught:
        writes.run(call_of(), key_of(1), work)

    assert (Reason.CONCURRENT_CHANGE, ATTEMPTS) == (caught.value.reason, work.runs)
    assert [] == names(database, tables)


def test_a_rehearsal_is_repeated_too(database: Database, writes: Writes, tables: SharedTables) -> None:
    """And still leaves nothing."""
    work = Breaking(tables, UNDO, times=1)

    assert b"answer" == writes.run(call_of(), key_of(1, validate_only=True), work)
    assert (2, []) == (work.runs, names(database, tables))


def test_nothing_is_repeated_for_who_no_longer_waits(
    database: Database, writes: Writes, tables: SharedTables
) -> None:
    """The attempt that was undone was the last."""
    work = Breaking(tables, UNDO)

    def late(connection: sa.Connection) -> bytes:
        try:
            return work(connection)
        finally:
            works_until(0.0)

    try:
        with pytest.raises(RegistryError) as caught:
            writes.run(call_of(), key_of(1), late)
    finally:
        works_until(None)

    assert (Reason.CONCURRENT_CHANGE, 1) == (caught.value.reason, work.runs)


def test_what_an_undone_attempt_looked_at_is_forgotten(writes: Writes, tables: SharedTables) -> None:
    """The access log tells what the answer shows, once."""
    call, undone = call_of(), Breaking(tables, UNDO, times=2)
    call.look(1, "dossier", "found")

    def work(connection: sa.Connection) -> bytes:
        call.look(2, "dossier", "none")
        return undone(connection)

    writes.run(call, key_of(1), work)

    assert ([1, 2], 1) == ([look.person for look in call.looks], call.misses)


def test_a_refusal_of_the_work_is_not_repeated(database: Database) -> None:
    """Though it has the same name: the domain knows why."""
    runs = []

    def refuse(_: sa.Connection) -> None:
        runs.append(1)
        raise RegistryError(Reason.CONCURRENT_CHANGE, "the person was split in between")

    with pytest.raises(RegistryError):
        database.transact(refuse)

    assert [1] == runs


def test_a_dead_connection_is_replaced_and_the_work_done(
    database: Database, writes: Writes, tables: SharedTables
) -> None:
    """As after a restart of the database: every connection of the pool is dead before anything is sent."""
    with database.writing() as connection:
        connection.exec_driver_sql("SELECT 1")
    database.hot(
        sa.text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid()"
        )
    ).rows()

    assert b"answer" == writes.run(call_of(), key_of(1), Breaking(tables, "", times=0))
    assert ["pensions"] == names(database, tables)


def test_a_connection_lost_within_the_work_is_replaced(
    database: Database, writes: Writes, tables: SharedTables
) -> None:
    """What was not committed is gone, and done again."""
    work = Breaking(tables, DIE, times=1)

    assert b"answer" == writes.run(call_of(), key_of(1), work)
    assert (2, ["pensions"]) == (work.runs, names(database, tables))


@pytest.fixture
def losing(database: Database) -> Database:
    """A PostgreSQL that loses the connection while it commits, once: nobody knows then whether it did."""
    with database.writing() as connection:
        for statement in (
            "CREATE TABLE once (done int)",
            (
                "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10); RETURN NULL; END $$"
            ),
            (
                "CREATE CONSTRAINT TRIGGER dying AFTER INSERT ON once DEFERRABLE INITIALLY DEFERRED "
                "FOR EACH ROW EXECUTE FUNCTION die()"
            ),
        ):
            connection.exec_driver_sql(statement)
    return database


def test_work_that_knows_itself_again_is_repeated_after_a_lost_commit(
    losing: Database, writes: Writes, tables: SharedTables
) -> None:
    """A mutation is found by its key if it was committed after all."""
    work = Breaking(tables, "INSERT INTO once VALUES (1)", times=1)

    assert b"answer" == writes.run(call_of(), key_of(1), work)
    assert (2, ["pensions"]) == (work.runs, names(losing, tables))


def test_other_work_is_not(losing: Database, tables: SharedTables) -> None:
    """It might be done twice."""
    work = Breaking(tables, "INSERT INTO once VALUES (1)", times=1)
    with pytest.raises(RegistryError) as caught:
        losing.transact(work)

    assert (Reason.STORE_UNAVAILABLE, 1) == (caught.value.reason, work.runs)
