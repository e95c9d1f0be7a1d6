"""One mutation as the change log keeps it, wherever that lies."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """What a mutation changed.

    Attributes:
        person: whose data; none where it is nobody's.
        kind: what happened, such as "dossier.created"; 1 to 64 characters.
        before: the state before, as JSON values; none if there was nothing.
        after: the state after, as JSON values; none if nothing is left.
        other: the other number that it is about, as of a replacement; none: there is none.
        told: what a feed tells of it besides, as JSON values.
    """

    person: int | None = field(repr=False)
    kind: str
    before: Mapping[str, Any] | None = field(default=None, repr=False)
    after: Mapping[str, Any] | None = field(default=None, repr=False)
    other: int | None = field(default=None, repr=False)
    told: Mapping[str, Any] | None = field(default=None, repr=False)
