"""What a server would log; the stub keeps its own faults, and tells them by `logging`."""

import logging
from collections.abc import Callable

from kruispunt_server.events import Events, Value

_LOG = logging.getLogger("kruispunt.testing")
_FAULTS = frozenset({"call_failed", "feed_failed", "feed_stuck"})


class StubEvents(Events):
    """Drops every event but those of faults of the stub itself.

    Attributes:
        faults: each with its fields; a test that meets one has found a defect of the stub.
    """

    def __init__(self) -> None:
        self.faults: list[dict[str, Value]] = []
        self.trace_id: Callable[[], str | None] = lambda: None

    def emit(self, name: str, /, **fields: Value) -> None:
        """Keep a fault."""
        if name in _FAULTS:
            self.faults.append({"event": name, **fields})
            _LOG.error("the stub has a fault: %s in %s", fields.get("exception"), fields.get("method"))

    def wants(self, name: str) -> bool:
        """Say whether an event is kept."""
        return name in _FAULTS
