"""When a watch gives up: after time without contact, not after time that its reader takes; for threads and tasks."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from tests.clients.blocking import each

from kruispunt._async import watching as for_tasks
from kruispunt._sync import watching as for_threads
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

    async def asleep(self, seconds: float) -> None:
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

    def __aiter__(self) -> "Stream":
        return self

    async def __anext__(self) -> pb.WatchChangesResponse:
        return next(self)

    def cancel(self) -> None: ...


class Line:
    """A line on which every break is the same."""

    is_closed = False
    generation = 0

    def hear(self) -> None: ...

    def failure(self, _error: grpc.RpcError) -> Unavailable:
        return Unavailable("away")


Watch = Callable[[list[Stream], float], Iterator[Any]]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The watch's."""
    made = Clock()
    for module, sleep in ((for_threads, made.sleep), (for_tasks, made.asleep)):
        monkeypatch.setattr(module, "time", made)
        monkeypatch.setattr(module, "sleep", sleep)
    return made


@pytest.fixture(params=["threads", "tasks"])
def watch(request: pytest.FixtureRequest) -> Iterator[Watch]:
    """Return the messages of a watch that is given streams one after the other, and then breaks only."""
    line: Any = Line()

    def watched(kind: Any, streams: list[Stream], give_up_s: float) -> Any:
        def opened(_start: feed_pb2.FeedStart) -> Any:
            return streams.pop(0) if streams else Stream()

        return kind(
            opened, line, BEGINNING, positions=None, silence_s=1e6, give_up_s=give_up_s, start_over=False
        ).messages()

    if request.param == "threads":
        yield lambda streams, give_up_s: watched(for_threads.Watch, streams, give_up_s)
    else:
        with asyncio.Runner() as runner:
            yield lambda streams, give_up_s: each(watched(for_tasks.Watch, streams, give_up_s), runner)


def told(position: int) -> Stream:
    """Return a stream that breaks after one message."""
    return Stream(pb.WatchChangesResponse(resume_token=str(position), position=position))


def test_what_the_reader_takes_is_no_silence(watch: Watch, clock: Clock) -> None:
    """After an hour's work on a message the first break is not the last."""
    messages = watch([told(1), Stream(), told(2)], 30)

    assert 1 == next(messages).position
    clock.sleep(3600)
    assert 2 == next(messages).position


def test_what_passes_before_the_watch_begins_is_no_silence(watch: Watch, clock: Clock) -> None:
    """A generator begins when it is asked."""
    messages = watch([Stream(), told(1)], 30)
    clock.sleep(3600)

    assert 1 == next(messages).position


def test_time_without_contact_ends_it(watch: Watch, clock: Clock) -> None:
    """Then the last error is raised."""
    messages = watch([told(1)], 30)
    next(messages)
    begun = clock.now

    with pytest.raises(Unavailable):
        next(messages)
    assert 30 <= clock.now - begun < 60
