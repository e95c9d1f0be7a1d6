"""Channels to the registry, and one unary call over them."""

import copy
import itertools
import random
import time
from collections.abc import Callable
from typing import Self, TypeVar

import grpc

from kruispunt._pool import Pool
from kruispunt._status import error_from
from kruispunt.errors import (
    CertificateRevoked,
    ConcurrentChange,
    DeadlineExceeded,
    KruispuntError,
    QuotaExhausted,
    TokenRefused,
    TooManyCalls,
    Unavailable,
)
from kruispunt.profiles import ClientCertificates, Token
from kruispunt.values import Purpose

S = TypeVar("S")
Q = TypeVar("Q")
A = TypeVar("A")

Metadata = tuple[tuple[str, str], ...]

RENEWABLE = (CertificateRevoked, TokenRefused)
_ATTEMPTS = 4
_FIRST_PAUSE_S = 0.05


class Line:
    """Whether anybody ever spoke at the other end, and by which certificate; shared by all views of a connection."""

    def __init__(self, endpoint: str, pool: Pool) -> None:
        self._endpoint = endpoint
        self._pool = pool
        self._heard = False

    @property
    def generation(self) -> int:
        """How often the caller's certificate was renewed: to be noted before a stream is opened."""
        return self._pool.generation

    def goes_on(self, error: KruispuntError, generation: int, *, fruitful: bool) -> bool:
        """Whether a stream that was refused may be opened again, with what the caller has to show by now.

        Args:
            error: the refusal, one of `RENEWABLE`.
            generation: when the stream was opened.
            fruitful: whether anything came on it: then its token was good, and its time is over.
        """
        if isinstance(error, CertificateRevoked):
            return self._pool.is_newer(generation)
        return fruitful

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
        if not self._heard and not self._pool.is_ready():
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
        self._pool = Pool(endpoint, certificates, channels)
        self._lent = False
        self.line = Line(endpoint, self._pool)

    def stub(self, kind: Callable[[grpc.Channel], S]) -> S:
        """Return a stub of a service, over the channels in turn."""
        return self._pool.stub(kind)

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

        A full server says when to come again, and is not asked before. If the certificate was revoked and a newer one
        is there by now, that is tried at once. gRPC itself repeats on UNAVAILABLE and CANCELLED (`_service_config`); all attempts share the deadline.

        Raises:
            KruispuntError: the registry refused or could not be reached.
        """
        deadline = time.monotonic() + timeout_s
        for attempt in itertools.count(1):
            try:
                answer = method(request, timeout=max(deadline - time.monotonic(), 0.001), metadata=metadata)
            except grpc.RpcError as error:
                refusal = self.line.failure(error)
                newer = self._pool.newer(method) if isinstance(refusal, CertificateRevoked) else None
                if newer is not None and attempt < _ATTEMPTS:
                    method = newer
                    continue
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
        self._pool.close()


def purpose_metadata(purpose: Purpose) -> Metadata:
    """Return the metadata that states the purpose of a call."""
    return (
        ("kruispunt-legal-basis", purpose.legal_basis),
        ("kruispunt-end-user", purpose.end_user),
        ("kruispunt-case", purpose.case),
    )


def token_metadata(token: Token) -> Metadata:
    """Return the metadata that brings a bearer token, asked for now; none: nothing."""
    now = token() if callable(token) else token
    return (("authorization", f"Bearer {now}"),) if now else ()
