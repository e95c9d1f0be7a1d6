"""Calls as parts of a trace: the W3C trace context goes with each of them.

Where the program has OpenTelemetry, the span that is current when a call is made becomes the parent of the
registry's. A program that has none passes on what it was given itself:

    with trace_context(request.headers["traceparent"]):
        directory.list_dossiers(person).first()

A stream belongs to the trace in which it was opened; so does each look-up of a resolver that opens one, and to none
those that travel along.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_MOST: Final = 512  # characters of a tracestate; W3C lets longer ones be cut

_given: ContextVar[tuple[tuple[str, str], ...]] = ContextVar("kruispunt_trace", default=())


@contextmanager
def trace_context(traceparent: str, tracestate: str = "") -> Iterator[None]:
    """Let the calls within, of this thread or task, belong to a trace; it goes before OpenTelemetry's.

    Args:
        traceparent: such as "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".
        tracestate: of the same request; left out if it is longer than 512 characters.

    Raises:
        ValueError: `traceparent` has another form, or `tracestate` other characters than printable ASCII.

    Source: https://www.w3.org/TR/trace-context/
    """
    if not _TRACEPARENT.fullmatch(traceparent):
        raise ValueError("a traceparent is VERSION-TRACE-PARENT-FLAGS, in lower-case hexadecimal digits")
    if not (tracestate.isascii() and (tracestate.isprintable() or not tracestate)):
        raise ValueError("a tracestate has printable ASCII characters only")
    state = (("tracestate", tracestate),) if 0 < len(tracestate) <= _MOST else ()
    before = _given.set((("traceparent", traceparent), *state))
    try:
        yield
    finally:
        _given.reset(before)


def trace_metadata() -> tuple[tuple[str, str], ...]:
    """Return the trace context of now as metadata; nothing if there is none."""
    given = _given.get()
    if given or "opentelemetry.trace" not in sys.modules:  # who has not loaded it has no span
        return given
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return tuple(carrier.items())
