"""What threads do otherwise than tasks; `kruispunt._async.driver` has the same names."""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, Protocol, Self, TypeVar

import grpc
from google.protobuf.message import Message

from kruispunt._consistency import Trailing
from kruispunt._context import Metadata
from kruispunt._headed import Headed
from kruispunt._service_config import channel_options
from kruispunt.feeds import Positions
from kruispunt.profiles import ClientCertificates

T = TypeVar("T")
Q = TypeVar("Q")
M = TypeVar("M", bound=Message)
A = TypeVar("A")
A_co = TypeVar("A_co", covariant=True)

Source = Iterable
Keeper = Positions

_READY = 2  # GRPC_CHANNEL_READY

sleep = time.sleep


class Stream(Protocol[A_co]):
    """What is used of a stream under way."""

    def __iter__(self) -> Iterator[A_co]:
        """Return its answers."""
        ...

    def cancel(self) -> object:
        """Give it up."""
        ...

    def trailing_metadata(self) -> Any:
        """Return what came after the last answer."""
        ...


class Channels:
    """Channels of `grpc`, good for all threads."""

    def open(self, endpoint: str, certificates: ClientCertificates | None) -> grpc.Channel:
        """Open a channel; without certificates in plaintext."""
        if certificates is None:
            return grpc.insecure_channel(endpoint, options=channel_options())
        credentials = grpc.ssl_channel_credentials(
            certificates.ca, certificates.key, certificates.certificate
        )
        return grpc.secure_channel(endpoint, credentials, options=channel_options())

    def is_ready(self, channel: grpc.Channel) -> bool:
        """Whether a channel is connected now; taken for granted where gRPC does not tell.

        Its public `subscribe` tells too, but by a thread that a channel closed at once makes fail.
        """
        inner: Any = getattr(channel, "_channel", None)
        state = getattr(inner, "check_connectivity_state", None)
        try:
            return state is None or state(False) == _READY
        except ValueError:  # closed meanwhile
            return True

    def drop(self, channel: grpc.Channel) -> None:
        """Close a channel that nobody waits for."""
        channel.close()


class Requests(Headed[M]):
    """Messages on their way out, in their order, until the end."""

    def __init__(self, header: M | None = None) -> None:
        super().__init__(header)
        self._queue: queue.SimpleQueue[M | None] = queue.SimpleQueue()

    def put(self, message: M) -> None:
        """Send a message after the others."""
        self._queue.put(self._with_header(message))

    def accepted(self) -> None:
        """Note that an answer came; threads need not know."""

    def end(self) -> None:
        """Say that none comes any more."""
        self._queue.put(None)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> M:
        message = self._queue.get()
        if message is None:
            raise StopIteration
        return message


class Answers(Generic[A]):
    """The answers of a stream, none of which is waited for too long."""

    def __init__(self, stream: Stream[A]) -> None:
        self._stream = stream
        self._each = iter(stream)
        self._guard = _Guard(stream)

    def next(self, limit_s: float) -> A | None:
        """Return the next answer; none: the stream is over.

        Raises:
            TimeoutError: none came in time; the stream is given up.
            grpc.RpcError: it broke.
        """
        self._guard.expect(limit_s)
        try:
            return next(self._each, None)
        except grpc.RpcError as error:
            if self._guard.is_over:
                raise TimeoutError from error
            raise
        finally:
            self._guard.rest()

    def trailing(self) -> Trailing:
        """Return the metadata that came after the last answer, when the stream is over."""
        return tuple(self._stream.trailing_metadata() or ())

    def cancel(self) -> None:
        """Give the stream up."""
        self._guard.stop()
        self._stream.cancel()


class _Guard:
    """Cancels a stream that is waited for too long; one thread for the whole stream, which seldom wakes."""

    def __init__(self, stream: Stream[Any]) -> None:
        self.is_over = False
        self._stream = stream
        self._changed = threading.Condition()
        self._until = self._wakes_at = float("inf")
        self._thread: threading.Thread | None = None
        self._stopped = False

    def expect(self, limit_s: float) -> None:
        """Note that something is waited for."""
        with self._changed:
            self._until = time.monotonic() + limit_s
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="kruispunt-guard", daemon=True)
                self._thread.start()
            elif self._until < self._wakes_at:
                self._changed.notify()

    def rest(self) -> None:
        """Note that nothing is waited for: it is the reader's turn, which takes its time."""
        self._until = float("inf")

    def stop(self) -> None:
        """Watch no longer."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    def _watch(self) -> None:
        with self._changed:
            while not self._stopped:
                left_s = self._until - time.monotonic()
                if left_s <= 0:
                    self.is_over = True
                    self._stream.cancel()
                    return
                self._wakes_at = self._until
                self._changed.wait(min(left_s, threading.TIMEOUT_MAX))


class Slot(Generic[A]):
    """Where one thread waits for one answer."""

    def __init__(self) -> None:
        self._given = threading.Lock()  # half the cost of an event
        self._given.acquire()
        self._answer: A
        self._error: Exception | None = None

    def set(self, answer: A) -> None:
        """Give the answer; nobody may wait any more."""
        self._answer = answer
        self._given.release()

    def fail(self, error: Exception) -> None:
        """Give an error in its place."""
        self._error = error
        self._given.release()

    def get(self, limit_s: float) -> A:
        """Wait for what is given.

        Raises:
            TimeoutError: nothing was, in time.
        """
        if not self._given.acquire(timeout=limit_s):
            raise TimeoutError
        if self._error is not None:
            raise self._error
        return self._answer


class Room:
    """So many at once."""

    def __init__(self, most: int) -> None:
        self._places = threading.Semaphore(most)

    def enter(self, limit_s: float) -> None:
        """Wait for a place.

        Raises:
            TimeoutError: there was none, in time.
        """
        if not self._places.acquire(timeout=limit_s):
            raise TimeoutError

    def leave(self) -> None:
        """Give the place to another."""
        self._places.release()


class Bell:
    """Wakes the one who waits for something to do."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def ring(self) -> None:
        """Wake it, now or when it waits next."""
        self._event.set()

    def wait(self, limit_s: float) -> bool:
        """Wait for the bell; return whether it rang in time."""
        rang = self._event.wait(limit_s)
        self._event.clear()
        return rang


class Worker:
    """Runs something beside who asks for it; it belongs to no trace."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None

    def start(self, work: Callable[[], None]) -> None:
        """Begin; what was begun before is at its end."""
        self._thread = threading.Thread(target=work, name="kruispunt-resolver", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait until it is done."""
        if self._thread is not None:
            self._thread.join()


def close_all(channels: Iterable[grpc.Channel]) -> None:
    """Close channels; calls under way end as `CallCancelled`."""
    for channel in channels:
        channel.close()


def ask(
    method: "grpc.UnaryUnaryMultiCallable[Q, A]", request: Q, timeout_s: float, metadata: Metadata
) -> tuple[A, Trailing]:
    """Make a call; return its answer, and the metadata that came with it.

    Raises:
        grpc.RpcError: it failed.
    """
    answer, call = method.with_call(request, timeout=timeout_s, metadata=metadata)
    return answer, call.trailing_metadata() or ()


def each_in(source: Iterable[T]) -> Iterator[T]:
    """Yield each element of a source."""
    return iter(source)


def load(keeper: Positions) -> str:
    """Return the position that was kept last."""
    return keeper.load()


def save(keeper: Positions, resume_token: str) -> None:
    """Keep a position."""
    keeper.save(resume_token)
