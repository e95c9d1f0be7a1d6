"""The edge between the wire and the servicers: bytes in, bytes out, and nothing unsaid in between.

gRPC gets handlers of raw bytes, composed once per method at start; there are no interceptors. Left to
itself gRPC answers garbage with INTERNAL, and an exception with its own text.

Order of checks: certificate, participant, role, purpose, bearer token, grant, deadline, quota, message, work. Who is not let in
learns nothing about the request. Before an answer leaves, what it shows is in the journal.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from kruispunt_server import rich_errors
from kruispunt_server.admission import Admission, deadline_over
from kruispunt_server.call import Call
from kruispunt_server.caller import fingerprint_of, names_of
from kruispunt_server.edge import Deadlines, Edge, Journal, Policy
from kruispunt_server.errors import Kind, Reason, RegistryError
from kruispunt_server.fair_pool import refuse_if_marked
from kruispunt_server.feeds.outlet import Outlet
from kruispunt_server.incidents import incident_of
from kruispunt_server.raw import on_pool, parse
from kruispunt_server.standbys.placing import Placing
from kruispunt_server.streams import Place, Slots, Watchdog
from kruispunt_server.time_left import for_everybody, works_until

if TYPE_CHECKING:
    from kruispunt_server.metrics import Calls
    from kruispunt_server.tracing import Span

__all__ = ["Deadlines", "Edge", "Journal", "Policy", "handler_for"]

_GRACE_S = 1.0
_OPENING = 2  # threads that open watches, which then hold none


def handler_for(
    service: ServiceDescriptor, servicer: object, policies: Mapping[str, Policy], edge: Edge
) -> grpc.GenericRpcHandler:
    """Return the handler of one service.

    Args:
        service: from the generated module's DESCRIPTOR.
        servicer: has a method per rpc, of the same name: `(request, call) -> response`, where a streaming
            side is an iterator. A response may be bytes: a message that is serialised already.
        policies: one per rpc, by name.
        edge: shared by all services.

    Raises:
        ValueError: an rpc without policy or method, a policy without rpc, a stream without limit.
    """
    missing = {method.name for method in service.methods} ^ policies.keys()
    if missing:
        raise ValueError(f"{service.full_name}: rpcs and policies differ by {sorted(missing)}")
    handlers = {}
    for method in service.methods:
        work = getattr(servicer, method.name, None)
        if work is None:
            raise ValueError(f"{service.full_name}: the servicer has no {method.name}")
        handlers[method.name] = _Endpoint(method, work, policies[method.name], edge).handler()
    if edge.listener is not None:
        handlers = edge.listener.around(service, handlers)
    return grpc.method_handlers_generic_handler(service.full_name, handlers)


class _Endpoint:
    """One rpc: everything known about it at start is looked up here once."""

    def __init__(
        self, method: MethodDescriptor, work: Callable[[Any, Call], Any], policy: Policy, edge: Edge
    ) -> None:
        self._name = f"{method.containing_service.full_name}/{method.name}"
        self._admission = Admission(
            self._name, f"{method.containing_service.name}/{method.name}", policy, edge
        )
        self._from_bytes = GetMessageClass(method.input_type).FromString
        self._reads_stream = method.client_streaming
        self._writes_stream = method.server_streaming
        self._work: Callable[..., Any] = work
        self._policy = policy
        self._edge = edge
        self._journal = edge.journal
        self._look_required = policy.personal and policy.look_required
        self._calls: Calls | None = edge.metrics.calls(self._name) if edge.metrics else None
        self._placing = Placing(method, policy, edge.reads)
        self._says_finished = edge.events.wants("call_finished")
        if (policy.max_streams is None) == (self._reads_stream or self._writes_stream):
            raise ValueError(f"{self._name}: a streaming method needs a limit, and only such a one")
        self._slots = Slots(policy.max_streams) if policy.max_streams is not None else None

    def handler(self) -> "grpc.RpcMethodHandler[Any, Any]":
        """Return the handler for grpc; streams get threads of their own, so that unary calls never wait for them."""
        if self._policy.max_streams is None:
            return grpc.unary_unary_rpc_method_handler(self._unary)
        behaviour = on_pool(
            self._stream if self._writes_stream else self._unary,
            # One more thread than streams: it tells the one too many that it is one too many.
            ThreadPoolExecutor(self._policy.max_streams + 1, thread_name_prefix="stream"),
        )
        if self._policy.watch:
            opening = on_pool(self._watch, ThreadPoolExecutor(_OPENING, thread_name_prefix="watch"))
            opening.experimental_non_blocking = True  # type: ignore[attr-defined]
            return grpc.unary_stream_rpc_method_handler(opening)
        if not self._writes_stream:
            return grpc.stream_unary_rpc_method_handler(behaviour)
        if not self._reads_stream:
            return grpc.unary_stream_rpc_method_handler(behaviour)
        return grpc.stream_stream_rpc_method_handler(behaviour)

    def _unary(self, received: Any, context: grpc.ServicerContext) -> bytes:
        """Serve one call with one answer."""
        started = time.perf_counter()
        self._edge.running.enter()
        span = self._span(context)
        call = place = None
        refusal: RegistryError | None = None
        try:
            refuse_if_marked()
            call = self._admission.meet(context)
            self._admission.admit(call, context)
            if self._slots is not None:
                place = self._enter(self._slots, call, context)
            request = self._read(received, call, context, place)
            answer = self._placing.answer(self._work, request, call, context)
            if self._look_required and not call.looks:
                raise AssertionError("an answer with personal data of nobody")  # noqa: TRY301 - becomes INTERNAL
            reply = self._sealed(answer, call)
            self._placing.changed(context)
            return reply  # noqa: TRY300 - what was raised is a refusal
        except Exception as error:  # noqa: BLE001 - the one place where all ends
            refusal = self._refusal(error, call)
        finally:
            works_until(None)
            if place is not None:
                place.leave()
            self._edge.running.leave()
            self._note(refusal, call, context, span, started)
        rich_errors.abort(context, refusal)
        raise AssertionError("abort returned")

    def _stream(self, received: Any, context: grpc.ServicerContext) -> Iterator[bytes]:
        """Serve one call with a stream of answers; each is journalled before it is sent."""
        started = time.perf_counter()
        self._edge.running.enter()
        span = self._span(context)
        call = place = None
        refusal: RegistryError | None = _GONE
        try:
            call = self._admission.meet(context)
            self._admission.admit(call, context)
            assert self._slots is not None, "a stream has slots"
            place = self._enter(self._slots, call, context)
            self._placing.open(call, context)
            for answer in self._work(self._read(received, call, context, place), call):
                self._admission.still(call, context)
                reply = self._sealed(answer, call)
                place.watchdog.waits()  # until the caller has room for it
                yield reply
                place.watchdog.hears()
                self._admission.still(call, context)  # what comes next is read with the rights of now
            self._sealed(b"", call)  # what it looked at after the last answer
            self._placing.changed(context)
            refusal = None
        except Exception as error:  # noqa: BLE001 - the one place where all ends
            if context.is_active():  # else the caller has gone: nobody to tell
                refusal = self._refusal(error, call)
        finally:
            works_until(None)
            if place is not None:
                place.leave()
            self._edge.running.leave()
            self._note(refusal, call, context, span, started)
        if refusal is not None and refusal is not _GONE:
            rich_errors.abort(context, refusal)

    def _watch(
        self, received: bytes, context: grpc.ServicerContext, finish: Callable[[bytes | None], None]
    ) -> None:
        """Open a stream that goes on telling; it ends when the caller or the feed ends it."""
        started = time.perf_counter()
        self._edge.running.enter()
        span = self._span(context)
        call: Call | None = None
        refusal: RegistryError | None = None
        name: str | None = None
        outlet: Outlet | None = None
        try:
            call = self._admission.meet(context)
            self._admission.admit(call, context)
            request = parse(self._from_bytes, received)
            assert self._slots is not None, "a watch has slots"
            self._slots.take(call.participant.participant_id)
            name = call.participant.participant_id
            met, heard = call, self._edge.listener
            outlet = Outlet(
                context,
                finish,
                lambda: self._admission.still(met, context),
                call,
                heard.told if heard else None,
            )
            self._work(request, call, outlet)
        except Exception as error:  # noqa: BLE001 - the one place where all ends
            refusal = self._refusal(error, call)
        finally:
            works_until(None)

        def ended() -> None:
            if name is not None and self._slots is not None:
                self._slots.give_back(name)
            self._edge.running.leave()
            told = refusal or (outlet.refusal if outlet is not None else None)
            self._note(told, call, context, span, started)

        if refusal is not None:
            ended()
            rich_errors.abort(context, refusal)
        if not context.add_callback(ended):
            ended()

    def _sealed(self, answer: Message | bytes, call: Call) -> bytes:
        """Return an answer as bytes, after what it shows is in the journal."""
        self._count_misses(call)  # of a stream as it goes, not at its end
        reply = answer if isinstance(answer, bytes) else answer.SerializeToString()
        if call.looks:
            self._journal.commit(call)
        return reply

    def _count_misses(self, call: Call | None) -> None:
        """Count what found nobody, whether or not anybody hears the answer."""
        if call is not None and call.misses and self._edge.alarm is not None:
            misses, call.misses = call.misses, 0
            self._edge.alarm.count(call.participant, misses)

    def _read(self, received: Any, call: Call, context: grpc.ServicerContext, place: Place | None) -> Any:
        if place is None or not self._reads_stream:
            return parse(self._from_bytes, received)
        return self._arriving(received, call, context, place.watchdog)

    def _arriving(
        self, received: Iterator[bytes], call: Call, context: grpc.ServicerContext, watchdog: Watchdog
    ) -> Iterator[Message]:
        watchdog.waits()
        for one in received:
            watchdog.hears()
            if time.monotonic() > call.deadline:
                raise deadline_over()
            self._admission.still(call, context)
            yield parse(self._from_bytes, one)
            watchdog.waits()
        watchdog.hears()

    def _enter(self, slots: Slots, call: Call, context: grpc.ServicerContext) -> Place:
        """Take a place for a stream, and have it watched, or raise."""
        name = call.participant.participant_id
        slots.take(name)
        return Place(
            slots, name, Watchdog(context.cancel, call.deadline + _GRACE_S, self._edge.deadlines.idle_s)
        )

    def _refusal(self, error: Exception, call: Call | None) -> RegistryError:
        """Return what to tell the caller; what was looked at before goes to the journal first."""
        if not isinstance(error, RegistryError):
            error = incident_of(self._edge.events, self._name, error, call)
        if call is None or not call.looks:
            return error
        try:
            with for_everybody():  # even if the refusal is that time is over
                self._journal.commit(call)
        except RegistryError as unwritten:
            return unwritten
        except Exception as fault:  # noqa: BLE001 - a journal that fails otherwise
            if error.reason in _OF_NOBODY:  # the first attempt may have written them: each has an identifier
                return error
            return incident_of(self._edge.events, self._name, fault, call)
        return error

    def _span(self, context: grpc.ServicerContext) -> "Span | None":
        tracing = self._edge.tracing
        return tracing.begin(self._name, context.invocation_metadata()) if tracing is not None else None

    def _note(
        self,
        refusal: RegistryError | None,
        call: Call | None,
        context: grpc.ServicerContext,
        span: "Span | None",
        started: float,
    ) -> None:
        """Count, log and trace the end of a call."""
        self._count_misses(call)
        seconds = time.perf_counter() - started
        status = "OK" if refusal is None else "CANCELLED" if refusal is _GONE else refusal.reason.kind.value
        if self._calls is not None:
            self._calls.observe(status, seconds)
        if refusal is not None and refusal.reason.kind in _NOT_LET_IN:
            self._tell_refused(refusal, call, context)
        if self._says_finished:
            self._edge.events.emit(
                "call_finished",
                method=self._name,
                status=status,
                participant=call.participant.participant_id if call else None,
                via=(call.via or None) if call else None,
                duration_ms=round(seconds * 1000, 3),
            )
        if span is not None:
            span.end(status)

    def _tell_refused(self, refusal: RegistryError, call: Call | None, context: grpc.ServicerContext) -> None:
        """Tell operators; of a caller that is not known yet, the certificate is what it is known by."""
        if self._edge.refusals is None:
            return
        is_revoked = refusal.reason is Reason.CERTIFICATE_REVOKED
        certificate = fingerprint_of(context) if call is None or is_revoked else None
        who = certificate if call is None else (call.participant.participant_id, call.via)
        self._edge.refusals.tell(
            (who, refusal.reason),
            method=self._name,
            status=refusal.reason.kind.value,
            reason=refusal.reason.label,
            participant=call.participant.participant_id if call else None,
            via=(call.via or None) if call else None,
            uris=names_of(context) if refusal.reason in _ABOUT_CERTIFICATES else None,
            certificate=certificate if is_revoked else None,
        )


_ABOUT_CERTIFICATES = frozenset(
    {Reason.PARTICIPANT_UNKNOWN, Reason.CERTIFICATE_REVOKED, Reason.ACTING_FORBIDDEN}
)
# They tell nothing of whom was looked at, and say that the call may be repeated.
_OF_NOBODY = frozenset({Reason.STORE_UNAVAILABLE, Reason.DEADLINE_OVER})
_NOT_LET_IN = frozenset({Kind.UNAUTHENTICATED, Kind.PERMISSION_DENIED})
# Stands for "nobody to tell": the caller cancelled, or its deadline passed while a stream was open.
_GONE = RegistryError(Reason.DEADLINE_OVER, "the caller has gone")
