"""`audit erase` on identity: under one number, or under every number that leads to the same one."""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result
from tests.identity.past import ANNA, BEA, CARL, DORA, NOBODY, Past, on
from tests.support.calls import PSEUDONYMS, call_of, change_log
from typer.testing import CliRunner

from kruispunt.ssin import Ssin
from kruispunt_identity.__main__ import app
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.change import Change
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database
from kruispunt_server.ids import new_id

ALL = (ANNA, BEA, CARL, DORA, NOBODY)


class Registry:
    """Anna's number was replaced by Bea's and that by Carl's; of Dora something is recorded too."""

    def __init__(self, database: Database, tables: IdentityTables, config: Path) -> None:
        self.past, self.config = Past(database, tables), config
        for month, ssin in enumerate((ANNA, BEA, CARL), 1):
            self.past.register(ssin, on(month, 1))
        self.past.replace(ANNA, BEA, on(4, 1))
        self.past.replace(BEA, CARL, on(5, 1))
        log = change_log(database, tables.shared, FixedClock(on(6, 1)))
        with database.writing() as connection:
            changes = [Change(int(ssin), "k", None, {}) for ssin in ALL]
            log.record(connection, call_of(), changes, request_id=new_id())

    def erase(self, *arguments: str | Ssin) -> Result:
        """Run the command."""
        return CliRunner().invoke(
            app, ["audit", "erase", "--config", str(self.config), "--json", *map(str, arguments)]
        )

    def readable(self) -> list[Ssin]:
        """Return of whom there is a key."""
        key = self.past.tables.shared.seals.subject_key
        with self.past.database.reading() as connection:
            kept = set(connection.scalars(sa.select(key.c.subject).where(key.c.wrapped.is_not(None))))
        return [ssin for ssin in ALL if PSEUDONYMS.of(int(ssin)) in kept]


@pytest.fixture
def registry(
    identity_database: Database, identity_tables: IdentityTables, identity_url: str, tmp_path: Path
) -> Registry:
    """The registry, and the settings of its server."""
    (tmp_path / "secret").write_bytes(b"k" * 32)
    (tmp_path / "settings.toml").write_text(
        f'database_url = "{identity_url}"\nsecret_file = "{tmp_path / "secret"}"\nplaintext_participant = "x"\n'
    )
    return Registry(identity_database, identity_tables, tmp_path / "settings.toml")


def test_a_person_with_other_numbers_is_not_erased_by_half_unasked(registry: Registry) -> None:
    """The refusal says how many there are, names none, and what to say."""
    said = registry.erase("--ssin", BEA)

    assert 78 == said.exit_code
    assert "lead to the same person: 2" in said.stderr
    assert "--all-numbers" in said.stderr
    assert [] == [ssin for ssin in ALL if str(ssin) in said.output]
    assert list(ALL) == registry.readable()


@pytest.mark.parametrize("given", [ANNA, BEA, CARL])
def test_a_person_is_erased_under_every_number(registry: Registry, given: Ssin) -> None:
    """Whichever of them is given; nobody else is."""
    said = registry.erase("--ssin", given, "--all-numbers")

    assert (0, {"numbers": 3, "keys_destroyed": 3, "gone_from_files": True}) == (
        said.exit_code,
        json.loads(said.stdout),
    )
    assert [DORA, NOBODY] == registry.readable()


def test_one_number_alone_is_erased_when_that_is_said(registry: Registry) -> None:
    """The others of the person stay readable."""
    said = registry.erase("--ssin", BEA, "--only-these")

    assert (0, 1) == (said.exit_code, json.loads(said.stdout)["keys_destroyed"])
    assert [ANNA, CARL, DORA, NOBODY] == registry.readable()


def test_all_numbers_given_need_no_word(registry: Registry) -> None:
    """Nor does a number that nothing was ever replaced by, whether the registers have it or not."""
    for numbers in ((ANNA, BEA, CARL), (DORA,), (NOBODY,)):
        said = registry.erase(*(word for ssin in numbers for word in ("--ssin", ssin)))
        assert (0, len(numbers)) == (said.exit_code, json.loads(said.stdout)["keys_destroyed"])

    assert [] == registry.readable()


def test_who_was_split_off_is_another_person(registry: Registry) -> None:
    """Anna's number no longer leads to Carl's: neither is erased with the other."""
    registry.past.split(ANNA, on(6, 2))

    assert 0 == registry.erase("--ssin", CARL, "--all-numbers").exit_code
    assert [ANNA, DORA, NOBODY] == registry.readable()


def test_both_words_are_one_too_many(registry: Registry) -> None:
    """Nothing is erased."""
    assert 78 == registry.erase("--ssin", BEA, "--all-numbers", "--only-these").exit_code
    assert list(ALL) == registry.readable()
