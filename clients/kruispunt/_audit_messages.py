"""Access records and signed heads: messages → values."""

import datetime as dt

from kruispunt.audit.v1 import audit_service_pb2 as pb
from kruispunt.auditing import AccessRecord, Log, SignedHead
from kruispunt.signed_heads import HeadNote
from kruispunt.ssin import Ssin


def record_of(message: pb.AccessRecord) -> AccessRecord:
    """Read an access record."""
    return AccessRecord(
        access_id=message.access_id,
        record_time=message.recorded_at.ToDatetime(dt.UTC),
        participant=message.participant_id,
        method=message.method,
        end_user=message.end_user,
        legal_basis=message.legal_basis,
        case=message.case_reference,
        ssin=Ssin.parse(message.ssin) if message.ssin else None,
        data_groups=message.data_groups,
        result=message.result,
        position=message.position if message.HasField("position") else None,
        via=message.via_participant_id,
        message=message,
    )


def head_of(message: pb.SignedHead) -> SignedHead:
    """Read a signed head."""
    return SignedHead(
        Log(message.log),
        HeadNote.parse(message.note),
        message.key_id,
        message.public_key,
        message.signature,
        message=message,
    )
