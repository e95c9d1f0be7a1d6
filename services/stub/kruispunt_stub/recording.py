"""Before the boundary: every call is recorded, and runs into the fault that waits for it."""

import functools
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, cast

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2, status_pb2

from kruispunt.values import Purpose
from kruispunt_server import rich_errors
from kruispunt_server.caller import Callers
from kruispunt_server.edge import Policy
from kruispunt_server.errors import RegistryError
from kruispunt_server.purpose import read_purpose
from kruispunt_stub.calls import Calls, RecordedCall
from kruispunt_stub.faults import OWN, Faults
from kruispunt_stub.parts import Service

_LONG_S: Final = 3600.0
_KINDS: Final = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")


class OpenWatches:
    """The watches that are open, so that they can be broken off."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[grpc.ServicerContext] = set()

    def add(self, context: grpc.ServicerContext) -> None:
        """Note a watch, until it ends."""
        with self._lock:
            self._open.add(context)
        if not context.add_callback(lambda: self._leave(context)):
            self._leave(context)

    def break_off(self) -> None:
        """Break all of them off."""
        with self._lock:
            found = list(self._open)
        for context in found:
            context.cancel()

    def _leave(self, context: grpc.ServicerContext) -> None:
        with self._lock:
            self._open.discard(context)


class Recorder:
    """Puts itself before the handlers of services.

    Args:
        callers: find out who calls.
        calls: where calls are noted.
        faults: that wait.
        watches: that are open.
    """

    def __init__(self, callers: Callers, calls: Calls, faults: Faults, watches: OpenWatches) -> None:
        self._callers = callers
        self._calls = calls
        self._faults = faults
        self._watches = watches

    def before(self, service: Service, handler: grpc.GenericRpcHandler) -> grpc.GenericRpcHandler:
        """Return the handler of a service, with this before it."""
        return _Recorded(self, service, handler)

    def wrapped(
        self, method: MethodDescriptor, policy: Policy, handler: "grpc.RpcMethodHandler[Any, Any]"
    ) -> "grpc.RpcMethodHandler[Any, Any]":
        """Return the handler of a method, with this before it."""
        kind = _KINDS[2 * method.client_streaming + method.server_streaming]
        inner: Callable[..., Any] = getattr(handler, kind)
        make = getattr(grpc, f"{kind}_rpc_method_handler")
        met = _Met(self, method, policy)
        behaviour = met.watched if policy.watch else met.streamed if method.server_streaming else met.answered
        # What gRPC reads off a behaviour (its pool, that it holds no thread) goes along.
        wrapped: grpc.RpcMethodHandler[Any, Any] = make(
            functools.update_wrapper(functools.partial(behaviour, inner), inner)
        )
        return wrapped

    def begin(self, name: str, context: grpc.ServicerContext) -> RecordedCall:
        """Note that a call came in."""
        left_s = context.time_remaining()
        timed = left_s is not None and left_s < _LONG_S * 24
        call = RecordedCall(name, self._name_of(context), _purpose_of(context), timed)
        if call.participant not in OWN:
            self._calls.keep(call)
        return call

    def meet(self, call: RecordedCall, policy: Policy, context: grpc.ServicerContext) -> None:
        """Run into the fault that waits; gRPC raises if it is a refusal."""
        left_s = context.time_remaining()
        try:
            self._faults.meet(
                call.method, call.participant, policy.kind, _LONG_S if left_s is None else left_s
            )
        except RegistryError as refusal:
            rich_errors.abort(context, refusal)

    def _name_of(self, context: grpc.ServicerContext) -> str:
        """Return who calls; empty: nobody whom the registry knows."""
        try:
            return self._callers.of(context).participant_id
        except RegistryError:
            return ""

    def watch(self, context: grpc.ServicerContext) -> None:
        """Note an open watch."""
        self._watches.add(context)

    def end(self, call: RecordedCall, context: grpc.ServicerContext) -> None:
        """Note how a call ended."""
        status, reason = _outcome(context)
        self._calls.end(call, status, reason)


class _Met:
    """One method of one participant, as it is met."""

    def __init__(self, recorder: Recorder, method: MethodDescriptor, policy: Policy) -> None:
        self._recorder = recorder
        self._name = f"{method.containing_service.name}/{method.name}"
        self._parse = GetMessageClass(method.input_type).FromString
        self._policy = policy
        self._reads_stream = method.client_streaming

    def answered(self, inner: Callable[..., bytes], received: Any, context: grpc.ServicerContext) -> bytes:
        """Serve a call with one answer."""
        call = self._recorder.begin(self._name, context)
        passed = self._noted(call, received)
        try:
            self._recorder.meet(call, self._policy, context)
            return inner(passed, context)
        finally:
            self._recorder.end(call, context)

    def streamed(
        self, inner: Callable[..., Iterator[bytes]], received: Any, context: grpc.ServicerContext
    ) -> Iterator[bytes]:
        """Serve a call with a stream of answers."""
        call = self._recorder.begin(self._name, context)
        passed = self._noted(call, received)
        try:
            self._recorder.meet(call, self._policy, context)
            yield from inner(passed, context)
        finally:
            self._recorder.end(call, context)

    def watched(
        self,
        inner: Callable[..., None],
        received: bytes,
        context: grpc.ServicerContext,
        finish: Callable[[bytes | None], None],
    ) -> None:
        """Open a watch."""
        call = self._recorder.begin(self._name, context)
        self._noted(call, received)
        try:
            self._recorder.meet(call, self._policy, context)
            inner(received, context, finish)
        except BaseException:
            self._recorder.end(call, context)
            raise
        if context.add_callback(lambda: self._recorder.end(call, context)):
            self._recorder.watch(context)
        else:
            self._recorder.end(call, context)

    def _noted(self, call: RecordedCall, received: Any) -> Any:
        if self._reads_stream:
            return self._passing(call, received)
        self._note(call, received)
        return received

    def _passing(self, call: RecordedCall, received: Iterator[bytes]) -> Iterator[bytes]:
        for one in received:
            self._note(call, one)
            yield one

    def _note(self, call: RecordedCall, received: bytes) -> None:
        try:
            message: Message = self._parse(received)
        except (DecodeError, UnicodeDecodeError):
            return  # the boundary says so
        call.requests.append(message)


class _Recorded(grpc.GenericRpcHandler):
    def __init__(self, recorder: Recorder, service: Service, handler: grpc.GenericRpcHandler) -> None:
        self._handler = handler
        self._wrapped: Mapping[str, Callable[[Any], Any]] = {
            f"/{service.descriptor.full_name}/{method.name}": functools.partial(
                recorder.wrapped, method, service.policies[method.name]
            )
            for method in service.descriptor.methods
        }

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """Return the handler of a method; none: another service's."""
        found = self._handler.service(handler_call_details)
        wrap = self._wrapped.get(handler_call_details.method)
        return found if found is None or wrap is None else wrap(found)


def _purpose_of(context: grpc.ServicerContext) -> Purpose | None:
    try:
        stated = read_purpose(context.invocation_metadata())
    except RegistryError:
        return None
    return Purpose(stated.legal_basis, stated.end_user, stated.case)


def _outcome(context: grpc.ServicerContext) -> tuple[str, str]:
    """Return status and reason with which a call ends."""
    code = cast("Any", context).code()  # its types leave it out
    status = code.name if isinstance(code, grpc.StatusCode) else "OK" if context.is_active() else "CANCELLED"
    for key, value in context.trailing_metadata() or ():
        if key == rich_errors.DETAILS_KEY:
            for detail in status_pb2.Status.FromString(value).details:
                found = error_details_pb2.ErrorInfo()
                if detail.Unpack(found):
                    return status, found.reason
    return status, ""
