"""Where numbers lead: what the directory knows of identity's chains, and how that changes."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from kruispunt.ssin import Ssin
from kruispunt_directory.domain.number import NumberStatus


@dataclass(frozen=True, slots=True)
class NumberState:
    """A number as the registers told of it.

    Attributes:
        ssin: the number.
        current: the number that it leads to; itself if it stands or is cancelled.
        next_: the number that took its place; none: it was not replaced.
        replaced_on: day of its replacement.
        cancelled: it leads to nobody.
        deceased: whether a decease is on file under it; none: not told.
        register: number of the register; none: not told.
    """

    ssin: Ssin
    current: Ssin
    next_: Ssin | None = None
    replaced_on: dt.date | None = None
    cancelled: bool = False
    deceased: bool | None = None
    register: int | None = None

    @property
    def status(self) -> NumberStatus:
        """What reads go by."""
        if self.next_ is not None:
            return NumberStatus.REPLACED
        if self.cancelled:
            return NumberStatus.CANCELLED
        return NumberStatus.DECEASED if self.deceased else NumberStatus.ACTIVE


@dataclass(frozen=True, slots=True)
class Step:
    """A number took another's place.

    Attributes:
        former: the number that was replaced.
        next_: the number that took its place.
        joined_at: instant at which their dossiers were joined, here; no other such instant of the person is the same.
        undone_at: instant at which they were divided again; none: the step stands.
    """

    former: Ssin
    next_: Ssin
    joined_at: dt.datetime
    undone_at: dt.datetime | None = None


@dataclass(frozen=True)
class Lineage:
    """A number that stands, and the steps of all that lead to it.

    Attributes:
        root: the number that stands.
        steps: by the number that was replaced, the one that took its place.
    """

    root: Ssin
    steps: dict[Ssin, Ssin] = field(default_factory=dict)

    @property
    def numbers(self) -> list[Ssin]:
        """All of them, in ascending order."""
        return sorted({self.root, *self.steps})

    def way(self, number: Ssin) -> list[Ssin]:
        """Return the numbers from `number` to the root, both included."""
        passed = [number]
        while passed[-1] in self.steps:
            passed.append(self.steps[passed[-1]])
        return passed

    def below(self, number: Ssin) -> list[Ssin]:
        """Return the numbers that lead to `number`, with itself, in ascending order."""
        return [each for each in self.numbers if number in self.way(each)]


class Chains:
    """Numbers that are being changed, all of each lineage.

    Args:
        states: what is known of them.

    Attributes:
        made: replacements that are new, in order; one that is undone again is there too.
        undone: which number was split off, and when, in order.
    """

    def __init__(self, states: Iterable[NumberState]) -> None:
        self._before = {state.ssin: state for state in states}
        self._states = dict(self._before)
        self.made: list[Step] = []
        self.undone: list[tuple[Ssin, dt.datetime]] = []

    def state(self, ssin: Ssin) -> NumberState:
        """Return what is known of a number; one that nobody told of stands."""
        return self._states.get(ssin) or NumberState(ssin, ssin)

    def root(self, ssin: Ssin) -> Ssin:
        """Return the number that it leads to."""
        return self.state(ssin).current

    def lineage(self, root: Ssin) -> Lineage:
        """Return all that leads to a number that stands."""
        steps = {
            state.ssin: state.next_
            for state in self._states.values()
            if state.current == root and state.next_ is not None
        }
        return Lineage(root, steps)

    def tell(self, ssin: Ssin, *, deceased: bool | None = None, register: int | None = None) -> None:
        """Keep what was told of a number; none: it was not."""
        state = self.state(ssin)
        self._states[ssin] = replace(
            state,
            deceased=state.deceased if deceased is None else deceased,
            register=state.register if register is None else register,
        )

    def cancel(self, ssin: Ssin, *, cancelled: bool = True) -> None:
        """Let a number lead to nobody, or to itself again."""
        self._states[ssin] = replace(self.state(ssin), cancelled=cancelled)

    def join(self, former: Ssin, next_: Ssin, day: dt.date | None, now: dt.datetime) -> None:
        """Let a number that stands, and all that lead to it, lead to where `next_` leads, which is not itself."""
        root = self.root(next_)
        self._states.setdefault(next_, NumberState(next_, next_))
        self._states[former] = replace(self.state(former), next_=next_, replaced_on=day)
        self.made.append(Step(former, next_, now))
        for ssin, state in self._states.items():
            if state.current == former:
                self._states[ssin] = replace(state, current=root)

    def split(self, number: Ssin, now: dt.datetime) -> None:
        """Let a number that was replaced stand again, with all that lead to it."""
        for ssin in self.lineage(self.root(number)).below(number):
            self._states[ssin] = replace(self.state(ssin), current=number)
        self._states[number] = replace(self.state(number), next_=None, replaced_on=None)
        self.undone.append((number, now))

    def changed(self) -> list[NumberState]:
        """Return what is known now and was not before, in ascending order of the numbers."""
        return [
            self._states[ssin]
            for ssin in sorted(self._states)
            if self._states[ssin] != self._before.get(ssin)
        ]

    def before(self, ssin: Ssin) -> NumberState:
        """Return what was known of a number before."""
        return self._before.get(ssin) or NumberState(ssin, ssin)
