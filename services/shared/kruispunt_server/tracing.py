"""Traces: one server span per call, in the caller's trace (W3C `traceparent`), sent over OTLP.

Off unless an endpoint is set; then nothing of this is imported, nor does it cost a call anything.
Names are those of OpenTelemetry's semantic conventions for RPC.
"""

from collections.abc import Iterable
from contextvars import Token

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_CARRIED = frozenset({"traceparent", "tracestate"})
_SERVER_FAULTS = frozenset({"INTERNAL", "UNAVAILABLE", "DEADLINE_EXCEEDED", "UNIMPLEMENTED"})


class Span:
    """The span of one call, current in its thread until it ends."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        self._token: Token[Context] = otel_context.attach(trace.set_span_in_context(span))

    def end(self, status: str) -> None:
        """End it with the name of the call's gRPC status code."""
        self._span.set_attribute("rpc.response.status_code", status)
        if status in _SERVER_FAULTS:
            self._span.set_attribute("error.type", status)
            self._span.set_status(trace.StatusCode.ERROR)
        self._span.end()
        otel_context.detach(self._token)


class Tracing:
    """Begins spans.

    Args:
        service: "directory" or "identity".
        exporter: where finished spans go, in batches.
    """

    def __init__(self, service: str, exporter: SpanExporter) -> None:
        resource = Resource.create({"service.name": f"kruispunt-{service}"})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("kruispunt_server")
        self._propagator = TraceContextTextMapPropagator()

    @classmethod
    def over_otlp(cls, service: str, endpoint: str) -> "Tracing":
        """Return tracing that sends to an OTLP/HTTP endpoint, such as `http://127.0.0.1:4318/v1/traces`."""
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        return cls(service, OTLPSpanExporter(endpoint=endpoint))

    def begin(self, method: str, metadata: Iterable[tuple[str, str | bytes]]) -> Span:
        """Begin the span of a call of `method`, `package.Service/Method`."""
        carrier = {key: value for key, value in metadata if key in _CARRIED and isinstance(value, str)}
        parent = self._propagator.extract(carrier) if carrier else Context()
        span = self._tracer.start_span(
            method,
            context=parent,
            kind=trace.SpanKind.SERVER,
            attributes={"rpc.system.name": "grpc", "rpc.method": method},
        )
        return Span(span)

    @staticmethod
    def current_trace_id() -> str | None:
        """Return the trace that this thread works in, 32 hexadecimal digits."""
        context = trace.get_current_span().get_span_context()
        return format(context.trace_id, "032x") if context.is_valid else None

    def flush(self, timeout_s: float = 5.0) -> None:
        """Send what is waiting; for the end of the process."""
        self._provider.force_flush(int(timeout_s * 1000))
        self._provider.shutdown()
