"""What commands do to a person, day by day."""

import datetime as dt
import uuid
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.fact import Fact, Statement
from kruispunt_identity.domain.life import check_life_of
from kruispunt_identity.domain.lineage import Lineage
from kruispunt_identity.domain.number import Number, NumberStatus, Register
from kruispunt_identity.domain.person import MOST_FACTS, GroupOutcome, Person
from kruispunt_identity.domain.picture import paint
from kruispunt_identity.domain.values import (
    ALWAYS,
    Address,
    Birth,
    CivilState,
    DataGroup,
    Decease,
    PartialDate,
    Validity,
    Value,
)
from kruispunt_server.call import InstitutionKey
from kruispunt_server.errors import RegistryError

NOON = dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)
PENSIONS = InstitutionKey(5, 1)
ANNA = Ssin.parse("75460898095")
FIRST = dt.date(2026, 1, 1)


def person(*facts: Fact, register: Register = Register.BIS) -> Person:
    number = Number(ANNA, register, NumberStatus.ACTIVE, ANNA, 0, None, 1, NOON)
    return Person(number, Lineage(ANNA), facts, NOON)


def said(group: DataGroup, value: Value, validity: Validity = ALWAYS) -> Statement:
    return Statement(group, value, validity)


def street(name: str, validity: Validity = ALWAYS) -> Statement:
    return said(DataGroup.CONTACT_ADDRESS, Address("BE", street=name), validity)


def day(number: int) -> dt.date:
    return FIRST + dt.timedelta(days=number)


def _period(begin: int | None, end: int | None) -> Validity:
    if begin is not None and end is not None and end <= begin:
        begin, end = end, begin + 1
    return Validity(None if begin is None else day(begin), None if end is None else day(end))


bounds = st.none() | st.integers(0, 9)
periods = st.builds(_period, bounds, bounds)
statements = st.builds(street, st.sampled_from("AB"), periods)


def shown(one: Person) -> list[str | None]:
    """Return the street that is seen on each of fourteen days around those that are spoken of."""
    picture = paint(one.facts, one.lineage)
    streets = []
    for number in range(-2, 12):
        seen = picture.on(day(number))
        value = seen[0][0].value if seen else None
        streets.append(value.street if isinstance(value, Address) else None)
    return streets


@given(st.lists(statements, max_size=6), statements)
def test_person_shows_what_was_told_last(before: list[Statement], last: Statement) -> None:
    """A statement is seen on all its days, whatever stood; other days are as before; none is written without need."""
    one = person()
    for each in before:
        one = person(*_written(one, each))
    expected = [
        last.value.street if last.validity.holds(day(number)) else was  # type: ignore[union-attr]
        for number, was in zip(range(-2, 12), shown(one), strict=True)
    ]
    was = shown(one)

    change = one.tell(last, PENSIONS, ANNA)

    assert expected == shown(one)
    assert (was == expected) is (change.outcome is GroupOutcome.UNCHANGED)
    assert bool(change.plan) is (change.outcome is GroupOutcome.WRITTEN)


def _written(one: Person, statement: Statement) -> list[Fact]:
    one.tell(statement, PENSIONS, ANNA)
    return one.facts


def test_time_of_recording_follows_what_was_recorded() -> None:
    """A clock that stands still, or was set back, does not put a later fact below an earlier one."""
    ahead = NOON + dt.timedelta(hours=3)
    one = person()
    told = replace(one.tell(street("A"), PENSIONS, ANNA).fact, recorded_at=ahead)

    assert NOON + dt.timedelta(microseconds=1) == one.now
    assert ahead + dt.timedelta(microseconds=1) == person(told).now


def test_representation_of_a_person_shows_nothing() -> None:
    """Neither a number nor a value reaches a log by way of a repr."""
    one = person()
    change = one.tell(street("Kanariestraat"), PENSIONS, ANNA)

    assert [False, False] == [canary in repr((one, change)) for canary in ("Kanarie", "75460898095")]


@pytest.mark.parametrize(
    ("birth", "decease", "refused"),
    [
        (PartialDate(1980, 4, 5), PartialDate(1980, 4, 4), True),
        (PartialDate(1980, 4, 5), PartialDate(1980, 3), True),
        (PartialDate(1980), PartialDate(1979, 12, 31), True),
        (PartialDate(1980, 4, 5), PartialDate(1980, 4, 5), False),
        (PartialDate(1980, 4, 5), PartialDate(1980, 4), False),
        (PartialDate(1980, 4, 5), PartialDate(1980), False),
        (PartialDate(1980), PartialDate(1980, 1, 1), False),
        (PartialDate(), PartialDate(1900), False),
    ],
)
def test_decease_before_birth_is_refused(birth: PartialDate, decease: PartialDate, *, refused: bool) -> None:
    """Whichever is told last, and be they told together; where unknown parts leave it open, it is taken."""
    born, died = said(DataGroup.BIRTH, Birth(birth)), said(DataGroup.DECEASE, Decease(decease))
    fields: list[str] = []
    for first, second in ((born, died), (died, born)):
        one = person()
        one.tell(first, PENSIONS, ANNA)
        try:
            one.tell(second, PENSIONS, ANNA)
        except RegistryError as refusal:
            fields += [refusal.reason.label, refusal.field]
    try:
        check_life_of([died, born])
    except RegistryError as refusal:
        fields += [refusal.reason.label, refusal.field]

    expected = [
        "DATE_INVALID",
        "statement.value.decease.date",
        "DATE_INVALID",
        "statement.value.birth.date",
        "DATE_INVALID",
        "facts[0].value.decease.date",
    ]
    assert (expected if refused else []) == fields


@pytest.mark.parametrize("group", [group for group in DataGroup if group is not DataGroup.CONTACT_ADDRESS])
def test_national_person_takes_supplementary_data_only(group: DataGroup) -> None:
    """Every other group is refused, whatever it says."""
    with pytest.raises(RegistryError) as refusal:
        person(register=Register.NATIONAL).tell(said(group, CivilState(10)), PENSIONS, ANNA)

    assert ("NATIONAL_DATA", "statement.value") == (refusal.value.reason.label, refusal.value.field)


def test_fact_of_another_group_is_not_corrected() -> None:
    """A correction is of the same data group."""
    one = person()
    wrong = one.tell(street("A"), PENSIONS, ANNA).fact.fact_id

    with pytest.raises(RegistryError) as refusal:
        one.tell(said(DataGroup.CIVIL_STATE, CivilState(10)), PENSIONS, ANNA, corrects=wrong)

    assert ("FACT_UNKNOWN", "corrects_fact_id") == (refusal.value.reason.label, refusal.value.field)


def test_unknown_fact_is_not_retracted() -> None:
    """Who asks for a fact that is not there learns it."""
    with pytest.raises(RegistryError) as refusal:
        person().retract(uuid.UUID(int=5))

    assert ("FACT_UNKNOWN", "fact_id") == (refusal.value.reason.label, refusal.value.field)


def test_more_facts_than_a_read_can_bear_are_refused() -> None:
    """What was taken back counts too: it is read with the rest."""
    one = person()
    for number in range(MOST_FACTS):
        one.tell(street(f"Street {number}", Validity(day(number), day(number + 1))), PENSIONS, ANNA)
    with pytest.raises(RegistryError) as refused:
        one.tell(street("One more"), PENSIONS, ANNA)

    assert ("TOO_MANY_ELEMENTS", {"limit": "1000"}) == (refused.value.reason.label, refused.value.metadata)
    assert (
        GroupOutcome.WRITTEN is one.tell(said(DataGroup.CIVIL_STATE, CivilState(20)), PENSIONS, ANNA).outcome
    )
