# Written by `make generate` from kruispunt/_async; edit it there.
"""The part of `IdentityClient` that watches the registers change."""

import datetime as dt
from collections.abc import Generator

from kruispunt._feed_messages import digest_of, told_of
from kruispunt._messages import date_message
from kruispunt._sync.client import Caller
from kruispunt._sync.driver import Keeper, Stream
from kruispunt._sync.watching import watched
from kruispunt.common.v1 import feed_pb2
from kruispunt.feeds import (
    NOW,
    FeedDigest,
    FeedStart,
    Told,
)
from kruispunt.identity.v1 import feed_service_pb2 as pb
from kruispunt.identity.v1 import feed_service_pb2_grpc as rpc


class PersonFeedMethods(Caller):
    """For internal services and registrars; every number told is recorded as a look."""

    def watch_changes(
        self,
        start: FeedStart = NOW,
        *,
        positions: Keeper | None = None,
        heartbeat_s: int = 10,
        heartbeats: bool = False,
        start_over: bool = False,
        give_up_s: float | None = None,
    ) -> Generator[Told, None, None]:
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
            stub = self._connection.stub(rpc.IdentityFeedServiceStub)
            return stub.WatchChanges(request, metadata=self._metadata)

        return watched(
            opener,
            self._connection.line,
            start,
            positions=positions,
            heartbeat_s=heartbeat_s,
            heartbeats=heartbeats,
            start_over=start_over,
            give_up_s=give_up_s,
            read=told_of,
        )

    def get_digest(self, day: dt.date, *, timeout_s: float | None = None) -> FeedDigest:
        """Return count and root over the changes recorded on a day in Brussels; ask it `agrees_with` what you read.

        Raises:
            TimeInFuture: the day has not begun.
            PositionTooOld: changes of that day are no longer kept.
        """
        stub = self._connection.stub(rpc.IdentityFeedServiceStub)
        answer = self._ask(stub.GetDigest, pb.GetDigestRequest(day=date_message(day)), timeout_s)
        return digest_of(answer.digest)
