"""Where numbers led at an instant, told from what had happened to them by then."""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.lineage import Lineage
from kruispunt_identity.domain.number import (
    EventKind,
    NumberEvent,
    NumberStatus,
    Outcome,
    Register,
    Replacement,
    Resolved,
)


@dataclass(frozen=True, slots=True)
class State:
    """What a number was at an instant."""

    register: Register
    status: NumberStatus
    replacement: Replacement | None


class PastNumbers(Protocol):
    """Tells where numbers led, in terms of the events that a store keeps.

    Two questions per level of a chain, however many numbers are asked.
    """

    def events(
        self, connection: Any, numbers: Collection[Ssin], known_at: dt.datetime | None = None
    ) -> list[NumberEvent]:
        """Return what happened to `numbers`, by number and then in order; up to `known_at` if it is given."""
        ...

    def replaced_by(self, connection: Any, numbers: Collection[Ssin], known_at: dt.datetime) -> set[Ssin]:
        """Return the numbers that one of `numbers` ever replaced up to `known_at`."""
        ...

    def lineages(self, connection: Any, roots: Iterable[Ssin], known_at: dt.datetime) -> dict[int, Lineage]:
        """Return the lineage of each of `roots` as it stood at `known_at`."""
        root_of = {root: root for root in roots}
        steps: dict[Ssin, list[Replacement]] = {root: [] for root in root_of}
        level: Collection[Ssin] = list(root_of)
        while level:
            former = self.replaced_by(connection, level, known_at)
            found = []
            for ssin, state in self._states(connection, former, known_at).items():
                step = state.replacement
                if step is not None and step.next_ in root_of and ssin not in root_of:
                    root_of[ssin] = root_of[step.next_]
                    steps[root_of[ssin]].append(step)
                    found.append(ssin)
            level = found
        return {int(root): Lineage(root, tuple(found_steps)) for root, found_steps in steps.items()}

    def resolve_many(
        self, connection: Any, asked: Sequence[Ssin], known_at: dt.datetime
    ) -> dict[int, Resolved]:
        """Return where numbers led at `known_at`; those of which nothing had been recorded are left out."""
        states: dict[Ssin, State] = {}
        level: Collection[Ssin] = set(asked)
        while level:
            found = self._states(connection, level, known_at)
            states |= found
            nexts = {state.replacement.next_ for state in found.values() if state.replacement}
            level = nexts - states.keys()
        return {int(ssin): _resolved(ssin, states) for ssin in asked if ssin in states}

    def _states(self, connection: Any, numbers: Collection[Ssin], known_at: dt.datetime) -> dict[Ssin, State]:
        states: dict[Ssin, State] = {}
        for event in self.events(connection, numbers, known_at):
            states[event.ssin] = _after(states.get(event.ssin), event)
        return states


def _after(before: State | None, event: NumberEvent) -> State:
    """Return what a number is after an event."""
    if event.kind is EventKind.REPLACED:
        assert event.other is not None
        assert event.reason is not None
        step = Replacement(event.ssin, event.other, event.reason, event.effective_on, event.recorded_at)
        return State(event.register, NumberStatus.REPLACED, step)
    if event.kind is EventKind.CANCELLED:
        return State(event.register, NumberStatus.CANCELLED, None)
    if event.kind is EventKind.MOVED and before is not None:
        return State(event.register, before.status, before.replacement)
    return State(event.register, NumberStatus.ACTIVE, None)


def _resolved(asked: Ssin, states: dict[Ssin, State]) -> Resolved:
    chain = []
    current = asked
    while (step := states[current].replacement) is not None:
        chain.append(step)
        current = step.next_
    state = states[current]
    return Resolved(asked, outcome_of(state.status, bool(chain)), current, state.register, tuple(chain))


def outcome_of(status: NumberStatus, replaced: bool) -> Outcome:  # noqa: FBT001 - a statement on the number
    """Return what a number turned out to be.

    Args:
        status: of the number at the end of the chain.
        replaced: whether there is a chain.
    """
    if status is NumberStatus.CANCELLED:
        return Outcome.CANCELLED
    return Outcome.REPLACED if replaced else Outcome.CURRENT
