"""What tasks do otherwise than threads; `kruispunt._sync.driver` has the same names."""

import asyncio
import contextlib
import contextvars
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Coroutine, Iterable
from typing import Any, Final, Generic, Protocol, Self, TypeVar, cast

import grpc
from google.protobuf.message import Message

from kruispunt._consistency import Trailing
from kruispunt._context import Metadata
from kruispunt._headed import Headed
from kruispunt._service_config import channel_options
from kruispunt.errors import CallCancelled
from kruispunt.feeds import AsyncPositions, Positions
from kruispunt.profiles import ClientCertificates

T = TypeVar("T")
Q = TypeVar("Q")
M = TypeVar("M", bound=Message)
A = TypeVar("A")
A_co = TypeVar("A_co", covariant=True)

Source = Iterable[T] | AsyncIterable[T]
Keeper = Positions | AsyncPositions

_FORGOTTEN: Final = "Internal error from Core"
_MOMENT_S: Final = 0.05

sleep = asyncio.sleep


class Stream(Protocol[A_co]):
    """What is used of a stream under way."""

    def __aiter__(self) -> AsyncIterator[A_co]:
        """Return its answers."""
        ...

    def cancel(self) -> object:
        """Give it up."""
        ...

    async def trailing_metadata(self) -> Any:
        """Return what came after the last answer."""
        ...


class Channels:
    """Channels of `grpc.aio`; they belong to the event loop in which the first call is made."""

    def __init__(self) -> None:
        self._closing: set[asyncio.Task[None]] = set()

    def open(self, endpoint: str, certificates: ClientCertificates | None) -> grpc.aio.Channel:
        """Open a channel; without certificates in plaintext.

        Raises:
            RuntimeError: no event loop is running; gRPC would take another than the one that is run later.
        """
        asyncio.get_running_loop()
        if certificates is None:
            return grpc.aio.insecure_channel(endpoint, options=channel_options())
        credentials = grpc.ssl_channel_credentials(
            certificates.ca, certificates.key, certificates.certificate
        )
        return grpc.aio.secure_channel(endpoint, credentials, options=channel_options())

    def is_ready(self, channel: grpc.aio.Channel) -> bool:
        """Whether a channel is connected now; taken for granted of one that was closed meanwhile."""
        return channel.get_state() in (grpc.ChannelConnectivity.READY, grpc.ChannelConnectivity.SHUTDOWN)

    def drop(self, channel: grpc.aio.Channel) -> None:
        """Close a channel that nobody waits for."""
        task = asyncio.get_running_loop().create_task(channel.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


class Requests(Headed[M]):
    """Messages on their way out, in their order, until the end.

    The second goes when the first was answered: a stream that is refused is so at its beginning, and a write that
    meets the refusal makes `grpc.aio` forget it (see `_Ending`).
    """

    def __init__(self, header: M | None = None) -> None:
        super().__init__(header)
        self._queue: asyncio.Queue[M | None] = asyncio.Queue()
        self._is_accepted = asyncio.Event()
        self._has_begun = False

    def put(self, message: M) -> None:
        """Send a message after the others."""
        self._queue.put_nowait(self._with_header(message))

    def accepted(self) -> None:
        """Note that an answer came: the stream was not refused."""
        self._is_accepted.set()

    def end(self) -> None:
        """Say that none comes any more."""
        self._is_accepted.set()
        self._queue.put_nowait(None)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> M:
        if self._has_begun:
            await self._is_accepted.wait()
        self._has_begun = True
        message = await self._queue.get()
        if message is None:
            raise StopAsyncIteration
        return message


class Answers(Generic[A]):
    """The answers of a stream, none of which is waited for too long."""

    def __init__(self, stream: Stream[A]) -> None:
        self._stream = stream
        self._ending = _Ending(stream) if isinstance(stream, grpc.aio.StreamStreamCall) else None
        self._each = aiter(stream)

    async def next(self, limit_s: float) -> A | None:
        """Return the next answer; none: the stream is over.

        Raises:
            TimeoutError: none came in time; the stream is given up.
            grpc.RpcError: it broke.
            CallCancelled: the client was closed meanwhile.
        """
        try:
            async with asyncio.timeout(limit_s):
                return await anext(self._each, None)
        except grpc.aio.AioRpcError as error:
            if self._ending is None:
                raise
            raise await self._ending.of(error) from None
        except asyncio.CancelledError:
            raise _given_up() from None

    async def trailing(self) -> Trailing:
        """Return the metadata that came after the last answer, when the stream is over."""
        return tuple(await self._stream.trailing_metadata())

    def cancel(self) -> None:
        """Give the stream up."""
        self._stream.cancel()


class _Ending:
    """Knows what a stream ended with.

    A write that fails because the stream has ended makes `grpc.aio` say INTERNAL in place of what the server said, be
    it that this had come already or comes a moment later (https://github.com/grpc/grpc/issues/36066).
    """

    def __init__(self, call: "grpc.aio.StreamStreamCall[Any, Any]") -> None:
        self._call = call
        self._first: grpc.aio.AioRpcError | None = None
        call.add_done_callback(self._note)

    async def of(self, error: grpc.aio.AioRpcError) -> grpc.aio.AioRpcError:
        """Return what the server said, for what gRPC says; if it said nothing, that it is not there."""
        if error.details() != _FORGOTTEN:
            return error
        if self._first is not None and self._first.details() != _FORGOTTEN:
            return self._first
        await asyncio.sleep(_MOMENT_S)
        late = _status_of(self._call)
        if late.details() != _FORGOTTEN:
            return late
        nothing = grpc.aio.Metadata()
        return grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, nothing, nothing, "the stream was lost")

    def _note(self, _call: Any) -> None:
        self._first = _status_of(self._call)


class Slot(Generic[A]):
    """Where one task waits for one answer."""

    def __init__(self) -> None:
        self._answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()

    def set(self, answer: A) -> None:
        """Give the answer; nobody may wait any more."""
        if not self._answer.done():
            self._answer.set_result(answer)

    def fail(self, error: Exception) -> None:
        """Give an error in its place."""
        if not self._answer.done():
            self._answer.set_exception(error)

    async def get(self, limit_s: float) -> A:
        """Wait for what is given.

        Raises:
            TimeoutError: nothing was, in time.
        """
        async with asyncio.timeout(limit_s):
            return await self._answer


class Room:
    """So many at once, in the order of their coming."""

    def __init__(self, most: int) -> None:
        self._places = asyncio.Semaphore(most)

    async def enter(self, limit_s: float) -> None:
        """Wait for a place.

        Raises:
            TimeoutError: there was none, in time.
        """
        if not self._places.locked():  # at once, and without the cost of a timer
            await self._places.acquire()
            return
        async with asyncio.timeout(limit_s):
            await self._places.acquire()

    def leave(self) -> None:
        """Give the place to another."""
        self._places.release()


class Bell:
    """Wakes the one who waits for something to do."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Wake it, now or when it waits next."""
        self._event.set()

    async def wait(self, limit_s: float) -> bool:
        """Wait for the bell; return whether it rang in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await self._event.wait()
        rang = self._event.is_set()
        self._event.clear()
        return rang


class Worker:
    """Runs something beside who asks for it; it belongs to no trace."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    def start(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Begin; what was begun before is at its end."""
        self._task = asyncio.get_running_loop().create_task(work(), context=contextvars.Context())

    async def join(self) -> None:
        """Wait until it is done."""
        if self._task is not None:
            await asyncio.wait([self._task])


async def close_all(channels: Iterable[grpc.aio.Channel]) -> None:
    """Close channels; calls under way end as `CallCancelled`."""
    for channel in channels:
        await channel.close()


async def ask(
    method: "grpc.aio.UnaryUnaryMultiCallable[Q, A]", request: Q, timeout_s: float, metadata: Metadata
) -> tuple[A, Trailing]:
    """Make a call; return its answer, and the metadata that came with it.

    Raises:
        grpc.RpcError: it failed.
        CallCancelled: the client was closed meanwhile.
    """
    call = method(request, timeout=timeout_s, metadata=metadata)
    try:
        return await call, await call.trailing_metadata()
    except asyncio.CancelledError:
        raise _given_up() from None


async def each_in(source: Source[T]) -> AsyncGenerator[T, None]:
    """Yield each element of a source."""
    if isinstance(source, AsyncIterable):
        async for each in source:
            yield each
    else:
        for each in source:
            yield each


async def load(keeper: Keeper) -> str:
    """Return the position that was kept last."""
    token = keeper.load()
    return token if isinstance(token, str) else await token


async def save(keeper: Keeper, resume_token: str) -> None:
    """Keep a position."""
    saving = keeper.save(resume_token)
    if saving is not None:
        await saving


def _given_up() -> BaseException:
    """Return what a call that was cancelled here ends with: gRPC cancels too, when a channel is closed."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        return asyncio.CancelledError()
    return CallCancelled("the call was given up", status="CANCELLED")


def _status_of(call: "grpc.aio.StreamStreamCall[Any, Any]") -> grpc.aio.AioRpcError:
    """Return what a call has ended with, as gRPC says now."""
    return grpc.aio.AioRpcError(
        _at_once(call.code()),
        grpc.aio.Metadata(),
        _at_once(call.trailing_metadata()),
        _at_once(call.details()),
    )


def _at_once(waiting: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine returns that has nothing to wait for."""
    try:
        waiting.send(None)
    except StopIteration as over:
        return cast("T", over.value)
    raise RuntimeError("the call goes on")
