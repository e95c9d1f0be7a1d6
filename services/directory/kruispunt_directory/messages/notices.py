"""Notices, holdings and impacts, as messages."""

from collections.abc import Sequence

from kruispunt.directory.v1 import notice_service_pb2 as pb
from kruispunt_directory.domain.joining import Impact
from kruispunt_directory.domain.notices import Holding, ToldNotice
from kruispunt_server.clock import brussels_day
from kruispunt_server.wire import institution_message, period_message, timestamp_message


def put_batch(message: pb.NoticeBatch, notices: Sequence[ToldNotice]) -> None:
    """Fill a batch: 1 or more notices of one commit."""
    message.recorded_at.CopyFrom(timestamp_message(notices[0].recorded_at))
    for notice in notices:
        _put_notice(message.notices.add(), notice)


def put_holding(message: pb.Holding, holding: Holding) -> None:
    """Fill a holding."""
    message.registered_ssin = str(holding.registered)
    message.current_ssin = str(holding.current)


def put_impact(message: pb.Impact, impact: Impact, *, replaces: bool) -> None:
    """Fill an impact; of a correction without what becomes of the dossier."""
    dossier = impact.dossier
    message.institution.CopyFrom(institution_message(dossier.institution))
    message.capacity = dossier.capacity
    message.phase = dossier.phase
    message.period.CopyFrom(period_message(dossier.period))
    message.ssin = str(dossier.person)
    if replaces:
        message.outcome = int(impact.fate)  # type: ignore[assignment]
        if impact.afterwards is not None:
            message.period_afterwards.CopyFrom(period_message(impact.afterwards))


def digest_text(notice: ToldNotice) -> str:
    """Return the text by which a digest counts a notice."""
    parts = (
        notice.notice_no,
        notice.notice_id,
        int(notice.kind),
        notice.ssin,
        notice.current,
        brussels_day(notice.recorded_at),
    )
    return "\x1f".join(map(str, parts))


def _put_notice(message: pb.Notice, notice: ToldNotice) -> None:
    message.notice_no = notice.notice_no
    message.notice_id = str(notice.notice_id)
    message.kind = int(notice.kind)  # type: ignore[assignment]
    message.ssin = str(notice.ssin)
    message.current_ssin = str(notice.current)
    message.changed_at.CopyFrom(timestamp_message(notice.changed_at))
    message.recorded_at.CopyFrom(timestamp_message(notice.recorded_at))
    message.change_id = "" if notice.change_id is None else str(notice.change_id)
