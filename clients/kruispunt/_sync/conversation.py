# Written by `make generate` from kruispunt/_async; edit it there.
"""Streams with bounded memory and bounded waiting, carried on when a server goes."""

import contextlib
import random
import time
from collections import deque
from collections.abc import Callable, Generator
from contextlib import closing
from typing import Generic, TypeVar

import grpc
from google.protobuf.message import Message

from kruispunt._line import PASSING, RENEWABLE, Line
from kruispunt._sync.driver import Answers, Requests, Stream, sleep
from kruispunt.errors import DeadlineExceeded, KruispuntError, Unavailable

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response")

WINDOW = 4  # messages under way; more gained nothing, each costs memory on both sides
_ATTEMPTS = 6
_PAUSE_S = 0.1


class Patience:
    """How long an answer is waited for, and how often a stream is opened again.

    Attributes:
        line: says whether anybody ever spoke at the other end.
        answers: how many came.

    Args:
        line: as above.
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

    def go_on(self, error: KruispuntError, generation: int, answers: int) -> None:
        """Wait before a stream is opened again; or raise the error if that is hopeless by now.

        Args:
            error: what the stream ended with.
            generation: of the line when it was opened.
            answers: how many had come then.
        """
        if isinstance(error, PASSING) and not self.line.is_closed:
            self._pause(error)
        elif not isinstance(error, RENEWABLE) or not self.line.goes_on(
            error, generation, fruitful=self.answers > answers
        ):
            raise error

    def next(self, answers: Answers[Response]) -> Response | None:
        """Wait for the next answer; a stream that brings none in time is given up. None: the stream is over.

        `waitForReady` holds a stream back until there is a server, and its own deadline is that of a long
        stretch: neither ends the waiting.

        Raises:
            DeadlineExceeded: no answer in time.
            KruispuntError: the stream broke, or was refused.
        """
        try:
            return answers.next(self._left_s())
        except TimeoutError as error:
            raise self.line.silence(DeadlineExceeded, "no answer came in time") from error
        except grpc.RpcError as error:
            raise self.line.failure(error) from error

    def _pause(self, error: KruispuntError) -> None:
        self._fruitless += 1
        pause_s = random.uniform(0.5, 1.5) * _PAUSE_S * 2**self._fruitless  # noqa: S311 - jitter
        pause_s = max(pause_s, error.retry_after_s or 0.0)
        if self._fruitless >= _ATTEMPTS or self._left_s() <= pause_s:
            raise error
        sleep(pause_s)

    def _left_s(self) -> float:
        if self._latest is None:
            self._latest = time.monotonic() + self._wait_s
        return max(self._latest - time.monotonic(), 0.0)


class Conversation(Generic[Request, Response]):
    """Sends requests and reads one answer for each, in order.

    Requests are read by whoever reads the answers, at most `WINDOW` ahead of them. A stream that breaks or
    runs out of time is opened again, and what was not answered yet is asked again; that is given up when several
    streams in a row brought no answer, or when one answer was waited for as long as the patience has it.

    Args:
        opener: opens a stream over requests.
        patience: how long, how often.
        requests: read as the answers come.
        fits: whether an answer is one to a request.
        header: goes with the first request on every stream.
    """

    def __init__(
        self,
        opener: Callable[[Requests[Request]], Stream[Response]],
        patience: Patience,
        requests: Generator[Request, None, None],
        fits: Callable[[Request, Response], bool],
        header: Request | None = None,
    ) -> None:
        self._opener = opener
        self._patience = patience
        self._requests = requests
        self._fits = fits
        self._header = header
        self._exhausted = False
        self._reading = False  # so that an error of the source is not taken for one of the stream
        self._waiting: deque[Request] = deque()

    def answers(self) -> Generator[Response, None, None]:
        """Yield one answer for each request, in order.

        Raises:
            KruispuntError: refused, no answer in time, or no server answered in several attempts.
        """
        while self._fill(lambda _: None):
            generation, answers = self._patience.line.generation, self._patience.answers
            try:
                with closing(self._stretch()) as stretch:
                    for response in stretch:
                        yield response
            except KruispuntError as error:
                if self._reading:
                    raise
                self._patience.go_on(error, generation, answers)

    def _stretch(self) -> Generator[Response, None, None]:
        """Use one stream for as long as it lasts."""
        sending = Requests(self._header)
        for request in self._waiting:
            sending.put(request)
        answers = Answers(self._opener(sending))
        try:
            while self._fill(sending.put):
                response = self._next(answers)
                if not self._fits(self._waiting.popleft(), response):
                    raise KruispuntError("the answer does not fit what was asked", status="INTERNAL")
                self._patience.answered()
                sending.accepted()
                yield response
            sending.end()
            self._end(answers)
        finally:
            sending.end()
            answers.cancel()

    def _end(self, answers: Answers[Response]) -> None:
        """Wait for the end of a stream that has answered everything: it tells how far the client has written."""
        with contextlib.suppress(KruispuntError):
            if self._patience.next(answers) is None:
                self._patience.line.hear(answers.trailing())

    def _next(self, answers: Answers[Response]) -> Response:
        response = self._patience.next(answers)
        if response is None:
            raise Unavailable("the stream ended before everything was answered")
        return response

    def _fill(self, send: Callable[[Request], object]) -> bool:
        """Read ahead up to the window; say whether anything is still to be answered."""
        while not self._exhausted and len(self._waiting) < WINDOW:
            self._reading = True
            request = next(self._requests, None)
            self._reading = False
            if request is None:
                self._exhausted = True
                break
            self._waiting.append(request)
            send(request)
        return bool(self._waiting)
