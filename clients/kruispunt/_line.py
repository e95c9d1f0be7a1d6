"""What a client knows of the other end of its channels."""

from typing import Any

import grpc

from kruispunt._consistency import TokenMemory, Trailing, token_in
from kruispunt._pool import Pool
from kruispunt._status import error_from
from kruispunt.errors import (
    CallCancelled,
    CertificateRevoked,
    DeadlineExceeded,
    KruispuntError,
    QuotaExhausted,
    TokenRefused,
    TooManyCalls,
    Unavailable,
)

RENEWABLE = (CertificateRevoked, TokenRefused)
"""Refusals after which the caller may have something newer to show."""
PASSING = (Unavailable, CallCancelled, DeadlineExceeded, TooManyCalls, QuotaExhausted)
"""What ends a stream that is then opened again; not before the registry says, if it says when."""


class Line:
    """Whether anybody ever spoke at the other end, by which certificate, and what was written; shared by all views.

    Attributes:
        tokens: up to where the client wrote.
    """

    def __init__(self, endpoint: str, pool: Pool[Any]) -> None:
        self._endpoint = endpoint
        self._pool = pool
        self._heard = False
        self.tokens = TokenMemory()

    @property
    def generation(self) -> int:
        """How often the caller's certificate was renewed: to be noted before a stream is opened."""
        return self._pool.generation

    @property
    def is_closed(self) -> bool:
        """Whether the client was closed: what ends then is not opened again."""
        return self._pool.is_closed

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

    def hear(self, trailing: Trailing = ()) -> None:
        """Note that an answer came, and what its trailing metadata says of what was written."""
        self._heard = True
        self.tokens.keep(token_in(trailing))

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
