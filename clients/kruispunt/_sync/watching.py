# Written by `make generate` from kruispunt/_async; edit it there.
"""Watches that resume by themselves; the clients' `watch_…` methods stand on this."""

import random
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from typing import Generic, Literal, Protocol, TypeVar

import grpc

from kruispunt._feed_messages import start_message
from kruispunt._line import PASSING, RENEWABLE, Line
from kruispunt._sync.driver import Answers, Keeper, Stream, load, save, sleep
from kruispunt._sync.streaming import parts
from kruispunt.common.v1 import feed_pb2
from kruispunt.errors import DeadlineExceeded, KruispuntError, PositionTooOld
from kruispunt.feeds import SNAPSHOT, FeedStart

_HEARTBEATS_MISSED = 3
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 10.0


class FeedMessage(Protocol):
    """What is used of a message of a feed."""

    @property
    def resume_token(self) -> str:
        """To go on after it."""
        ...

    def WhichOneof(self, oneof_group: Literal["content"], /) -> str | None:  # noqa: N802 - protobuf's
        """Return which of the contents it has."""
        ...


T = TypeVar("T")
Message = TypeVar("Message", bound=FeedMessage)


def watched(
    opener: Callable[[feed_pb2.FeedStart], Stream[Message]],
    line: Line,
    start: FeedStart,
    *,
    positions: Keeper | None,
    heartbeat_s: int,
    heartbeats: bool,
    start_over: bool,
    give_up_s: float | None,
    read: Callable[[Message], T],
) -> Generator[T, None, None]:
    """Yield for ever what is read of the messages of a feed; the arguments are those of the clients' `watch_…`, and of `Watch`."""
    watch = Watch(
        opener,
        line,
        start,
        positions=positions,
        silence_s=heartbeat_s * _HEARTBEATS_MISSED,
        give_up_s=give_up_s,
        start_over=start_over,
    )

    def told(message: Message) -> Iterable[T]:
        return [read(message)] if heartbeats or message.WhichOneof("content") != "heartbeat" else []

    return parts(watch.messages(), told)


class Watch(Generic[Message]):
    """Reads a feed for ever.

    Args:
        opener: opens a stream that begins somewhere.
        line: says whether anybody ever spoke at the other end.
        start: where to begin, unless a position was kept.
        positions: keeps how far was read; none: nobody does.
        silence_s: after which a stream that says nothing is opened again.
        give_up_s: for how long nothing may come before the last error is raised, not counting what the reader takes for
            a message; none: never give up.
        start_over: begin with a snapshot where the position is too old, in place of raising it.
    """

    def __init__(
        self,
        opener: Callable[[feed_pb2.FeedStart], Stream[Message]],
        line: Line,
        start: FeedStart,
        *,
        positions: Keeper | None,
        silence_s: float,
        give_up_s: float | None,
        start_over: bool,
    ) -> None:
        self._opener = opener
        self._line = line
        self._start = start
        self._positions = positions
        self._silence_s = silence_s
        self._give_up_s = give_up_s
        self._start_over = start_over
        self._fruitless = 0
        self._heard_at = time.monotonic()

    def messages(self) -> Generator[Message, None, None]:
        """Yield message after message; the position of one is kept when the next is asked for.

        Raises:
            KruispuntError: refused, or nothing came for as long as it may.
        """
        self._heard_at = time.monotonic()
        kept = load(self._positions) if self._positions is not None else ""
        if kept:
            self._start = FeedStart.after(kept)
        while True:
            generation, heard_at = self._line.generation, self._heard_at
            try:
                with closing(self._stretch()) as stretch:
                    for message in stretch:
                        yield message
            except PositionTooOld:
                if not self._start_over or self._start == SNAPSHOT:
                    raise
                self._start = SNAPSHOT
            except PASSING as error:
                self._pause(error)
            except RENEWABLE as error:
                if not self._line.goes_on(error, generation, fruitful=self._heard_at > heard_at):
                    raise
            else:
                self._pause(None)

    def _stretch(self) -> Generator[Message, None, None]:
        """Read one stream for as long as it lasts."""
        answers = Answers(self._opener(start_message(self._start)))
        try:
            while (message := self._next(answers)) is not None:
                self._fruitless, self._heard_at = 0, time.monotonic()
                self._line.hear()
                yield message
                self._start = FeedStart.after(message.resume_token)
                if self._positions is not None:
                    save(self._positions, message.resume_token)
                self._heard_at = time.monotonic()  # the reader's own time is no silence
        finally:
            answers.cancel()

    def _next(self, answers: Answers[Message]) -> Message | None:
        try:
            return answers.next(self._silence_s)
        except TimeoutError as error:
            raise self._line.silence(DeadlineExceeded, "nothing came, not even a sign of life") from error
        except grpc.RpcError as error:
            raise self._line.failure(error) from error

    def _pause(self, error: KruispuntError | None) -> None:
        """Wait before the stream is opened again, longer each time; or raise the error."""
        quiet_s = time.monotonic() - self._heard_at
        gives_up = self._give_up_s is not None and quiet_s >= self._give_up_s
        if error is not None and (gives_up or self._line.is_closed):
            raise error
        pause_s = min(_FIRST_PAUSE_S * 2 ** min(self._fruitless, 10), _LONGEST_PAUSE_S)
        self._fruitless += 1
        pause_s *= random.uniform(0.5, 1.0)  # noqa: S311 - jitter
        sleep(max(pause_s, (error.retry_after_s if error is not None else None) or 0.0))
