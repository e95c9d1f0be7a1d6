"""What the clients of both services share: where, who, why, and one call."""

import copy
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import grpc

from kruispunt._connection import Connection, Metadata, purpose_metadata, token_metadata
from kruispunt.profiles import ClientCertificates, Profile, Token, load_profile
from kruispunt.values import InstitutionRef, Purpose

_ON_BEHALF_OF = "kruispunt-on-behalf-of"

Q = TypeVar("Q")
A = TypeVar("A")


class Caller:
    """Makes calls over a connection, under a purpose; the methods of a client stand in its subclasses."""

    _connection: Connection
    _timeout_s: float
    _stated: Metadata  # the purpose
    _token: Token

    @property
    def _metadata(self) -> Metadata:
        """What goes with a call: the purpose, and the bearer token of this moment."""
        return self._stated + token_metadata(self._token)

    def _ask(self, method: "grpc.UnaryUnaryMultiCallable[Q, A]", request: Q, timeout_s: float | None) -> A:
        return self._connection.call(
            method, request, timeout_s=timeout_s or self._timeout_s, metadata=self._metadata
        )


class Client(Caller):
    """A client of one service.

    Args:
        endpoint: `host:port`.
        certificates: who the caller is; none: plaintext, on loopback only.
        purpose: why; goes with every call.
        timeout_s: for each call, repetitions included; of a stream, for each answer.
        channels: connections in the pool; more than one spread the load over several workers.
        token: bearer token, where the registry asks for one beside the certificate; a function is asked before each
            call, from whichever thread makes it, and keeps a token itself for as long as it is good.

    Raises:
        ValueError: no certificates, and not on loopback.
        DeadlineExceeded: of any call, also when there was never a connection; the message says so then.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        certificates: ClientCertificates | None,
        purpose: Purpose,
        timeout_s: float = 5.0,
        channels: int = 1,
        token: Token = None,
    ) -> None:
        self._connection = Connection(endpoint, certificates, channels)
        self._timeout_s = timeout_s
        self._stated = purpose_metadata(purpose)
        self._token = token

    @classmethod
    def from_profile(
        cls,
        profile: Profile | str = "default",
        *,
        purpose: Purpose | None = None,
        path: str | Path | None = None,
        timeout_s: float = 5.0,
        channels: int = 1,
        token: Token = None,
    ) -> Self:
        """Connect as a profile says.

        Args:
            profile: the profile, or its name in the profiles file.
            purpose: left out: that of the profile.
            path: of the profiles file; left out: see `kruispunt.profiles`.
            timeout_s: for each call.
            channels: connections in the pool.
            token: bearer token, or what returns one; left out: that of the profile.

        Raises:
            ProfileError: the profile is absent or incomplete.
        """
        chosen = load_profile(profile, path) if isinstance(profile, str) else profile
        return cls(
            cls._endpoint_in(chosen),
            certificates=chosen.certificates(),
            purpose=purpose or chosen.purpose(),
            timeout_s=timeout_s,
            channels=channels,
            token=token if token is not None else chosen.token,
        )

    @classmethod
    def _endpoint_in(cls, profile: Profile) -> str:
        """Return where the service is by the profile."""
        return profile.endpoint

    def with_purpose(self, purpose: Purpose) -> Self:
        """Return a view with another purpose over the same channels; closing it closes nothing."""
        view = copy.copy(self)
        acting = tuple(pair for pair in self._stated if pair[0] == _ON_BEHALF_OF)
        vars(view).update(_connection=self._connection.lend(), _stated=purpose_metadata(purpose) + acting)
        return view

    def acting_for(self, institution: InstitutionRef) -> Self:
        """Return a view by which a service of the registry acts for an institution: the rights of that one decide.

        Raises:
            ActingForbidden: of any call, the caller is no internal service, or the institution takes no part.
        """
        view = copy.copy(self)
        named = ((_ON_BEHALF_OF, f"{institution.sector}/{institution.institution}"),)
        others = tuple(pair for pair in self._stated if pair[0] != _ON_BEHALF_OF)
        vars(view).update(_connection=self._connection.lend(), _stated=others + named)
        return view

    def close(self) -> None:
        """Close the channels; calls under way end as `CallCancelled`."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
