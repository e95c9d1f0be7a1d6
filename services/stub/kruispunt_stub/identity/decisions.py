"""Pairs of numbers that somebody decided are two persons, in memory."""

import datetime as dt
from collections.abc import Collection

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.decision import DistinctReason
from kruispunt_identity.matching.suspicion import Pair, in_order
from kruispunt_stub.identity.numbers import MemoryNumbers
from kruispunt_stub.identity.rows import IdentityRows
from kruispunt_stub.memory import Transaction


class MemoryDecisions:
    """Reads and writes decisions on pairs, judged by the persons that the numbers stand for now."""

    def __init__(self, rows: IdentityRows, numbers: MemoryNumbers) -> None:
        self._rows = rows
        self._numbers = numbers

    def record_distinct(
        self,
        connection: Transaction,
        pair: Pair,
        *,
        reason: DistinctReason,
        note: str,
        participant_id: str,
        now: dt.datetime,
    ) -> bool:
        """Keep the decision that two numbers are two persons; returns whether it is new."""
        low, high = in_order(*pair)
        new = not self.told_apart(connection, [self._root(low), self._root(high)])
        self._rows.pairs.setdefault((low, high), (reason, note, participant_id, now))
        return new

    def told_apart(self, connection: Transaction, roots: Collection[Ssin]) -> set[Pair]:  # noqa: ARG002
        """Return which pairs of `roots`, numbers that stand, were decided to be two persons; in order."""
        found = {in_order(self._root(low), self._root(high)) for low, high in self._rows.pairs}
        return {pair for pair in found if pair[0] != pair[1] and set(pair) <= set(roots)}

    def _root(self, number: Ssin) -> Ssin:
        known = self._rows.numbers.get(number)
        return number if known is None else known.root
