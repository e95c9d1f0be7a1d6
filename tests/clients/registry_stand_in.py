"""A gRPC server that answers what a test wrote down, and keeps what it was asked."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2
from google.type.date_pb2 import Date

from kruispunt.common.v1 import values_pb2 as common
from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt.directory.v1 import directory_service_pb2_grpc as directory_grpc
from kruispunt.directory.v1 import dossier_pb2
from kruispunt.directory.v1 import dossier_service_pb2 as writing_pb
from kruispunt.directory.v1 import dossier_service_pb2_grpc as dossier_grpc
from kruispunt.directory.v1 import knowledge_service_pb2_grpc as knowledge_grpc
from kruispunt.directory.v1 import notice_service_pb2_grpc as notice_grpc
from kruispunt.identity.v1 import identity_service_pb2_grpc as identity_grpc
from kruispunt.identity.v1 import registration_service_pb2_grpc as registration_grpc

ANNA = "75060898009"
BRAM = "85073003328"


@dataclass
class Asked:
    """One call as it came in."""

    method: str
    request: Any
    metadata: dict[str, Any]
    time_remaining: float | None


@dataclass
class Script:
    """What is answered: by method, a list of answers given in turn, the last one again and again."""

    answers: dict[str, list[Any]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def on(self, method: str, *answers: Any) -> None:
        """Say what `method` answers: messages, `Refusal`s, or functions of (request, context)."""
        self.answers[method] = list(answers)

    def calls(self, method: str) -> list[Asked]:
        return [each for each in self.asked if each.method == method]

    def answer(self, method: str, request: Any, context: grpc.ServicerContext) -> Any:
        with self.lock:
            metadata = dict(context.invocation_metadata())
            self.asked.append(Asked(method, request, metadata, context.time_remaining()))
            answers = self.answers[method]
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Refusal):
            answer.abort(context)
        return answer(request, context) if callable(answer) else answer


@dataclass
class Refusal:
    """A refusal as the registry sends it; without a reason, as gRPC itself does."""

    status: grpc.StatusCode
    reason: str = ""
    message: str = "refused"
    metadata: dict[str, str] = field(default_factory=dict)
    retry_after_s: float | None = None

    def abort(self, context: grpc.ServicerContext) -> None:
        if self.reason:
            packed = []
            for detail in self.details():
                packed.append(Packed())
                packed[-1].Pack(detail)
            status = status_pb2.Status(code=self.status.value[0], message=self.message, details=packed)
            context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(self.status, self.message)

    def details(self) -> list[Any]:
        info = error_details_pb2.ErrorInfo(reason=self.reason, domain="kruispunt", metadata=self.metadata)
        if self.retry_after_s is None:
            return [info]
        seconds, rest = divmod(self.retry_after_s, 1)
        delay = Duration(seconds=int(seconds), nanos=int(rest * 1e9))
        return [info, error_details_pb2.RetryInfo(retry_delay=delay)]


def _servicer(base: type, script: Script) -> Any:
    def method(name: str) -> Callable[..., Any]:
        return lambda _self, request, context: script.answer(name, request, context)

    return type("StandIn", (base,), {n: method(n) for n in vars(base) if n[0].isupper()})()


@contextmanager
def serving(
    script: Script, port: int = 0, credentials: grpc.ServerCredentials | None = None
) -> Iterator[str]:
    """Serve a script on loopback; yields the endpoint."""
    server = grpc.server(ThreadPoolExecutor(8))
    directory_grpc.add_DirectoryServiceServicer_to_server(
        _servicer(directory_grpc.DirectoryServiceServicer, script), server
    )
    dossier_grpc.add_DossierServiceServicer_to_server(
        _servicer(dossier_grpc.DossierServiceServicer, script), server
    )
    knowledge_grpc.add_KnowledgeServiceServicer_to_server(
        _servicer(knowledge_grpc.KnowledgeServiceServicer, script), server
    )
    notice_grpc.add_NoticeServiceServicer_to_server(
        _servicer(notice_grpc.NoticeServiceServicer, script), server
    )
    identity_grpc.add_IdentityServiceServicer_to_server(
        _servicer(identity_grpc.IdentityServiceServicer, script), server
    )
    registration_grpc.add_RegistrationServiceServicer_to_server(
        _servicer(registration_grpc.RegistrationServiceServicer, script), server
    )
    address = f"127.0.0.1:{port}"
    port = server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


def resolution(ssin: str = ANNA, current: str = "") -> common.NumberResolution:
    return common.NumberResolution(
        asked_ssin=ssin,
        current_ssin=current or ssin,
        replaced=bool(current),
        replace_date=Date(year=2026, month=3, day=1) if current else None,
        verification=common.NUMBER_VERIFICATION_CHECKSUM,
    )


def dossier(dossier_id: str = "d-1", *, ssin: str = ANNA, sector: int = 17) -> dossier_pb2.Dossier:
    return dossier_pb2.Dossier(
        dossier_id=dossier_id,
        ssin=ssin,
        registered_ssin=ssin,
        institution=common.InstitutionRef(sector=sector, institution=1),
        capacity=2,
        phase=0,
        period=common.Period(begin=Date(year=2026, month=1, day=1)),
        network_level=common.NETWORK_LEVEL_PRIMARY,
        source="intake-desk",
        etag="e1",
    )


def registered() -> writing_pb.RegisterDossierResponse:
    return writing_pb.RegisterDossierResponse(
        dossier=dossier(),
        outcome=writing_pb.REGISTRATION_OUTCOME_CREATED,
        resolution=resolution(),
        warnings=[
            common.Warning(
                reason=common.WARNING_REASON_NUMBER_UNUSUAL, message="no calendar day", field="ssin"
            )
        ],
    )


def route(*, allowed: bool) -> pb.GetRouteResponse:
    outcomes = [pb.CHECK_OUTCOME_PASSED] * 7
    if not allowed:
        outcomes[2:] = [pb.CHECK_OUTCOME_FAILED, *[pb.CHECK_OUTCOME_NOT_MADE] * 3, pb.CHECK_OUTCOME_WITHHELD]
    checks = [
        pb.RouteCheckResult(check=number, outcome=outcome, explanation=f"because {number}")  # type: ignore[arg-type]
        for number, outcome in enumerate(outcomes, 1)
    ]
    supplier = pb.RouteSupplier(
        institution=common.InstitutionRef(sector=5, institution=1),
        capacity=100,
        period=common.Period(begin=Date(year=2025, month=2, day=3)),
        availability_id="AV-1",
    )
    return pb.GetRouteResponse(
        verdict=pb.ROUTE_VERDICT_ALLOWED if allowed else pb.ROUTE_VERDICT_NOT_AUTHORISED,
        checks=checks,
        suppliers=[supplier] if allowed else [],
        deliberation="18/042",
        authorisation_id="AU-1" if allowed else "",
        resolution=resolution(),
        decision_id="decision-1",
    )


def answer_chunk(request: pb.ResolveDossiersRequest) -> pb.ResolveDossiersResponse:
    persons = [
        pb.PersonDossiers(asked_ssin=n, status=pb.PERSON_STATUS_FOUND, dossiers=[dossier(ssin=n)])
        if len(n) == 11
        else pb.PersonDossiers(asked_ssin=n, status=pb.PERSON_STATUS_NUMBER_MALFORMED)
        for n in request.ssins
    ]
    return pb.ResolveDossiersResponse(chunk=request.chunk, persons=persons)
