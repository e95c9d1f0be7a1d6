"""What only tasks have: cancellation, sources that are waited for, and many calls in one thread."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.clients.conftest import PURPOSE
from tests.clients.registry_stand_in import ANNA, BRAM, Refusal, Script, answer_chunk, route

import kruispunt
from kruispunt import AsyncDirectoryClient
from kruispunt.feeds import AsyncFilePositions


class Silent:
    """Answers when it is let go on, and notes when the caller has gone."""

    def __init__(self) -> None:
        self.arrived = threading.Event()
        self.gone = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, _request: object, context: Any) -> Any:
        context.add_callback(self.gone.set)
        self.arrived.set()
        self.go_on.wait(10)
        return route(allowed=True)

    def stream(self, requests: Iterator[Any], context: Any) -> Iterator[Any]:
        context.add_callback(self.gone.set)
        yield answer_chunk(next(r for r in requests if r.ssins))
        self.go_on.wait(10)

    def stream_of_nothing(self, _request: object, _context: Any) -> Iterator[Any]:
        self.arrived.set()
        self.go_on.wait(10)
        yield from ()


@pytest.fixture
def silent() -> Iterator[Silent]:
    made = Silent()
    yield made
    made.go_on.set()


def client(endpoint: str, timeout_s: float = 5.0) -> AsyncDirectoryClient:
    return AsyncDirectoryClient(endpoint, certificates=None, purpose=PURPOSE, timeout_s=timeout_s)


async def noted(event: threading.Event) -> bool:
    return await asyncio.to_thread(event.wait, 10)


def test_a_task_that_is_cancelled_cancels_its_call(endpoint: str, script: Script, silent: Silent) -> None:
    """The server is told, and the task ends as asyncio wants it."""
    script.on("GetRoute", silent)

    async def play() -> bool:
        async with client(endpoint) as directory:
            task = asyncio.create_task(directory.get_route(ANNA, "PENSION-RIGHTS"))
            assert await noted(silent.arrived)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return await noted(silent.gone)

    assert asyncio.run(play())


def test_time_out_of_asyncio_ends_a_call(endpoint: str, script: Script, silent: Silent) -> None:
    """`asyncio.timeout` around a call works as around anything."""
    script.on("GetRoute", silent)

    async def play() -> bool:
        async with client(endpoint) as directory:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await directory.get_route(ANNA, "PENSION-RIGHTS")
            return await noted(silent.gone)

    assert asyncio.run(play())


def test_closing_the_client_ends_its_calls(endpoint: str, script: Script, silent: Silent) -> None:
    """Calls under way, and streams, end as `CallCancelled`: nobody cancelled the task that waits."""
    script.on("GetRoute", silent)

    async def play() -> None:
        directory = client(endpoint)
        task = asyncio.create_task(directory.get_route(ANNA, "PENSION-RIGHTS"))
        assert await noted(silent.arrived)
        await directory.close()
        with pytest.raises(kruispunt.CallCancelled, match="the call was given up"):
            await task
        with pytest.raises(ValueError, match="this client is closed"):
            await directory.get_route(ANNA, "PENSION-RIGHTS")

    asyncio.run(play())


def test_closing_the_client_ends_its_streams(endpoint: str, script: Script, silent: Silent) -> None:
    """Nobody opens them again, and nobody is told that the client is closed as if it had been asked anew."""
    script.on("ResolveDossiers", silent.stream)
    script.on("WatchNotices", silent.stream_of_nothing)

    async def play() -> None:
        directory = client(endpoint)
        resolved = directory.resolve_dossiers([ANNA] * 5000)
        await anext(resolved)
        watched = asyncio.ensure_future(anext(directory.watch_notices()))
        assert await noted(silent.arrived)
        await directory.close()
        for rest in (watched, each_of(resolved)):
            with pytest.raises(kruispunt.CallCancelled):
                await rest

    async def each_of(stream: AsyncIterator[Any]) -> None:
        async for _ in stream:
            pass

    asyncio.run(play())


def test_leaving_a_stream_cancels_it(endpoint: str, script: Script, silent: Silent) -> None:
    """`aclosing` ends it there and then, on the server too."""
    script.on("ResolveDossiers", silent.stream)

    async def play() -> bool:
        async with client(endpoint) as directory:
            async with aclosing(directory.resolve_dossiers([ANNA, BRAM], chunk=1)) as answers:
                async for answer in answers:
                    assert ANNA == answer.asked
                    break
            return await noted(silent.gone)

    assert asyncio.run(play())


def test_a_source_may_be_waited_for(endpoint: str, script: Script) -> None:
    """Numbers come from a list as well as from an asynchronous generator, such as a query."""
    script.on("ResolveDossiers", lambda requests, _: (answer_chunk(r) for r in requests if r.ssins))

    async def numbers() -> AsyncIterator[str]:
        for number in (ANNA, BRAM):
            await asyncio.sleep(0)
            yield number

    async def play() -> list[str]:
        async with client(endpoint) as directory:
            return [each.asked async for each in directory.resolve_dossiers(numbers(), chunk=1)]

    assert [ANNA, BRAM] == asyncio.run(play())


def test_an_error_of_the_registry_in_a_source_is_the_sources(endpoint: str, script: Script) -> None:
    """An input that is itself read from the registry, and breaks, is not taken for the stream that it feeds."""
    script.on("ResolveDossiers", lambda requests, _: (answer_chunk(r) for r in requests if r.ssins))

    async def numbers() -> AsyncIterator[str]:
        for _ in range(10):  # more than are read ahead
            yield ANNA
        raise kruispunt.Unavailable("the input is away")

    async def play() -> None:
        async with client(endpoint) as directory:
            async for _ in directory.resolve_dossiers(numbers(), chunk=1):
                pass

    with pytest.raises(kruispunt.Unavailable, match="the input is away"):
        asyncio.run(play())
    assert 1 == len(script.asked)


def test_many_calls_go_on_in_one_thread(endpoint: str, script: Script) -> None:
    """A hundred tasks make their calls, and the client starts no thread for any."""
    script.on("GetRoute", route(allowed=True))

    async def play() -> tuple[int, int]:
        async with client(endpoint) as directory:
            await directory.get_route(ANNA, "PENSION-RIGHTS")  # gRPC starts its own thread, once
            before = ours()
            answers = await asyncio.gather(*(directory.get_route(ANNA, "PENSION-RIGHTS") for _ in range(100)))
            return sum(each.allowed for each in answers), len(ours() - before)

    def ours() -> set[str]:
        # The stand-in's own threads are in this process too.
        return {each.name for each in threading.enumerate() if "ThreadPoolExecutor" not in each.name}

    assert (100, 0) == asyncio.run(play())


def test_a_client_may_be_made_before_its_loop_runs(endpoint: str, script: Script) -> None:
    """As programs do that make it at the top of a module."""
    script.on("GetRoute", route(allowed=True))
    directory = client(endpoint)

    async def play() -> bool:
        async with directory:
            return (await directory.get_route(ANNA, "PENSION-RIGHTS")).allowed

    assert asyncio.run(play())


def test_a_position_is_kept_beside_the_loop(tmp_path: Path) -> None:
    """`AsyncFilePositions` keeps what `FilePositions` does, in the same file."""

    async def play() -> tuple[str, str]:
        positions = AsyncFilePositions(tmp_path / "position")
        nothing = await positions.load()
        await positions.save("token-7")
        return nothing, await positions.load()

    assert ("", "token-7") == asyncio.run(play())
    assert "token-7" == kruispunt.feeds.FilePositions(tmp_path / "position").load()


def test_status_of_a_refusal_is_the_same(endpoint: str, script: Script) -> None:
    """Answers of gRPC itself are read from its other class of errors too."""

    def broken(_request: object, context: grpc.ServicerContext) -> Any:
        context.abort(grpc.StatusCode.DATA_LOSS, "bits fell over")

    script.on("GetRoute", broken)

    async def play() -> None:
        async with client(endpoint) as directory:
            await directory.get_route(ANNA, "PENSION-RIGHTS")

    with pytest.raises(kruispunt.KruispuntError, match="bits fell over") as caught:
        asyncio.run(play())
    assert "DATA_LOSS" == caught.value.status


def test_a_refusal_that_meets_a_write_is_not_forgotten(endpoint: str, script: Script) -> None:
    """gRPC would say INTERNAL for some: https://github.com/grpc/grpc/issues/36066; one that is lost is asked for again."""
    script.on("ResolveDossiers", Refusal(grpc.StatusCode.PERMISSION_DENIED, "ROLE_MISSING"))

    async def one(directory: AsyncDirectoryClient) -> str:
        with pytest.raises(kruispunt.KruispuntError) as caught:
            await anext(directory.resolve_dossiers([ANNA] * 10, chunk=1))
        return caught.value.reason

    async def play() -> list[str]:
        async with client(endpoint) as directory:
            return [await one(directory) for _ in range(100)]

    assert ["ROLE_MISSING"] * 100 == asyncio.run(play())
