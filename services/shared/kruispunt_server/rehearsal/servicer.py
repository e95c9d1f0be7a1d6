"""RehearsalService: tells a participant what its own client did."""

from collections import Counter
from typing import Final

from kruispunt.rehearsal.v1 import rehearsal_service_pb2 as pb
from kruispunt_server import pki
from kruispunt_server.assembly import Servicer
from kruispunt_server.call import Call
from kruispunt_server.edge import Policy
from kruispunt_server.rehearsal.findings import Finding, findings_of
from kruispunt_server.rehearsal.listening import Listener
from kruispunt_server.rehearsal.notebook import Notebook
from kruispunt_server.wire import parse_instant, timestamp_message

# About itself everybody may ask; nothing in it concerns a person.
POLICIES: Final = {"GetRehearsal": Policy()}


class RehearsalServicer:
    """One method per rpc; what each does stands in the contract."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook

    def GetRehearsal(self, request: pb.GetRehearsalRequest, call: Call) -> pb.GetRehearsalResponse:  # noqa: N802
        """Say what the caller's calls were, and what was wrong with them."""
        now = self._notebook.clock.now()
        record = self._notebook.record(call.participant.participant_id)
        since = record.known_since
        if request.HasField("since"):
            since = parse_instant(request.since, "since", now)
        calls = sorted(
            (each for each in record.calls if each.came_at >= since), key=lambda each: each.came_at
        )
        told = [each for each in record.told if each.at >= since]
        response = pb.GetRehearsalResponse(
            participant_id=call.participant.participant_id,
            now=timestamp_message(now),
            known_since=timestamp_message(record.known_since),
            calls=[
                pb.MethodCalls(method=method, count=count)
                for method, count in sorted(Counter(each.method for each in calls).items())
            ],
            findings=map(_finding_message, findings_of(calls, told, now)),
        )
        if record.certificate:
            response.certificate.CopyFrom(_certificate_message(record.certificate))
        return response


def rehearsal_servicer(listener: Listener) -> Servicer:
    """Return the service as it is put before the boundary."""
    service = pb.DESCRIPTOR.services_by_name["RehearsalService"]
    return Servicer(service, RehearsalServicer(listener.notebook), POLICIES)


def _finding_message(finding: Finding) -> pb.Finding:
    return pb.Finding(
        fault=finding.fault.value,  # type: ignore[arg-type]  # same numbers, held by a test
        method=finding.method,
        count=finding.count,
        first_at=timestamp_message(finding.first_at),
        last_at=timestamp_message(finding.last_at),
    )


def _certificate_message(pem: bytes) -> pb.SeenCertificate:
    (seen, *_) = pki.described(pem)
    return pb.SeenCertificate(
        uris=seen.uris,
        begin=timestamp_message(seen.begin),
        end=timestamp_message(seen.end),
        fingerprint=seen.fingerprint,
    )
