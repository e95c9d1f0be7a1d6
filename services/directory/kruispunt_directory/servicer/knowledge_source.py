"""Where servicers get the code tables and rules from."""

import datetime as dt
from typing import Protocol

from kruispunt_directory.domain.knowledge import Knowledge


class KnowledgeSource(Protocol):
    """Gives the knowledge of an instant."""

    def current(self) -> Knowledge:
        """Return what is known now, at most a second old."""
        ...

    def at(self, known_at: dt.datetime) -> Knowledge:
        """Return what was known at an instant."""
        ...
