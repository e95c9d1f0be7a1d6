"""A statement lasts no longer than the caller waits: on SQLite, on PostgreSQL, and through PgBouncer."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from kruispunt_server.database import Database
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.postgres_connection import PatientConnection
from kruispunt_server.tables import SharedTables
from kruispunt_server.time_left import for_everybody, works_until

ENDLESS_S = 600
# Neither would end before the test is given up.
ENDLESS = {
    "postgresql": f"SELECT pg_sleep({ENDLESS_S})",
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
}


@pytest.fixture(params=["sqlite", "postgresql", "pooled"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """One connection of each kind, so that the next statement shows what became of it."""
    fixture = {"postgresql": "postgres_url", "sqlite": "sqlite_url", "pooled": "pooled_url"}[request.param]
    opened = Database.open(request.getfixturevalue(fixture), pool_size=1, statement_timeout_s=ENDLESS_S)
    yield opened
    works_until(None)
    opened.close()


def refused(work: Callable[[], Any], left_s: float = 0.2) -> Reason:
    """Work for a call that has so much time left, and return why it was refused."""
    works_until(time.monotonic() + left_s)
    try:
        with pytest.raises(RegistryError) as caught:
            work()
    finally:
        works_until(None)
    return caught.value.reason


def session_of(database: Database) -> Any:
    """Return which session of PostgreSQL hot statements have; on SQLite none."""
    if database.dialect == "sqlite":
        return None
    return database.hot(sa.select(sa.func.pg_backend_pid())).rows()


def add(connection: sa.Connection, tables: SharedTables, name: str) -> None:
    connection.execute(sa.insert(tables.rights.participant), {"participant_id": name, "roles": ""})


def write(database: Database) -> None:
    with database.writing():
        pass


def count(database: Database, tables: SharedTables) -> list[Any]:
    return database.hot(sa.select(sa.func.count()).select_from(tables.rights.participant)).rows()


def test_a_hot_statement_is_cut_off(database: Database) -> None:
    """With DEADLINE_OVER; the connection is good for the next one."""
    hot = database.hot(sa.text(ENDLESS[database.dialect]))
    before = session_of(database)

    assert Reason.DEADLINE_OVER == refused(hot.rows)
    assert before == session_of(database)
    database.probe()


def test_a_transaction_is_cut_off_as_a_whole(database: Database, tables: SharedTables) -> None:
    """Nothing of it is left, and the next one has the connection."""

    def work() -> None:
        with database.writing() as connection:
            add(connection, tables, "pensions")
            connection.exec_driver_sql(ENDLESS[database.dialect])

    reason = refused(work, 0.5)
    with database.writing() as connection:
        add(connection, tables, "work")

    assert Reason.DEADLINE_OVER == reason
    assert [(1,)] == count(database, tables)


def test_nothing_is_begun_when_time_is_over(database: Database, tables: SharedTables) -> None:
    """Neither a hot statement nor a transaction, on PostgreSQL; SQLite ends what takes longer than a moment."""
    if database.dialect == "sqlite":
        pytest.skip("a statement of SQLite is over before the clock is looked at")
    hot = database.hot(
        sa.insert(tables.rights.participant).values(participant_id=sa.bindparam("name"), roles="")
    )

    def write() -> None:
        with database.writing() as connection:
            add(connection, tables, "pensions")

    assert [Reason.DEADLINE_OVER] * 2 == [refused(lambda: hot.run(name="x"), -1), refused(write, -1)]
    assert [(0,)] == count(database, tables)


def test_a_commit_is_not_cut_off(database: Database, tables: SharedTables) -> None:
    """Time that goes by between the last statement and the commit leaves no doubt of what happened."""
    with database.writing() as connection:
        add(connection, tables, "pensions")
        works_until(time.monotonic() - 1)
    works_until(None)

    assert [(1,)] == count(database, tables)


def test_work_for_everybody_goes_on(database: Database) -> None:
    """The journal writes for other calls too: whose thread it is does not matter."""
    works_until(time.monotonic() - 1)
    with for_everybody():
        database.probe()
        with database.reading() as connection:
            answer = connection.scalar(sa.text("SELECT 1"))

    assert 1 == answer


def test_waiting_for_a_connection_ends_with_the_call(database: Database) -> None:
    """When all are in use, whether or not the pool would be patient."""
    session = database._hot_pool.take()
    with database.writing(), ThreadPoolExecutor(1) as another:
        reasons = [
            another.submit(refused, work).result(30) for work in (database.probe, lambda: write(database))
        ]
    database._hot_pool.give_back(session)

    assert [Reason.DEADLINE_OVER] * 2 == reasons


def test_a_server_that_says_nothing_is_waited_for_no_longer_than_the_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Or calls that have long ended would hold their threads; nor for a standby longer than a statement there may take."""
    waited: list[int] = []

    def connect(*_: Any, **options: Any) -> None:
        waited.append(options["connect_timeout"])
        raise psycopg.OperationalError("nobody is there")

    monkeypatch.setattr(PatientConnection, "connect", connect)
    database = Database.of_standby(
        "postgresql://u@db/x", pool_size=1, busy_timeout_s=1, statement_timeout_s=4, greet=lambda _: None
    )
    refused(database.probe, 3)
    with pytest.raises(RegistryError):
        database.probe()
    database.close()

    assert [3, 4] == waited


def test_a_statement_without_a_call_has_the_usual_limit(postgres_url: str) -> None:
    """A thread of the server's own is refused with STORE_UNAVAILABLE, as before."""
    database = Database.open(postgres_url, statement_timeout_s=0.1)
    with pytest.raises(RegistryError) as caught:
        database.hot(sa.text(ENDLESS["postgresql"])).rows()
    database.close()

    assert Reason.STORE_UNAVAILABLE == caught.value.reason


def test_a_pooled_statement_has_the_usual_limit_too(pooled_url: str) -> None:
    """It is kept on our side, as no setting reaches the session."""
    database = Database.open(pooled_url, pool_size=1, statement_timeout_s=0.2)
    with pytest.raises(RegistryError) as caught, database.reading() as connection:
        connection.exec_driver_sql(ENDLESS["postgresql"])
    with database.reading() as connection:
        still = connection.scalar(
            sa.text("SELECT count(*) FROM pg_stat_activity WHERE query = :q"), {"q": ENDLESS["postgresql"]}
        )
    database.close()

    assert (Reason.STORE_UNAVAILABLE, 0) == (caught.value.reason, still)
