"""Channels to the registry, and one unary call over them."""

import copy
import itertools
import random
import threading
import time
from collections.abc import Callable
from typing import Any, Self, TypeVar

import grpc

from kruispunt._service_config import channel_options
from kruispunt._status import error_from
from kruispunt.errors import (
    ConcurrentChange,
    DeadlineExceeded,
    KruispuntError,
    QuotaExhausted,
    TooManyCalls,
    Unavailable,
)
from kruispunt.profiles import ClientCertificates
from kruispunt.values import Purpose

S = TypeVar("S")
Q = TypeVar("Q")
A = TypeVar("A")

Metadata = tuple[tuple[str, str], ...]

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]", "unix")
_ATTEMPTS = 4
_FIRST_PAUSE_S = 0.05
_READY = 2  # GRPC_CHANNEL_READY


class Line:
    """Whether anybody ever spoke at the other end; shared by all views of a connection."""

    def __init__(self, endpoint: str, channels: list[grpc.Channel]) -> None:
        self._endpoint = endpoint
        self._channels = channels
        self._heard = False

    def hear(self) -> None:
        """Note that an answer came."""
        self._heard = True

    def failure(self, error: grpc.RpcError) -> KruispuntError:
        """Return the exception for a failed call; one that never got through says so."""
        failure = error_from(error)
        if failure.reason or not isinstance(failure, DeadlineExceeded | Unavailable):
            self._heard = True
            return failure
        return self.silence(type(failure), failure.message, retry_after_s=failure.retry_after_s)

    def silence(
        self, kind: type[KruispuntError], message: str, *, retry_after_s: float | None = None
    ) -> KruispuntError:
        """Return the exception for nobody's answer: `message`, or that there was never a connection."""
        if not self._heard and not any(map(_is_ready, self._channels)):
            message = (
                f"never connected to {self._endpoint}: "
                "is it up, and is your certificate of an authority that it trusts?"
            )
        return kind(message, retry_after_s=retry_after_s)


class Connection:
    """A small pool of channels to one endpoint.

    Raises:
        ValueError: no certificates for an endpoint that is not on loopback, or no channel asked for.
    """

    def __init__(self, endpoint: str, certificates: ClientCertificates | None, channels: int) -> None:
        if channels < 1:
            raise ValueError("a client needs at least one channel")
        self._channels = [_open(endpoint, certificates) for _ in range(channels)]
        self._turns = itertools.count()
        self._lock = threading.Lock()
        self._stubs: dict[tuple[object, int], object] = {}
        self._lent = False
        self.line = Line(endpoint, self._channels)

    def stub(self, kind: Callable[[grpc.Channel], S]) -> S:
        """Return a stub of a service, over the channels in turn."""
        turn = next(self._turns) % len(self._channels)
        with self._lock:
            stub = self._stubs.get((kind, turn))
            if stub is None:
                stub = self._stubs[kind, turn] = kind(self._channels[turn])
        return stub  # type: ignore[return-value]  # one type for each kind

    def lend(self) -> Self:
        """Return a view of the same channels, which closes nothing."""
        view = copy.copy(self)
        vars(view).update(_lent=True)
        return view

    def call(
        self,
        method: "grpc.UnaryUnaryMultiCallable[Q, A]",
        request: Q,
        *,
        timeout_s: float,
        metadata: Metadata = (),
    ) -> A:
        """Make one call; repeat it as it is while another change of the same person goes on, the server is full, or a quota is.

        A full server says when to come again, and is not asked before. gRPC itself repeats on UNAVAILABLE and CANCELLED (`_service_config`); all attempts share the deadline.

        Raises:
            KruispuntError: the registry refused or could not be reached.
        """
        deadline = time.monotonic() + timeout_s
        for attempt in itertools.count(1):
            try:
                answer = method(request, timeout=max(deadline - time.monotonic(), 0.001), metadata=metadata)
            except grpc.RpcError as error:
                refusal = self.line.failure(error)
                pause_s = random.uniform(0.5, 1.5) * _FIRST_PAUSE_S * 2**attempt  # noqa: S311 - jitter
                pause_s += refusal.retry_after_s or 0.0
                hopeless = attempt >= _ATTEMPTS or time.monotonic() + pause_s >= deadline
                if hopeless or not isinstance(refusal, ConcurrentChange | QuotaExhausted | TooManyCalls):
                    raise refusal from error
                time.sleep(pause_s)
            else:
                self.line.hear()
                return answer
        raise AssertionError

    def close(self) -> None:
        """Close the channels; calls under way end as CANCELLED."""
        if self._lent:
            return
        for channel in self._channels:
            channel.close()


def purpose_metadata(purpose: Purpose) -> Metadata:
    """Return the metadata that states the purpose of a call."""
    return (
        ("kruispunt-legal-basis", purpose.legal_basis),
        ("kruispunt-end-user", purpose.end_user),
        ("kruispunt-case", purpose.case),
    )


def _is_ready(channel: grpc.Channel) -> bool:
    """Whether a channel is connected now; taken for granted where gRPC does not tell.

    Its public `subscribe` tells too, but by a thread that a channel closed at once makes fail.
    """
    inner: Any = getattr(channel, "_channel", None)
    state = getattr(inner, "check_connectivity_state", None)
    try:
        return state is None or state(False) == _READY
    except ValueError:  # closed meanwhile
        return True


def _open(endpoint: str, certificates: ClientCertificates | None) -> grpc.Channel:
    if certificates is None:
        if endpoint.rpartition(":")[0] not in _LOOPBACK and not endpoint.startswith("unix:"):
            raise ValueError("without certificates the registry is spoken to on loopback only")
        return grpc.insecure_channel(endpoint, options=channel_options())
    credentials = grpc.ssl_channel_credentials(certificates.ca, certificates.key, certificates.certificate)
    return grpc.secure_channel(endpoint, credentials, options=channel_options())
