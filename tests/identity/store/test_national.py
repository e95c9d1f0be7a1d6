"""The file that stands in for the national register, and how it is loaded."""

import datetime as dt
import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from kruispunt.ssin import Ssin
from kruispunt_identity.__main__ import app
from kruispunt_identity.domain.number import Register
from kruispunt_identity.domain.values import (
    Address,
    Birth,
    CivilState,
    DataGroup,
    Gender,
    Name,
    Nationalities,
    PartialDate,
    Place,
    Validity,
)
from kruispunt_identity.matching.peppers import DerivedPeppers
from kruispunt_identity.matching.profile import MatchName, MatchProfile
from kruispunt_identity.national.file import NationalFileError, SqliteNationalRegister, load
from kruispunt_identity.national.loading import NationalLoader
from kruispunt_identity.store.matching import MatchStore
from kruispunt_identity.store.numbers import NumberStore
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.database import Database
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.keys import Keys

NOW = dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)
ANNA, BEA = Ssin.parse("85073003328"), Ssin.parse("75060898009")
OF_ANNA = {
    "ssin": "85073003328",
    "family_name": "Peeters",
    "given_names": ["Anna", "Maria"],
    "birth_date": "1985-07-00",
    "birth_country": "BE",
    "gender": 2,
    "nationalities": ["BE", "MA"],
    "civil_state": 20,
    "partner_ssin": "75060898009",
    "residential_address": {"country": "BE", "municipality_code": 44021, "street": "Veldstraat"},
    "since": {"residential_address": "2019-04-01"},
}
OF_BEA = {"ssin": "75060898009", "family_name": "De Smet", "birth_date": "1975-06-08"}


def lines(*documents: object) -> list[str]:
    return [json.dumps(document) for document in documents]


def test_the_register_says_what_was_loaded(tmp_path: Path) -> None:
    """Every data group of a document is a statement, true since the day it says."""
    path = tmp_path / "national.db"
    load(path, lines(OF_ANNA, OF_BEA))
    found = SqliteNationalRegister(path).find_many([ANNA, Ssin.parse("42012205181")])

    assert [ANNA] == list(found)
    said = {each.group: each.value for each in found[ANNA].statements}
    assert {
        DataGroup.NAME: Name("Peeters", ("Anna", "Maria")),
        DataGroup.BIRTH: Birth(PartialDate(1985, 7), Place("BE")),
        DataGroup.GENDER: Gender.FEMALE,
        DataGroup.NATIONALITIES: Nationalities(("BE", "MA")),
        DataGroup.CIVIL_STATE: CivilState(20, BEA),
        DataGroup.RESIDENTIAL_ADDRESS: Address("BE", 44021, street="Veldstraat"),
    } == said
    since = {each.group: each.validity for each in found[ANNA].statements}
    assert Validity(begin=dt.date(2019, 4, 1)) == since[DataGroup.RESIDENTIAL_ADDRESS]
    assert Validity() == since[DataGroup.NAME]


def test_profiles_are_what_a_search_compares_by(tmp_path: Path) -> None:
    """A profile holds names, birth, gender and every country of the person."""
    load(tmp_path / "national.db", lines(OF_ANNA))

    expected = MatchProfile(
        (MatchName("Peeters", ("Anna", "Maria")),), (1985, 7, 0), 2, frozenset({"BE", "MA"})
    )
    assert {int(ANNA): expected} == SqliteNationalRegister(tmp_path / "national.db").profiles([int(ANNA)])


def test_the_walk_is_by_number(tmp_path: Path) -> None:
    """Walking gives every person once, by number, page by page."""
    load(tmp_path / "national.db", lines(OF_ANNA, OF_BEA))
    register = SqliteNationalRegister(tmp_path / "national.db")

    assert [BEA] == [each.ssin for each in register.walk(0, 1)]
    assert [ANNA] == [each.ssin for each in register.walk(int(BEA), 5)]
    assert [] == register.walk(int(ANNA), 5)


def test_a_replaced_file_is_read_anew(tmp_path: Path) -> None:
    """Who loads the file again need not restart the server."""
    path = tmp_path / "national.db"
    load(path, lines(OF_ANNA))
    register = SqliteNationalRegister(path)
    register.find_many([ANNA])
    load(path, lines(OF_BEA))

    assert [BEA] == list(register.find_many([ANNA, BEA]))


def test_a_register_that_is_not_there_cannot_be_asked(tmp_path: Path) -> None:
    """Without its file the register is unavailable: nobody is told that a person is unknown."""
    with pytest.raises(RegistryError) as refused:
        SqliteNationalRegister(tmp_path / "none.db").find_many([ANNA])
    assert Reason.REGISTER_UNAVAILABLE is refused.value.reason


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ({**OF_BEA, "family_name": ""}, "line 2: family_name is required"),
        ({**OF_BEA, "ssin": "75060898008"}, "line 2: ssin is no number"),
        ({**OF_BEA, "ssin": "75460898095"}, "line 2: ssin is no national number"),
        ({**OF_BEA, "birth_date": "1975-02-30"}, "line 2: what stands there for birth has the wrong form"),
        ({**OF_BEA, "shoe_size": 38}, "line 2: there is a key that has no meaning"),
        (OF_ANNA, "line 2: the number stands there twice"),
    ],
)
def test_a_bad_line_leaves_everything_as_it_was(tmp_path: Path, document: object, fault: str) -> None:
    """A fault is told by line and key, never by value, and the file stays."""
    path = tmp_path / "national.db"
    load(path, lines(OF_BEA))
    with pytest.raises(NationalFileError) as refused:
        load(path, lines(OF_ANNA, document))

    assert fault == str(refused.value)
    assert [BEA] == list(SqliteNationalRegister(path).find_many([ANNA, BEA]))
    assert ["national.db"] == [each.name for each in tmp_path.iterdir()]


class Loaded:
    """The stand-in beside a database of identity."""

    def __init__(self, database: Database, tables: IdentityTables, path: Path) -> None:
        self.database, self.tables, self.path = database, tables, path
        self.numbers = NumberStore(database, tables)
        self.matching = MatchStore(database, tables.matching, DerivedPeppers(Keys(b"k" * 32)))
        self.progress: list[tuple[int, int]] = []

    def load(self, *documents: object) -> int:
        loader = NationalLoader(self.database, self.numbers, self.matching)
        return loader.load(self.path, lines(*documents), lambda *told: self.progress.append(told))

    def found(self) -> list[int]:
        """Return who has search keys."""
        key = self.tables.matching.match_key
        with self.database.reading() as connection:
            return sorted(set(connection.scalars(sa.select(key.c.ssin))))


@pytest.fixture
def loaded(identity_database: Database, identity_tables: IdentityTables, tmp_path: Path) -> Loaded:
    """The stand-in, empty, beside a database of this test alone."""
    return Loaded(identity_database, identity_tables, tmp_path / "national.db")


def test_keys_follow_the_file(loaded: Loaded) -> None:
    """Who is in the file is found by keys, who left it is not, and no name is kept."""
    assert 2 == loaded.load(OF_ANNA, OF_BEA)
    both = loaded.found()
    assert 1 == loaded.load(OF_BEA)

    assert [int(BEA), int(ANNA)] == both
    assert [int(BEA)] == loaded.found()
    assert [(2, 2), (1, 1)] == loaded.progress
    with loaded.database.reading() as connection:
        assert {} == loaded.matching.profiles(connection, [int(BEA)])


def test_keys_of_struck_off_persons_are_ours(loaded: Loaded) -> None:
    """A person moved to RAD keeps the keys of our facts, whatever the file says."""
    with loaded.database.writing() as transaction:
        loaded.numbers.insert(transaction, ANNA, Register.RAD, NOW)
        loaded.matching.write(
            transaction, int(ANNA), MatchProfile((MatchName("Peeters", ()),), (1985, 7, 30))
        )
    loaded.load(OF_ANNA)
    loaded.load()

    with loaded.database.reading() as connection:
        assert [int(ANNA)] == list(loaded.matching.profiles(connection, [int(ANNA)]))


def test_the_command_loads(identity_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`load-national` fills the configured file and says how many persons it holds."""
    (tmp_path / "secret").write_bytes(b"s" * 64)
    (tmp_path / "secret").chmod(0o600)
    (tmp_path / "persons.jsonl").write_text("\n".join(lines(OF_ANNA, OF_BEA)))
    for name, value in {
        "DATABASE_URL": identity_url,
        "SECRET_FILE": str(tmp_path / "secret"),
        "NATIONAL_REGISTER_FILE": str(tmp_path / "national.db"),
        "PLAINTEXT_PARTICIPANT": "registry-registrar",
    }.items():
        monkeypatch.setenv(f"KRUISPUNT_IDENTITY_{name}", value)
    told = CliRunner().invoke(app, ["load-national", str(tmp_path / "persons.jsonl")])

    assert (0, "2 persons in the national register's stand-in\n") == (told.exit_code, told.output)
    assert [BEA] == list(SqliteNationalRegister(tmp_path / "national.db").find_many([BEA]))
