"""What names a mutation, and what is refused under such a name, wherever the answers are kept."""

import time
import uuid
from dataclasses import dataclass
from typing import Any

from kruispunt_server.call import Call
from kruispunt_server.errors import Reason, RegistryError


@dataclass(frozen=True, slots=True)
class WriteKey:
    """Names one mutation.

    Attributes:
        request_id: chosen by the caller; unique among the mutations of one participant.
        digest: of the whole request but `validate_only`, so that the same key with another request is noticed.
        validate_only: whether to check everything and change nothing.
    """

    request_id: uuid.UUID
    digest: bytes
    validate_only: bool


def refuse_reused(row: Any, call: Call, key: WriteKey) -> None:
    """Refuse a key that was used for another request.

    Args:
        row: what was kept under the key: `method` and `digest`.
        call: who asks, and for what.
        key: names the request.

    Raises:
        RegistryError: INVALID_ARGUMENT / REQUEST_ID_REUSED.
    """
    if (row.method, row.digest) != (call.method, key.digest):
        raise RegistryError(
            Reason.REQUEST_ID_REUSED,
            "this request_id was used for another request",
            field="request_id",
        )


def refuse_late(call: Call) -> None:
    """Refuse to commit for a caller who gave up; DEADLINE_EXCEEDED / DEADLINE_OVER."""
    if time.monotonic() > call.deadline:
        raise RegistryError(Reason.DEADLINE_OVER, "the deadline passed; nothing was changed")
