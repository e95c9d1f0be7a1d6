"""When a watch gives up: after time without contact, not after time that its reader takes."""

from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from kruispunt._sync import watching
from kruispunt._sync.watching import Watch
from kruispunt.common.v1 import feed_pb2
from kruispunt.errors import Unavailable
from kruispunt.feeds import BEGINNING
from kruispunt.identity.v1 import feed_service_pb2 as pb


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Stream:
    """One message and a break; or, with nothing, a break at once."""

    def __init__(self, *messages: pb.WatchChangesResponse) -> None:
        self._messages = list(messages)

    def __iter__(self) -> Iterator[pb.WatchChangesResponse]:
        return self

    def __next__(self) -> pb.WatchChangesResponse:
        if not self._messages:
            raise grpc.RpcError
        return self._messages.pop(0)

    def cancel(self) -> None: ...


class Line:
    """A line on which every break is the same."""

    generation = 0

    def hear(self) -> None: ...

    def failure(self, _error: grpc.RpcError) -> Unavailable:
        return Unavailable("away")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The watch's."""
    made = Clock()
    monkeypatch.setattr(watching, "time", made)
    monkeypatch.setattr(watching, "sleep", made.sleep)
    return made


def watch(streams: list[Stream], give_up_s: float) -> Watch[Any]:
    """Return a watch that is given streams one after the other, and then breaks only."""

    def opened(_start: feed_pb2.FeedStart) -> Any:
        return streams.pop(0) if streams else Stream()

    line: Any = Line()
    return Watch(
        opened, line, BEGINNING, positions=None, silence_s=1e6, give_up_s=give_up_s, start_over=False
    )


def told(position: int) -> Stream:
    """Return a stream that breaks after one message."""
    return Stream(pb.WatchChangesResponse(resume_token=str(position), position=position))


def test_what_the_reader_takes_is_no_silence(clock: Clock) -> None:
    """After an hour's work on a message the first break is not the last."""
    messages = watch([told(1), Stream(), told(2)], 30).messages()

    assert 1 == next(messages).position
    clock.sleep(3600)
    assert 2 == next(messages).position


def test_what_passes_before_the_watch_begins_is_no_silence(clock: Clock) -> None:
    """A generator begins when it is asked."""
    messages = watch([Stream(), told(1)], 30).messages()
    clock.sleep(3600)

    assert 1 == next(messages).position


def test_time_without_contact_ends_it(clock: Clock) -> None:
    """Then the last error is raised."""
    messages = watch([told(1)], 30).messages()
    next(messages)
    begun = clock.now

    with pytest.raises(Unavailable):
        next(messages)
    assert 30 <= clock.now - begun < 60
