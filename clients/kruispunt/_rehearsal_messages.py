"""What a server says of a client, between the wire and the values of `kruispunt.rehearsing`."""

import datetime as dt

from google.protobuf.timestamp_pb2 import Timestamp

from kruispunt.rehearsal.v1 import rehearsal_service_pb2 as pb
from kruispunt.rehearsing import Fault, Finding, Rehearsal, SeenCertificate


def rehearsal_of(message: pb.GetRehearsalResponse) -> Rehearsal:
    """Read an answer; a fault that this version does not know is UNSPECIFIED."""
    return Rehearsal(
        participant=message.participant_id,
        certificate=_certificate_of(message.certificate) if message.HasField("certificate") else None,
        now=_instant(message.now),
        known_since=_instant(message.known_since),
        calls={each.method: each.count for each in message.calls},
        findings=tuple(map(_finding_of, message.findings)),
        message=message,
    )


def _finding_of(message: pb.Finding) -> Finding:
    known = message.fault in {fault.value for fault in Fault}
    fault = Fault(message.fault) if known else Fault.UNSPECIFIED
    return Finding(
        fault, message.method, message.count, _instant(message.first_at), _instant(message.last_at)
    )


def _certificate_of(message: pb.SeenCertificate) -> SeenCertificate:
    return SeenCertificate(
        tuple(message.uris), _instant(message.begin), _instant(message.end), message.fingerprint
    )


def _instant(timestamp: Timestamp) -> dt.datetime:
    return timestamp.ToDatetime(dt.UTC)
