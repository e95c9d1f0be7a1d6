"""From what gRPC says to the exceptions of `kruispunt.errors`."""

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from kruispunt.common.v1 import error_reason_pb2
from kruispunt.errors import KruispuntError, class_of

_DETAILS = "grpc-status-details-bin"
_DOMAIN = "kruispunt"
_PREFIX = "ERROR_REASON_"
_NO_ANSWER = {
    "UNAVAILABLE": "the registry cannot be reached",
    "DEADLINE_EXCEEDED": "no answer came in time",
    "CANCELLED": "the call was given up",
}


def error_from(error: grpc.RpcError) -> KruispuntError:
    """Return the exception for a failed call.

    The reason comes from `google.rpc.ErrorInfo` of the domain "kruispunt"; an answer of somebody else, such as a
    proxy or gRPC itself, becomes the class of its status.
    """
    if not isinstance(error, grpc.Call | grpc.aio.AioRpcError):
        return KruispuntError("the call failed before it was made", status="UNKNOWN")
    code = error.code()
    status = code.name if isinstance(code, grpc.StatusCode) else "UNKNOWN"
    info, delay, violations = _details(error)
    if info is None:
        text = _NO_ANSWER.get(status) or error.details() or "the call failed"
        return class_of("", status)(text, status=status, retry_after_s=delay)
    metadata = dict(info.metadata)
    return class_of(info.reason, status)(
        error.details() or "the registry refused",
        reason=info.reason,
        field=metadata.get("field", ""),
        metadata=metadata,
        status=status,
        retry_after_s=delay,
        incident_id=metadata.get("incident", ""),
        violations=violations,
    )


def _details(
    call: grpc.Call | grpc.aio.AioRpcError,
) -> tuple[error_details_pb2.ErrorInfo | None, float | None, list[tuple[str, str]]]:
    packed = next((v for k, v in call.trailing_metadata() or () if k == _DETAILS), b"")
    info: error_details_pb2.ErrorInfo | None = None
    delay: float | None = None
    violations: list[tuple[str, str]] = []
    try:
        for part in status_pb2.Status.FromString(packed if isinstance(packed, bytes) else b"").details:
            if part.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
                found = error_details_pb2.ErrorInfo.FromString(part.value)
                info = found if found.domain == _DOMAIN else info
            elif part.Is(error_details_pb2.RetryInfo.DESCRIPTOR):
                wait = error_details_pb2.RetryInfo.FromString(part.value).retry_delay
                delay = wait.seconds + wait.nanos / 1e9
            elif part.Is(error_details_pb2.BadRequest.DESCRIPTOR):
                bad = error_details_pb2.BadRequest.FromString(part.value)
                violations = [(each.field, each.description) for each in bad.field_violations]
    except DecodeError:
        return None, None, []
    return info, delay, violations


def reason_of(number: int) -> str:
    """Return the name of a reason; empty for none, its number for one that this version does not know."""
    if not number:
        return ""
    known = error_reason_pb2.ErrorReason.DESCRIPTOR.values_by_number.get(number)
    return known.name.removeprefix(_PREFIX) if known else str(number)
