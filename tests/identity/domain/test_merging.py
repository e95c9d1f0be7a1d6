"""What two persons that become one contradict each other in."""

import datetime as dt
import time
import uuid
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.fact import Fact
from kruispunt_identity.domain.lineage import Lineage
from kruispunt_identity.domain.merging import conflicts
from kruispunt_identity.domain.picture import Picture, paint
from kruispunt_identity.domain.values import DataGroup, Gender, Name, Validity, Value
from kruispunt_server.call import InstitutionKey

FORMER, NEXT = (Ssin.assemble(854_101, n, born_from_2000=False) for n in (1, 3))
FIRST_DAY = dt.date(2026, 1, 1)
NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
DAYS = 8


def picture(under: Ssin, told: list[tuple[Value, Validity]]) -> Picture:
    """Return what is seen of facts that were told one after the other."""
    facts = [
        Fact(
            uuid.UUID(int=number),
            under,
            DataGroup.NAME if isinstance(value, Name) else DataGroup.GENDER,
            value,
            validity,
            InstitutionKey(5, 1),
            None,
            NOON + dt.timedelta(seconds=number),
        )
        for number, (value, validity) in enumerate(told)
    ]
    return paint(facts, Lineage(under))


def day(number: int) -> dt.date:
    """Return a day from the first on."""
    return FIRST_DAY + dt.timedelta(days=number)


@st.composite
def told(draw: st.DrawFn) -> list[tuple[Value, Validity]]:
    """Make up to six facts of two groups, on some days."""
    facts: list[tuple[Value, Validity]] = []
    for _ in range(draw(st.integers(0, 6))):
        begin = draw(st.none() | st.integers(0, DAYS - 1))
        end = draw(st.none() | st.integers((begin or 0) + 1, DAYS))
        value: Any = draw(st.sampled_from([Name("A"), Name("B"), Gender.MALE, Gender.FEMALE]))
        facts.append((value, Validity(*(None if each is None else day(each) for each in (begin, end)))))
    return facts


@given(told(), told())
def test_agrees_with_asking_day_by_day(one: list[Any], other: list[Any]) -> None:
    """Two facts conflict if on some day both are seen, of one group, and say different things; each pair comes once."""
    former, next_ = picture(FORMER, one), picture(NEXT, other)
    expected = {
        (mine.fact_id, theirs.fact_id)
        for number in range(-1, DAYS + 1)
        for mine, _ in former.on(day(number))
        for theirs, _ in next_.on(day(number))
        if mine.group is theirs.group and mine.value != theirs.value
    }

    found = [(each.former.fact_id, each.next_.fact_id) for each in conflicts(former, next_)]

    assert expected == set(found)
    assert len(expected) == len(found)


def test_thousands_of_short_facts_are_compared_at_once() -> None:
    """Not each of one person with each of the other, while both persons are locked: else five seconds."""
    days = [Validity(day(2 * number), day(2 * number + 1)) for number in range(2000)]
    former = picture(FORMER, [(Gender.MALE, each) for each in days])
    next_ = picture(NEXT, [(Gender.FEMALE, each) for each in days])

    began = time.process_time()
    found = conflicts(former, next_)

    assert 1.0 > time.process_time() - began
    assert 2000 == len(found)
