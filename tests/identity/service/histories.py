"""What the registers should answer, said as simply as possible: stacks of facts, the uppermost one is seen.

Every number that stands has one stack per data group. Telling puts a fact on top. A replacement puts the stack of the
former number, whole, under that of the next. A split takes out what was told under the number split off, in order.
To know what was known before, the whole past is played again up to that instant.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Group = int
ALWAYS: tuple[dt.date | None, dt.date | None] = (None, None)


@dataclass(frozen=True)
class Told:
    """A fact was told under a number."""

    at: dt.datetime
    key: str  # the fact's identifier
    under: int
    group: Group
    value: Any
    days: tuple[dt.date | None, dt.date | None]


@dataclass(frozen=True)
class Closed:
    """A fact was taken back."""

    at: dt.datetime
    key: str


@dataclass(frozen=True)
class Joined:
    """A number was replaced."""

    at: dt.datetime
    former: int
    next_: int


@dataclass(frozen=True)
class Parted:
    """A replacement was undone."""

    at: dt.datetime
    former: int


Event = Told | Closed | Joined | Parted


@dataclass
class State:
    """Where everything stands after some events."""

    step: dict[int, int] = field(default_factory=dict)  # former number -> the one that took its place
    stacks: dict[int, list[Told]] = field(default_factory=dict)  # by number that stands

    def root(self, number: int) -> int:
        """Return the number that `number` leads to."""
        while number in self.step:
            number = self.step[number]
        return number

    def tree(self, number: int) -> set[int]:
        """Return `number` and all that lead to it."""
        return {number} | {n for n in self.step if self._passes(n, number)}

    def _passes(self, start: int, number: int) -> bool:
        while start in self.step:
            start = self.step[start]
            if start == number:
                return True
        return False

    def play(self, event: Event) -> None:
        """Let one event happen."""
        if isinstance(event, Told):
            self.stacks.setdefault(self.root(event.under), []).append(event)
        elif isinstance(event, Closed):
            for stack in self.stacks.values():
                stack[:] = [each for each in stack if each.key != event.key]
        elif isinstance(event, Joined):
            self.step[event.former] = event.next_
            below = self.stacks.pop(event.former, [])
            self.stacks[event.next_] = below + self.stacks.get(event.next_, [])
        else:
            whole = self.stacks.get(self.root(event.former), [])
            root = self.root(event.former)
            del self.step[event.former]
            gone = self.tree(event.former)
            self.stacks[event.former] = [each for each in whole if each.under in gone]
            self.stacks[root] = [each for each in whole if each.under not in gone]

    def seen(self, number: int, group: Group, day: dt.date) -> Told | None:
        """Return the uppermost fact of a group that is true on a day."""
        for each in reversed(self.stacks.get(self.root(number), [])):
            begin, end = each.days
            if each.group == group and (begin is None or begin <= day) and (end is None or day < end):
                return each
        return None


def after(events: Sequence[Event], known_at: dt.datetime) -> State:
    """Return where everything stood at an instant."""
    state = State()
    for event in events:
        if event.at <= known_at:
            state.play(event)
    return state
