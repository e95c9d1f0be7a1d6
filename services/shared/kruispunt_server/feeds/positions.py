"""Where a watch begins: tokens that only this registry makes, instants, the beginning, the end, a snapshot."""

from dataclasses import dataclass

from kruispunt.common.v1 import feed_pb2
from kruispunt_server.clock import Clock
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.feeds.source import Key, Source
from kruispunt_server.tokens import PageTokens
from kruispunt_server.wire import parse_instant

_QUERY = b"feed"
_FIELD = "start.resume_token"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reader stands.

    Attributes:
        position: after which entries follow.
        snapshot: where in a snapshot; none: in none.
    """

    position: int
    snapshot: str | None = None


class Places:
    """Reads and writes where readers of one feed stand.

    Args:
        source: the feed.
        tokens: signs.
        clock: says what lies in the future.
    """

    def __init__(self, source: Source, tokens: PageTokens, clock: Clock) -> None:
        self._source = source
        self._tokens = tokens
        self._clock = clock

    def token(self, place: Place, key: Key) -> str:
        """Return the token by which a reader of a key goes on after a place."""
        return self._tokens.make(
            _QUERY, [self._source.name, self._source.log_id(key), place.position, place.snapshot]
        )

    def begin(self, start: feed_pb2.FeedStart, key: Key) -> Place:
        """Return where a watch begins.

        Raises:
            RegistryError: as of `FeedStart` in the contract.
        """
        source = self._source
        kind = start.WhichOneof("start")
        if kind is None or (kind not in ("resume_token", "since") and not getattr(start, kind)):
            raise RegistryError(Reason.FIELD_REQUIRED, "where to begin must be said", field="start")
        if kind == "resume_token":
            return self._resumed(start.resume_token, key)
        if kind == "since":
            instant = parse_instant(start.since, "start.since", not_after=self._clock.now())
            position = source.before(key, instant)
            if position is None:
                raise _too_old("start.since")
            return Place(position)
        if kind == "beginning":
            if not source.is_whole(key):
                raise _too_old("start.beginning")
            return Place(source.before_all(key))
        if kind == "unacknowledged":
            acknowledged = source.acknowledged(key)
            if acknowledged is None:
                raise RegistryError(
                    Reason.FIELD_INVALID, "this feed knows no acknowledging", field="start.unacknowledged"
                )
            return Place(acknowledged)
        end = source.ends([key])[key]
        return Place(end, "" if kind == "snapshot" else None)

    def _resumed(self, token: str, key: Key) -> Place:
        try:
            name, log_id, position, snapshot = self._tokens.read(_QUERY, token)
        except (RegistryError, ValueError):
            raise RegistryError(
                Reason.POSITION_INVALID, "the position is none of ours", field=_FIELD
            ) from None
        if (name, log_id) != (self._source.name, self._source.log_id(key)):
            raise RegistryError(Reason.POSITION_FOREIGN, "the position belongs to another feed", field=_FIELD)
        assert isinstance(position, int), "we made it"
        assert snapshot is None or isinstance(snapshot, str), "we made it"
        if position > self._source.ends([key])[key]:
            raise RegistryError(
                Reason.POSITION_BEYOND_END, "the position lies beyond the end of the feed", field=_FIELD
            )
        if position < self._source.before_all(key):
            raise _too_old(_FIELD)
        return Place(position, snapshot)


def _too_old(field: str) -> RegistryError:
    return RegistryError(
        Reason.POSITION_TOO_OLD,
        "what follows the position is no longer kept; begin with a snapshot",
        field=field,
        metadata={"way_back": "snapshot"},
    )
