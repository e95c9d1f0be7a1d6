"""Days are those of Brussels."""

import datetime as dt

import pytest

from kruispunt_server.clock import brussels_bounds, brussels_day


@pytest.mark.parametrize(
    ("day", "begin", "hours"),
    [
        (dt.date(2026, 3, 3), dt.datetime(2026, 3, 2, 23, tzinfo=dt.UTC), 24),
        (dt.date(2026, 3, 29), dt.datetime(2026, 3, 28, 23, tzinfo=dt.UTC), 23),
        (dt.date(2026, 10, 25), dt.datetime(2026, 10, 24, 22, tzinfo=dt.UTC), 25),
    ],
)
def test_a_day_begins_and_ends_at_midnight_there(day: dt.date, begin: dt.datetime, hours: int) -> None:
    """In summer time two hours before that of UTC; the day of a change is shorter or longer."""
    assert (begin, begin + dt.timedelta(hours=hours)) == brussels_bounds(day)
    assert day == brussels_day(begin)
    assert day != brussels_day(begin + dt.timedelta(hours=hours))
