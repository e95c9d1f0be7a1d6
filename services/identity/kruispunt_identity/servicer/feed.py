"""IdentityFeedService: every change in the order of commits, and the digest of a day."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from kruispunt.identity.v1 import feed_service_pb2 as pb
from kruispunt_identity.domain.telling import PART, StandingNumber, ToldCommit
from kruispunt_identity.messages.feed import digest_message, put_commit, put_number
from kruispunt_server.call import Call
from kruispunt_server.clock import Clock, brussels_day
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.feeds.hub import Hub
from kruispunt_server.feeds.opening import open_watch
from kruispunt_server.feeds.outlet import Outlet
from kruispunt_server.feeds.source import Entry, Key, Page, Part
from kruispunt_server.wire import parse_day, timestamp_message

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    from kruispunt_identity.store.feed import FeedStore


class ChangeSource:
    """The change log as the hub reads it: one feed, the same for all who may watch."""

    name = "identity-changes"
    data_groups = "change"

    def __init__(self, store: "FeedStore") -> None:
        self._store = store
        self._log_id: str | None = None

    def log_id(self, key: Key) -> str:  # noqa: ARG002
        """Return what tells the log apart from that of another registry."""
        if self._log_id is None:
            self._log_id = self._store.log_id()
        return self._log_id

    def key_of(self, call: Call) -> Key:  # noqa: ARG002 - all see the same
        """Return the one key."""
        return None

    def ends(self, keys: Collection[Key]) -> Mapping[Key, int]:
        """Return the position of the last sealed record."""
        size, _ = self._store.bounds()
        return dict.fromkeys(keys, size - 1)

    def news(self) -> Mapping[Key, int]:
        """Return the position of the last sealed record."""
        return self.ends([None])

    def before_all(self, key: Key) -> int:  # noqa: ARG002
        """Return the position before the first that is kept."""
        return self._store.bounds()[1] - 1

    def is_whole(self, key: Key) -> bool:  # noqa: ARG002
        """Return whether every record is kept."""
        return self._store.bounds()[1] == 0

    def before(self, key: Key, instant: dt.datetime) -> int | None:  # noqa: ARG002
        """Return the position after which everything recorded then or later follows; none: not all is kept."""
        position, (_, kept_from) = self._store.before(instant), self._store.bounds()
        return None if 0 < kept_from > position else position

    def acknowledged(self, key: Key) -> int | None:  # noqa: ARG002
        """Return none: nobody acknowledges here."""
        return None

    def read(self, key: Key, after: int, end: int) -> Page:  # noqa: ARG002
        """Return commits; each is one entry."""
        commits, position = self._store.read(after, end)
        entries = [Entry(each.changes[-1].position, _persons(each), each) for each in commits]
        return Page(entries, position)

    def snapshot(self, key: Key, place: str) -> Part:  # noqa: ARG002
        """Return the next thousand numbers."""
        numbers = self._store.numbers(int(place or 0))
        following = str(int(numbers[-1].ssin)) if len(numbers) == PART else None
        return Part(_shown(numbers), numbers, following)

    def message(self, entry: Entry, resume_token: str) -> bytes:
        """Return a commit as a message."""
        commit = entry.content
        assert isinstance(commit, ToldCommit)
        message = pb.WatchChangesResponse(resume_token=resume_token, position=entry.position)
        put_commit(message.commit, commit)
        return message.SerializeToString()

    def snapshot_message(self, part: Part, position: int, resume_token: str) -> bytes:
        """Return a part of the snapshot as a message."""
        message = pb.WatchChangesResponse(resume_token=resume_token, position=position)
        message.snapshot.last = part.place is None
        assert isinstance(part.content, list)
        for number in part.content:
            assert isinstance(number, StandingNumber)
            put_number(message.snapshot.numbers.add(), number)
        return message.SerializeToString()

    def heartbeat(self, position: int, resume_token: str, told_until: dt.datetime) -> bytes:
        """Return a sign of life as a message."""
        message = pb.WatchChangesResponse(resume_token=resume_token, position=position)
        message.heartbeat.told_until.CopyFrom(timestamp_message(told_until))
        return message.SerializeToString()


class FeedServicer:
    """The methods of IdentityFeedService."""

    def __init__(self, hub: Hub, store: "FeedStore", clock: Clock) -> None:
        self._hub = hub
        self._store = store
        self._clock = clock

    def WatchChanges(self, request: pb.WatchChangesRequest, call: Call, outlet: Outlet) -> None:
        """Open a watch."""
        open_watch(self._hub, request, call, outlet)

    def GetDigest(self, request: pb.GetDigestRequest, call: Call) -> pb.GetDigestResponse:  # noqa: ARG002
        """Give count and root of a day."""
        day = parse_day(request.day, "day")
        if day > brussels_day(self._clock.now()):
            raise RegistryError(Reason.TIME_IN_FUTURE, "the day lies in the future", field="day")
        digest = self._store.digest(day)
        if not digest.kept:
            raise RegistryError(
                Reason.POSITION_TOO_OLD,
                "changes of that day are no longer kept",
                field="day",
                metadata={"way_back": "snapshot"},
            )
        return pb.GetDigestResponse(digest=digest_message(digest))


def _persons(commit: ToldCommit) -> list[int]:
    """Return every number that a commit shows."""
    shown = {number for change in commit.changes for number in (change.ssin, change.other)}
    return sorted(int(number) for number in shown if number is not None)


def _shown(numbers: Sequence[StandingNumber]) -> list[int]:
    """Return every number that a part of a snapshot shows: those that lead elsewhere show where."""
    shown = {number for each in numbers for number in (each.ssin, each.current, each.next_)}
    return sorted(int(number) for number in shown if number is not None)
