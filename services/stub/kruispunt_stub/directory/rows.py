"""Everything that the directory keeps, by key."""

from dataclasses import dataclass

from kruispunt_stub.memory import Memory, Table


@dataclass(frozen=True, slots=True)
class DirectoryRows:
    """The tables of the directory.

    Attributes:
        dossiers: those that stand, by identifier.
        versions: every state of every dossier, in order, by the number that it stood under.
        numbers: as the registers told of them, by number.
        number_instants: when a number last changed.
        number_versions: where a number led: instant, current number, status and day of replacement, in order.
        steps: replacements, undone ones too, by number and instant.
        notices: of an institution, in order.
        notice_states: how far an institution is told.
        cursors: how far the registers were followed.
        declarations: up to when an institution declared to have told everything.
        knowledge: instant and code tables after each write, by its number.
    """

    memory: Memory
    dossiers: Table
    versions: Table
    numbers: Table
    number_instants: Table
    number_versions: Table
    steps: Table
    notices: Table
    notice_states: Table
    cursors: Table
    declarations: Table
    knowledge: Table

    @classmethod
    def of(cls, memory: Memory) -> "DirectoryRows":
        """Return empty tables."""
        return cls(memory, *(memory.table() for _ in range(11)))
