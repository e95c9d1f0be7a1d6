"""What time it is. Injected everywhere, so that tests can stand still."""

import datetime as dt
from typing import Protocol
from zoneinfo import ZoneInfo

_BRUSSELS = ZoneInfo("Europe/Brussels")


def brussels_day(instant: dt.datetime) -> dt.date:
    """Return the calendar day in Brussels at an instant."""
    return instant.astimezone(_BRUSSELS).date()


def brussels_bounds(day: dt.date) -> tuple[dt.datetime, dt.datetime]:
    """Return the instants, in UTC, at which a calendar day in Brussels begins and ends: 23 to 25 hours apart."""
    begin, end = (
        dt.datetime.combine(each, dt.time(), _BRUSSELS).astimezone(dt.UTC)
        for each in (day, day + dt.timedelta(days=1))
    )
    return begin, end


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> dt.datetime:
        """The instant, zone-aware, in UTC."""
        ...

    def today(self) -> dt.date:
        """The calendar day in Brussels: the day that `valid_at` means when it is absent."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> dt.datetime:
        """The instant, zone-aware, in UTC."""
        return dt.datetime.now(dt.UTC)

    def today(self) -> dt.date:
        """The calendar day in Brussels."""
        return dt.datetime.now(_BRUSSELS).date()


class FixedClock:
    """A clock that stands still until it is set. For tests."""

    def __init__(self, instant: dt.datetime) -> None:
        self._instant = instant

    def now(self) -> dt.datetime:
        """The instant it was set to."""
        return self._instant

    def today(self) -> dt.date:
        """The calendar day in Brussels at that instant."""
        return brussels_day(self._instant)

    def advance(self, span: dt.timedelta) -> None:
        """Move on by `span`."""
        self._instant += span
