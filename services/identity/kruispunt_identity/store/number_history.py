"""What happened to numbers, and where they led at an instant: read from the append-only events."""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

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
from kruispunt_identity.store.number_rows import event_columns, event_of
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.arrays import among, array
from kruispunt_server.database import Database
from kruispunt_server.tables import Instant


@dataclass(frozen=True, slots=True)
class _State:
    """What a number was at an instant."""

    register: Register
    status: NumberStatus
    replacement: Replacement | None


class NumberHistory:
    """Reads the events of numbers; every method takes the running connection.

    An answer about the past costs two statements per level of a chain, however many numbers are asked.
    """

    def __init__(self, database: Database, tables: IdentityTables) -> None:
        self._dialect = database.dialect
        event = tables.persons.number_event
        known_at = sa.bindparam("known_at", type_=Instant)
        # Index: primary key.
        of_numbers = sa.select(*event_columns(event)).where(among(event.c.ssin, "ssins", database.dialect))
        in_order = (event.c.ssin, event.c.event_no)
        self._all = of_numbers.order_by(*in_order)
        self._until = of_numbers.where(event.c.recorded_at <= known_at).order_by(*in_order)
        # Index: ix_number_event_other_ssin.
        # Not distinct, though a number may come twice: SQLite would read the whole table in the order of its key.
        self._replaced_by = sa.select(event.c.ssin).where(
            among(event.c.other_ssin, "ssins", database.dialect),
            event.c.kind == int(EventKind.REPLACED),
            event.c.recorded_at <= known_at,
        )

    def events(
        self, connection: sa.Connection, numbers: Collection[Ssin], known_at: dt.datetime | None = None
    ) -> list[NumberEvent]:
        """Return what happened to `numbers`, by number and then in order; up to `known_at` if it is given."""
        if not numbers:
            return []
        values: dict[str, Any] = {"ssins": array(sorted(numbers), self._dialect)}
        if known_at is None:
            return [event_of(row) for row in connection.execute(self._all, values)]
        return [event_of(row) for row in connection.execute(self._until, {**values, "known_at": known_at})]

    def lineages(
        self, connection: sa.Connection, roots: Iterable[Ssin], known_at: dt.datetime
    ) -> dict[int, Lineage]:
        """Return the lineage of each of `roots` as it stood at `known_at`."""
        root_of = {root: root for root in roots}
        steps: dict[Ssin, list[Replacement]] = {root: [] for root in root_of}
        level: Collection[Ssin] = list(root_of)
        while level:
            values = {"ssins": array(sorted(level), self._dialect), "known_at": known_at}
            former = {Ssin(row.ssin) for row in connection.execute(self._replaced_by, values)}
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
        self, connection: sa.Connection, asked: Sequence[Ssin], known_at: dt.datetime
    ) -> dict[int, Resolved]:
        """Return where numbers led at `known_at`; those of which nothing had been recorded are left out."""
        states: dict[Ssin, _State] = {}
        level: Collection[Ssin] = set(asked)
        while level:
            found = self._states(connection, level, known_at)
            states |= found
            nexts = {state.replacement.next_ for state in found.values() if state.replacement}
            level = nexts - states.keys()
        return {int(ssin): _resolved(ssin, states) for ssin in asked if ssin in states}

    def _states(
        self, connection: sa.Connection, numbers: Collection[Ssin], known_at: dt.datetime
    ) -> dict[Ssin, _State]:
        states: dict[Ssin, _State] = {}
        for event in self.events(connection, numbers, known_at):
            states[event.ssin] = _after(states.get(event.ssin), event)
        return states


def _after(before: _State | None, event: NumberEvent) -> _State:
    """Return what a number is after an event."""
    if event.kind is EventKind.REPLACED:
        assert event.other is not None
        assert event.reason is not None
        step = Replacement(event.ssin, event.other, event.reason, event.effective_on, event.recorded_at)
        return _State(event.register, NumberStatus.REPLACED, step)
    if event.kind is EventKind.CANCELLED:
        return _State(event.register, NumberStatus.CANCELLED, None)
    if event.kind is EventKind.MOVED and before is not None:
        return _State(event.register, before.status, before.replacement)
    return _State(event.register, NumberStatus.ACTIVE, None)


def _resolved(asked: Ssin, states: dict[Ssin, _State]) -> Resolved:
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
