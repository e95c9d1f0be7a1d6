"""Health by probe, traces in the caller's trace, metrics: in one process."""

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import generate_latest
from tests.support.rights import EverybodyMay

from kruispunt_server.boundary import Policy, handler_for
from kruispunt_server.call import Role
from kruispunt_server.caller import Callers
from kruispunt_server.clock import FixedClock
from kruispunt_server.edge import Edge
from kruispunt_server.events import Events
from kruispunt_server.health import Health
from kruispunt_server.metrics import Metrics
from kruispunt_server.refusals import Refusals
from kruispunt_server.tracing import Tracing

from .conftest import NOON, POLICIES, PURPOSE, SERVICE, FakeDirectory, Participants, RecordingJournal

METHOD = "kruispunt.directory.v1.DirectoryService/ListDossiers"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Context:
    """Just enough of a call's context: who, until when, which metadata."""

    def __init__(self, *metadata: tuple[str, str]) -> None:
        self.metadata = metadata
        self.code: grpc.StatusCode | None = None

    def auth_context(self) -> dict[str, list[bytes]]:
        return {
            "transport_security_type": [b"ssl"],
            "peer_uri": [b"spiffe://test/participant/pension-office"],
        }

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return self.metadata

    def time_remaining(self) -> float:
        return 5.0

    def set_trailing_metadata(self, metadata: Any) -> None:
        pass

    def abort(self, code: grpc.StatusCode, text: str) -> None:
        self.code = code
        raise RuntimeError(text)


@pytest.fixture
def edge() -> Edge:
    return Edge(
        callers=Callers(Participants()),
        rights=EverybodyMay(),
        journal=RecordingJournal(),
        clock=FixedClock(NOON),
        events=Events("directory", strict=True, level="debug", stream=io.StringIO()),
    )


def served(edge: Edge, *metadata: tuple[str, str], policy: Policy = POLICIES["ListDossiers"]) -> Context:
    """Serve one call of ListDossiers."""
    handler = handler_for(
        SERVICE, FakeDirectory(RecordingJournal()), POLICIES | {"ListDossiers": policy}, edge
    )

    class Details:
        method = f"/{METHOD}"
        invocation_metadata = metadata

    context = Context(*metadata)
    method = handler.service(Details())
    assert method is not None
    try:
        method.unary_unary(b"", context)
    except RuntimeError:
        assert context.code is not None
    return context


@pytest.fixture
def traced(edge: Edge) -> Iterator[tuple[Edge, InMemorySpanExporter]]:
    exporter = InMemorySpanExporter()
    tracing = Tracing("directory", exporter)
    edge.events.trace_id = tracing.current_trace_id
    yield replace(edge, tracing=tracing), exporter
    tracing.flush()


def test_a_call_is_a_span_in_the_callers_trace(traced: tuple[Edge, InMemorySpanExporter]):
    """W3C context in; names by the semantic conventions; nothing of the request."""
    edge, exporter = traced
    served(edge, *PURPOSE, ("traceparent", PARENT))
    assert edge.tracing is not None
    edge.tracing.flush()

    (span,) = exporter.get_finished_spans()
    assert span.context is not None
    assert span.parent is not None
    assert (0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331) == (
        span.context.trace_id,
        span.parent.span_id,
    )
    assert {"rpc.system.name": "grpc", "rpc.method": METHOD, "rpc.response.status_code": "OK"} == dict(
        span.attributes or {}
    )


def test_a_refused_call_says_so_in_its_span_and_in_the_log(
    edge: Edge, traced: tuple[Edge, InMemorySpanExporter]
):
    """The caller's fault is not the server's error; the log line has the trace."""
    stream = io.StringIO()
    traced_edge, exporter = traced
    assert traced_edge.tracing is not None
    events = Events("directory", strict=True, stream=stream)
    events.trace_id = traced_edge.tracing.current_trace_id
    refusing = Policy(roles=frozenset({Role.AUDITOR}), personal=True)

    context = served(
        replace(traced_edge, events=events, refusals=Refusals(events)),
        ("traceparent", PARENT),
        policy=refusing,
    )
    traced_edge.tracing.flush()

    (span,) = exporter.get_finished_spans()
    assert grpc.StatusCode.PERMISSION_DENIED == context.code
    assert span.status.is_unset
    assert "PERMISSION_DENIED" == dict(span.attributes or {})["rpc.response.status_code"]
    assert "0af7651916cd43dd8448eb211c80319c" == json.loads(stream.getvalue())["trace_id"]


def test_calls_are_counted_by_method_and_status(edge: Edge):
    """With how long they took."""
    metrics = Metrics()
    counted = replace(edge, metrics=metrics)
    served(counted, *PURPOSE)
    served(counted)
    metrics.set_running(3)
    metrics.flushed(12, 0.002)

    lines = generate_latest(metrics.registry).decode().splitlines()
    assert f'kruispunt_calls_total{{method="{METHOD}",status="OK"}} 1.0' in lines
    assert f'kruispunt_calls_total{{method="{METHOD}",status="INVALID_ARGUMENT"}} 1.0' in lines
    assert f'kruispunt_call_seconds_count{{method="{METHOD}"}} 2.0' in lines
    assert "kruispunt_calls_running 3.0" in lines
    assert 'kruispunt_journal_flush_rows_bucket{le="20.0"} 1.0' in lines


def test_every_call_can_be_logged(edge: Edge):
    """At level debug: who, what and how it ended; neither purpose nor person."""
    stream = io.StringIO()
    served(replace(edge, events=Events("directory", strict=True, level="debug", stream=stream)), *PURPOSE)

    line = json.loads(stream.getvalue())
    assert ("call_finished", METHOD, "pension-office", "OK") == (
        line["event"],
        line["method"],
        line["participant"],
        line["status"],
    )
    assert "clerk-7" not in stream.getvalue()


def test_health_says_what_the_probe_says():
    """Down and up again, logged at every change of mind; and down for good when the server leaves."""
    fault: list[Exception] = []
    stream = io.StringIO()

    def probe() -> None:
        if fault:
            raise fault[0]

    health = Health(["a.Service"], probe, 3600, Events("directory", strict=True, stream=stream))
    seen = []

    def note() -> None:
        answers = [
            health._servicer.Check(health_pb2.HealthCheckRequest(service=name), None)
            for name in ("", "a.Service")
        ]
        seen.append([answer.status == health_pb2.HealthCheckResponse.SERVING for answer in answers])

    note()
    health.probe_once()
    note()
    fault.append(OSError("secret address"))
    health.probe_once()
    health.probe_once()
    note()
    fault.clear()
    health.probe_once()
    note()
    health.leave()
    health.probe_once()
    note()

    assert [[False] * 2, [True] * 2, [False] * 2, [True] * 2, [False] * 2] == seen
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(False, "OSError"), (True, None)] == [(line["serving"], line["exception"]) for line in lines]
    assert "secret" not in stream.getvalue()


def test_a_further_name_of_health_goes_by_its_own_condition():
    """It serves while its condition holds and can be asked, and the database answers; not once the server leaves."""
    met: list[bool] = []
    faults: list[Exception] = []
    stream = io.StringIO()

    def probe() -> None:
        if faults:
            raise faults[0]

    events = Events("directory", strict=True, stream=stream)
    health = Health([], probe, 3600, events, conditions={"further": lambda: met[0]})
    seen = []

    def note() -> None:
        health.probe_once()
        answers = [
            health._servicer.Check(health_pb2.HealthCheckRequest(service=name), None)
            for name in ("", "further")
        ]
        seen.append(tuple(answer.status == health_pb2.HealthCheckResponse.SERVING for answer in answers))

    note()  # nobody knows
    for known in ([True], [False], [True]):
        met[:] = known
        note()
    faults.append(OSError())
    note()
    faults.clear()
    note()
    health.leave()
    note()

    serves = [(True, False), (True, True), (True, False), (True, True), (False, False), (True, True)]
    assert [*serves, (False, False)] == seen
    changed = [line for line in map(json.loads, stream.getvalue().splitlines()) if "condition" in line]
    assert [
        (False, "IndexError"),
        (True, None),
        (False, None),
        (True, None),
        (False, None),
        (True, None),
    ] == [(line["serving"], line["exception"]) for line in changed]
