"""Watches that resume by themselves; the clients' `watch_…` methods stand on this."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Generic, Literal, Protocol, TypeVar

import grpc

from kruispunt._connection import RENEWABLE, Line
from kruispunt._conversation import PASSING, Stream
from kruispunt._messages import optional_instant
from kruispunt.common.v1 import feed_pb2
from kruispunt.errors import (
    DeadlineExceeded,
    KruispuntError,
    PositionTooOld,
)
from kruispunt.feeds import SNAPSHOT, FeedStart, Positions

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


Message = TypeVar("Message", bound=FeedMessage)


def start_message(start: FeedStart) -> feed_pb2.FeedStart:
    """Build where a watch begins.

    Raises:
        ValueError: an instant has no time zone.
    """
    message = feed_pb2.FeedStart()
    if start.kind == "resume_token":
        message.resume_token = start.token
    elif start.kind == "since":
        instant = optional_instant(start.instant)
        if instant is not None:
            message.since.CopyFrom(instant)
    else:
        setattr(message, start.kind, True)
    return message


def watched(
    opener: Callable[[feed_pb2.FeedStart], Stream[Message]],
    line: Line,
    start: FeedStart,
    *,
    positions: Positions | None,
    heartbeat_s: int,
    heartbeats: bool,
    start_over: bool,
    give_up_s: float | None,
) -> Iterator[Message]:
    """Yield the messages of a feed for ever; the arguments are those of the clients' `watch_…`, and of `Watch`."""
    watch = Watch(
        opener,
        line,
        start,
        positions=positions,
        silence_s=heartbeat_s * _HEARTBEATS_MISSED,
        give_up_s=give_up_s,
        start_over=start_over,
    )
    return (
        message for message in watch.messages() if heartbeats or message.WhichOneof("content") != "heartbeat"
    )


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
        positions: Positions | None,
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

    def messages(self) -> Iterator[Message]:
        """Yield message after message; the position of one is kept when the next is asked for.

        Raises:
            KruispuntError: refused, or nothing came for as long as it may.
        """
        self._heard_at = time.monotonic()
        kept = self._positions.load() if self._positions is not None else ""
        if kept:
            self._start = FeedStart.after(kept)
        while True:
            generation, heard_at = self._line.generation, self._heard_at
            try:
                yield from self._stretch()
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

    def _stretch(self) -> Iterator[Message]:
        """Read one stream for as long as it lasts."""
        stream = self._opener(start_message(self._start))
        silence = _Silence(stream, self._silence_s)
        try:
            while True:
                message = next(stream, None)
                if message is None:
                    return
                silence.hear()
                self._fruitless, self._heard_at = 0, time.monotonic()
                self._line.hear()
                silence.rest()
                yield message
                silence.hear()
                self._start = FeedStart.after(message.resume_token)
                if self._positions is not None:
                    self._positions.save(message.resume_token)
                self._heard_at = time.monotonic()  # the reader's own time is no silence
        except grpc.RpcError as error:
            if silence.is_over:
                raise self._line.silence(DeadlineExceeded, "nothing came, not even a sign of life") from error
            raise self._line.failure(error) from error
        finally:
            silence.stop()
            stream.cancel()

    def _pause(self, error: KruispuntError | None) -> None:
        """Wait before the stream is opened again, longer each time; or raise the error."""
        quiet_s = time.monotonic() - self._heard_at
        if error is not None and self._give_up_s is not None and quiet_s >= self._give_up_s:
            raise error
        pause_s = min(_FIRST_PAUSE_S * 2 ** min(self._fruitless, 10), _LONGEST_PAUSE_S)
        self._fruitless += 1
        pause_s *= random.uniform(0.5, 1.0)  # noqa: S311 - jitter
        time.sleep(max(pause_s, (error.retry_after_s if error is not None else None) or 0.0))


class _Silence:
    """Cancels a stream that says nothing for too long; one thread for the whole stream."""

    def __init__(self, stream: Stream[Message], limit_s: float) -> None:
        self.is_over = False
        self._stream = stream
        self._limit_s = limit_s
        self._heard_at = time.monotonic()
        self._stopped = threading.Event()
        threading.Thread(target=self._watch, name="silence", daemon=True).start()

    def hear(self) -> None:
        """Note that something came."""
        self._heard_at = time.monotonic()

    def rest(self) -> None:
        """Note that it is the reader's turn, which takes its time."""
        self._heard_at = float("inf")

    def stop(self) -> None:
        """Watch no longer."""
        self._stopped.set()

    def _watch(self) -> None:
        while not self._stopped.wait(
            min(max(self._heard_at + self._limit_s - time.monotonic(), 0.05), self._limit_s)
        ):
            if time.monotonic() - self._heard_at >= self._limit_s:
                self.is_over = True
                self._stream.cancel()
                return
