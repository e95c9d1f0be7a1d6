"""Look-ups that travel together: which wait, which are under way, and which answer is whose."""

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from kruispunt._resolve import Request, Response, fits
from kruispunt.directory.v1 import directory_service_pb2 as directory
from kruispunt.errors import KruispuntError

WINDOW = 2  # messages under way: one is worked on while the next is on its way
MOST = 1000  # numbers in a message


class Slot(Protocol):
    """Where an answer is waited for."""

    def set(self, message: directory.PersonDossiers) -> None:
        """Give the answer."""
        ...

    def fail(self, error: Exception) -> None:
        """Give an error in its place."""
        ...


@dataclass(slots=True, eq=False, repr=False)  # a number must not reach a log by way of a repr
class Lookup:
    """One number that somebody asks for.

    Attributes:
        number: as it was asked.
        slot: where the answer is waited for.
        deadline: on the monotonic clock; nobody waits any more after it.
        wanted: whether somebody still waits.
    """

    number: str
    slot: Slot
    deadline: float
    wanted: bool = True


@dataclass(slots=True, repr=False)
class _Message:
    """Look-ups under way in one message, and until when at least one of them is waited for."""

    request: Request
    lookups: list[Lookup]
    deadline: float = field(init=False)

    def __post_init__(self) -> None:
        self.deadline = max(each.deadline for each in self.lookups)


class Travelling:
    """Look-ups of one resolver; safe between threads.

    A look-up goes out at once while less than `WINDOW` messages are under way. Otherwise it waits until one is
    answered, and then goes with all that wait by then, those first that came first.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Lookup] = deque()
        self._under_way: deque[_Message] = deque()
        self._send: Callable[[Request], object] | None = None
        self._chunks = itertools.count()
        self._carried = False
        self._over = False
        self.trouble: KruispuntError | None = None

    def ask(self, lookup: Lookup) -> bool:
        """Send a look-up, or let it wait; return whether somebody must begin to carry.

        Raises:
            ValueError: it is over.
        """
        with self._lock:
            if self._over:
                raise ValueError("this resolver is closed")
            self._waiting.append(lookup)
            self._send_more()
            begin, self._carried = not self._carried, True
            return begin

    def opened(self, send: Callable[[Request], object]) -> None:
        """Note that a stream is open; what waits goes out."""
        with self._lock:
            self._send = send
            self._send_more()

    def hold(self) -> None:
        """Send no more on this stream."""
        with self._lock:
            self._send = None

    def broken(self) -> None:
        """Note that the stream is gone: what it left unanswered is asked again, before what waits."""
        with self._lock:
            self._send = None
            unanswered = [each for message in self._under_way for each in message.lookups]
            self._under_way.clear()
            self._waiting.extendleft(reversed(unanswered))

    def answered(self, response: Response) -> list[tuple[Lookup, directory.PersonDossiers]]:
        """Take an answer to the oldest message, and send what waits; return whose each part is.

        Raises:
            KruispuntError: it is no answer to that.
        """
        with self._lock:
            message = self._under_way[0]
            if not fits(message.request, response):
                raise KruispuntError("the answer does not fit what was asked", status="INTERNAL")
            self._under_way.popleft()
            self.trouble = None
            self._send_more()
        return list(zip(message.lookups, response.persons, strict=True))

    def meet(self, error: KruispuntError) -> None:
        """Note what stands in the way; what the registry itself said is not forgotten for what it did not say."""
        with self._lock:
            if error.reason or self.trouble is None or not self.trouble.reason:
                self.trouble = error

    def refused(self) -> list[Lookup]:
        """Return what was under way on a stream that was refused; it is not asked again."""
        with self._lock:
            self._send = None
            lookups = [each for message in self._under_way for each in message.lookups]
            self._under_way.clear()
            return lookups

    def patience_s(self) -> float | None:
        """Return for how long somebody still waits for what is under way; none: nothing is."""
        with self._lock:
            if not self._under_way:
                return None
            return max(max(each.deadline for each in self._under_way) - time.monotonic(), 0.0)

    def rest(self) -> bool:
        """Carry no more if there is nothing to carry; return whether that is so."""
        with self._lock:
            self._drop_unwanted()
            self._carried = bool(self._waiting or self._under_way)
            return not self._carried

    def give_up(self) -> list[Lookup]:
        """Carry no more, whatever there is; return what was to be carried."""
        with self._lock:
            lookups = [*(each for message in self._under_way for each in message.lookups), *self._waiting]
            self._under_way.clear()
            self._waiting.clear()
            self._send, self._carried = None, False
            return lookups

    def close(self) -> None:
        """Take no more look-ups."""
        with self._lock:
            self._over = True

    def _send_more(self) -> None:
        while self._send is not None and len(self._under_way) < WINDOW:
            self._drop_unwanted()
            lookups = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST))]
            if not lookups:
                return
            request = Request(chunk=next(self._chunks), ssins=[each.number for each in lookups])
            self._under_way.append(_Message(request, lookups))
            self._send(request)

    def _drop_unwanted(self) -> None:
        if not all(each.wanted for each in self._waiting):
            self._waiting = deque(each for each in self._waiting if each.wanted)
