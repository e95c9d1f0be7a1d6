"""Everything that identity keeps, by key."""

from dataclasses import dataclass

from kruispunt_stub.memory import Memory, Table


@dataclass(frozen=True, slots=True)
class IdentityRows:
    """The tables of identity.

    Attributes:
        numbers: of which something was written, by number.
        events: what happened to a number, in order.
        facts: told under a number, in the order of recording.
        links: states of foreign identifiers under a number, each with the instant at which it was closed.
        marks: of protected persons, under a number.
        pairs: of numbers that are two persons, the smaller first.
        profiles: what a number is found by.
        keys: under which a number is found; and the numbers under a key.
        counters: the last sequence given out of a series.
        searches: that were made, by identifier.
        changes: the change log, by position.
    """

    memory: Memory
    numbers: Table
    events: Table
    facts: Table
    links: Table
    marks: Table
    pairs: Table
    profiles: Table
    keys: Table
    counters: Table
    searches: Table
    changes: Table

    @classmethod
    def of(cls, memory: Memory) -> "IdentityRows":
        """Return empty tables."""
        return cls(memory, *(memory.table() for _ in range(11)))
