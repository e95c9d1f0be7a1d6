"""Tables of persons are spread over partitions and brought together again, and nothing but their layout changes."""

import datetime as dt
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.conftest import as_server
from tests.support.plans import explain
from tests.support.postgres import Cluster, template_of

from kruispunt_directory.tables import metadata as directory_metadata
from kruispunt_identity.tables import metadata as identity_metadata
from kruispunt_server import migrate
from kruispunt_server.database import Database
from kruispunt_server.owned import owned
from kruispunt_server.partitioning import PartitioningError, spread

METADATA = {"directory": directory_metadata, "identity": identity_metadata}
NOW = dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)
PARTS = 4


@pytest.fixture(params=["directory", "identity"])
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(postgres: Cluster, service: str) -> Iterator[str]:
    """A migrated database of a service, filled, of which the servers' role has its rights."""
    with postgres.database(template_of(postgres, service)) as found:
        fill(found, service)
        yield found


def fill(url: str, service: str) -> None:
    """Write a few hundred rows of every kind that a person has, by plain SQL."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in FILLED[service]:
            connection.execute(statement.encode())


FILLED = {
    "directory": [
        (
            "INSERT INTO dossier (person, registered_under, sector, institution, capacity, begin_day, phase, dossier_id, "
            "network_level, source, version, recorded_at, confirmed_at) SELECT n, n, 5, 1, 10, '2020-01-01', 0, "
            "gen_random_uuid(), 1, 'test', 1, now(), now() FROM generate_series(1, 500) n"
        ),
        (
            "INSERT INTO dossier_version (person, dossier_id, version, sector, institution, capacity, begin_day, phase, "
            "registered_under, network_level, source, recorded_at, confirmed_at, standing) SELECT person, dossier_id, 1, 5, 1, "
            "10, begin_day, 0, person, 1, 'test', now(), now(), true FROM dossier"
        ),
        "INSERT INTO number (ssin, current_ssin, status, recorded_at) SELECT n, n, 1, now() FROM generate_series(1, 500) n",
        (
            "INSERT INTO number_version (ssin, recorded_at, current_ssin, status) SELECT n, now(), n, 1 "
            "FROM generate_series(1, 500) n"
        ),
        (
            "INSERT INTO number_step (former_ssin, recorded_at, next_ssin) SELECT n, now(), n + 1 "
            "FROM generate_series(1, 500) n"
        ),
    ],
    "identity": [
        (
            "INSERT INTO number (ssin, register, status, stands, root_ssin, root_stands, height, version, recorded_at) "
            "SELECT n, 1, 1, true, n, true, 1, 1, now() FROM generate_series(1, 500) n"
        ),
        (
            "INSERT INTO number (ssin, register, status, stands, root_ssin, root_stands, height, replaced_by, "
            "replaced_by_height, version, recorded_at) SELECT n + 1000, 1, 2, false, n, true, 0, n, 1, 1, now() "
            "FROM generate_series(1, 100) n"
        ),
        (
            "INSERT INTO number_event (ssin, event_no, kind, register, effective_on, recorded_at) "
            "SELECT n, 1, 1, 1, '2020-01-01', now() FROM generate_series(1, 500) n"
        ),
        (
            "INSERT INTO fact (ssin, data_group, fact_id, sector, institution, value, recorded_at) "
            "SELECT n, 1, gen_random_uuid(), 5, 1, '{}', now() FROM generate_series(1, 500) n"
        ),
        (
            "INSERT INTO foreign_identifier (ssin, link_id, version, country, scheme, identifier, folded, sector, institution, "
            "recorded_at) SELECT n, gen_random_uuid(), 1, 'MA', 2, 'x', 'x', 5, 1, now() FROM generate_series(1, 500) n"
        ),
        (
            "INSERT INTO protection (ssin, protection_id, begin_day, reference, set_by, recorded_at) "
            "SELECT n, gen_random_uuid(), '2020-01-01', 'x', 'x', now() FROM generate_series(1, 500) n"
        ),
        (
            "INSERT INTO match_profile (ssin, generation, keys, changed_at) SELECT n, 1, '', now() "
            "FROM generate_series(1, 500) n"
        ),
    ],
}


def picture(url: str, service: str) -> dict[str, Any]:
    """Return all that can be seen of the tables of persons: rows, definitions, rights."""
    with psycopg.connect(url, autocommit=True) as connection:

        def ask(statement: str, table: str) -> list[Any]:
            return sorted(
                connection.execute(statement.encode(), {"name": f"public.{table}"}).fetchall(), key=str
            )

        return {
            table: {
                "rows": ask(f"SELECT * FROM {table} WHERE %(name)s <> ''", table),
                **{what: ask(statement, table) for what, statement in SEEN.items()},
            }
            for table in owned(METADATA[service])
        }


SEEN = {
    "columns": "SELECT attnum, attname, atttypid, atttypmod, attnotnull, attacl::text FROM pg_attribute "
    "WHERE attrelid = %(name)s::regclass AND attnum > 0",
    "constraints": "SELECT conname, contype, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE conrelid = %(name)s::regclass AND conparentid = 0 AND contype <> 'n'",
    "indexes": "SELECT replace(pg_get_indexdef(indexrelid), ' ONLY ', ' ') FROM pg_index "
    "WHERE indrelid = %(name)s::regclass",
    "triggers": "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = %(name)s::regclass AND NOT tgisinternal",
    "rights": "SELECT acl::text FROM pg_class, unnest(relacl) acl WHERE pg_class.oid = %(name)s::regclass",
}


def parts_of(url: str) -> dict[str, int]:
    """Return how many parts each table has."""
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(
            b"SELECT inhparent::regclass::text, count(*) FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid "
            b"WHERE relkind = 'r' GROUP BY 1"
        ).fetchall()
    return dict(found)


def test_nothing_but_the_layout_changes(url: str, service: str) -> None:
    """Rows, columns, constraints, indexes, triggers and rights are the same there, in other parts, and back."""
    tables = owned(METADATA[service])
    before = picture(url, service)
    pictures, parts = [], []
    for count in (PARTS, 3, 0):
        rows = spread(url, tables, count)
        assert {table: len(each["rows"]) for table, each in before.items()} == rows
        pictures.append(picture(url, service))
        parts.append(parts_of(url))
    with psycopg.connect(url, autocommit=True) as connection:
        schemas = connection.execute(
            b"SELECT nspname FROM pg_namespace WHERE nspname = 'partitions'"
        ).fetchall()

    assert all(len(each["rows"]) >= 500 for each in before.values())
    assert [before] * 3 == pictures
    assert [dict.fromkeys(tables, PARTS), dict.fromkeys(tables, 3), {}] == parts
    assert [] == schemas


def test_migrations_go_on_in_both_directions(url: str, service: str) -> None:
    """They find the tables under their names, and the code and the database agree."""
    spread(url, owned(METADATA[service]), PARTS)
    migrate.check_drift(url, service)
    migrate.downgrade(url, service, "0007" if service == "directory" else "0006")
    migrate.upgrade(url, service)

    migrate.check_drift(url, service)
    assert migrate.head(service) == migrate.current(url, service)


@pytest.mark.parametrize("service", ["directory"], indirect=True)
def test_a_history_cannot_be_rewritten_in_a_part_either(url: str) -> None:
    """Neither through the table nor past it, not even by its owner."""
    spread(url, owned(directory_metadata), PARTS)
    refused = []
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in (
            "DELETE FROM dossier_version",
            "UPDATE dossier_version SET source = 'x'",
            "TRUNCATE dossier_version",
            "DELETE FROM partitions.dossier_version_p1",
            "UPDATE partitions.dossier_version_p1 SET source = 'x'",
            "TRUNCATE partitions.dossier_version_p1",
        ):
            with pytest.raises(psycopg.IntegrityError) as caught:
                connection.execute(statement.encode())
            refused.append(caught.value.diag.constraint_name)

    assert ["dossier_version_append_only"] * 6 == refused


@pytest.mark.parametrize("service", ["directory"], indirect=True)
def test_the_servers_role_gets_no_way_past_the_table(url: str) -> None:
    """It has no right on a part."""
    spread(url, owned(directory_metadata), PARTS)
    with (
        psycopg.connect(as_server(url), autocommit=True) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(b"DELETE FROM partitions.dossier_p1")


@pytest.mark.parametrize("service", ["directory"], indirect=True)
def test_a_look_at_one_person_reads_one_part(url: str) -> None:
    """The planner leaves the others out."""
    spread(url, owned(directory_metadata), PARTS)
    database = Database.open(url, pool_size=1)
    plan = explain(database, "SELECT dossier_id FROM dossier WHERE person = 77")
    database.close()
    parts = {line.partition("dossier_p")[2][:1] for line in plan if "dossier_p" in line}

    assert 1 == len(parts), plan


@pytest.mark.parametrize("service", ["directory"], indirect=True)
def test_a_hot_statement_is_planned_once_and_reads_one_part(url: str) -> None:
    """The plan is made for all values, and parts are left out when it runs: planning anew would take far longer."""
    spread(url, owned(directory_metadata), PARTS)
    database = Database.open(url, pool_size=1)
    session: Any = database._hot_pool.take()
    session._connection.execute("PREPARE one (bigint) AS SELECT dossier_id FROM dossier WHERE person = $1")
    plan = [row[0].strip() for row in session._connection.execute("EXPLAIN EXECUTE one (77)").fetchall()]
    database._hot_pool.give_back(session)
    database.close()

    assert f"Subplans Removed: {PARTS - 1}" in plan


@pytest.mark.parametrize("service", ["directory"], indirect=True)
@pytest.mark.parametrize(
    ("tables", "partitions", "sentence"),
    [
        ({"dossier": "person"}, 1, "between 2 and 1024 partitions, or 0 for none"),
        ({"dossier": "person"}, 1025, "between 2 and 1024 partitions, or 0 for none"),
        ({"dossier": "institution"}, 4, "uq_dossier_person_dossier_id of dossier does not hold institution"),
    ],
)
def test_what_cannot_be_spread_is_refused(
    url: str, tables: dict[str, str], partitions: int, sentence: str
) -> None:
    """Nothing is changed then."""
    before = picture(url, "directory")
    with pytest.raises(PartitioningError) as caught:
        spread(url, tables, partitions)

    assert sentence == str(caught.value)
    assert before == picture(url, "directory")


def test_sqlite_has_no_partitions(sqlite_url: str) -> None:
    """It is said so."""
    with pytest.raises(PartitioningError, match="only PostgreSQL"):
        spread(sqlite_url, owned(directory_metadata), PARTS)


@pytest.mark.parametrize("service", ["directory"], indirect=True)
def test_the_command_spreads_and_says_what_it_moved(url: str, tmp_path: Path) -> None:
    """A line for each table."""
    (tmp_path / "secret").write_text("s" * 32)
    config = tmp_path / "directory.toml"
    config.write_text(
        f'secret_file = "{tmp_path}/secret"\ndatabase_url = "{url}"\nplaintext_participant = "x"\n'
    )
    done = subprocess.run(
        [sys.executable, "-m", "kruispunt_directory", "partition", "4", "--config", config],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip

    assert (0, "") == (done.returncode, done.stderr)
    assert {f"{table}: 500 rows in 4 partitions" for table in owned(directory_metadata)} == set(
        done.stdout.splitlines()
    )
    assert dict.fromkeys(owned(directory_metadata), 4) == parts_of(url)


@pytest.mark.parametrize("service", ["identity"], indirect=True)
def test_numbers_still_lead_upward_only(url: str) -> None:
    """Foreign keys among the numbers hold over the borders of parts."""
    spread(url, owned(identity_metadata), PARTS)
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in (
            (
                "INSERT INTO number (ssin, register, status, stands, root_ssin, root_stands, height, replaced_by, "
                "replaced_by_height, version, recorded_at) VALUES (9001, 1, 2, false, 8888, true, 0, 8888, 1, 1, now())"
            ),
            "DELETE FROM number WHERE ssin = 1",
        ):
            with pytest.raises(psycopg.errors.ForeignKeyViolation):
                connection.execute(statement.encode())
        # A number that gets higher takes those that lead to it along.
        connection.execute(b"UPDATE number SET height = 2 WHERE ssin = 2")
        led = connection.execute(b"SELECT replaced_by_height FROM number WHERE ssin = 1002").fetchall()

    assert [(2,)] == led
