"""The threads that serve calls, shared out among callers: a noisy one waits behind itself, and not before the others.

gRPC gives a call to the pool before anybody has looked who calls. The pool looks: it is handed the call's own context
and event, and asks gRPC's core for the names in the certificate, as `ServicerContext.auth_context` does. Neither is a
public interface; where they are not what is expected, all calls are of one caller, and the pool is an ordinary one.
"""

import contextvars
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from grpc._cython import cygrpc  # type: ignore[attr-defined]

from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.message_first import with_message

_SHARED_S: Final = 1.0
_RETRY_S: Final = 0.5
_BLINK_S: Final = 0.01
Caller = tuple[bytes, ...]
_TOO_MANY: contextvars.ContextVar[bool] = contextvars.ContextVar("too_many", default=False)


@dataclass(slots=True)
class _Waiting:
    """A call that waits for a thread."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    done: "Future[Any]"

    def run(self) -> None:
        """Serve it."""
        try:
            self.done.set_result(self.function(*self.arguments))
        except BaseException as error:  # noqa: BLE001 - as any executor does
            self.done.set_exception(error)


class CallPool(Executor):
    """Serves waiting calls in turn of their callers, and in the order of their coming for each.

    While several callers are about, that is, within a second of a change of callers, none has more than half of the
    threads; alone it has them all.

    Args:
        threads: calls served at once.
        share: calls of one caller that may wait; further ones are marked, and `refuse_if_marked` refuses them on a
            thread of their own. None: whatever comes.
        thread_name_prefix: for who looks at a process.
    """

    def __init__(self, threads: int, *, share: int | None = None, thread_name_prefix: str = "call") -> None:
        self._half = max(1, threads // 2)
        self._all = threads
        self._share = share
        self._prefix = thread_name_prefix
        self._changed = threading.Condition()
        self._lanes: dict[Caller, deque[_Waiting]] = {}  # those with waiting calls, whose turn it is first
        self._count = 0
        self._serving: dict[Caller, int] = {}
        self._started = 0
        self._resting = 0
        self._over = False
        self._latest: Caller = ()
        self._shared_until = 0.0
        self._refusing = ThreadPoolExecutor(1, thread_name_prefix="refuse")

    def waiting(self) -> int:
        """How many calls wait for a thread."""
        return self._count

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Have a call served when its message is there and it is the turn of its caller; for gRPC."""
        assert not kwargs, "gRPC passes none"
        done: Future[Any] = Future()
        if not with_message(args, lambda taken: self._queue(_Waiting(fn, taken, done))):
            self._queue(_Waiting(fn, args, done))
        return done

    def _queue(self, one: _Waiting) -> None:
        caller = _caller_of(one.arguments)
        with self._changed:
            if caller != self._latest:
                self._latest, self._shared_until = caller, time.monotonic() + _SHARED_S
            lane = self._lanes.get(caller)
            waiting = len(lane) if lane is not None else 0
            too_many = self._share is not None and waiting >= self._share and caller != ()
            if not too_many:
                self._lanes.setdefault(caller, deque()).append(one)
                self._count += 1
                self._call_a_thread()
                return
        if isinstance(getattr(one.function, "__self__", None), contextvars.Context):
            one.function(_TOO_MANY.set, True)
        self._refusing.submit(one.run)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - as inherited
        """Let the threads end when no call waits."""
        with self._changed:
            self._over = True
            self._changed.notify_all()
        self._refusing.shutdown(wait)

    def _call_a_thread(self) -> None:
        """Wake a thread that rests, and start one more if more calls wait than threads rest; while locked."""
        self._changed.notify()
        if self._count > self._resting and self._started < self._all:
            # It does not keep the process: the drain has waited for calls, or given them up.
            threading.Thread(target=self._run, name=f"{self._prefix}_{self._started}", daemon=True).start()
            self._started += 1

    def _run(self) -> None:
        """Serve calls, one after the other."""
        served: Caller | None = None
        while (chosen := self._choose(served)) is not None:
            served, one = chosen
            one.run()

    def _choose(self, served: Caller | None) -> tuple[Caller, _Waiting] | None:
        """Wait for a call whose turn it is and that may be served; none: it is over.

        Args:
            served: the caller whose call this thread has served; none: it has just begun.
        """
        with self._changed:
            if served is not None:
                self._serving[served] -= 1
                if not self._serving[served]:
                    del self._serving[served]
            while (caller := self._next()) is None:
                if self._over and not self._count:
                    return None
                self._resting += 1
                # Calls that wait for their caller's share may have all threads when the others have gone.
                self._changed.wait(
                    max(self._shared_until - time.monotonic(), _BLINK_S) if self._count else None
                )
                self._resting -= 1
            lane = self._lanes.pop(caller)
            one = lane.popleft()
            self._count -= 1
            if lane:
                self._lanes[caller] = lane  # behind the others
            self._serving[caller] = self._serving.get(caller, 0) + 1
            if self._resting and self._next() is not None:
                self._changed.notify()
            return caller, one

    def _next(self) -> Caller | None:
        """Return the caller whose turn it is, if any may have a thread now; while locked."""
        most = self._all if time.monotonic() >= self._shared_until else self._half
        for caller in self._lanes:
            if self._serving.get(caller, 0) < most:
                return caller
        return None


def refuse_if_marked() -> None:
    """Refuse the call that this thread serves if its caller had too many waiting.

    Raises:
        RegistryError: RESOURCE_EXHAUSTED / TOO_MANY_CALLS.
    """
    if _TOO_MANY.get():
        raise RegistryError(
            Reason.TOO_MANY_CALLS, "too many calls of the participant wait already", retry_after_s=_RETRY_S
        )


def _caller_of(arguments: tuple[Any, ...]) -> Caller:
    """Return the names in the certificate of who makes the call that gRPC submits; none where they cannot be had."""
    try:
        found = cygrpc.auth_context(arguments[1].call) or {}
    except (AttributeError, IndexError, TypeError):
        return ()
    return tuple(found.get("peer_uri") or found.get(b"peer_uri") or ())
