"""The part of `IdentityClient` that watches the registers change."""

import datetime as dt
from collections.abc import Iterator

from kruispunt._client import Caller
from kruispunt._conversation import Stream
from kruispunt._messages import date_message
from kruispunt._watching import watched
from kruispunt.common.v1 import feed_pb2
from kruispunt.facts import DataGroup
from kruispunt.feeds import (
    NOW,
    ChangeKind,
    FeedDigest,
    FeedStart,
    Positions,
    RegisterChange,
    StandingNumber,
    Told,
)
from kruispunt.identity.v1 import feed_service_pb2 as pb
from kruispunt.identity.v1.feed_service_pb2_grpc import IdentityFeedServiceStub
from kruispunt.persons import NumberStatus, Register
from kruispunt.ssin import Ssin
from kruispunt.values import InstitutionRef


class PersonFeedMethods(Caller):
    """For internal services and registrars; every number told is recorded as a look."""

    def watch_changes(
        self,
        start: FeedStart = NOW,
        *,
        positions: Positions | None = None,
        heartbeat_s: int = 10,
        heartbeats: bool = False,
        start_over: bool = False,
        give_up_s: float | None = None,
    ) -> Iterator[Told]:
        """Yield what changes in the registers, in the order of commits, for ever.

        It resumes by itself: a server that stops, a connection that breaks, an item is neither lost nor told twice on
        one watch.

        Args:
            start: where to begin, unless `positions` has kept a position.
            positions: keeps how far was read, over restarts of this program.
            heartbeat_s: seconds between signs of life, 1 to 60; after three missed ones the stream is opened again.
            heartbeats: yield signs of life too.
            start_over: begin with a snapshot where the position is no longer kept, in place of raising it.
            give_up_s: raise the last error if nothing came for so long, your own time for an item not counted; left out:
                never.

        Raises:
            RoleMissing: the caller may not watch.
            PositionInvalid, PositionForeign, PositionBeyondEnd, PositionTooOld: of `start`.
        """
        request = pb.WatchChangesRequest(heartbeat_seconds=heartbeat_s)

        def opener(begin: feed_pb2.FeedStart) -> Stream[pb.WatchChangesResponse]:
            request.start.CopyFrom(begin)
            stub = self._connection.stub(IdentityFeedServiceStub)
            return stub.WatchChanges(request, metadata=self._metadata)

        messages = watched(
            opener,
            self._connection.line,
            start,
            positions=positions,
            heartbeat_s=heartbeat_s,
            heartbeats=heartbeats,
            start_over=start_over,
            give_up_s=give_up_s,
        )
        return map(told_of, messages)

    def get_digest(self, day: dt.date, *, timeout_s: float | None = None) -> FeedDigest:
        """Return count and root over the changes recorded on a day in Brussels; ask it `agrees_with` what you read.

        Raises:
            TimeInFuture: the day has not begun.
            PositionTooOld: changes of that day are no longer kept.
        """
        stub = self._connection.stub(IdentityFeedServiceStub)
        answer = self._ask(stub.GetDigest, pb.GetDigestRequest(day=date_message(day)), timeout_s)
        return digest_of(answer.digest)


def digest_of(message: feed_pb2.FeedDigest) -> FeedDigest:
    """Read a digest."""
    return FeedDigest(
        message.count,
        message.first_position,
        message.last_position,
        message.root_hash,
        message.complete,
    )


def told_of(message: pb.WatchChangesResponse) -> Told:
    """Read one message of the feed."""
    token, position = message.resume_token, message.position
    match message.WhichOneof("content"):
        case "commit":
            changes = tuple(map(_change_of, message.commit.changes))
            at = message.commit.recorded_at.ToDatetime(dt.UTC)
            return Told(token, position, record_time=at, changes=changes, message=message)
        case "snapshot":
            numbers = tuple(map(_number_of, message.snapshot.numbers))
            ends = message.snapshot.last
            return Told(token, position, numbers=numbers, snapshot_ends=ends, message=message)
        case _:
            until = message.heartbeat.told_until.ToDatetime(dt.UTC)
            return Told(token, position, told_until=until, message=message)


def _change_of(message: pb.Change) -> RegisterChange:
    known = message.kind in ChangeKind._value2member_map_
    return RegisterChange(
        position=message.position,
        change_id=message.change_id,
        kind=ChangeKind(message.kind) if known else ChangeKind.UNSPECIFIED,
        ssin=Ssin.parse(message.ssin) if message.ssin else None,
        other=Ssin.parse(message.other_ssin) if message.other_ssin else None,
        data_groups=tuple(map(DataGroup, message.data_groups)),
        affects_from=_day(message, "affects_from"),
        affects_until=_day(message, "affects_until"),
        source=InstitutionRef(message.source.sector, message.source.institution)
        if message.HasField("source")
        else None,
        effective_date=_day(message, "effective_date"),
        register=Register(message.register),
        deceased=message.deceased if message.HasField("deceased") else None,
    )


def _number_of(message: pb.SnapshotNumber) -> StandingNumber:
    return StandingNumber(
        Ssin.parse(message.ssin),
        NumberStatus(message.status),
        Ssin.parse(message.current_ssin),
        Ssin.parse(message.next_ssin) if message.next_ssin else None,
        _day(message, "replace_date"),
        Register(message.register),
        message.deceased,
    )


def _day(message: pb.Change | pb.SnapshotNumber, name: str) -> dt.date | None:
    if not message.HasField(name):  # type: ignore[arg-type]
        return None
    day = getattr(message, name)
    return dt.date(day.year, day.month, day.day)
