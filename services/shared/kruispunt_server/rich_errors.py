"""A refusal as it travels: a status, one sentence, and `google.rpc.Status` with the details for programs."""

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from kruispunt_server.errors import Kind, RegistryError

DOMAIN = "kruispunt"
DETAILS_KEY = "grpc-status-details-bin"

STATUS_OF: dict[Kind, grpc.StatusCode] = {kind: grpc.StatusCode[kind.value] for kind in Kind}


def details_of(error: RegistryError) -> bytes:
    """Return the `google.rpc.Status` of a refusal, serialised for `grpc-status-details-bin`.

    Always ErrorInfo (reason, domain "kruispunt", metadata with `field` where there is one); BadRequest
    beside it for INVALID_ARGUMENT with a field; RetryInfo where a retry may succeed.
    """
    metadata = dict(error.metadata)
    if error.field:
        metadata["field"] = error.field
    details: list[Message] = [
        error_details_pb2.ErrorInfo(reason=error.reason.label, domain=DOMAIN, metadata=metadata)
    ]
    if error.field and error.reason.kind is Kind.INVALID_ARGUMENT:
        violations = [
            error_details_pb2.BadRequest.FieldViolation(
                field=field, description=sentence, reason=error.reason.label
            )
            for field, sentence in error.violations or [(error.field, error.message)]
        ]
        details.append(error_details_pb2.BadRequest(field_violations=violations))
    if error.retry_after_s is not None:
        seconds, rest = divmod(error.retry_after_s, 1)
        delay = duration_pb2.Duration(seconds=int(seconds), nanos=int(rest * 1e9))
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    status = status_pb2.Status(code=STATUS_OF[error.reason.kind].value[0], message=error.message)
    for detail in details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    return bytes(status.SerializeToString())


def abort(context: grpc.ServicerContext, error: RegistryError) -> None:
    """End the call with a refusal. Never returns: gRPC raises, and knows its own exception again."""
    context.set_trailing_metadata(((DETAILS_KEY, details_of(error)),))
    context.abort(STATUS_OF[error.reason.kind], error.message)
