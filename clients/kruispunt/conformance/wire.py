"""Facts about what no client says: bytes that are no message, methods that there are not, calls without a purpose."""

from typing import Any

import grpc
from google.rpc import error_details_pb2, status_pb2

from kruispunt.conformance.cast import PURPOSE, WELFARE
from kruispunt.conformance.facts import NotHeldError, equal, fact
from kruispunt.conformance.world import World

_STATED = (
    ("kruispunt-legal-basis", PURPOSE.legal_basis),
    ("kruispunt-end-user", PURPOSE.end_user),
    ("kruispunt-case", PURPOSE.case),
)
_GET_PERSON = "/kruispunt.identity.v1.IdentityService/GetPerson"
_LIST = "/kruispunt.directory.v1.DirectoryService/ListDossiers"


@fact
def bytes_have_to_be_a_message(world: World) -> None:
    """Bytes that are no message of the type are the caller's fault."""
    for method, of_identity in ((_LIST, False), (_GET_PERSON, True)):
        status, reason, _ = _said(world, method, b"\xff\xff\xff", _STATED, of_identity=of_identity)
        equal(("INVALID_ARGUMENT", "MESSAGE_MALFORMED"), (status, reason), method)


@fact
def a_method_has_to_exist(world: World) -> None:
    """A method that there is not is told as such."""
    method = "/kruispunt.directory.v1.DirectoryService/NoSuchMethod"

    equal(("UNIMPLEMENTED", "METHOD_UNKNOWN"), _said(world, method, b"", _STATED)[:2], "refusal")


@fact
def a_purpose_has_to_be_stated(world: World) -> None:
    """Whoever touches a person says under which legal basis, for whom and for which case: the first that is absent is named."""
    for given in range(len(_STATED)):
        status, reason, metadata = _said(world, _LIST, b"", _STATED[:given])
        equal(
            ("INVALID_ARGUMENT", "PURPOSE_REQUIRED", _STATED[given][0]),
            (status, reason, metadata.get("field")),
            "refusal",
        )


@fact
def who_calls_is_asked_before_what_is_asked(world: World) -> None:
    """A call without a purpose is refused for that, whatever its bytes are."""
    equal("PURPOSE_REQUIRED", _said(world, _LIST, b"\xff\xff\xff", ())[1], "reason")


@fact
def a_refusal_names_its_field(world: World) -> None:
    """An absent field is refused with its path, in words and in details for programs."""
    status, reason, metadata = _said(world, _LIST, b"", _STATED)

    equal(("INVALID_ARGUMENT", "FIELD_REQUIRED", "ssin"), (status, reason, metadata.get("field")), "refusal")


def _said(
    world: World, method: str, request: bytes, metadata: Any, *, of_identity: bool = False
) -> tuple[str, str, dict[str, str]]:
    """Return status, reason and metadata with which bytes are refused."""
    with world.channel(WELFARE, of_identity=of_identity) as channel:
        try:
            call: Any = channel.unary_unary(method)
            call(request, metadata=metadata, timeout=20)
        except grpc.RpcError as error:
            refusal: Any = error
            return (refusal.code().name, *_details_of(refusal))
    raise NotHeldError("the call was answered")


def _details_of(error: Any) -> tuple[str, dict[str, str]]:
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            for detail in status_pb2.Status.FromString(value).details:
                found = error_details_pb2.ErrorInfo()
                if detail.Unpack(found):
                    return found.reason, dict(found.metadata)
    return "", {}
