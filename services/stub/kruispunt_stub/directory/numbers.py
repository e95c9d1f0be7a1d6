"""Numbers as the directory knows them, in memory: read by every look-up, written by whoever follows identity."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace

from kruispunt.ssin import Ssin
from kruispunt_directory.domain.chains import Chains, NumberState, Step
from kruispunt_directory.domain.number import NumberStatus, Resolution, Verification
from kruispunt_stub.directory.rows import DirectoryRows
from kruispunt_stub.memory import Transaction


class MemoryNumbers:
    """Where numbers lead. A number that nobody told of stands for itself."""

    def __init__(self, rows: DirectoryRows) -> None:
        self._rows = rows

    def resolve(
        self, connection: Transaction, asked: Ssin, known_at: dt.datetime | None = None
    ) -> Resolution:
        """Return where `asked` leads, or led as known at an instant."""
        return self.resolve_all(connection, [asked], known_at).get(int(asked), Resolution(asked, asked))

    def resolve_all(
        self,
        connection: Transaction,  # noqa: ARG002 - as the stores over a database have it
        asked: Sequence[int],
        known_at: dt.datetime | None = None,
    ) -> dict[int, Resolution]:
        """Return where each number leads, or led; those that nobody told of are left out."""
        told = [Ssin(number) for number in asked if number in self._rows.numbers]
        return {int(number): self._resolution(number, known_at) for number in told}

    def _resolution(self, asked: Ssin, known_at: dt.datetime | None) -> Resolution:
        current, _, day = self._state(asked, known_at)
        _, status, _ = self._state(current, known_at)
        return Resolution(asked, current, status, day, Verification.REGISTER)

    def _state(self, number: Ssin, known_at: dt.datetime | None) -> tuple[Ssin, NumberStatus, dt.date | None]:
        """Return current number, status and day of replacement; of what was not told by then, the number itself."""
        if known_at is None:
            state: NumberState = self._rows.numbers.get(number) or NumberState(number, number)
            return state.current, state.status, state.replaced_on
        then = [
            version for version in self._rows.number_versions.get(int(number), ()) if version[0] <= known_at
        ]
        return then[-1][1:] if then else (number, NumberStatus.ACTIVE, None)


class MemoryProjection:
    """Loads and writes numbers for whoever follows."""

    def __init__(self, rows: DirectoryRows) -> None:
        self._rows = rows

    def load(self, connection: Transaction, numbers: Iterable[Ssin]) -> Chains:  # noqa: ARG002
        """Return every number of each lineage that one of `numbers` belongs to."""
        known: dict[Ssin, NumberState] = self._rows.numbers
        roots = {known[number].current if number in known else number for number in numbers}
        found = [state for state in known.values() if state.current in roots]
        return Chains(found)

    def steps(self, connection: Transaction, numbers: Iterable[Ssin]) -> list[Step]:  # noqa: ARG002
        """Return every replacement, undone ones too, among `numbers` and all that were ever joined with them."""
        joined, new = set[Ssin](), set(numbers)
        found: set[Step] = set()
        while new:
            joined |= new
            found |= {step for step in self._rows.steps.values() if {step.former, step.next_} & new}
            new = {number for step in found for number in (step.former, step.next_)} - joined
        return sorted(found, key=lambda step: (step.former, step.joined_at))

    def keep_steps(self, connection: Transaction, chains: Chains) -> None:  # noqa: ARG002
        """Write the replacements that were made and undone since the chains were loaded, in order."""
        events: list[tuple[dt.datetime, Step | Ssin]] = [(step.joined_at, step) for step in chains.made]
        events += [(at, number) for number, at in chains.undone]
        for at, event in sorted(events, key=lambda each: each[0]):
            if isinstance(event, Step):
                self._rows.steps[event.former, at] = event
                continue
            for key, step in list(self._rows.steps.items()):
                if step.former == event and step.undone_at is None:
                    self._rows.steps[key] = replace(step, undone_at=at)
        chains.made.clear()
        chains.undone.clear()

    def write(self, connection: Transaction, chains: Chains, now: dt.datetime) -> None:  # noqa: ARG002
        """Write what has changed; `now` is later than any earlier change of these numbers."""
        for state in chains.changed():
            before = chains.before(state.ssin)
            self._rows.numbers[state.ssin] = state
            self._rows.number_instants[state.ssin] = now
            seen = state.current, state.status, state.replaced_on
            if seen != (before.current, before.status, before.replaced_on):
                versions = self._rows.number_versions.get(int(state.ssin), ())
                self._rows.number_versions[int(state.ssin)] = (*versions, (now, *seen))
