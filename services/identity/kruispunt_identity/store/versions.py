"""Reads histories: whatever the stores of numbers, facts and links hold of one person."""

import datetime as dt
from collections.abc import Collection
from typing import TYPE_CHECKING

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.history import History
from kruispunt_identity.domain.lineage import Lineage
from kruispunt_identity.domain.number import NumberEvent
from kruispunt_identity.domain.protection import as_known

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    import sqlalchemy as sa

    from kruispunt_identity.store.facts import FactStore
    from kruispunt_identity.store.link_states import LinkStates
    from kruispunt_identity.store.numbers import NumberStore


class VersionReader:
    """Reads histories; every method takes the running connection."""

    def __init__(self, numbers: "NumberStore", facts: "FactStore", links: "LinkStates") -> None:
        self._numbers = numbers
        self._facts = facts
        self._links = links

    def history(self, connection: "sa.Connection", lineage: Lineage, known_at: dt.datetime | None) -> History:
        """Return the history of a person, as it had been recorded at `known_at`.

        Numbers that once led to the person and were split off show when they came and when they went, no more: their
        facts are another person's.
        """
        numbers = lineage.numbers
        return History(
            lineage,
            self.events(connection, numbers, known_at),
            self._links.of(connection, numbers, known_at, history=True),
            self._facts.of(connection, numbers, known_at, history=True),
            as_known(self._numbers.protections.of(connection, numbers), known_at),
        )

    def events(
        self, connection: "sa.Connection", numbers: Collection[Ssin], known_at: dt.datetime | None
    ) -> list[NumberEvent]:
        """Return what happened to some numbers, and when others came to them and went, in the order of recording."""
        events = self._numbers.events(connection, numbers, known_at)
        events += [
            one for one in self._numbers.about(connection, numbers, known_at) if one.ssin not in numbers
        ]
        return sorted(events, key=lambda event: (event.recorded_at, event.ssin, event.event_no))
