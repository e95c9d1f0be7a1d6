"""A server starts on no PostgreSQL that would lose what it acknowledged or cannot carry it; each provoked for real."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.support.pgbouncer import need_pgbouncer, running
from tests.support.postgres import Cluster, as_standby, own_cluster

from kruispunt_server import migrate
from kruispunt_server.database import ALLOW_UNSAFE, Database, UnsafeDatabaseError
from kruispunt_server.postgres_checks import Load

SMALL = Load(servers=1, workers=1, connections=1)


@pytest.fixture(scope="module")
def flushing() -> Iterator[Cluster]:
    """A PostgreSQL that flushes, with 25 connections of which 5 are reserved."""
    folder = Path(tempfile.mkdtemp(prefix="kruispunt-checks-"))  # short: a socket's path is bounded
    limits = {"max_connections": "25", "superuser_reserved_connections": "3", "reserved_connections": "2"}
    with own_cluster(folder, **limits) as cluster:
        cluster.execute("CREATE ROLE server LOGIN")
        yield cluster
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def url(flushing: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a database on it, for a role that owns nothing; unsafe settings are not allowed."""
    monkeypatch.delenv(ALLOW_UNSAFE)
    with flushing.database() as found:
        yield sa.make_url(found).set(username="server").render_as_string(hide_password=False)
    flushing.execute("ALTER ROLE server RESET ALL")
    flushing.execute("ALTER ROLE server CONNECTION LIMIT -1")


def name_of(url: str) -> str:
    return str(sa.make_url(url).database)


def refusal(url: str, load: Load = SMALL) -> str | None:
    """Return why a server does not start; none: it does."""
    try:
        open_and_check(url, load)
    except UnsafeDatabaseError as error:
        return str(error)
    return None


def open_and_check(url: str, load: Load) -> None:
    database = Database.open(url, pool_size=1)
    try:
        database.refuse_unfit(load)
    finally:
        database.close()


def test_a_flushing_server_is_taken(url: str) -> None:
    """Nothing is wrong with it."""
    assert None is refusal(url)


@pytest.mark.parametrize("name", ["fsync", "full_page_writes", "synchronous_commit"])
def test_what_is_off_for_the_whole_server_is_refused(flushing: Cluster, url: str, name: str) -> None:
    """By the name of the setting."""
    flushing.execute(f"ALTER SYSTEM SET {name} = off")
    flushing.execute("SELECT pg_reload_conf()")
    try:
        found = until_told(url)
    finally:
        flushing.execute(f"ALTER SYSTEM RESET {name}")
        flushing.execute("SELECT pg_reload_conf()")
    until_taken(url)

    assert f"PostgreSQL runs with {name} off: it may lose what it acknowledged" == found


def until_told(url: str) -> str | None:
    """Wait until PostgreSQL has read its settings: it does so after it said that it would."""
    return next((found for _ in range(300) if (found := refusal(url)) is not None), None)


def until_taken(url: str) -> None:
    assert any(refusal(url) is None for _ in range(300))


def test_all_that_is_wrong_is_told_at_once(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cluster of the tests flushes nothing."""
    monkeypatch.delenv(ALLOW_UNSAFE)
    names = ("fsync", "synchronous_commit", "full_page_writes")
    expected = "; ".join(
        f"PostgreSQL runs with {name} off: it may lose what it acknowledged" for name in names
    )

    assert expected == refusal(postgres_url)


@pytest.mark.parametrize("value", ["local", "remote_write", "on", "remote_apply"])
def test_every_other_synchronous_commit_is_taken(flushing: Cluster, url: str, value: str) -> None:
    """They all wait for the disk of this machine."""
    flushing.execute(f"ALTER ROLE server SET synchronous_commit = {value}")

    assert None is refusal(url)


@pytest.mark.parametrize("whose", ["ROLE server", "DATABASE {name}", "ROLE server IN DATABASE {name}"])
def test_what_is_off_for_the_role_or_the_database_counts(flushing: Cluster, url: str, whose: str) -> None:
    """Though the server itself has it on."""
    flushing.execute(f"ALTER {whose.format(name=name_of(url))} SET synchronous_commit = off")
    found = refusal(url)
    flushing.execute(f"ALTER {whose.format(name=name_of(url))} RESET ALL")

    assert "PostgreSQL runs with synchronous_commit off: it may lose what it acknowledged" == found


def test_a_database_in_another_encoding_is_refused(flushing: Cluster, url: str) -> None:
    """Names would be lost, or refused one by one."""
    flushing.execute(
        "CREATE DATABASE latin TEMPLATE template0 ENCODING LATIN1 LOCALE_PROVIDER libc LOCALE 'C'"
    )
    latin = sa.make_url(url).set(database="latin").render_as_string(hide_password=False)

    assert "the database is encoded in LATIN1: only UTF8 holds every name" == refusal(latin)


def test_a_role_that_may_only_read_is_refused(flushing: Cluster, url: str) -> None:
    """As it would be by the first write."""
    flushing.execute("ALTER ROLE server SET default_transaction_read_only = on")

    assert "PostgreSQL lets this role only read: default_transaction_read_only is on" == refusal(url)


def test_a_standby_is_refused_until_it_is_promoted() -> None:
    """It takes no writes; starting again may help."""
    folder = Path(tempfile.mkdtemp(prefix="kruispunt-standby-"))
    with own_cluster(folder, wal_level="replica", hot_standby="on") as cluster:
        as_standby(folder)
        with pytest.raises(UnsafeDatabaseError) as caught:
            open_and_check(cluster.url_of("postgres"), SMALL)
        cluster.execute("SELECT pg_promote()")
        after = refusal(cluster.url_of("postgres"))
    shutil.rmtree(folder, ignore_errors=True)

    assert ("this PostgreSQL is a standby: it takes no writes", True) == (
        str(caught.value),
        caught.value.passing,
    )
    assert None is after


@pytest.mark.parametrize(
    ("load", "expected"),
    [
        (Load(1, 2, 4), None),  # 16 and 4 are the 20 that there are
        (
            Load(1, 2, 5),
            (
                "1 x 2 workers x 2 x 5 connections and 4 for commands are 24, but PostgreSQL has 20: max_connections is 25, "
                "less 5 that are reserved"
            ),
        ),
        (
            Load(2, 2, 4),
            (
                "2 x 2 workers x 2 x 4 connections and 4 for commands are 36, but PostgreSQL has 20: max_connections is 25, "
                "less 5 that are reserved"
            ),
        ),
    ],
)
def test_more_connections_than_there_are_are_refused(url: str, load: Load, expected: str | None) -> None:
    """With the figures."""
    assert expected == refusal(url, load)


def test_the_limits_of_role_and_database_count(flushing: Cluster, url: str) -> None:
    """All that are too low are named."""
    flushing.execute("ALTER ROLE server CONNECTION LIMIT 9")
    flushing.execute(f"ALTER DATABASE {name_of(url)} CONNECTION LIMIT 8")
    figures = "1 x 1 workers x 2 x 3 connections and 4 for commands are 10, but "

    assert f"{figures}the role server may open 9; {figures}the database takes 8" == refusal(
        url, Load(1, 1, 3)
    )


def test_a_pooler_that_is_not_named_is_refused(postgres: Cluster, postgres_url: str) -> None:
    """Whether it refuses what it does not know, or drops it: prepared statements would fail later, now and then."""
    need_pgbouncer()
    said = []
    for ignored in ("", "options"):
        with running(postgres, ignored=ignored) as pooler:
            said.append(refusal(pooler.url_of(postgres_url, named=False)))
            assert None is refusal(pooler.url_of(postgres_url))

    assert [
        (
            "the settings of a session do not arrive at PostgreSQL: there is a pooler in between, and database_url must say "
            "so by ?pooler=transaction"
        )
    ] * 2 == said


def test_sessions_in_another_time_zone_are_refused(
    pgbouncer_url_in_brussels: str,
) -> None:
    """Through a pooler the server cannot set it: the operator does."""
    assert (
        "sessions have the time zone Europe/Brussels: it must be UTC (ALTER ROLE … SET timezone = 'UTC')"
        == (refusal(pgbouncer_url_in_brussels))
    )


@pytest.fixture
def pgbouncer_url_in_brussels(postgres: Cluster, pooled_url: str) -> str:
    """A database whose sessions begin in Brussels, through PgBouncer."""
    postgres.execute(f"ALTER DATABASE {name_of(pooled_url)} SET timezone = 'Europe/Brussels'")
    return pooled_url


@pytest.mark.parametrize("url", ["postgresql://x@/y?pooler=session", "sqlite:////x?pooler=transaction"])
def test_another_pooler_is_refused(url: str) -> None:
    """Of one that keeps sessions nothing need be said."""
    with pytest.raises(ValueError, match="pooler=transaction"):
        Database.open(url)


def test_migrations_do_not_go_through_a_pooler(pooled_url: str) -> None:
    """Their lock belongs to a session."""
    with pytest.raises(migrate.MigrationError, match="the address of PostgreSQL itself"):
        migrate.upgrade(pooled_url, "directory")


def test_sqlite_is_always_fit(sqlite_url: str) -> None:
    """It has no limit of connections."""
    assert None is refusal(sqlite_url, Load(9, 64, 200))
