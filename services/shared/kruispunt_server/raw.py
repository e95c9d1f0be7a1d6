"""Handlers of raw bytes for the services that grpcio brings along (health, reflection)."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.protobuf.message import DecodeError, Message

from kruispunt_server import rich_errors
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.streams import Watchdog

Parse = Callable[[bytes], Any]


def parse(from_bytes: Parse, received: bytes) -> Any:
    """Return the message.

    Raises:
        RegistryError: the bytes are none; INVALID_ARGUMENT / MESSAGE_MALFORMED.
    """
    try:
        return from_bytes(received)
    except (DecodeError, UnicodeDecodeError):
        raise RegistryError(
            Reason.MESSAGE_MALFORMED, "the bytes are no message of the request type"
        ) from None


def on_pool(function: Callable[..., Any], pool: ThreadPoolExecutor) -> Callable[..., Any]:
    """Return a function that grpc runs on `pool` in place of the server's."""

    def behaviour(*arguments: Any) -> Any:
        return function(*arguments)

    behaviour.experimental_thread_pool = pool  # type: ignore[attr-defined]
    return behaviour


def unary(work: Callable[[Any, Any], Message], from_bytes: Parse, pool: ThreadPoolExecutor) -> Any:
    """Return the handler of a unary method."""

    def handle(received: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            request = parse(from_bytes, received)
        except RegistryError as error:
            rich_errors.abort(context, error)
        return work(request, context).SerializeToString()

    return grpc.unary_unary_rpc_method_handler(on_pool(handle, pool))


def non_blocking(work: Callable[[Any, Any, Any], object], from_bytes: Parse, pool: ThreadPoolExecutor) -> Any:
    """Return the handler of a server stream that holds no thread: `work(request, context, send)`."""

    def handle(received: bytes, context: grpc.ServicerContext, send: Callable[[bytes | None], None]) -> None:
        try:
            request = parse(from_bytes, received)
        except RegistryError as error:
            rich_errors.abort(context, error)
        work(request, context, lambda message: send(message and message.SerializeToString()))

    behaviour = on_pool(handle, pool)
    behaviour.experimental_non_blocking = True  # type: ignore[attr-defined]
    return grpc.unary_stream_rpc_method_handler(behaviour)


def bidirectional(
    work: Callable[[Iterator[Any], Any], Iterator[Message]],
    from_bytes: Parse,
    pool: ThreadPoolExecutor,
    *,
    longest_s: float,
    idle_s: float,
) -> Any:
    """Return the handler of a stream in both directions; it ends after `longest_s`, and after `idle_s` of silence."""

    def handle(received: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        watchdog = Watchdog(context.cancel, time.monotonic() + longest_s, idle_s)
        try:
            watchdog.waits()
            for answer in work((parse(from_bytes, one) for one in received), context):
                watchdog.waits()  # each exchange is one answer: the caller's turn begins anew
                yield answer.SerializeToString()
        except RegistryError as error:
            rich_errors.abort(context, error)
        finally:
            watchdog.stop()

    return grpc.stream_stream_rpc_method_handler(on_pool(handle, pool))
