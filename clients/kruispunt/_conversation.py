"""Streams with bounded memory and bounded waiting, carried on when a server goes."""

import contextlib
import queue
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar

import grpc

from kruispunt._connection import RENEWABLE, Line
from kruispunt.errors import (
    CallCancelled,
    DeadlineExceeded,
    KruispuntError,
    TooManyCalls,
    Unavailable,
)

Request = TypeVar("Request")
Response = TypeVar("Response")
Answer_co = TypeVar("Answer_co", covariant=True)

WINDOW = 4  # messages under way; more gained nothing, each costs memory on both sides
PASSING = (Unavailable, CallCancelled, DeadlineExceeded, TooManyCalls)
_ATTEMPTS = 6
_PAUSE_S = 0.1


class Stream(Protocol[Answer_co]):
    """What is used of a call under way."""

    def __next__(self) -> Answer_co:
        """Wait for the next answer."""
        ...

    def cancel(self) -> object:
        """Give the call up."""
        ...


class Patience:
    """How long an answer is waited for, and how often a stream is opened again.

    Attributes:
        answers: how many came.

    Args:
        line: says whether anybody ever spoke at the other end.
        wait_s: for one answer, repetitions included; the clock starts with the first question.
    """

    def __init__(self, line: Line, wait_s: float) -> None:
        self.line = line
        self._wait_s = wait_s
        self._fruitless = 0
        self.answers = 0
        self._latest: float | None = None  # by when the answer that is waited for must be there

    def answered(self) -> None:
        """Note that an answer came: the next one has its own time."""
        self._fruitless, self._latest = 0, None
        self.answers += 1
        self.line.hear()

    def pause(self, error: KruispuntError) -> None:
        """Wait before a stream is opened again; or raise the error if that is hopeless by now."""
        self._fruitless += 1
        pause_s = random.uniform(0.5, 1.5) * _PAUSE_S * 2**self._fruitless  # noqa: S311 - jitter
        pause_s = max(pause_s, error.retry_after_s or 0.0)
        if self._fruitless >= _ATTEMPTS or self._left_s() <= pause_s:
            raise error
        time.sleep(pause_s)

    def next(self, stream: Stream[Response]) -> Response:
        """Wait for the next answer; a stream that brings none in time is given up.

        `waitForReady` holds a stream back until there is a server, and its own deadline is that of a long
        stretch: neither ends the waiting.

        Raises:
            StopIteration: the stream is over.
            grpc.RpcError: it broke.
            DeadlineExceeded: no answer in time.
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
                raise self.line.silence(DeadlineExceeded, "no answer came in time") from error
            raise
        finally:
            timer.cancel()

    def _left_s(self) -> float:
        if self._latest is None:
            self._latest = time.monotonic() + self._wait_s
        return max(self._latest - time.monotonic(), 0.0)


class Conversation(Generic[Request, Response]):
    """Sends requests and reads one answer for each, in order.

    Requests are read in the caller's own thread, at most `WINDOW` ahead of the answers. A stream that breaks or
    runs out of time is opened again, and what was not answered yet is asked again; that is given up when several
    streams in a row brought no answer, or when one answer was waited for as long as the patience has it.

    Args:
        opener: opens a stream over requests.
        patience: how long, how often.
        requests: read as the answers come.
        fits: whether an answer is one to a request.
        header: sent first on every stream, and not answered.
    """

    def __init__(
        self,
        opener: Callable[[Iterator[Request]], Stream[Response]],
        patience: Patience,
        requests: Iterator[Request],
        fits: Callable[[Request, Response], bool],
        header: Request | None = None,
    ) -> None:
        self._opener = opener
        self._patience = patience
        self._requests = requests
        self._fits = fits
        self._header = header
        self._exhausted = False
        self._waiting: deque[Request] = deque()

    def answers(self) -> Iterator[Response]:
        """Yield one answer for each request, in order.

        Raises:
            KruispuntError: refused, no answer in time, or no server answered in several attempts.
        """
        while self._fill(lambda _: None):
            generation, answers = self._patience.line.generation, self._patience.answers
            try:
                yield from self._stretch()
            except PASSING as error:
                self._patience.pause(error)
            except RENEWABLE as error:
                if not self._patience.line.goes_on(
                    error, generation, fruitful=self._patience.answers > answers
                ):
                    raise

    def _stretch(self) -> Iterator[Response]:
        """Use one stream for as long as it lasts."""
        sending: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        if self._header is not None:
            sending.put(self._header)
        for request in self._waiting:
            sending.put(request)
        stream = self._opener(iter(sending.get, None))
        try:
            while self._fill(sending.put):
                response = self._next(stream)
                if not self._fits(self._waiting.popleft(), response):
                    raise KruispuntError("the answer does not fit what was asked", status="INTERNAL")
                self._patience.answered()
                yield response
            sending.put(None)
            with contextlib.suppress(StopIteration, DeadlineExceeded):
                self._patience.next(stream)
        except grpc.RpcError as error:
            if self._waiting or not self._exhausted:
                raise self._patience.line.failure(error) from error
        finally:
            sending.put(None)
            stream.cancel()

    def _next(self, stream: Stream[Response]) -> Response:
        try:
            return self._patience.next(stream)
        except StopIteration:
            raise Unavailable("the stream ended before everything was answered") from None

    def _fill(self, send: Callable[[Request], object]) -> bool:
        """Read ahead up to the window; say whether anything is still to be answered."""
        while not self._exhausted and len(self._waiting) < WINDOW:
            request = next(self._requests, None)
            if request is None:
                self._exhausted = True
                break
            self._waiting.append(request)
            send(request)
        return bool(self._waiting)
