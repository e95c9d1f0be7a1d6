"""Foreign identifiers in memory: every state of every link."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, replace

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.identifier import ForeignIdentifier, IdentifierKey
from kruispunt_identity.domain.linking import overlap
from kruispunt_identity.domain.number import Outcome
from kruispunt_identity.domain.values import Validity
from kruispunt_stub.identity.numbers import MemoryNumbers
from kruispunt_stub.identity.rows import IdentityRows
from kruispunt_stub.memory import Transaction


@dataclass(frozen=True, slots=True)
class _State:
    """A link as it was recorded, and when another state took its place; none: it stands."""

    link: ForeignIdentifier
    closed_at: dt.datetime | None = None

    def stood(self, known_at: dt.datetime | None) -> bool:
        """Whether it stands, or stood at an instant."""
        if known_at is None:
            return self.closed_at is None
        closed = self.closed_at is not None and self.closed_at <= known_at
        return self.link.recorded_at <= known_at and not closed


class MemoryLinks:
    """Reads and writes links, in place of the two stores over a database."""

    def __init__(self, rows: IdentityRows, numbers: MemoryNumbers) -> None:
        self._rows = rows
        self._numbers = numbers

    def of(
        self,
        connection: Transaction,  # noqa: ARG002 - as the stores over a database have it
        numbers: Collection[Ssin],
        known_at: dt.datetime | None = None,
        *,
        history: bool = False,
    ) -> list[ForeignIdentifier]:
        """Return the states of the links of some numbers, of whatever validity, in the order of recording."""
        found = []
        for state in (state for number in numbers for state in self._rows.links.get(number, ())):
            recorded = known_at is None or state.link.recorded_at <= known_at
            if state.stood(known_at) or (history and recorded):
                found.append(state.link)
        return sorted(found, key=lambda link: (link.recorded_at, link.link_id, link.version))

    def linked(
        self,
        connection: Transaction,  # noqa: ARG002
        key: IdentifierKey,
        *,
        day: dt.date,
        known_at: dt.datetime | None,
        most: int,
    ) -> list[Ssin]:
        """Return the numbers that a foreign identifier is linked to on a day, in order, `most` at most."""
        found = {number for number, link in self._under(key, known_at) if link.validity.holds(day)}
        return sorted(found)[:most]

    def holders(self, connection: Transaction, key: IdentifierKey, validity: Validity) -> set[Ssin]:
        """Return the numbers that a key is linked to in a part of a period; cancelled ones hold nothing."""
        holding = {number for number, link in self._under(key, None) if overlap(validity, link.validity)}
        leads = self._numbers.resolve_many(connection, sorted(holding))
        return {ssin for ssin in holding if leads[int(ssin)].outcome is not Outcome.CANCELLED}

    def link(self, connection: Transaction, link: ForeignIdentifier) -> None:  # noqa: ARG002
        """Write a new link."""
        under = link.registered_under
        self._rows.links[under] = (*self._rows.links.get(under, ()), _State(link))

    def change(self, connection: Transaction, before: ForeignIdentifier, after: ForeignIdentifier) -> None:
        """Write the next state of a link in place of the one that stands."""
        kept = self._rows.links[before.registered_under]
        self._rows.links[before.registered_under] = tuple(
            replace(state, closed_at=after.recorded_at) if state.link == before else state for state in kept
        )
        self.link(connection, after)

    def _under(
        self, key: IdentifierKey, known_at: dt.datetime | None
    ) -> list[tuple[Ssin, ForeignIdentifier]]:
        wanted = key.country, key.scheme, key.folded
        return [
            (Ssin(number), state.link)
            for number, states in self._rows.links.items()
            for state in states
            if state.stood(known_at)
            and (state.link.key.country, state.link.key.scheme, state.link.key.folded) == wanted
        ]
