"""Rights: messages → values."""

import datetime as dt

from kruispunt.access.v1 import participant_service_pb2 as pb
from kruispunt.access_rights import (
    AppliedQuota,
    ChangeOfRights,
    Grantee,
    QuotaSource,
    RecordedRightsChange,
    RightsChange,
    RightsDetail,
    RightsEffect,
)
from kruispunt.quota_text import write_quota


def change_of(message: pb.RightsChange) -> RightsChange:
    """Read a difference of rights."""
    return RightsChange(
        ChangeOfRights(message.kind),
        message.entry,
        tuple(
            RightsDetail(each.key, each.before, each.after, RightsEffect(each.effect))
            for each in message.differences
        ),
        RightsEffect(message.effect),
    )


def recorded_of(message: pb.RightsChangeRecord) -> RecordedRightsChange:
    """Read a change of rights and who made it."""
    return RecordedRightsChange(
        change=change_of(message.change),
        record_time=message.recorded_at.ToDatetime(dt.UTC),
        participant=message.participant_id,
        via=message.via_participant_id,
        method=message.method,
        end_user=message.end_user,
        legal_basis=message.legal_basis,
        case=message.case_reference,
        change_id=message.change_id,
        commit_id=message.commit_id,
        position=message.position if message.HasField("position") else None,
        message=message,
    )


def quota_of(message: pb.AppliedQuota) -> AppliedQuota:
    """Read a quota as calls meet it."""
    return AppliedQuota(
        name=message.name,
        quota=write_quota(message.quota.calls, message.quota.per_seconds),
        source=QuotaSource(message.source),
        left=message.left if message.HasField("left") else None,
        nearest=message.nearest,
        grant=message.grant_id,
    )


def grantee_of(message: pb.Grantee) -> Grantee:
    """Read who may obtain a data group."""
    end = message.end
    return Grantee(
        participant=message.participant_id,
        grant=message.grant_id,
        methods=tuple(message.methods),
        legal_basis=message.legal_basis,
        requires_dossier=message.requires_dossier,
        shows_protected=message.shows_protected,
        end=dt.date(end.year, end.month, end.day) if message.HasField("end") else None,
        message=message,
    )
