"""The calls that a registry was asked, in the order in which they came."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from google.protobuf.message import Message

from kruispunt.values import Purpose


@dataclass(slots=True)
class RecordedCall:
    """One attempt: a client that repeats a call makes several.

    Attributes:
        method: short name, such as "DossierService/RegisterDossier".
        participant: who called; empty: nobody whom the registry knows.
        purpose: what it stated; none: nothing, or not all of it.
        timed: whether it stated a deadline.
        requests: the messages that it sent, as far as they have come; one of a call that is no stream.
        status: name of the status that it ended with, such as "OK"; empty while it is under way.
        reason: of a refusal, such as "NO_DOSSIER"; empty otherwise.
    """

    method: str
    participant: str
    purpose: Purpose | None
    timed: bool
    requests: list[Message] = field(default_factory=list, repr=False)
    status: str = ""
    reason: str = ""

    @property
    def request(self) -> Message:
        """The first message that it sent.

        Raises:
            IndexError: none has come.
        """
        return self.requests[0]


class Calls:
    """Recorded calls; those of the registry's own services to each other are left out."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._kept: list[RecordedCall] = []

    def __iter__(self) -> Iterator[RecordedCall]:
        with self._changed:
            return iter(list(self._kept))

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, method: str) -> list[RecordedCall]:
        """Return the calls of a method, named "RegisterDossier" or "DossierService/RegisterDossier"."""
        return [call for call in self if method in (call.method, call.method.partition("/")[2])]

    def wait_for(self, method: str, *, count: int = 1, timeout_s: float = 5.0) -> list[RecordedCall]:
        """Return the calls of a method once there are so many.

        Raises:
            TimeoutError: there were fewer when the time was over.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._of(method)) >= count, timeout_s):
                raise TimeoutError(f"{len(self._of(method))} of {count} calls of {method} came")
            return self._of(method)

    def clear(self) -> None:
        """Forget them."""
        with self._changed:
            self._kept.clear()

    def keep(self, call: RecordedCall) -> None:
        """Note a call that came in."""
        with self._changed:
            self._kept.append(call)
            self._changed.notify_all()

    def end(self, call: RecordedCall, status: str, reason: str) -> None:
        """Note how a call ended."""
        with self._changed:
            call.status, call.reason = status, reason
            self._changed.notify_all()

    def _of(self, method: str) -> list[RecordedCall]:
        return [call for call in self._kept if method in (call.method, call.method.partition("/")[2])]
