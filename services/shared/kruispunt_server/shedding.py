"""Refuses calls early and cheaply when more wait for a thread than will be served in time."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc

from kruispunt_server import rich_errors
from kruispunt_server.edge import Edge
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.fair_pool import CallPool
from kruispunt_server.raw import on_pool

_RETRY_S = 0.5


class Shedding(grpc.GenericRpcHandler):
    """Stands before all other handlers, and takes a call only in order to refuse it.

    Health and reflection have threads of their own and are let through.

    Args:
        pool: whose queue counts.
        limit: calls that may wait.
        edge: counts what was refused.
    """

    def __init__(self, pool: CallPool, limit: int, edge: Edge) -> None:
        self._pool = pool
        self._limit = limit
        self._refused = edge.metrics.calls("shed") if edge.metrics is not None else None
        behaviour = on_pool(self._refuse, ThreadPoolExecutor(1, thread_name_prefix="shed"))
        # Streaming on both sides: it is called without waiting for a message.
        self._handler: grpc.RpcMethodHandler[Any, Any] = grpc.stream_stream_rpc_method_handler(behaviour)

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[Any, Any] | None":
        """Return the handler that refuses, or none: then the next one is asked."""
        if self._pool.waiting() < self._limit or handler_call_details.method.startswith("/grpc."):
            return None
        return self._handler

    def _refuse(self, _received: Iterator[bytes], context: grpc.ServicerContext) -> None:
        if self._refused is not None:
            self._refused.observe("RESOURCE_EXHAUSTED", 0.0)
        refusal = RegistryError(
            Reason.TOO_MANY_CALLS, "the server has more calls than it can serve now", retry_after_s=_RETRY_S
        )
        rich_errors.abort(context, refusal)
