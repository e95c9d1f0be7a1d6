"""What an operator does to the journal, by `kruispunt audit …`: erase, retain, grant."""

import datetime as dt
import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result
from tests.support.calls import NOON, call_of, change_log
from typer.testing import CliRunner

from kruispunt.cli.app import app
from kruispunt_directory.tables import DirectoryTables
from kruispunt_server.audit.retaining import Retainer, Retention
from kruispunt_server.change import Change
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database
from kruispunt_server.ids import new_id
from kruispunt_server.sealing.heads import HeadStore
from kruispunt_server.sealing.seal_keys import SealKeys
from kruispunt_server.sealing.sealer import Sealer
from kruispunt_server.tables import SharedTables

DORA = 85_073_003_328
BERT = 75_060_898_009


@pytest.fixture
def config(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of the directory's server on this database."""
    url = database.engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
    (tmp_path / "secret").write_bytes(b"k" * 32)
    (tmp_path / "settings.toml").write_text(
        f'database_url = "{url}"\nsecret_file = "{tmp_path / "secret"}"\nplaintext_participant = "x"\n'
    )
    monkeypatch.delenv("KRUISPUNT_DIRECTORY_PORT", raising=False)
    return tmp_path / "settings.toml"


def run(command: str, config: Path, *more: str) -> Result:
    """Run a command of the directory."""
    arguments = ["audit", command, "--service", "directory", "--config", str(config), *more]
    return CliRunner().invoke(app, arguments)


def test_a_person_is_erased_by_its_numbers(database: Database, tables: SharedTables, config: Path) -> None:
    """One key is destroyed; again, none is left."""
    log = change_log(database, tables, FixedClock(NOON))
    with database.writing() as connection:
        log.record(connection, call_of(), [Change(DORA, "k", None, {})], request_id=new_id())

    for destroyed in (1, 0):
        said = run("erase", config, "--ssin", str(DORA), "--json")
        assert (0, {"numbers": 1, "keys_destroyed": destroyed, "gone_from_files": True}) == (
            said.exit_code,
            json.loads(said.stdout),
        )


def test_the_directory_knows_where_numbers_lead_too(
    database: Database, directory_tables: DirectoryTables, config: Path
) -> None:
    """As far as it has followed: whoever was replaced is erased with the number that took its place."""
    common = {"current_ssin": BERT, "status": 1, "recorded_at": NOON}
    with database.writing() as connection:
        connection.execute(
            sa.insert(directory_tables.dossiers.number),
            [{**common, "ssin": DORA, "next_ssin": BERT}, {**common, "ssin": BERT, "next_ssin": None}],
        )
        change_log(database, directory_tables.shared, FixedClock(NOON)).record(
            connection,
            call_of(),
            [Change(number, "k", None, {}) for number in (DORA, BERT)],
            request_id=new_id(),
        )

    assert 78 == run("erase", config, "--ssin", str(BERT)).exit_code
    said = run("erase", config, "--ssin", str(BERT), "--all-numbers")
    assert (0, "2 numbers, 2 keys destroyed") == (said.exit_code, said.stdout.splitlines()[0])


def test_what_is_no_number_erases_nothing(config: Path) -> None:
    """The refusal does not repeat it."""
    said = run("erase", config, "--ssin", "85073003329")

    assert 78 == said.exit_code
    assert "85073003329" not in said.output


def test_what_need_not_be_kept_is_deleted(database: Database, tables: SharedTables, config: Path) -> None:
    """By the settings; a stored answer is kept for 30 days unless they say otherwise."""
    stored = {"participant_id": "x", "method": "m", "digest": b"", "response": b"", "recorded_at": NOON}
    with database.writing() as connection:
        connection.execute(sa.insert(tables.idempotency), [{**stored, "request_id": new_id()}])
    with config.open("a") as settings:
        settings.write("request_retention_days = 1\n")

    said = run("retain", config, "--json")
    assert (0, {"change": 0, "access": 0, "requests": 1}) == (
        said.exit_code,
        json.loads(said.stdout)["deleted"],
    )
    assert "0 stored answers deleted" in run("retain", config).stdout


def test_verify_is_told_the_shortest_retention(
    database: Database, tables: SharedTables, config: Path
) -> None:
    """Status 1 where records went under a shorter one."""
    clock = FixedClock(NOON)
    sealer = Sealer(database, tables, HeadStore(tables, "directory", SealKeys(b"s" * 32), clock))
    with database.writing() as connection:
        change_log(database, tables, clock).record(
            connection, call_of(), [Change(DORA, "k", None, {})], request_id=new_id()
        )
    sealer.seal_once()
    clock.advance(dt.timedelta(days=60))
    Retainer(database, tables, clock).retain(Retention(access=None, change=30, requests=None))
    sealer.seal_once()
    key = SealKeys(b"s" * 32).all()[0].public.hex()

    assert 0 == run("verify", config, "--key", key, "--change-days", "30", "--access-days", "900").exit_code
    assert "under a retention of 30 days or longer" in run("verify", config, "--key", key).stdout
    assert 1 == run("verify", config, "--key", key, "--change-days", "31").exit_code
