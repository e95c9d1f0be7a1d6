"""Feeds: where one begins, what it tells, what a digest counts."""

import datetime as dt

from kruispunt._messages import optional_instant
from kruispunt.common.v1 import feed_pb2
from kruispunt.facts import DataGroup
from kruispunt.feeds import ChangeKind, FeedDigest, FeedStart, RegisterChange, StandingNumber, Told
from kruispunt.identity.v1 import feed_service_pb2 as pb
from kruispunt.persons import NumberStatus, Register
from kruispunt.ssin import Ssin
from kruispunt.values import InstitutionRef


def start_message(start: FeedStart) -> feed_pb2.FeedStart:
    """Build where a watch begins.

    Raises:
        ValueError: an instant has no time zone.
    """
    message = feed_pb2.FeedStart()
    if start.kind == "resume_token":
        message.resume_token = start.token
    elif start.kind == "since":
        instant = optional_instant(start.instant)
        if instant is not None:
            message.since.CopyFrom(instant)
    else:
        setattr(message, start.kind, True)
    return message


def digest_of(message: feed_pb2.FeedDigest) -> FeedDigest:
    """Read a digest."""
    return FeedDigest(
        message.count,
        message.first_position,
        message.last_position,
        message.root_hash,
        message.complete,
        message=message,
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
