"""One open watch as gRPC has it: a message goes out without anybody waiting for it.

What gRPC gives a handler that holds no thread (`experimental_non_blocking`) waits all the same: its `send` returns only
when flow control has let the message out, so one reader that takes nothing would hold up whoever tells all of them.
So the batch is started here as `grpc._server._send_response` starts it, and a callback of ours is told when it is out.
That leans on parts of grpcio that are not public; they are gathered in this module, and looked for when it is imported.
"""

import threading
from collections.abc import Callable
from typing import Any

import grpc
from grpc import _server
from grpc._cython import cygrpc  # type: ignore[attr-defined]  # it has no stubs

from kruispunt_server import rich_errors
from kruispunt_server.call import Call
from kruispunt_server.errors import RegistryError

_NEEDED = (
    "_is_rpc_state_active",
    "_get_initial_metadata_operation",
    "_get_send_message_op_flags_from_state",
    "_reset_per_message_state",
    "_send_message",
    "_SEND_MESSAGE_TOKEN",
    "_SEND_INITIAL_METADATA_AND_SEND_MESSAGE_TOKEN",
)
_absent = [name for name in _NEEDED if not hasattr(_server, name)]
if _absent:
    raise ImportError(f"this grpcio has no {', '.join(_absent)}: feeds need another way to send")

_grpc: Any = _server


class Outlet:
    """Sends on one open watch.

    Attributes:
        refusal: with what it was ended; none: it was not, or well.

    Args:
        context: of the call.
        finish: what gRPC gave the handler: given none, it ends the stream.
        still: raises RegistryError if the caller would not be let in any more.
        call: who watches, and why.
        heard: told of every message that goes out, in a registry that rehearses; none: nobody is.
    """

    def __init__(
        self,
        context: grpc.ServicerContext,
        finish: Callable[[bytes | None], None],
        still: Callable[[], None],
        call: Call,
        heard: Callable[[Call, bytes], None] | None = None,
    ) -> None:
        self.call = call
        self.still = still
        self._context: Any = context
        self._finish = finish
        self._heard = heard
        self._closed = threading.Event()
        self.refusal: RegistryError | None = None

    def send(self, message: bytes, done: Callable[[], None]) -> bool:
        """Start sending; one message at a time.

        Args:
            message: serialised.
            done: called from a thread of gRPC when it is out, or will never be; must be quick.

        Returns:
            Whether it was started: not if the call has ended.
        """
        state = self._context._state  # noqa: SLF001 - see above
        event = self._context._rpc_event  # noqa: SLF001
        with state.condition:
            if self._closed.is_set() or not _grpc._is_rpc_state_active(state):  # noqa: SLF001
                return False
            flags = _grpc._get_send_message_op_flags_from_state(state)  # noqa: SLF001
            operations: tuple[Any, ...] = (cygrpc.SendMessageOperation(message, flags),)
            token = _grpc._SEND_MESSAGE_TOKEN  # noqa: SLF001
            if state.initial_metadata_allowed:
                first = _grpc._get_initial_metadata_operation(state, None)  # noqa: SLF001
                operations = (first, *operations)
                state.initial_metadata_allowed = False
                token = _grpc._SEND_INITIAL_METADATA_AND_SEND_MESSAGE_TOKEN  # noqa: SLF001
            sent = _grpc._send_message(state, token)  # noqa: SLF001

            def out(batch: Any) -> Any:
                finished = sent(batch)
                done()
                return finished

            event.call.start_server_batch(operations, out)
            state.due.add(token)
            _grpc._reset_per_message_state(state)  # noqa: SLF001
        if self._heard is not None:
            self._heard(self.call, message)
        return True

    def end(self, refusal: RegistryError | None = None) -> None:
        """End the stream: with a refusal, or well, so that the caller opens it again elsewhere."""
        if self._closed.is_set():
            return
        self._closed.set()
        self.refusal = refusal
        if refusal is not None:
            self._context.set_code(rich_errors.STATUS_OF[refusal.reason.kind])
            self._context.set_details(refusal.message)
            details = (rich_errors.DETAILS_KEY, rich_errors.details_of(refusal))
            self._context.set_trailing_metadata((details,))
        self._finish(None)

    def cut(self) -> None:
        """Cut the stream off: the caller takes nothing."""
        self._closed.set()
        self._context.cancel()
