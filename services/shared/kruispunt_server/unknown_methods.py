"""What a server answers to methods that it does not have."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc

from kruispunt_server import rich_errors
from kruispunt_server.edge import Edge
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.incidents import incident_of
from kruispunt_server.raw import on_pool


class UnknownMethods(grpc.GenericRpcHandler):
    """Answers every method that no other handler knows; registered last.

    A caller without a certificate is told about the certificate only.
    """

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        behaviour = on_pool(self._refuse, ThreadPoolExecutor(1, thread_name_prefix="unknown"))
        # Streaming on both sides: it is called without waiting for a message.
        self._handler: grpc.RpcMethodHandler[Any, Any] = grpc.stream_stream_rpc_method_handler(behaviour)

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[Any, Any]":  # noqa: ARG002
        """Return the handler that refuses."""
        return self._handler

    def _refuse(self, _received: Iterator[bytes], context: grpc.ServicerContext) -> None:
        try:
            self._edge.callers.of(context)
            refusal = RegistryError(Reason.METHOD_UNKNOWN, "the server does not know the method")
        except RegistryError as error:
            refusal = error
        except Exception as error:  # noqa: BLE001 - its text must not leave
            refusal = incident_of(self._edge.events, "unknown", error, None)
        rich_errors.abort(context, refusal)
