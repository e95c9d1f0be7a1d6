"""Facts in the database: what is written is read, as of any instant; a closed one stays."""

import datetime as dt
import uuid
from dataclasses import replace

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.fact import Fact
from kruispunt_identity.domain.values import (
    Address,
    Birth,
    CivilState,
    DataGroup,
    Decease,
    Evidence,
    EvidenceKind,
    Gender,
    Name,
    Nationalities,
    PartialDate,
    Place,
    Validity,
    Value,
)
from kruispunt_identity.store.fact_rows import text_of, value_of
from kruispunt_identity.store.facts import FactStore
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.call import InstitutionKey
from kruispunt_server.database import Database

NOON = dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
ANNA, BEA = Ssin.parse("75460898095"), Ssin.parse("75260898052")


def fact(number: Ssin = ANNA, *, after: dt.timedelta = dt.timedelta(), order: int = 1) -> Fact:
    return Fact(
        fact_id=uuid.UUID(int=(7 << 76) | order),
        registered_under=number,
        group=DataGroup.NAME,
        value=Name("Peeters", ("Anna", "Maria")),
        validity=Validity(dt.date(2026, 3, 1), None),
        source=InstitutionKey(5, 1),
        evidence=Evidence(EvidenceKind.PASSPORT, "EK 42", "MA"),
        recorded_at=NOON + after,
    )


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
dates = st.builds(PartialDate, st.integers(0, 2999), st.integers(0, 12), st.integers(0, 31))
places = st.none() | st.builds(Place, texts, st.integers(0, 99_999), texts)
names = st.builds(Name, texts, st.lists(texts, max_size=3).map(tuple))
addresses = st.builds(Address, texts, st.integers(0, 99_999), texts, texts, texts, texts, texts)
VALUES: dict[DataGroup, st.SearchStrategy[Value]] = {
    DataGroup.NAME: names,
    DataGroup.BIRTH: st.builds(Birth, dates, places),
    DataGroup.DECEASE: st.builds(Decease, dates, places),
    DataGroup.GENDER: st.sampled_from(Gender),
    DataGroup.NATIONALITIES: st.builds(Nationalities, st.lists(texts, max_size=3).map(tuple)),
    DataGroup.CIVIL_STATE: st.builds(
        CivilState, st.integers(10, 60), st.none() | st.just(ANNA), st.none() | names
    ),
    DataGroup.RESIDENTIAL_ADDRESS: addresses,
    DataGroup.CONTACT_ADDRESS: addresses,
}


@given(st.sampled_from(DataGroup).flatmap(lambda group: st.tuples(st.just(group), VALUES[group])))
def test_value_comes_back_as_it_was_written(said: tuple[DataGroup, Value]) -> None:
    """Whatever a value holds, reading its text gives an equal one."""
    group, value = said

    assert value == value_of(group, text_of(value))


def test_text_of_a_value_is_canonical() -> None:
    """Keys are sorted, letters are kept as they are, what is not known is left out."""
    birth = Birth(PartialDate(1980, 4), Place("MA", municipality_name="Fès"))

    assert '{"date":[1980,4,0],"place":{"country":"MA","municipality_name":"Fès"}}' == text_of(birth)


def test_every_group_has_its_text() -> None:
    """The text of each group is what later versions must be able to read."""
    address = Address("BE", 21004, "Brussel", "1000", "Wetstraat", "16", "b")

    assert '{"family":"Peeters","given":["Anna"]}' == text_of(Name("Peeters", ("Anna",)))
    assert '{"gender":2}' == text_of(Gender.FEMALE)
    assert '{"countries":[]}' == text_of(Nationalities())
    assert '{"code":20,"partner_ssin":75460898095}' == text_of(CivilState(20, ANNA))
    assert (
        '{"box":"b","country":"BE","house_number":"16","municipality_code":21004,'
        '"municipality_name":"Brussel","postal_code":"1000","street":"Wetstraat"}'
    ) == text_of(address)


def test_fact_is_read_as_it_was_written(identity_database: Database, identity_tables: IdentityTables) -> None:
    """Every part of a fact comes back, whether few or many are written at once."""
    store = FactStore(identity_database, identity_tables.persons)
    many = [fact(order=order) for order in range(2, 40)]
    with identity_database.writing() as connection:
        store.add_many(connection, [fact()])
        store.add_many(connection, many)
        store.add_many(connection, [])

    with identity_database.reading() as connection:
        assert [fact(), *many] == store.of(connection, [ANNA])


def test_facts_of_other_numbers_are_left_out(
    identity_database: Database, identity_tables: IdentityTables
) -> None:
    """Only facts of the numbers asked for come, in the order of recording."""
    store = FactStore(identity_database, identity_tables.persons)
    later, other = fact(after=HOUR, order=1), fact(BEA, order=2)
    with identity_database.writing() as connection:
        store.add_many(connection, [later, other])

    with identity_database.reading() as connection:
        assert [later] == store.of(connection, [ANNA])
        assert [other, later] == store.of(connection, [ANNA, BEA])
        assert [] == store.of(connection, [])


def test_closed_fact_stands_before_it_was_closed(
    identity_database: Database, identity_tables: IdentityTables
) -> None:
    """What was known then does not change by what was learnt later; the history shows both."""
    store = FactStore(identity_database, identity_tables.persons)
    wrong, right = fact(order=1), fact(after=HOUR, order=2)
    closed = replace(wrong, superseded_at=NOON + HOUR, superseded_by=right.fact_id)
    with identity_database.writing() as connection:
        store.add_many(connection, [wrong])
        store.close_many(connection, [closed])
        store.add_many(connection, [right])

    with identity_database.reading() as connection:
        assert [right] == store.of(connection, [ANNA])
        assert [wrong] == store.of(connection, [ANNA], NOON)
        assert [right] == store.of(connection, [ANNA], NOON + HOUR)
        assert [] == store.of(connection, [ANNA], NOON - HOUR)
        assert [closed, right] == store.of(connection, [ANNA], history=True)
        assert [wrong] == store.of(connection, [ANNA], NOON, history=True)


def test_fact_is_closed_once(identity_database: Database, identity_tables: IdentityTables) -> None:
    """The database refuses to close a fact again, whoever tries."""
    store = FactStore(identity_database, identity_tables.persons)
    closed = replace(fact(), superseded_at=NOON + HOUR)
    with identity_database.writing() as connection:
        store.add_many(connection, [fact()])
        store.close_many(connection, [closed])

    with pytest.raises(sa.exc.IntegrityError), identity_database.writing() as connection:
        store.close_many(connection, [replace(closed, superseded_at=NOON + 2 * HOUR)])
