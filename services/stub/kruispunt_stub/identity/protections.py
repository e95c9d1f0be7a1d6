"""Marks of protected persons in memory."""

from collections.abc import Collection, Iterable

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.protection import Protection
from kruispunt_stub.identity.rows import IdentityRows
from kruispunt_stub.memory import Transaction


class MemoryProtections:
    """Reads and writes marks."""

    def __init__(self, rows: IdentityRows) -> None:
        self._rows = rows

    def among(self, connection: Transaction, numbers: Collection[int]) -> frozenset[Ssin]:  # noqa: ARG002
        """Return those of some numbers whose person is protected now."""
        if not self._rows.marks:
            return frozenset()
        known = self._rows.numbers
        marked = {
            known[ssin].root for ssin, marks in self._rows.marks.items() if any(mark.stands for mark in marks)
        }
        return frozenset(
            Ssin(number) for number in numbers if number in known and known[number].root in marked
        )

    def of(self, connection: Transaction, numbers: Collection[Ssin]) -> list[Protection]:  # noqa: ARG002
        """Return every mark under some numbers, those that were lifted too, in the order of recording."""
        found = [mark for number in numbers for mark in self._rows.marks.get(number, ())]
        return sorted(found, key=lambda mark: (mark.recorded_at, mark.protection_id))

    def add(self, connection: Transaction, marks: Iterable[Protection]) -> None:  # noqa: ARG002
        """Write new marks."""
        for mark in marks:
            under = mark.registered_under
            self._rows.marks[under] = (*self._rows.marks.get(under, ()), mark)

    def lift(self, connection: Transaction, marks: Iterable[Protection]) -> None:  # noqa: ARG002
        """Close marks, as they now are."""
        for mark in marks:
            standing = self._rows.marks[mark.registered_under]
            self._rows.marks[mark.registered_under] = tuple(
                mark if each.protection_id == mark.protection_id else each for each in standing
            )
