"""Facts in memory: told, closed, read as of an instant."""

import datetime as dt
from collections.abc import Iterable, Sequence

from kruispunt_identity.domain.fact import Fact, as_known
from kruispunt_stub.identity.rows import IdentityRows
from kruispunt_stub.memory import Transaction


class MemoryFacts:
    """Reads and writes facts."""

    def __init__(self, rows: IdentityRows) -> None:
        self._rows = rows

    def of(
        self,
        connection: Transaction,  # noqa: ARG002 - as the stores over a database have it
        numbers: Iterable[int],
        known_at: dt.datetime | None = None,
        *,
        history: bool = False,
    ) -> list[Fact]:
        """Return the facts that were told under `numbers`, in the order of recording; those that stand, or all."""
        told: list[Fact] = [fact for number in set(numbers) for fact in self._rows.facts.get(number, ())]
        if known_at is not None:
            told = [
                as_known(fact, known_at)
                for fact in told
                if fact.recorded_at is not None and fact.recorded_at <= known_at
            ]
        found = [fact for fact in told if history or fact.stands]
        return sorted(found, key=lambda fact: (fact.recorded_at, fact.fact_id.int))

    def add_many(self, connection: Transaction, facts: Sequence[Fact]) -> None:  # noqa: ARG002
        """Write new facts."""
        for fact in facts:
            under = fact.registered_under
            self._rows.facts[under] = (*self._rows.facts.get(under, ()), fact)

    def close_many(self, connection: Transaction, facts: Sequence[Fact]) -> None:  # noqa: ARG002
        """Close facts as `superseded_at` and `superseded_by` of each say."""
        for fact in facts:
            kept = self._rows.facts[fact.registered_under]
            self._rows.facts[fact.registered_under] = tuple(
                fact if each.fact_id == fact.fact_id else each for each in kept
            )
