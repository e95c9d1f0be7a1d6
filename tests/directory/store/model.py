"""What the directory should answer, said as simply as possible: which phase holds on which day.

Days are 0 to 29 of one month's length after 2020-01-01; what is open goes on at day 30 for ever.
"""

import datetime as dt
from dataclasses import dataclass, field

FIRST = dt.date(2020, 1, 1)
FOREVER = 30

# (capacity, phase, first day, day after the last or none)
Run = tuple[int, int, int, int | None]


def date_of(number: int) -> dt.date:
    """Return the date of a day number."""
    return FIRST + dt.timedelta(days=number)


@dataclass
class Model:
    """The dossiers of one institution on one person, day by day."""

    days: dict[int, dict[int, int]] = field(default_factory=dict)  # capacity -> day -> phase
    past: list[tuple[dt.datetime, list[Run]]] = field(default_factory=list)

    def register(self, capacity: int, phase: int, begin: int, end: int | None) -> bool:
        """Set the phase on every day, or refuse if another stands on one of them."""
        held = self.days.setdefault(capacity, {})
        wanted = range(begin, FOREVER + 1 if end is None else end)
        if any(held.get(day, phase) != phase for day in wanted):
            return False
        held.update(dict.fromkeys(wanted, phase))
        return True

    def clear(self, run: Run, begin: int, end: int | None) -> None:
        """Take days out of one run."""
        capacity, _, first, last = run
        for day in range(max(first, begin), FOREVER + 1):
            if (last is None or day < last) and (end is None or day < end):
                self.days[capacity].pop(day, None)

    def runs(self) -> list[Run]:
        """Return the longest stretches of days in one capacity and phase: what the directory should list."""
        found: list[Run] = []
        for capacity, held in sorted(self.days.items()):
            begin: int | None = None
            for day in range(FOREVER + 2):
                phase = held.get(day)
                if begin is not None and phase != held[begin]:
                    found.append((capacity, held[begin], begin, day if day <= FOREVER else None))
                    begin = None
                if phase is not None and begin is None:
                    begin = day
        return found

    def remember(self, instant: dt.datetime) -> None:
        """Keep what is true now as what was known at `instant`."""
        self.past.append((instant, self.runs()))
