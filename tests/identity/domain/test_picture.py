"""What a reader sees: painted facts, against a model that asks day by day, and the rules by example."""

import datetime as dt
import time
import uuid
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.fact import NATIONAL_REGISTER, Fact
from kruispunt_identity.domain.lineage import Lineage
from kruispunt_identity.domain.number import ChangeReason, Replacement
from kruispunt_identity.domain.picture import paint
from kruispunt_identity.domain.values import (
    ALWAYS,
    Address,
    Birth,
    DataGroup,
    Gender,
    Name,
    PartialDate,
    Validity,
    Value,
)
from kruispunt_server.call import InstitutionKey

FORMER, NEXT = (Ssin.assemble(854_101, n, born_from_2000=False) for n in (1, 3))
PENSIONS = InstitutionKey(5, 1)
FIRST_DAY = dt.date(2026, 1, 1)
DAYS = 12


def day(number: int) -> dt.date:
    """Return a day of January 2026."""
    return dt.date(2026, 1, number)


def at(hour: int) -> dt.datetime:
    """Return an hour of one day in March 2026."""
    return dt.datetime(2026, 3, 1, hour, tzinfo=dt.UTC)


def fact(
    number: int,
    value: Value,
    validity: Validity = ALWAYS,
    *,
    hour: int = 1,
    under: Ssin = NEXT,
    group: DataGroup = DataGroup.NAME,
) -> Fact:
    """Return a fact whose identifier is `number`."""
    return Fact(uuid.UUID(int=number), under, group, value, validity, PENSIONS, None, at(hour))


def merged(hour: int) -> Lineage:
    """Return the lineage after FORMER was replaced by NEXT."""
    return Lineage(NEXT, (Replacement(FORMER, NEXT, ChangeReason.DUPLICATE, day(1), at(hour)),))


def names_on(facts: list[Fact], lineage: Lineage, on: dt.date) -> list[str]:
    """Return the family names seen on a day."""
    return [
        seen.value.family_name for seen, _ in paint(facts, lineage).on(on) if isinstance(seen.value, Name)
    ]


@st.composite
def painted(draw: st.DrawFn) -> tuple[list[Fact], Lineage]:
    """Make facts of two groups under two numbers, one of which is replaced at some hour."""
    bounds = st.none() | st.integers(0, DAYS).map(lambda n: FIRST_DAY + dt.timedelta(days=n))
    facts = []
    for number in range(draw(st.integers(0, 9))):
        begin, end = draw(bounds), draw(bounds)
        if begin is not None and end is not None and begin >= end:
            begin, end = end, begin + dt.timedelta(days=1)
        made = fact(
            number,
            Name("x"),
            Validity(begin, end),
            hour=draw(st.integers(1, 8)),
            under=draw(st.sampled_from([FORMER, NEXT])),
            group=draw(st.sampled_from([DataGroup.NAME, DataGroup.NATIONALITIES])),
        )
        closed = draw(st.booleans()) and draw(st.booleans())
        facts.append(replace(made, superseded_at=at(9)) if closed else made)
    return facts, merged(draw(st.integers(1, 8)))


@given(painted())
def test_agrees_with_asking_day_by_day(case: tuple[list[Fact], Lineage]) -> None:
    """On every day the uppermost fact that holds is seen, as if each day were painted by itself."""
    facts, lineage = case
    joined_at = lineage.replacements[0].recorded_at

    def height(one: Fact) -> tuple[bool, dt.datetime, uuid.UUID]:
        assert one.recorded_at is not None
        return one.registered_under == NEXT or one.recorded_at >= joined_at, one.recorded_at, one.fact_id

    picture = paint(facts, lineage)
    for offset in range(-1, DAYS + 2):
        on = FIRST_DAY + dt.timedelta(days=offset)
        expected = []
        for group in (DataGroup.NAME, DataGroup.NATIONALITIES):
            holding = [
                one
                for one in facts
                if one.group is group and one.superseded_at is None and one.validity.holds(on)
            ]
            expected += [max(holding, key=height).fact_id] if holding else []
        assert expected == [seen.fact_id for seen, _ in picture.on(on)]


@given(painted())
def test_pieces_are_within_and_apart(case: tuple[list[Fact], Lineage]) -> None:
    """The pieces of a fact lie within its validity, in order, with something between them."""
    for one in paint(*case).visible:
        assert one.pieces
        for piece in one.pieces:
            assert one.fact.validity.begin is None or (piece.begin or dt.date.min) >= one.fact.validity.begin
            assert one.fact.validity.end is None or (piece.end or dt.date.max) <= one.fact.validity.end
        for before, after in zip(one.pieces, one.pieces[1:], strict=False):
            assert before.end is not None
            assert after.begin is not None
            assert before.end < after.begin


def test_thousands_of_short_facts_are_painted_at_once() -> None:
    """Each of 4,000 facts a day long, a day apart, costs one look and not one at every other: else half a minute."""
    first = dt.date(1900, 1, 1)
    days = [first + dt.timedelta(days=2 * number) for number in range(4000)]
    facts = [
        fact(number, Name("x"), Validity(on, on + dt.timedelta(days=1))) for number, on in enumerate(days)
    ]

    began = time.process_time()
    picture = paint([*facts, fact(4000, Name("Below"), hour=0)], Lineage(NEXT))

    assert 3.0 > time.process_time() - began
    assert (4001, 4001) == (len(picture.visible), len(picture.of(DataGroup.NAME)[0].pieces))


def test_fact_in_the_middle_leaves_two_pieces() -> None:
    """What is covered in the middle is seen before and after."""
    long = fact(1, Name("Long"))
    short = fact(2, Name("Short"), Validity(day(5), day(8)), hour=2)

    (first,), (second,) = [
        [one.pieces for one in paint([short, long], Lineage(NEXT)).visible if one.fact is wanted]
        for wanted in (long, short)
    ]

    assert (Validity(None, day(5)), Validity(day(8), None)) == first
    assert (Validity(day(5), day(8)),) == second


def test_next_number_covers_what_the_former_had() -> None:
    """What was told under the former number before its replacement lies below, however late it was told."""
    facts = [fact(1, Name("Next"), hour=1), fact(2, Name("Former"), hour=2, under=FORMER)]

    assert ["Next"] == names_on(facts, merged(3), day(1))


def test_told_under_the_former_number_afterwards_is_news() -> None:
    """What is told under a replaced number is told of the person it leads to."""
    facts = [fact(1, Name("Next"), hour=1), fact(2, Name("News"), hour=4, under=FORMER)]

    assert ["News"] == names_on(facts, merged(3), day(1))


def test_fact_taken_back_uncovers_what_was_below() -> None:
    """A retracted fact is not painted."""
    above = replace(fact(2, Name("Above"), hour=2), superseded_at=at(3))

    assert ["Below"] == names_on([fact(1, Name("Below")), above], Lineage(NEXT), day(1))


def test_last_birth_told_covers_the_others_whole() -> None:
    """Birth has no period: the uppermost fact is the only one seen."""
    old = fact(1, Birth(PartialDate(1985)), group=DataGroup.BIRTH)
    new = fact(2, Birth(PartialDate(1986)), hour=2, group=DataGroup.BIRTH)

    assert [new] == [one.fact for one in paint([new, old], Lineage(NEXT)).of(DataGroup.BIRTH)]


def test_national_register_has_the_last_word() -> None:
    """What the national register says of an identification covers what was written here, whenever that was."""
    ours = fact(1, Name("Ours"), hour=5)
    theirs = replace(fact(2, Name("Theirs")), recorded_at=None, source=NATIONAL_REGISTER)

    assert ["Theirs"] == names_on([theirs, ours], Lineage(NEXT), day(1))


def test_contact_address_of_ours_covers_the_national_one() -> None:
    """Supplementary data is ours to write: it covers what the national register says."""
    ours = fact(1, Address("BE", street="Ours"), group=DataGroup.CONTACT_ADDRESS)
    theirs = replace(
        fact(2, Address("BE", street="Theirs"), group=DataGroup.CONTACT_ADDRESS), recorded_at=None
    )

    assert [ours] == [one for one, _ in paint([theirs, ours], Lineage(NEXT)).on(day(1))]


def test_groups_come_in_their_order() -> None:
    """On a day there is one fact of each group, by group."""
    facts = [
        fact(1, Gender.FEMALE, group=DataGroup.GENDER),
        fact(2, Name("Peeters")),
        fact(3, Birth(PartialDate()), group=DataGroup.BIRTH),
    ]

    assert [DataGroup.NAME, DataGroup.BIRTH, DataGroup.GENDER] == [
        seen.group for seen, _ in paint(facts, Lineage(NEXT)).on(day(1))
    ]
