"""Notices and impacts: messages → values."""

import datetime as dt

from kruispunt._messages import period_of
from kruispunt.directory.v1 import notice_service_pb2 as pb
from kruispunt.notices import Holding, Impact, ImpactOutcome, Notice, NoticeKind, ToldNotices
from kruispunt.ssin import Ssin
from kruispunt.values import InstitutionRef


def told_of(message: pb.WatchNoticesResponse) -> ToldNotices:
    """Read one message of the notices."""
    token, position = message.resume_token, message.position
    match message.WhichOneof("content"):
        case "notices":
            notices = tuple(map(_notice_of, message.notices.notices))
            return ToldNotices(token, position, notices=notices, message=message)
        case "snapshot":
            holdings = tuple(
                Holding(Ssin.parse(each.registered_ssin), Ssin.parse(each.current_ssin))
                for each in message.snapshot.holdings
            )
            ends = message.snapshot.last
            return ToldNotices(token, position, holdings=holdings, snapshot_ends=ends, message=message)
        case _:
            until = message.heartbeat.told_until.ToDatetime(dt.UTC)
            return ToldNotices(token, position, told_until=until, message=message)


def _notice_of(message: pb.Notice) -> Notice:
    known = message.kind in NoticeKind._value2member_map_
    return Notice(
        notice_no=message.notice_no,
        notice_id=message.notice_id,
        kind=NoticeKind(message.kind) if known else NoticeKind.UNSPECIFIED,
        ssin=Ssin.parse(message.ssin),
        current=Ssin.parse(message.current_ssin),
        change_time=message.changed_at.ToDatetime(dt.UTC),
        record_time=message.recorded_at.ToDatetime(dt.UTC),
        change_id=message.change_id,
    )


def impact_of(message: pb.Impact) -> Impact:
    """Read a dossier that a change would concern."""
    return Impact(
        InstitutionRef(message.institution.sector, message.institution.institution),
        message.capacity,
        message.phase,
        period_of(message.period),
        Ssin.parse(message.ssin),
        ImpactOutcome(message.outcome),
        period_of(message.period_afterwards) if message.HasField("period_afterwards") else None,
    )
