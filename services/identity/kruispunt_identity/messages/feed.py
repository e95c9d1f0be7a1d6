"""What the feed tells, as messages."""

from kruispunt.common.v1 import feed_pb2
from kruispunt.identity.v1 import feed_service_pb2 as pb
from kruispunt_identity.domain.telling import DayDigest, StandingNumber, ToldChange, ToldCommit
from kruispunt_server.wire import date_message, institution_message, timestamp_message


def put_commit(message: pb.Commit, commit: ToldCommit) -> None:
    """Fill a commit."""
    message.recorded_at.CopyFrom(timestamp_message(commit.recorded_at))
    for change in commit.changes:
        _put_change(message.changes.add(), change)


def put_number(message: pb.SnapshotNumber, number: StandingNumber) -> None:
    """Fill a number of a snapshot."""
    message.ssin = str(number.ssin)
    message.status = int(number.status)  # type: ignore[assignment]
    message.current_ssin = str(number.current)
    message.next_ssin = "" if number.next_ is None else str(number.next_)
    if number.replaced_on is not None:
        message.replace_date.CopyFrom(date_message(number.replaced_on))
    message.register = int(number.register)  # type: ignore[assignment]
    message.deceased = number.deceased


def digest_message(digest: DayDigest) -> feed_pb2.FeedDigest:
    """Build a digest."""
    return feed_pb2.FeedDigest(
        count=digest.count,
        first_position=digest.first,
        last_position=digest.last,
        root_hash=digest.root_hash,
        complete=digest.complete,
    )


def _put_change(message: pb.Change, change: ToldChange) -> None:
    message.position = change.position
    message.change_id = str(change.change_id)
    message.kind = int(change.kind)  # type: ignore[assignment]
    message.ssin = "" if change.ssin is None else str(change.ssin)
    message.other_ssin = "" if change.other is None else str(change.other)
    message.data_groups.extend(change.groups)  # type: ignore[arg-type]
    if change.affects_from is not None:
        message.affects_from.CopyFrom(date_message(change.affects_from))
    if change.affects_until is not None:
        message.affects_until.CopyFrom(date_message(change.affects_until))
    if change.source is not None:
        message.source.CopyFrom(institution_message(change.source))
    if change.effective_on is not None:
        message.effective_date.CopyFrom(date_message(change.effective_on))
    if change.register is not None:
        message.register = int(change.register)  # type: ignore[assignment]
    if change.deceased is not None:
        message.deceased = change.deceased
