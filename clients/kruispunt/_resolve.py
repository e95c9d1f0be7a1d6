"""Very many numbers over one stream, with bounded memory, carried on when a server goes."""

import contextlib
import itertools
import queue
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import grpc

from kruispunt._connection import Line
from kruispunt._messages import person_of
from kruispunt.directory.v1 import directory_service_pb2 as directory
from kruispunt.errors import CallCancelled, DeadlineExceeded, KruispuntError, TooManyCalls, Unavailable
from kruispunt.values import PersonDossiers

Request = directory.ResolveDossiersRequest
Response = directory.ResolveDossiersResponse


class Stream(Protocol):
    """What is used of a call under way."""

    def __next__(self) -> Response:
        """Wait for the next answer."""
        ...

    def cancel(self) -> object:
        """Give the call up."""
        ...


Opener = Callable[[Iterator[Request]], Stream]

WINDOW = 4  # messages under way; more gained nothing, each costs memory on both sides
_ATTEMPTS = 6
_PAUSE_S = 0.1
_PASSING = (Unavailable, CallCancelled, DeadlineExceeded, TooManyCalls)


class Resolver:
    """Asks for the dossiers of every number of an iterable.

    Numbers are read in the caller's own thread, at most `WINDOW` chunks ahead of the answers. A stream that
    breaks or runs out of time is opened again, and what was not answered yet is asked again; that is given up
    when `_ATTEMPTS` streams in a row brought no answer, or when one answer was waited for as long as `wait_s`.
    """

    def __init__(
        self,
        opener: Opener,
        line: Line,
        criteria: directory.ResolutionCriteria,
        numbers: Iterable[str],
        chunk: int,
        wait_s: float,
    ) -> None:
        self._opener = opener
        self._line = line
        self._criteria = criteria
        self._chunks = _chunks(numbers, chunk)
        self._exhausted = False
        self._waiting: deque[Request] = deque()
        self._fruitless = 0
        self._wait_s = wait_s
        self._latest: float | None = None  # by when the answer that is waited for must be there

    def answers(self) -> Iterator[PersonDossiers]:
        """Yield one answer for each number, in order.

        Raises:
            KruispuntError: refused, no answer in time, or no server answered in several attempts.
        """
        while self._fill(lambda _: None):
            try:
                yield from self._stretch()
            except _PASSING as error:
                self._fruitless += 1
                pause_s = random.uniform(0.5, 1.5) * _PAUSE_S * 2**self._fruitless  # noqa: S311 - jitter
                pause_s = max(pause_s, error.retry_after_s or 0.0)
                if self._fruitless >= _ATTEMPTS or self._left_s() <= pause_s:
                    raise
                time.sleep(pause_s)

    def _stretch(self) -> Iterator[PersonDossiers]:
        """Use one stream for as long as it lasts."""
        sending: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        sending.put(Request(criteria=self._criteria))
        for request in self._waiting:
            sending.put(request)
        stream = self._opener(iter(sending.get, None))
        try:
            while self._fill(sending.put):
                response = self._next(stream)
                asked = self._waiting.popleft()
                if response.chunk != asked.chunk or len(response.persons) != len(asked.ssins):
                    raise KruispuntError("the answer does not fit what was asked", status="INTERNAL")
                self._fruitless, self._latest = 0, None
                self._line.hear()
                yield from map(person_of, response.persons)
            sending.put(None)
            with contextlib.suppress(StopIteration, DeadlineExceeded):
                self._within_time(stream)
        except grpc.RpcError as error:
            if self._waiting or not self._exhausted:
                raise self._line.failure(error) from error
        finally:
            sending.put(None)
            stream.cancel()

    def _next(self, stream: Stream) -> Response:
        try:
            return self._within_time(stream)
        except StopIteration:
            raise Unavailable("the stream ended before everything was answered") from None

    def _within_time(self, stream: Stream) -> Response:
        """Wait for the next answer; a stream that brings none in time is given up.

        `waitForReady` holds a stream back until there is a server, and its own deadline is that of a long
        stretch: neither ends the waiting.
        """
        over = threading.Event()

        def give_up() -> None:
            over.set()
            stream.cancel()

        timer = threading.Timer(self._left_s(), give_up)
        timer.daemon = True
        timer.start()
        try:
            return next(stream)
        except grpc.RpcError as error:
            if over.is_set():
                raise self._line.silence(DeadlineExceeded, "no answer came in time") from error
            raise
        finally:
            timer.cancel()

    def _left_s(self) -> float:
        """Return for how long the answer may still be waited for; the clock starts with the first question."""
        if self._latest is None:
            self._latest = time.monotonic() + self._wait_s
        return max(self._latest - time.monotonic(), 0.0)

    def _fill(self, send: Callable[[Request], object]) -> bool:
        """Read ahead up to the window; say whether anything is still to be answered."""
        while not self._exhausted and len(self._waiting) < WINDOW:
            request = next(self._chunks, None)
            if request is None:
                self._exhausted = True
                break
            self._waiting.append(request)
            send(request)
        return bool(self._waiting)


def _chunks(numbers: Iterable[str], size: int) -> Iterator[Request]:
    rest = iter(numbers)
    for chunk in itertools.count():
        ssins = [str(number) for number in itertools.islice(rest, size)]
        if not ssins:
            return
        yield Request(chunk=chunk, ssins=ssins)
