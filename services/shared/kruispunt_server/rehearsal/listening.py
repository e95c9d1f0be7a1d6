"""Hears calls as they pass the edge: a handler around each handler, in a registry that rehearses and in no other."""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias, cast

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.rpc import error_details_pb2, status_pb2

from kruispunt_server import rich_errors
from kruispunt_server.call import Call, Role
from kruispunt_server.caller import Callers
from kruispunt_server.edge import NO_DEADLINE_S
from kruispunt_server.errors import RegistryError
from kruispunt_server.rehearsal.heard import Answered, Heard, Said, Told
from kruispunt_server.rehearsal.notebook import Notebook
from kruispunt_server.rehearsal.reading import Digests, Reader

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"

_OWN: Final = ("RehearsalService/", "ParticipantService/")  # what `kruispunt rehearse` itself asks
_MADE: Final[Mapping[tuple[bool, bool], tuple[str, Callable[..., Handler]]]] = {
    (False, False): ("unary_unary", grpc.unary_unary_rpc_method_handler),
    (False, True): ("unary_stream", grpc.unary_stream_rpc_method_handler),
    (True, False): ("stream_unary", grpc.stream_unary_rpc_method_handler),
    (True, True): ("stream_stream", grpc.stream_stream_rpc_method_handler),
}


class Listener:
    """Puts what it hears into a notebook.

    Calls of the registry's own services, also for an institution, are not heard, nor those of nobody.

    Args:
        notebook: where to.
        callers: finds who calls.
    """

    def __init__(self, notebook: Notebook, callers: Callers) -> None:
        self.notebook = notebook
        self._callers = callers
        self._digests = Digests()
        self._readers: dict[str, Reader] = {}

    def around(self, service: ServiceDescriptor, handlers: Mapping[str, Handler]) -> dict[str, Handler]:
        """Return handlers that do as these do, and are heard."""
        return {name: self._around(service.methods_by_name[name], one) for name, one in handlers.items()}

    def told(self, call: Call, message: bytes) -> None:
        """Hear a message that went out on a watch."""
        told = self._readers[call.method].told(message)
        if told is not None and not call.via:
            at = self.notebook.clock.now()
            self.notebook.tell(call.participant.participant_id, Told(at, *told))

    def _around(self, method: MethodDescriptor, handler: Handler) -> Handler:
        service = method.containing_service
        attribute, make = _MADE[method.client_streaming, method.server_streaming]
        behaviour = getattr(handler, attribute)
        if f"{service.name}/".startswith(_OWN):
            return make(_unheard(behaviour, self))
        reader = self._readers[f"{service.full_name}/{method.name}"] = Reader(method, self._digests)
        streams = method.client_streaming or method.server_streaming
        hearing = _Hearing(self, f"{service.name}/{method.name}", reader, streams=streams)
        non_blocking = getattr(behaviour, "experimental_non_blocking", False)
        if method.server_streaming and not non_blocking:
            return make(_stream(behaviour, hearing))
        return make(_one(behaviour, hearing))

    def keep(self, context: grpc.ServicerContext, heard: Callable[[bytes, bytes], Heard]) -> None:
        """Keep a call of an institution; what is heard is made of digests of its connection and purpose."""
        name = self.see(context)
        if name is not None:
            purpose = self._digests.of(_purpose(context))
            self.notebook.hear(name, heard(self._digests.of(context.peer()), purpose))

    def see(self, context: grpc.ServicerContext) -> str | None:
        """Keep the certificate of an institution that calls; returns its name, none if another calls."""
        try:
            participant, via = self._callers.acting(context)
        except RegistryError:
            return None
        if via or Role.INTERNAL_SERVICE in participant.roles:
            return None
        peer = cast("Mapping[str, Sequence[bytes]]", context.auth_context())
        self.notebook.see(participant.participant_id, next(iter(peer.get("x509_pem_cert", ())), b""))
        return participant.participant_id


class _Hearing:
    """Hears the calls of one method."""

    def __init__(self, listener: Listener, method: str, reader: Reader, *, streams: bool) -> None:
        self._listener = listener
        self._method = method
        self._reader = reader
        self._streams = streams
        self._clock = listener.notebook.clock

    def begin(self, received: Any, context: grpc.ServicerContext) -> Callable[[bytes], None]:
        """Note that a call came in; returns what is to be called with its answer when it has ended."""
        came_at = self._clock.now()
        remaining = context.time_remaining()
        states_deadline = remaining is not None and remaining < NO_DEADLINE_S
        said = self._reader.said(received) if isinstance(received, bytes) else Said()

        def ended(reply: bytes) -> None:
            answered = self._answered(context, reply)
            self._listener.keep(
                context,
                lambda connection, purpose: Heard(
                    method=self._method,
                    came_at=came_at,
                    ended_at=self._clock.now(),
                    streams=self._streams,
                    connection=connection,
                    states_deadline=states_deadline,
                    purpose=purpose,
                    said=said,
                    answered=answered,
                ),
            )

        return ended

    def _answered(self, context: Any, reply: bytes) -> Answered:
        code = context.code()
        if code is None or code is grpc.StatusCode.OK:
            return Answered("OK", "", None, *self._reader.answered(reply))
        packed = dict(context.trailing_metadata() or ()).get(rich_errors.DETAILS_KEY, b"")
        reason, retry_after_s = "", None
        for detail in status_pb2.Status.FromString(packed).details:
            info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
            if detail.Unpack(info):
                reason = info.reason
            elif detail.Unpack(retry):
                retry_after_s = retry.retry_delay.ToTimedelta().total_seconds()
        return Answered(code.name, reason, retry_after_s)


def _one(behaviour: Callable[..., Any], hearing: _Hearing) -> Callable[..., Any]:
    """Hear a call whose handler returns when it has answered, or when the watch is open."""

    @functools.wraps(behaviour)  # takes the thread pool along
    def heard(received: Any, context: grpc.ServicerContext, *further: Any) -> Any:
        ended, reply = hearing.begin(received, context), b""
        try:
            reply = behaviour(received, context, *further)
        finally:
            ended(reply if isinstance(reply, bytes) else b"")
        return reply

    return heard


def _unheard(behaviour: Callable[..., Any], listener: Listener) -> Callable[..., Any]:
    """See who asks what was heard, and keep nothing of the call."""

    @functools.wraps(behaviour)
    def seen(received: Any, context: grpc.ServicerContext) -> Any:
        listener.see(context)
        return behaviour(received, context)

    return seen


def _stream(behaviour: Callable[..., Any], hearing: _Hearing) -> Callable[..., Iterator[bytes]]:
    """Hear a call that is answered by a stream; of what is streamed nothing is kept."""

    @functools.wraps(behaviour)
    def heard(received: Any, context: grpc.ServicerContext) -> Iterator[bytes]:
        ended = hearing.begin(received, context)
        try:
            yield from behaviour(received, context)
        finally:
            ended(b"")

    return heard


def _purpose(context: grpc.ServicerContext) -> str:
    """Return end user and case as stated; empty unless both are."""
    stated = {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
    names = ("kruispunt-end-user", "kruispunt-case")
    return "\0".join(stated[name] for name in names) if all(map(stated.get, names)) else ""
