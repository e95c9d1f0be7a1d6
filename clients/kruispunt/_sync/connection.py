# Written by `make generate` from kruispunt/_async; edit it there.
"""Channels to the registry, and one unary call over them."""

import copy
from collections.abc import Callable
from typing import Self, TypeVar

import grpc

from kruispunt._context import Metadata
from kruispunt._line import Line
from kruispunt._pool import Pool
from kruispunt._retrying import Retries
from kruispunt._sync.driver import Channels, ask, close_all, sleep
from kruispunt.errors import CertificateRevoked
from kruispunt.profiles import ClientCertificates

S = TypeVar("S")
Q = TypeVar("Q")
A = TypeVar("A")


class Connection:
    """A small pool of channels to one endpoint.

    Raises:
        ValueError: no certificates for an endpoint that is not on loopback, or no channel asked for.
    """

    def __init__(self, endpoint: str, certificates: ClientCertificates | None, channels: int) -> None:
        self._pool = Pool(endpoint, certificates, channels, Channels())
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

        If the certificate was revoked and a newer one is there by now, that is tried at once. gRPC itself repeats on
        UNAVAILABLE and CANCELLED (`_service_config`); all attempts share the deadline.

        Raises:
            KruispuntError: the registry refused or could not be reached.
        """
        retries = Retries(timeout_s)
        while True:
            try:
                answer, trailing = ask(method, request, retries.begin(), metadata)
            except grpc.RpcError as error:
                refusal = self.line.failure(error)
                newer = self._pool.newer(method) if isinstance(refusal, CertificateRevoked) else None
                if newer is not None and retries.has_more:
                    method = newer
                    continue
                pause_s = retries.pause_s(refusal)
                if pause_s is None:
                    raise refusal from error
                sleep(pause_s)
            else:
                self.line.hear(trailing)
                return answer

    def close(self) -> None:
        """Close the channels; calls under way end as CANCELLED."""
        if not self._lent:
            close_all(self._pool.give_back())
