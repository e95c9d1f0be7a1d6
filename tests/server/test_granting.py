"""On PostgreSQL the server's role writes the journal, and cannot rewrite it; the suites of both services run as it."""

import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from tests.conftest import as_server
from tests.server.test_keeping_commands import run
from tests.support.calls import NOON, PSEUDONYMS, call_of, change_log
from tests.support.postgres import SERVER_ROLE, Cluster

from kruispunt_server.audit.granting import granting, refuse_too_much, too_much
from kruispunt_server.change import Change
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import ALLOW_UNSAFE, Database, UnsafeDatabaseError
from kruispunt_server.ids import new_id
from kruispunt_server.journal import AccessJournal
from kruispunt_server.sealing.heads import HeadStore
from kruispunt_server.sealing.seal_keys import SealKeys
from kruispunt_server.sealing.sealer import Sealer
from kruispunt_server.tables import SharedTables

ANNA = 85_010_100_123
WRITES = (
    "UPDATE change SET kind = 'x'",
    "UPDATE access SET subject = ''",
    "UPDATE log SET kept_from = size",
    "UPDATE log SET log_id = gen_random_uuid()",
    "UPDATE tree_head SET root_hash = ''",
    "UPDATE tree_key SET public_key = ''",
    "UPDATE subject_key SET wrapped = NULL, destroyed_at = now()",
    "ALTER TABLE change DISABLE TRIGGER ALL",
    "DROP TRIGGER change_no_delete ON change",
    "CREATE TABLE mine (n int)",
    *(
        f"DELETE FROM {table}"
        for table in ("change", "access", "log", "tree_head", "tree_key", "subject_key")
    ),
    *(f"TRUNCATE {table}" for table in ("change", "access", "log", "tree_head", "tree_key", "subject_key")),
)


@pytest.fixture
def served(postgres_url: str) -> Iterator[Database]:
    """A PostgreSQL database as the server opens it."""
    opened = Database.open(as_server(postgres_url))
    yield opened
    opened.close()


@pytest.fixture
def sealed(served: Database, tables: SharedTables) -> Database:
    """With a change and a look in it, written and sealed by the server's role."""
    clock = FixedClock(NOON)
    with served.writing() as connection:
        change_log(served, tables, clock).record(
            connection, call_of(), [Change(ANNA, "k", None, {})], request_id=new_id()
        )
    call = call_of()
    call.look(ANNA, "dossier", "found")
    AccessJournal(served, tables, PSEUDONYMS, clock).commit(call)
    assert 2 == Sealer(served, tables, HeadStore(tables, "directory", SealKeys(b"s" * 32), clock)).seal_once()
    return served


@pytest.mark.parametrize("statement", WRITES)
def test_the_servers_role_cannot_rewrite_the_journal(sealed: Database, statement: str) -> None:
    """It is the right that is missing: no trigger was asked."""
    with (
        pytest.raises(sa.exc.ProgrammingError, match=r"permission denied|must be owner"),
        sealed.writing() as connection,
    ):
        connection.execute(sa.text(statement))


def test_a_role_that_cannot_rewrite_the_journal_may_serve(
    served: Database, tables: SharedTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is too much."""
    monkeypatch.delenv(ALLOW_UNSAFE)

    assert [] == too_much(served, tables)
    refuse_too_much(served, tables)


def test_the_owner_may_not_serve(
    postgres_url: str, tables: SharedTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless the environment says so."""
    database = Database.open(postgres_url)
    refuse_too_much(database, tables)
    monkeypatch.delenv(ALLOW_UNSAFE)

    with pytest.raises(UnsafeDatabaseError, match="ownership on change"):
        refuse_too_much(database, tables)
    database.close()


@pytest.mark.parametrize(
    ("given", "held"),
    [
        ("DELETE ON access", "DELETE on access"),
        ("TRUNCATE ON tree_head", "TRUNCATE on tree_head"),
        ("UPDATE (kept_from) ON log", "UPDATE on log"),
        ("UPDATE ON subject_key", "UPDATE on subject_key"),
        ("TRIGGER ON change", "TRIGGER on change"),
    ],
)
def test_one_right_too_much_is_told(
    postgres_url: str, served: Database, tables: SharedTables, given: str, held: str
) -> None:
    """Whichever it is."""
    owner = Database.open(postgres_url)
    with owner.writing() as connection:
        connection.exec_driver_sql(f"GRANT {given} TO {SERVER_ROLE}")
    owner.close()

    assert [held] == too_much(served, tables)


def test_sqlite_has_no_roles(sqlite_url: str, tables: SharedTables, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is refused there."""
    monkeypatch.delenv(ALLOW_UNSAFE)
    database = Database.open(sqlite_url)
    refuse_too_much(database, tables)
    database.close()


def test_a_role_is_quoted(tables: SharedTables) -> None:
    """Whatever its name."""
    assert 'GRANT SELECT, INSERT ON "tree_head" TO "a""; DROP"' in granting(tables, 'a"; DROP')


def test_a_role_is_granted_by_command(
    postgres: Cluster, postgres_url: str, tables: SharedTables, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """An unknown one is refused; with --print nothing is done."""
    folder = tmp_path_factory.mktemp("granting")
    (folder / "secret").write_bytes(b"k" * 32)
    config = folder / "settings.toml"
    config.write_text(
        f'database_url = "{postgres_url}"\nsecret_file = "{folder / "secret"}"\nplaintext_participant = "x"\n'
    )
    role = f"granted_{uuid.uuid4().hex}"
    printed = run("grant", config, "--role", role, "--print").stdout.splitlines()
    assert [f"{statement};" for statement in granting(tables, role)] == printed
    assert 78 == run("grant", config, "--role", role).exit_code

    postgres.execute(f"CREATE ROLE {role}")
    granted = run("grant", config, "--role", role)
    assert (0, f"{role} may serve directory\n") == (granted.exit_code, granted.stdout)
    database = Database.open(postgres_url)
    with database.writing() as connection:
        assert connection.scalar(sa.select(sa.func.has_table_privilege(role, "change", "INSERT")))
        connection.exec_driver_sql(f"DROP OWNED BY {role}")
    database.close()
    postgres.execute(f"DROP ROLE {role}")
