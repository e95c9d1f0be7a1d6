"""NoticeService: institutions are told that something changed, and see before whom a change would concern."""

import datetime as dt
from typing import TYPE_CHECKING

from kruispunt import merkle
from kruispunt.common.v1 import feed_pb2
from kruispunt.directory.v1 import notice_service_pb2 as pb
from kruispunt.ssin import Ssin
from kruispunt_directory.domain.dossier import Dossier
from kruispunt_directory.domain.joining import Fate, Impact, impacts
from kruispunt_directory.domain.number import NumberStatus, Resolution
from kruispunt_directory.messages.notices import digest_text, put_impact
from kruispunt_directory.servicer.holding import OwnDossiers
from kruispunt_server.call import Call
from kruispunt_server.clock import Clock, brussels_bounds, brussels_day
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.feeds.hub import Hub
from kruispunt_server.feeds.opening import open_watch
from kruispunt_server.feeds.outlet import Outlet
from kruispunt_server.wire import institution_message, parse_day, parse_optional_day, parse_ssin

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    from kruispunt_directory.store.impacts import ImpactReader
    from kruispunt_directory.store.notices import NoticeStore


class NoticeServicer:
    """The methods of NoticeService."""

    def __init__(
        self, hub: Hub, store: "NoticeStore", reader: "ImpactReader", own: OwnDossiers, clock: Clock
    ) -> None:
        self._hub = hub
        self._store = store
        self._reader = reader
        self._own = own
        self._clock = clock

    def WatchNotices(self, request: pb.WatchNoticesRequest, call: Call, outlet: Outlet) -> None:
        """Open a watch on the caller's own notices."""
        open_watch(self._hub, request, call, outlet)

    def AcknowledgeNotices(
        self, request: pb.AcknowledgeNoticesRequest, call: Call
    ) -> pb.AcknowledgeNoticesResponse:
        """Note that notices were dealt with."""
        institution = call.participant.own_institution()
        if request.up_to_no < 1:
            raise RegistryError(Reason.FIELD_INVALID, "notices are numbered from 1 on", field="up_to_no")
        state = self._store.acknowledge(institution, request.up_to_no, validate_only=request.validate_only)
        return pb.AcknowledgeNoticesResponse(acknowledged_no=state.acknowledged_no, last_no=state.last_no)

    def GetNoticeDigest(self, request: pb.GetNoticeDigestRequest, call: Call) -> pb.GetNoticeDigestResponse:
        """Give count and root over the caller's notices of a day."""
        institution = call.participant.own_institution()
        day, now = parse_day(request.day, "day"), self._clock.now()
        if day > brussels_day(now):
            raise RegistryError(Reason.TIME_IN_FUTURE, "the day lies in the future", field="day")
        begin, end = brussels_bounds(day)
        notices = self._store.list_between(institution, begin, end)
        if not self._store.state(institution).keeps_since(begin):  # asked last: none was let go before it
            raise RegistryError(
                Reason.POSITION_TOO_OLD,
                "notices of that day are no longer kept",
                field="day",
                metadata={"way_back": "snapshot"},
            )
        root = merkle.root_of(merkle.leaf_hash(digest_text(each).encode()) for each in notices)
        digest = feed_pb2.FeedDigest(count=len(notices), root_hash=root, complete=now >= end)
        if notices:
            digest.first_position, digest.last_position = notices[0].notice_no, notices[-1].notice_no
        return pb.GetNoticeDigestResponse(digest=digest)

    def ExplainImpact(self, request: pb.ExplainImpactRequest, call: Call) -> pb.ExplainImpactResponse:
        """Say whom a replacement or correction would concern; nothing is written."""
        asked = parse_ssin(request.ssin, "ssin")
        self._own.check(call, asked, "ssin")
        response = pb.ExplainImpactResponse(complete=self._reader.follows())
        if request.next_ssin:
            next_ = parse_ssin(request.next_ssin, "next_ssin")
            self._own.check(call, next_, "next_ssin")
            found = self._replacement(asked, next_)
        else:
            begin = parse_optional_day(request, "affects_from")
            end = parse_optional_day(request, "affects_until")
            if begin is not None and end is not None and begin >= end:
                raise RegistryError(
                    Reason.PERIOD_INVERTED, "the first day lies before the end", field="affects_from"
                )
            found = [
                Impact(dossier, Fate.UNCHANGED, dossier.period)
                for dossier in self._reader.standing([self._reader.resolve(asked).current])
                if _is_open_between(dossier, begin, end)
            ]
        for impact in found:
            put_impact(response.impacts.add(), impact, replaces=bool(request.next_ssin))
        told = {impact.dossier.institution for impact in found} - {call.participant.institution}
        response.told.extend(map(institution_message, sorted(told)))
        for person in sorted({int(impact.dossier.person) for impact in found} | {int(asked)}):
            call.look(person, "dossier", "impact")
        return response

    def _replacement(self, asked: Ssin, next_: Ssin) -> list[Impact]:
        if asked == next_:
            raise RegistryError(Reason.SAME_PERSON, "a number does not replace itself", field="next_ssin")
        for number, field in ((asked, "ssin"), (next_, "next_ssin")):
            _refuse_unless_standing(self._reader.resolve(number), field)
        return impacts(next_, self._reader.standing([asked, next_]), self._clock.now())


def _refuse_unless_standing(resolution: Resolution, field: str) -> None:
    if resolution.is_replaced:
        raise RegistryError(Reason.NUMBER_REPLACED, "the number was replaced already", field=field)
    if resolution.status is NumberStatus.CANCELLED:
        raise RegistryError(Reason.NUMBER_CANCELLED, "the number was cancelled", field=field)


def _is_open_between(dossier: Dossier, begin: dt.date | None, end: dt.date | None) -> bool:
    period = dossier.period
    return (end is None or period.begin < end) and (period.end is None or begin is None or begin < period.end)
