"""The commands of the person search, as an operator runs them, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result
from tests.identity.matching.people import person
from tests.identity.registers import Registers, bis, registers_on
from tests.identity.service.registering import desk_on, person_request
from typer.testing import CliRunner

from kruispunt_identity import commands
from kruispunt_identity.__main__ import app
from kruispunt_identity.matching.peppers import DerivedPeppers, FilePeppers, Peppers
from kruispunt_identity.store.rebuild import KeyRebuild
from kruispunt_identity.tables import IdentityTables, identity_tables
from kruispunt_server.database import Database
from kruispunt_server.keys import Keys

SECRET = b"s" * 64
ANNA = person("Van den Berg", "Anna Maria", (1980, 3, 14), gender=2, countries="BE")
ANNA_AGAIN = person("Vandenbergh", "Anna", (1980, 3, 14), gender=2, countries="BE")


@pytest.fixture
def configured(identity_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """Settings of an identity server in the environment, and its database."""
    (tmp_path / "secret").write_bytes(SECRET)
    (tmp_path / "secret").chmod(0o600)
    for name, value in {
        "DATABASE_URL": identity_url,
        "SECRET_FILE": str(tmp_path / "secret"),
        "PLAINTEXT_PARTICIPANT": "registry-registrar",
    }.items():
        monkeypatch.setenv(f"KRUISPUNT_IDENTITY_{name}", value)
    opened = Database.open(identity_url)
    yield opened
    opened.close()


@pytest.fixture
def pepper_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with the pepper of generation 1, set."""
    FilePeppers(tmp_path / "peppers").add_random(1)
    monkeypatch.setenv("KRUISPUNT_IDENTITY_PEPPER_FILE", str(tmp_path / "peppers"))
    return tmp_path / "peppers"


def filled(database: Database, peppers: Peppers | None = None) -> Registers:
    registers = registers_on(database, identity_tables(), peppers or DerivedPeppers(Keys(SECRET)))
    registers.add(bis(1), ANNA)
    registers.add(bis(3), ANNA_AGAIN)
    registers.add(bis(5), person("Kowalski", "Piotr", (1961, 2, 8)))
    return registers


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def last_line(result: Result) -> str:
    return result.output.splitlines()[-1]


def generations(database: Database) -> list[int]:
    key = identity_tables().matching.match_key
    with database.reading() as connection:
        return sorted(connection.execute(sa.select(key.c.generation).distinct()).scalars())


def test_the_sweep_lists_a_planted_duplicate(configured: Database) -> None:
    """Three persons searched, one pair listed; run anew it comes to the same."""
    registers = filled(configured)

    first, anew = run("sweep"), run("sweep", "--anew", "--own-only")

    said = "3 persons searched, a likely pair met 1 times, none merged"
    assert [(0, said), (0, said)] == [(each.exit_code, last_line(each)) for each in (first, anew)]
    assert [(bis(1), bis(3))] == [
        each.persons for each in registers.decisions.page(least=0, after=None, limit=10)
    ]


def test_keys_are_rebuilt_under_a_derived_pepper(configured: Database) -> None:
    """Without a pepper file each generation has a pepper of its own; asking to write one is refused."""
    filled(configured)

    refused, done = run("rebuild-keys", "--rotate-pepper"), run("rebuild-keys")

    assert 78 == refused.exit_code
    assert "pepper_file is not set" in refused.output
    assert 0 == done.exit_code
    assert "searches use generation 2 of the keys, rules version 1" in done.output
    assert [2] == generations(configured)


def test_the_pepper_is_rotated_in_its_file(configured: Database, pepper_file: Path) -> None:
    """A pepper that nobody wrote is refused; with the option a random one is written, and persons are found by it."""
    registers = filled(configured, FilePeppers(pepper_file))

    refused, done = run("rebuild-keys"), run("rebuild-keys", "--rotate-pepper")

    assert (78, 0) == (refused.exit_code, done.exit_code)
    assert "the pepper file has no generation 2" in refused.output
    assert FilePeppers(pepper_file).of(1) != FilePeppers(pepper_file).of(2)
    assert [2] == generations(configured)
    assert [bis(1), bis(3)] == sorted(each.ssin for each in registers.candidates.look(ANNA).strong())


def test_a_rebuild_that_broke_off_is_continued(configured: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken off in the building, then in the purging: each time running it again goes on, and says so."""
    registers = filled(configured)
    rebuild = KeyRebuild(
        configured, registers.tables.matching, registers.matches.generations, registers.national
    )
    next(rebuild.build(rebuild.begin(), size=1))
    monkeypatch.setattr(commands, "_purge", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))

    broken = run("rebuild-keys")
    monkeypatch.undo()

    assert (130, "broken off; run it again to go on") == (broken.exit_code, last_line(broken))
    assert [1, 2] == generations(configured)


def test_an_unpurged_generation_is_purged_first(configured: Database) -> None:
    """What an earlier run left is done, and no further generation is begun."""
    registers = filled(configured)
    rebuild = KeyRebuild(
        configured, registers.tables.matching, registers.matches.generations, registers.national
    )
    list(rebuild.build(rebuild.begin()))
    rebuild.switch()

    done = run("rebuild-keys")

    assert 0 == done.exit_code
    assert "an earlier rebuild is done now; run it again to rebuild anew" == last_line(done)
    assert [2] == generations(configured)


def test_the_check_leaves_with_one_where_keys_differ(
    configured: Database, identity_tables: IdentityTables
) -> None:
    """Right keys: 0; a lost one: 1, and the command that repairs is named; after it 0 again."""
    desk = desk_on(configured, identity_tables, SECRET)
    number = int(desk.register(person_request()).person.ssin)
    key = identity_tables.matching.match_key

    right = run("check-keys")
    with configured.writing() as connection:
        connection.execute(sa.delete(key).where(key.c.ssin == number))
    wrong = run("check-keys", "--sample", "5")
    run("rebuild-keys")
    repaired = run("check-keys")

    assert (0, "1 persons looked at, 0 differ") == (right.exit_code, last_line(right))
    assert 1 == wrong.exit_code
    assert ["1 persons looked at, 1 differ", "rebuild-keys writes them anew"] == wrong.output.splitlines()
    assert (0, "1 persons looked at, 0 differ") == (repaired.exit_code, last_line(repaired))


def test_names_are_counted(configured: Database) -> None:
    """The command says of how many persons."""
    filled(configured)

    assert (0, "3 persons counted\n") == (run("count-names").exit_code, run("count-names").output)
