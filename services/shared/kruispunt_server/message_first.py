"""A call gets a thread when its message is there, and not before.

grpc gives a call a thread as soon as its headers are there, and the thread then waits for the message: it falls
asleep and is woken once more per call, which is a fifth of what a call costs the server (docs/performance.md), and a
caller that sends headers and nothing else holds a thread for as long as it likes. Here the message is received
first, by gRPC's own polling thread, and then the call is given to the pool.

This takes over what `grpc._server._unary_request` does, by the same private functions. Where they are not what is
expected, grpc does it itself.
"""

from collections.abc import Callable
from typing import Any

import grpc._server as grpc_server
from grpc._cython import cygrpc  # type: ignore[attr-defined]

_NO_FLAGS = 0
_PARTS = (
    "_unary_response_in_pool",
    "_receive_message",
    "_is_rpc_state_active",
    "_abort",
    "_RECEIVE_MESSAGE_TOKEN",
    "_CLOSED",
)
_KNOWN = all(hasattr(grpc_server, name) for name in _PARTS)


def with_message(arguments: tuple[Any, ...], ready: Callable[[tuple[Any, ...]], None]) -> bool:
    """Receive the message of a call that grpc submits, and then hand its arguments on.

    Args:
        arguments: what grpc submits besides the function: the work, event and state of the call, the handler, what
            gets the message, how it is read, how the answer is written.
        ready: called once, by gRPC's polling thread, with the arguments to run in place of these: they do not wait.
            Also when the caller goes before its message has come.

    Returns:
        Whether `ready` will be called; if not, the call is none with one message, or not as expected.
    """
    if not _KNOWN or len(arguments) != 7:
        return False
    work, event, state, handler, thunk, reader, writer = arguments
    if getattr(thunk, "__name__", "") != "unary_request":  # a stream of requests
        return False
    taken = (work, event, state, handler, lambda: _take(event, state), reader, writer)
    received = grpc_server._receive_message(state, event.call, reader)  # noqa: SLF001

    def arrived(message: Any) -> Any:
        finished = received(message)
        ready(taken)
        return finished

    with state.condition:
        if not grpc_server._is_rpc_state_active(state):  # noqa: SLF001
            return False
        event.call.start_server_batch((cygrpc.ReceiveMessageOperation(_NO_FLAGS),), arrived)
        state.due.add(grpc_server._RECEIVE_MESSAGE_TOKEN)  # noqa: SLF001
    return True


def _take(event: Any, state: Any) -> Any:
    """Return the message that has come; none, and the call is over, if the caller went without sending one."""
    with state.condition:
        message, state.request = state.request, None
        if message is None and state.client is grpc_server._CLOSED:  # noqa: SLF001
            grpc_server._abort(  # noqa: SLF001
                state, event.call, cygrpc.StatusCode.unimplemented, b"the method takes exactly one message"
            )
        return message
