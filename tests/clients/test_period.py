"""Spans of days: half open, an absent end goes on for ever."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kruispunt.period import Period

Span = tuple[int, int | None]

FIRST = dt.date(2020, 1, 1)
FOREVER = 40
DAYS = st.integers(0, 30)
PERIODS = st.tuples(DAYS, st.one_of(st.none(), DAYS)).filter(
    lambda span: span[1] is None or span[0] < span[1]
)


def period(span: Span) -> Period:
    return Period(date(span[0]), None if span[1] is None else date(span[1]))


def date(day: int) -> dt.date:
    return FIRST + dt.timedelta(days=day)


def days(span: Span) -> set[int]:
    return set(range(span[0], FOREVER if span[1] is None else span[1]))


def days_of(found: Period) -> set[int]:
    return {day for day in range(FOREVER) if found.holds(date(day))}


@pytest.mark.parametrize("end", [dt.date(2020, 1, 1), dt.date(2019, 1, 1)])
def test_a_period_has_a_day(end: dt.date) -> None:
    """Begin not before end is no period."""
    with pytest.raises(ValueError, match="begins before it ends"):
        Period(FIRST, end)


@given(PERIODS, PERIODS)
def test_relations_are_those_of_sets_of_days(one: Span, other: Span) -> None:
    """Overlap, containment and difference agree with sets of days."""
    a, b = period(one), period(other)

    assert bool(days(one) & days(other)) == a.overlaps(b) == b.overlaps(a)
    assert (days(one) <= days(other)) == a.lies_within(b)
    assert days(one) - days(other) == set().union(*(days_of(rest) for rest in a.without(b)))


@given(PERIODS, PERIODS)
def test_touching_periods_have_no_day_between_them(one: Span, other: Span) -> None:
    """The span of two that touch holds no further day; of two that do not, it does."""
    a, b = period(one), period(other)

    assert a.touches(b) == (days_of(a.span(b)) == days(one) | days(other))
