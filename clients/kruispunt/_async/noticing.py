"""The part of `DirectoryClient` that is told of changes, and asks before one."""

import datetime as dt
from collections.abc import AsyncGenerator

from kruispunt._async.client import Caller
from kruispunt._async.driver import Keeper, Stream
from kruispunt._async.watching import watched
from kruispunt._feed_messages import digest_of
from kruispunt._messages import date_message, optional_date
from kruispunt._notice_messages import impact_of, told_of
from kruispunt.common.v1 import feed_pb2
from kruispunt.directory.v1 import notice_service_pb2 as pb
from kruispunt.directory.v1 import notice_service_pb2_grpc as rpc
from kruispunt.feeds import UNACKNOWLEDGED, FeedDigest, FeedStart
from kruispunt.notices import (
    Acknowledgement,
    Impacts,
    ToldNotices,
)
from kruispunt.ssin import Ssin
from kruispunt.values import InstitutionRef


class NoticeMethods(Caller):
    """Notices are the own institution's; they say that something changed, never what."""

    def watch_notices(
        self,
        start: FeedStart = UNACKNOWLEDGED,
        *,
        positions: Keeper | None = None,
        heartbeat_s: int = 10,
        heartbeats: bool = False,
        start_over: bool = False,
        give_up_s: float | None = None,
    ) -> AsyncGenerator[ToldNotices, None]:
        """Yield notices in their order, for ever; it resumes by itself.

        Args:
            start: where to begin, unless `positions` has kept a position; left out: with what was not acknowledged.
            positions: keeps how far was read, over restarts of this program.
            heartbeat_s: seconds between signs of life, 1 to 60; after three missed ones the stream is opened again.
            heartbeats: yield signs of life too.
            start_over: begin with a snapshot where the position is no longer kept, in place of raising it.
            give_up_s: raise the last error if nothing came for so long, your own time for an item not counted; left out:
                never.

        Raises:
            NotOwnInstitution: the caller acts for no institution.
            PositionInvalid, PositionForeign, PositionBeyondEnd, PositionTooOld: of `start`.
        """
        request = pb.WatchNoticesRequest(heartbeat_seconds=heartbeat_s)

        def opener(begin: feed_pb2.FeedStart) -> Stream[pb.WatchNoticesResponse]:
            request.start.CopyFrom(begin)
            stub = self._connection.stub(rpc.NoticeServiceStub)
            return stub.WatchNotices(request, metadata=self._metadata)

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

    async def acknowledge_notices(
        self, up_to_no: int, *, validate_only: bool = False, timeout_s: float | None = None
    ) -> Acknowledgement:
        """Say that every notice up to a number was dealt with; a lower number changes nothing.

        Args:
            up_to_no: number of the last notice that was dealt with.
            validate_only: check only, write nothing.
            timeout_s: for this call instead of the client's.

        Raises:
            PositionBeyondEnd: there is no such notice yet.
        """
        request = pb.AcknowledgeNoticesRequest(up_to_no=up_to_no, validate_only=validate_only)
        answer = await self._ask(self._notices.AcknowledgeNotices, request, timeout_s)
        return Acknowledgement(answer.acknowledged_no, answer.last_no, answer)

    async def get_notice_digest(self, day: dt.date, *, timeout_s: float | None = None) -> FeedDigest:
        """Return count and root over the notices recorded on a day in Brussels; ask it `agrees_with` what you read.

        Raises:
            TimeInFuture: the day has not begun.
            PositionTooOld: notices of that day are no longer kept.
        """
        request = pb.GetNoticeDigestRequest(day=date_message(day))
        answer = await self._ask(self._notices.GetNoticeDigest, request, timeout_s)
        return digest_of(answer.digest)

    async def explain_impact(
        self,
        person: Ssin | str,
        *,
        next_: Ssin | str = "",
        affects_from: dt.date | None = None,
        affects_until: dt.date | None = None,
        timeout_s: float | None = None,
    ) -> Impacts:
        """Say, before a replacement or correction, which dossiers it would concern; nothing is written.

        Args:
            person: number that would be replaced or corrected.
            next_: number that would take its place; left out: a correction.
            affects_from: of a correction: first day of what would change.
            affects_until: of a correction: the day after its last.
            timeout_s: for this call.

        Raises:
            InvalidArgument: NumberMalformed, SamePerson, PeriodInverted.
            NumberReplaced, NumberCancelled: one of the numbers does not stand.
        """
        request = pb.ExplainImpactRequest(
            ssin=str(person),
            next_ssin=str(next_),
            affects_from=optional_date(affects_from),
            affects_until=optional_date(affects_until),
        )
        answer = await self._ask(self._notices.ExplainImpact, request, timeout_s)
        return Impacts(
            tuple(map(impact_of, answer.impacts)),
            tuple(InstitutionRef(each.sector, each.institution) for each in answer.told),
            answer.complete,
            answer,
        )

    @property
    def _notices(self) -> "rpc.NoticeServiceAsyncStub":
        return self._connection.stub(rpc.NoticeServiceStub)
