"""What the boundary does for one rpc so that it may be answered by a standby, and its caller reads what it wrote."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message

from kruispunt_server.call import Call
from kruispunt_server.edge import MethodClass, Policy
from kruispunt_server.standbys.tokens import TOKEN_KEY
from kruispunt_server.standbys.wishes import read_wish

if TYPE_CHECKING:
    from kruispunt_server.standbys.reads import Reads


class Placing:
    """Decides for one rpc where its reads are made, and tells who changes something what to bring afterwards.

    Args:
        method: the rpc.
        policy: of it.
        reads: sends reads to standbys; none: there are none, and what callers wish is checked all the same.
    """

    def __init__(self, method: MethodDescriptor, policy: Policy, reads: "Reads | None") -> None:
        fields = method.input_type.fields_by_name
        self._past = "known_at" in fields
        self._paged = "page_token" in fields
        self._reads = reads
        self._readable = policy.standby
        imports = method.client_streaming and not policy.standby
        self._changes = policy.kind is MethodClass.WRITES or imports

    def answer(
        self, work: Callable[[Any, Call], Any], request: Any, call: Call, context: grpc.ServicerContext
    ) -> Any:
        """Return what `work` makes of a request; its reads are made where policy and caller let them.

        Raises:
            RegistryError: the caller wishes what there is not, INVALID_ARGUMENT / FIELD_INVALID; or what `work` raises.
        """
        if not self._readable:
            return work(request, call)
        self.open(call, context)
        if self._reads is None:
            return work(request, call)
        if self._is_of_an_instant(request):  # whatever is read about it later, and elsewhere, must agree
            call.wish = None
        return self._reads.answer(call, lambda: work(request, call))

    def open(self, call: Call, context: grpc.ServicerContext) -> None:
        """Note the wish of a call; of a stream, its servicer has each message answered where that allows; errors likewise."""
        if not self._readable:
            return
        call.wish = read_wish(context.invocation_metadata())
        if self._reads is not None and call.wish is not None and self._reads.is_foreign(call.wish):
            # As after the database was replaced by another: from now on the caller brings a token of that one.
            context.set_trailing_metadata(((TOKEN_KEY, self._reads.token()),))

    def changed(self, context: grpc.ServicerContext) -> None:
        """Tell the caller of a change what to bring so that it reads it; nothing to the caller of a read.

        Raises:
            RegistryError: the store cannot be used by now, STORE_UNAVAILABLE: the caller repeats its request, and gets
                the answer that was kept.
        """
        if self._changes and self._reads is not None:
            context.set_trailing_metadata(((TOKEN_KEY, self._reads.token()),))

    def _is_of_an_instant(self, request: Message) -> bool:
        if self._past and request.HasField("known_at"):
            return True
        return self._paged and bool(request.page_token)  # type: ignore[attr-defined]
