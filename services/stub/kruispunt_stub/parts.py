"""What both services of the stub are built from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import ServiceDescriptor

from kruispunt_server.edge import Policy
from kruispunt_server.feeds.hub import Hub
from kruispunt_server.feeds.positions import Places
from kruispunt_server.feeds.source import Source
from kruispunt_server.tokens import PageTokens
from kruispunt_stub.clock import FrozenClock
from kruispunt_stub.covered import Covered, policies_of
from kruispunt_stub.events import StubEvents
from kruispunt_stub.looks import Looks

_IDLE_S = 60.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What services share."""

    clock: FrozenClock
    tokens: PageTokens
    looks: Looks
    events: StubEvents

    def hub(self, source: Source) -> Hub:
        """Return what tells a feed to its watchers; not started."""
        places = Places(source, self.tokens, self.clock)
        return Hub(source, places, self.looks.commit_all, self.clock, self.events, idle_s=_IDLE_S)


@dataclass(frozen=True, slots=True)
class Service:
    """One service as it is put before the boundary."""

    descriptor: ServiceDescriptor
    servicer: Covered
    policies: Mapping[str, Policy]

    @classmethod
    def of(cls, descriptor: ServiceDescriptor, servicer: object, policies: Mapping[str, Policy]) -> "Service":
        """Return a service of which the methods that are covered answer."""
        return cls(descriptor, Covered(descriptor, servicer), policies_of(descriptor, policies))


def in_place_of_sql(store: object) -> Any:
    """Return a store in memory for where one over a database is asked for.

    They have the same methods and no type in common: that the methods agree is held by a test.
    """
    return store
