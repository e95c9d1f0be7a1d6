"""What a write of the code tables comes to, wherever they are kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from kruispunt_directory.domain.knowledge import Entry, Knowledge
from kruispunt_directory.domain.knowledge_checks import check_references, entry_path


@dataclass(frozen=True, slots=True)
class WriteCounts:
    """What a write came to.

    Attributes:
        created: entries that are new.
        revised: entries that got a new revision.
        unchanged: entries that stood already as given.
    """

    created: int
    revised: int
    unchanged: int


def changes_of(before: Knowledge, entries: Sequence[Entry]) -> list[tuple[Entry | None, Entry]]:
    """Return what entries, which passed `check_entries`, change: each with what stood under its key.

    Raises:
        RegistryError: a reference leads nowhere; FAILED_PRECONDITION / REFERENCE_UNKNOWN.
    """
    after = Knowledge([*before.all_entries(), *entries], before.number + 1)
    for index, entry in enumerate(entries):
        check_references(entry, entry_path(index, entry), after)
    return [(before.find(entry), entry) for entry in entries if before.find(entry) != entry]


def counts_of(changed: Sequence[tuple[Entry | None, Entry]], entries: Sequence[Entry]) -> WriteCounts:
    """Return how many of the entries were new, revised and unchanged."""
    created = sum(old is None for old, _ in changed)
    return WriteCounts(created, len(changed) - created, len(entries) - len(changed))
