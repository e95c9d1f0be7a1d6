"""Where a page of a list ended, whichever store reads it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from kruispunt_directory.store.rows import DossierRow

Rows = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of a list ended, and what the list is of.

    Attributes:
        instant: the whole list is as known then.
        day: open on that day; none for every period.
        key: listing key of the last row: (sector, institution, capacity, begin, phase).
    """

    instant: dt.datetime
    day: dt.date | None
    key: tuple[Any, ...]

    @classmethod
    def after(cls, row: Any, instant: dt.datetime, day: dt.date | None) -> Self:
        """Return the place after a row."""
        last = DossierRow(*row)
        return cls(instant, day, (last.sector, last.institution, last.capacity, last.begin_day, last.phase))

    @classmethod
    def read(cls, written: Sequence[Any]) -> Self:
        """Read what `written` gave."""
        instant, day, sector, institution, capacity, begin, phase = written
        return cls(
            dt.datetime.fromisoformat(instant),
            dt.date.fromisoformat(day) if day else None,
            (sector, institution, capacity, dt.date.fromisoformat(begin), phase),
        )

    def written(self) -> list[str | int | None]:
        """Return the place as plain values."""
        sector, institution, capacity, begin, phase = self.key
        day = self.day.isoformat() if self.day else None
        return [self.instant.isoformat(), day, sector, institution, capacity, begin.isoformat(), phase]


def latest_of(rows: Rows, now: dt.datetime) -> dt.datetime:
    """Return `now`, or when the latest of the rows was recorded if a clock that was set back makes that later."""
    recorded: list[dt.datetime] = [row[DossierRow._fields.index("recorded_at")] for row in rows]
    return max([now, *recorded])
