"""Numbers in memory: which stand, where the others lead, and where they led."""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.lineage import Lineage, steps_from
from kruispunt_identity.domain.number import (
    EventKind,
    Number,
    NumberEvent,
    NumberStatus,
    Register,
    Replacement,
    Resolved,
    registered,
)
from kruispunt_identity.domain.past import PastNumbers, outcome_of
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_stub.identity.protections import MemoryProtections
from kruispunt_stub.identity.rows import IdentityRows
from kruispunt_stub.memory import Transaction

_NAMING = frozenset({EventKind.REPLACED, EventKind.SPLIT})


class MemoryNumbers(PastNumbers):
    """Reads and writes numbers; every method takes the running transaction."""

    def __init__(self, rows: IdentityRows) -> None:
        self._rows = rows
        self.protections = MemoryProtections(rows)

    def find(self, connection: Transaction, ssin: Ssin) -> Number | None:  # noqa: ARG002
        """Return a number as it stands; none if nothing was ever written of it here."""
        return self._rows.numbers.get(ssin)

    def find_many(self, connection: Transaction, ssins: Collection[Ssin]) -> dict[int, Number]:  # noqa: ARG002
        """Return those of many numbers of which something was written here."""
        return {int(ssin): self._rows.numbers[ssin] for ssin in ssins if ssin in self._rows.numbers}

    def lineage(self, connection: Transaction, root: Ssin, known_at: dt.datetime | None = None) -> Lineage:
        """Return every number that leads to `root`, today or as it stood at `known_at`."""
        return self.lineages(connection, [root], known_at)[int(root)]

    def lineages(
        self, connection: Transaction, roots: Iterable[Ssin], known_at: dt.datetime | None = None
    ) -> dict[int, Lineage]:
        """Return the lineage of each of many numbers; a number that nothing leads to has itself alone."""
        if known_at is not None:
            return super().lineages(connection, roots, known_at)
        return {int(root): Lineage(root, tuple(self._steps_below(root))) for root in roots}

    def resolve_many(
        self, connection: Transaction, ssins: Sequence[Ssin], known_at: dt.datetime | None = None
    ) -> dict[int, Resolved]:
        """Return where many numbers lead, today or as it stood at `known_at`; unwritten ones are left out."""
        if known_at is not None:
            return self._marked(connection, super().resolve_many(connection, ssins, known_at))
        return {
            int(ssin): self._resolved(connection, ssin) for ssin in set(ssins) if ssin in self._rows.numbers
        }

    def _resolved(self, connection: Transaction, ssin: Ssin) -> Resolved:
        root: Number = self._rows.numbers[self._rows.numbers[ssin].root]
        chain = steps_from(ssin, root.ssin, {step.former: step for step in self._steps_below(root.ssin)})
        outcome = outcome_of(root.status, ssin != root.ssin)
        protected = bool(self.protections.among(connection, [ssin]))
        return Resolved(ssin, outcome, root.ssin, root.register, chain, protected)

    def _marked(self, connection: Transaction, resolved: dict[int, Resolved]) -> dict[int, Resolved]:
        """Return where numbers led, with whether either end is of somebody who is protected now."""
        marked = {}
        for ssin, one in resolved.items():
            ends = [number for number in (one.asked, one.current) if number is not None]
            marked[ssin] = replace(one, protected=bool(self.protections.among(connection, ends)))
        return marked

    def _steps_below(self, root: Ssin) -> list[Replacement]:
        return [
            number.replacement
            for number in self._rows.numbers.values()
            if number.root == root and number.replacement is not None
        ]

    def events(
        self,
        connection: Transaction,  # noqa: ARG002
        numbers: Collection[Ssin],
        known_at: dt.datetime | None = None,
    ) -> list[NumberEvent]:
        """Return what happened to `numbers`, by number and then in order; up to `known_at` if it is given."""
        return [
            event
            for number in sorted(numbers)
            for event in self._rows.events.get(number, ())
            if known_at is None or event.recorded_at <= known_at
        ]

    def about(
        self, connection: Transaction, numbers: Collection[Ssin], known_at: dt.datetime | None = None
    ) -> list[NumberEvent]:
        """Return the replacements and splits that name one of `numbers` as the other number."""
        events = self.events(connection, self._rows.events.keys(), known_at)
        return [event for event in events if event.other in numbers and event.kind in _NAMING]

    def replaced_by(
        self, connection: Transaction, numbers: Collection[Ssin], known_at: dt.datetime
    ) -> set[Ssin]:
        """Return the numbers that one of `numbers` ever replaced up to `known_at`."""
        events = self.about(connection, numbers, known_at)
        return {event.ssin for event in events if event.kind is EventKind.REPLACED}

    def insert(self, connection: Transaction, ssin: Ssin, register: Register, now: dt.datetime) -> Number:  # noqa: ARG002
        """Write a number down that stands from now on, with its first event.

        Raises:
            RegistryError: it stands there already; FAILED_PRECONDITION / NUMBER_TAKEN.
        """
        if ssin in self._rows.numbers:
            raise RegistryError(Reason.NUMBER_TAKEN, "the number is in use", field="ssin")
        number = Number(ssin, register, NumberStatus.ACTIVE, ssin, 0, None, 1, now)
        self._rows.numbers[ssin] = number
        self._rows.events[ssin] = (registered(ssin, register, now),)
        return number

    def touch(self, connection: Transaction, root: Ssin, now: dt.datetime) -> int:  # noqa: ARG002
        """Say that something of the person under `root` changed; returns the new version."""
        number: Number = self._rows.numbers[root]
        self._rows.numbers[root] = replace(number, version=number.version + 1, recorded_at=now)
        return number.version + 1
