"""Persons as they are read: on a day, and as known at an instant, on both databases."""

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from tests.identity.past import ANNA, BEA, CARL, DORA, NOBODY, PASSPORT, Past, on

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.found import Found, FoundPerson
from kruispunt_identity.domain.number import NumberStatus, Outcome, Register
from kruispunt_identity.domain.values import (
    Address,
    DataGroup,
    Gender,
    Name,
    Validity,
)
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.database import Database
from kruispunt_server.errors import RegistryError

NEW_YEAR = dt.date(2026, 1, 1)
TODAY = dt.date(2026, 6, 1)


@pytest.fixture
def past(identity_database: Database, identity_tables: IdentityTables) -> Past:
    """Empty registers; the test runs once on each kind of database."""
    return Past(identity_database, identity_tables)


def read(past: Past, ssin: Ssin, day: dt.date = TODAY, known_at: dt.datetime | None = None) -> Found:
    """Return what comes of one number."""
    return past.reader.persons([ssin], valid_at=day, known_at=known_at)[ssin]


def person(past: Past, ssin: Ssin, day: dt.date = TODAY, known_at: dt.datetime | None = None) -> FoundPerson:
    """Return a person that is there."""
    found = read(past, ssin, day, known_at).person
    assert found is not None
    return found


def names(past: Past, ssin: Ssin, day: dt.date = TODAY, known_at: dt.datetime | None = None) -> list[str]:
    """Return the family names seen on a day; none if nobody is known."""
    found = read(past, ssin, day, known_at).person
    seen = found.picture.on(day) if found else []
    return [fact.value.family_name for fact, _ in seen if isinstance(fact.value, Name)]


def test_what_we_believed_then_of_a_day(past: Past) -> None:
    """What we believed on 3 March about 1 January stays, whatever is corrected afterwards."""
    past.register(ANNA, on(2, 1))
    wrong = past.tell(ANNA, Name("Wrong"), on(2, 1), Validity(dt.date(2020, 1, 1)))
    past.correct(wrong, Name("Right"), on(4, 1))

    assert ["Wrong"] == names(past, ANNA, NEW_YEAR, on(3, 3))
    assert ["Right"] == names(past, ANNA, NEW_YEAR)
    assert ["Right"] == names(past, ANNA, NEW_YEAR, on(4, 1))


def test_before_anything_was_recorded_nobody_is_known(past: Past) -> None:
    """A person is unknown as of an instant before the number was given out."""
    past.register(ANNA, on(2, 1))

    assert Outcome.UNKNOWN == read(past, ANNA, known_at=on(1, 31)).resolved.outcome
    assert Outcome.CURRENT == read(past, ANNA, known_at=on(2, 1)).resolved.outcome


def test_retracted_fact_is_seen_as_of_before(past: Past) -> None:
    """A retracted fact is gone from the day of its retraction, and seen in every look before that."""
    past.register(ANNA, on(2, 1))
    fact = past.tell(ANNA, Name("Peeters"), on(2, 1))
    past.take_back(fact, on(4, 1))

    assert [] == names(past, ANNA)
    assert ["Peeters"] == names(past, ANNA, known_at=on(3, 3))


def test_each_day_has_its_own_value(past: Past) -> None:
    """A later fact covers the earlier one on its days and leaves it on the others."""
    past.register(ANNA, on(2, 1))
    past.tell(ANNA, Name("Peeters"), on(2, 1))
    past.tell(ANNA, Name("Janssens"), on(2, 2), Validity(dt.date(2026, 3, 1)))

    assert [["Peeters"], ["Peeters"], ["Janssens"]] == [
        names(past, ANNA, day) for day in (NEW_YEAR, dt.date(2026, 2, 28), dt.date(2026, 3, 1))
    ]


def test_replaced_number_leads_to_the_person(past: Past) -> None:
    """The former number answers with the person it leads to, how, and what was told under both."""
    past.register(ANNA, on(2, 1))
    past.register(BEA, on(2, 1))
    past.tell(ANNA, Gender.FEMALE, on(2, 2))
    past.tell(BEA, Name("Bea"), on(2, 3))
    past.replace(ANNA, BEA, on(3, 1))
    found = read(past, ANNA)

    assert (Outcome.REPLACED, BEA) == (found.resolved.outcome, found.resolved.current)
    assert [(ANNA, BEA, on(3, 1))] == [
        (step.former, step.next_, step.recorded_at) for step in found.resolved.chain
    ]
    assert found.person is not None
    assert (BEA, (BEA, ANNA), "3") == (found.person.ssin, found.person.lineage.numbers, found.person.etag)
    assert [DataGroup.NAME, DataGroup.GENDER] == [fact.group for fact, _ in found.person.picture.on(TODAY)]


def test_before_the_replacement_there_were_two_persons(past: Past) -> None:
    """As of an instant before its replacement, a number stands for itself with what was told under it."""
    past.register(ANNA, on(2, 1))
    past.register(BEA, on(2, 1))
    past.tell(ANNA, Name("Anna"), on(2, 2))
    past.tell(BEA, Name("Bea"), on(2, 3))
    past.replace(ANNA, BEA, on(3, 1))

    assert ["Bea"] == names(past, ANNA)
    assert ["Anna"] == names(past, ANNA, known_at=on(2, 28))
    assert (ANNA,) == person(past, ANNA, known_at=on(2, 28)).lineage.numbers


def test_split_gives_back_what_was_told_under_the_number(past: Past) -> None:
    """After a split each number shows its own facts again, those told meanwhile too; the time between stays."""
    past.register(ANNA, on(2, 1))
    past.register(BEA, on(2, 1))
    past.tell(ANNA, Name("Anna"), on(2, 2))
    past.tell(BEA, Name("Bea"), on(2, 3))
    past.replace(ANNA, BEA, on(3, 1))
    past.tell(ANNA, Name("Meanwhile"), on(3, 5))
    past.split(ANNA, on(4, 1))

    assert (["Meanwhile"], ["Bea"]) == (names(past, ANNA), names(past, BEA))
    assert ["Meanwhile"] == names(past, BEA, known_at=on(3, 31))
    assert Outcome.REPLACED == read(past, ANNA, known_at=on(3, 31)).resolved.outcome
    assert Outcome.CURRENT == read(past, ANNA).resolved.outcome


def test_chain_of_two_is_followed(past: Past) -> None:
    """A number whose next number was replaced in turn leads to the end, step by step."""
    for number in (ANNA, BEA, CARL):
        past.register(number, on(2, 1))
    past.replace(ANNA, BEA, on(3, 1))
    past.replace(BEA, CARL, on(3, 2))

    assert [(ANNA, BEA), (BEA, CARL)] == [
        (step.former, step.next_) for step in read(past, ANNA).resolved.chain
    ]
    assert (CARL, ANNA, BEA) == person(past, ANNA).lineage.numbers
    assert (BEA, ANNA) == person(past, ANNA, known_at=on(3, 1)).lineage.numbers


def test_cancelled_number_still_answers(past: Past) -> None:
    """A cancelled number shows what was told under it, and that it was cancelled; before that it stood."""
    past.register(ANNA, on(2, 1))
    past.tell(ANNA, Name("Anna"), on(2, 2))
    past.cancel(ANNA, on(3, 1))

    assert Outcome.CANCELLED == read(past, ANNA).resolved.outcome
    assert NumberStatus.CANCELLED == person(past, ANNA).status
    assert ["Anna"] == names(past, ANNA)
    assert NumberStatus.ACTIVE == person(past, ANNA, known_at=on(2, 28)).status


def test_person_of_the_national_register_only(past: Past) -> None:
    """Somebody of whom nothing was ever written here is shown as the national register does."""
    past.national.add(DORA, "Dora")
    found = person(past, DORA)
    name, birth = [fact for fact, _ in found.picture.on(TODAY)]

    assert (Register.NATIONAL, "0", None) == (found.register, found.etag, found.recorded_at)
    assert ("Dora", 0, 0, None) == (
        name.value.family_name,  # type: ignore[union-attr]
        name.source.sector,
        name.source.institution,
        name.recorded_at,
    )
    assert birth.fact_id != name.fact_id
    assert name.fact_id == person(past, DORA).picture.on(TODAY)[0][0].fact_id


def test_national_person_with_supplementary_data(past: Past) -> None:
    """What the national register says and the contact address kept here are shown together."""
    past.national.add(DORA, "Dora")
    past.register(DORA, on(2, 1), Register.NATIONAL)
    past.tell(DORA, Address("FR"), on(2, 2), group=DataGroup.CONTACT_ADDRESS)

    assert [DataGroup.NAME, DataGroup.BIRTH, DataGroup.CONTACT_ADDRESS] == [
        fact.group for fact, _ in person(past, DORA).picture.on(TODAY)
    ]
    assert ("2", on(2, 2)) == (person(past, DORA).etag, person(past, DORA).recorded_at)


def test_bis_number_replaced_by_a_national_one(past: Past) -> None:
    """The national register is asked about the number that stands; what was told under the bis number lies below."""
    past.national.add(DORA, "Dora")
    past.register(DORA, on(2, 1), Register.NATIONAL)
    past.register(ANNA, on(2, 1))
    past.tell(ANNA, Name("Anna"), on(2, 2))
    past.replace(ANNA, DORA, on(3, 1))

    assert ["Dora"] == names(past, ANNA)
    assert ["Anna"] == names(past, ANNA, dt.date(2019, 12, 31))
    assert ["Anna"] == names(past, ANNA, known_at=on(2, 28))
    assert Register.NATIONAL == person(past, ANNA).register


def test_person_struck_off_is_ours(past: Past) -> None:
    """Of a person in RAD the national register is not asked; before the move it was."""
    past.national.add(DORA, "Dora")
    past.register(DORA, on(2, 1), Register.NATIONAL)
    past.move(DORA, Register.RAD, on(3, 1))
    past.tell(DORA, Name("Taken over"), on(3, 1))

    assert ["Taken over"] == names(past, DORA)
    assert [] == past.national.asked
    assert ["Dora"] == names(past, DORA, known_at=on(2, 28))
    assert Register.RAD == person(past, DORA).register


def test_bis_numbers_are_not_told_to_the_national_register(past: Past) -> None:
    """An unknown bis number is unknown without asking anybody; an unknown national number is asked for."""
    assert Outcome.UNKNOWN == read(past, NOBODY).resolved.outcome
    assert [] == past.national.asked
    assert Outcome.UNKNOWN == read(past, DORA).resolved.outcome
    assert [[DORA]] == past.national.asked


def test_national_register_out_of_reach(past: Past) -> None:
    """Whoever needs the national register gets its refusal; whoever does not is answered."""
    past.national.unavailable = True
    past.register(ANNA, on(2, 1))
    past.tell(ANNA, Name("Anna"), on(2, 2))

    assert ["Anna"] == names(past, ANNA)
    with pytest.raises(RegistryError) as refused:
        read(past, DORA)
    assert "REGISTER_UNAVAILABLE" == refused.value.reason.label


def test_identifier_is_shown_while_it_is_linked(past: Past) -> None:
    """A foreign identifier is shown on the days of its link; an end that came later is not known before."""
    past.register(ANNA, on(2, 1))
    past.link(ANNA, on(2, 2), Validity(dt.date(2026, 2, 2)))
    past.link(ANNA, on(4, 1), Validity(dt.date(2026, 2, 2), dt.date(2026, 5, 1)), version=2)

    def shown(day: dt.date, known_at: dt.datetime | None = None) -> list[tuple[int, str]]:
        found = person(past, ANNA, day, known_at).identifiers
        return [(one.version, one.key.identifier) for one in found]

    assert [] == shown(TODAY)
    assert [(1, "EH-12 34")] == shown(TODAY, on(3, 3))
    assert [(2, "EH-12 34")] == shown(dt.date(2026, 4, 30))
    assert [] == shown(dt.date(2026, 2, 1))


def test_persons_are_found_by_a_foreign_identifier(past: Past) -> None:
    """A link leads to the person that its number leads to, on the days and as known at the instant asked about."""
    past.register(ANNA, on(2, 1))
    past.register(BEA, on(2, 1))
    past.link(ANNA, on(2, 2), Validity(None, dt.date(2026, 5, 1)))
    past.replace(ANNA, BEA, on(3, 1))

    def linked(day: dt.date, known_at: dt.datetime | None = None) -> list[Ssin]:
        return [one.ssin for one in past.reader.linked(PASSPORT, valid_at=day, known_at=known_at)]

    assert [BEA] == linked(dt.date(2026, 4, 30))
    assert [] == linked(dt.date(2026, 5, 1))
    assert [ANNA] == linked(dt.date(2026, 4, 30), on(2, 28))
    assert [] == linked(dt.date(2026, 4, 30), on(2, 1))


def test_look_into_the_past_says_when_it_was_last_changed_then(past: Past) -> None:
    """The instant of the last change is that before the one asked about, however often it was changed since."""
    past.register(ANNA, on(2, 1))
    past.register(BEA, on(2, 1))
    fact = past.tell(BEA, Name("Bea"), on(2, 2))
    past.replace(ANNA, BEA, on(3, 1))
    past.take_back(fact, on(4, 1))
    past.link(BEA, on(4, 15))
    past.split(ANNA, on(5, 1))

    looks = [on(2, 1), on(2, 20), on(3, 3), on(4, 2), on(4, 20), on(5, 2)]

    assert [on(2, 1), on(2, 2), on(3, 1), on(4, 1), on(4, 15), on(5, 1)] == [
        person(past, BEA, known_at=look).recorded_at for look in looks
    ]
    assert on(5, 1) == person(past, BEA).recorded_at
    assert "" == person(past, BEA, known_at=on(5, 2)).etag


def test_numbers_of_one_person_are_answered_alike(past: Past) -> None:
    """In one batch the current and the former number show the same person, each with its own way there."""
    past.register(ANNA, on(2, 1))
    past.register(BEA, on(2, 1))
    past.tell(BEA, Name("Bea"), on(2, 3))
    past.replace(ANNA, BEA, on(3, 1))
    found = past.reader.persons([BEA, NOBODY, ANNA], valid_at=TODAY)

    assert [Outcome.CURRENT, Outcome.UNKNOWN, Outcome.REPLACED] == [
        found[number].resolved.outcome for number in (BEA, NOBODY, ANNA)
    ]
    assert found[BEA].person == found[ANNA].person


@pytest.mark.parametrize(("known_at", "expected"), [(None, 6), (on(6, 1), 10)])
def test_a_thousand_persons_cost_a_handful_of_statements(
    past: Past, known_at: dt.datetime | None, expected: int
) -> None:
    """The number of statements does not follow the number of persons, nor that of their numbers."""
    numbers = [Ssin.assemble(754_602, sequence, born_from_2000=False) for sequence in range(1, 999)]
    with past.database.writing() as connection:
        past.numbers.insert_many(connection, [(number, Register.BIS) for number in numbers], on(2, 1))
    for number in numbers[:10]:
        past.tell(number, Name("Somebody"), on(2, 2))
    past.replace(numbers[0], numbers[1], on(3, 1))
    statements: list[str] = []

    def count(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    sa.event.listen(past.database.engine, "before_cursor_execute", count)
    found = past.reader.persons(numbers, valid_at=TODAY, known_at=known_at)

    assert 998 == sum(one.person is not None for one in found.values())
    assert 10 == sum(bool(one.person and one.person.picture.visible) for one in found.values())
    assert expected == sum(one.startswith("SELECT") for one in statements)
