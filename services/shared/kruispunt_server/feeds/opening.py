"""Opening a watch, as all feeds do it."""

from typing import Final, Protocol

from kruispunt.common.v1 import feed_pb2
from kruispunt_server.call import Call
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.feeds.hub import Hub
from kruispunt_server.feeds.outlet import Outlet

_DEFAULT_HEARTBEAT_S: Final = 10
_LONGEST_HEARTBEAT_S: Final = 60


class WatchRequest(Protocol):
    """What every request for a watch says."""

    @property
    def start(self) -> feed_pb2.FeedStart:
        """Where to begin."""
        ...

    @property
    def heartbeat_seconds(self) -> int:
        """Seconds between signs of life; 0: the usual."""
        ...


def open_watch(hub: Hub, request: WatchRequest, call: Call, outlet: Outlet) -> None:
    """Open a watch on what the caller may see of a feed.

    Raises:
        RegistryError: heartbeats are to come more rarely than they may; INVALID_ARGUMENT / FIELD_INVALID.
            And as of `Source.key_of` and `Places.begin`.
    """
    heartbeat_s = request.heartbeat_seconds or _DEFAULT_HEARTBEAT_S
    if not 1 <= heartbeat_s <= _LONGEST_HEARTBEAT_S:
        raise RegistryError(
            Reason.FIELD_INVALID, "signs of life come every 1 to 60 seconds", field="heartbeat_seconds"
        )
    key = hub.key_of(call)
    hub.open(outlet, key, hub.places.begin(request.start, key), heartbeat_s)
