"""What the clients of both services share: where, who, why, and one call."""

import copy
from dataclasses import replace
from pathlib import Path
from typing import Self, TypeVar

import grpc

from kruispunt._async.closable import Closable
from kruispunt._async.connection import Connection
from kruispunt._consistency import Freshness, checked_freshness, checked_token
from kruispunt._context import Context, Metadata
from kruispunt.profiles import ClientCertificates, Profile, Token, load_profile, profile_from_environment
from kruispunt.values import InstitutionRef, Purpose

Q = TypeVar("Q")
A = TypeVar("A")


class Caller:
    """Makes calls over a connection, under a purpose; the methods of a client stand in its subclasses."""

    _connection: Connection
    _timeout_s: float
    _context: Context

    @property
    def _metadata(self) -> Metadata:
        """What goes with a call that is made now: its context, and how fresh its answer must be."""
        return self._context.metadata() + self._connection.line.tokens.metadata(self._context.consistency)

    async def _ask(
        self, method: "grpc.aio.UnaryUnaryMultiCallable[Q, A]", request: Q, timeout_s: float | None
    ) -> A:
        return await self._connection.call(
            method,
            request,
            timeout_s=self._timeout_s if timeout_s is None else timeout_s,
            metadata=self._metadata,
        )


class Client(Caller, Closable):
    """A client of one service.

    Args:
        endpoint: `host:port`.
        certificates: who the caller is; none: plaintext, on loopback only.
        purpose: why; goes with every call.
        timeout_s: for each call, repetitions included; of a stream, for each answer.
        channels: connections in the pool; more than one spread the load over several workers.
        token: bearer token, where the registry asks for one beside the certificate; a function is asked before each
            call, from whichever thread makes it, and keeps a token itself for as long as it is good.
        consistency: how fresh answers must be: "eventual", "read-your-writes" or "latest".
        consistency_token: `consistency_token` of another client of the same service, whose writes are to be read here.

    Raises:
        ValueError: no certificates, and not on loopback; no such consistency or token.
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
        consistency: Freshness = "read-your-writes",
        consistency_token: str = "",
    ) -> None:
        self._context = Context(purpose, token, consistency=checked_freshness(consistency))
        checked_token(consistency_token)
        self._connection = Connection(endpoint, certificates, channels)
        self._timeout_s = timeout_s
        self.note_consistency_token(consistency_token)

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
        consistency: Freshness = "read-your-writes",
        consistency_token: str = "",
    ) -> Self:
        """Connect as a profile says.

        Args:
            profile: the profile, or its name in the profiles file.
            purpose: left out: that of the profile.
            path: of the profiles file; left out: see `kruispunt.profiles`.
            timeout_s: for each call.
            channels: connections in the pool.
            token: bearer token, or what returns one; left out: that of the profile.
            consistency: how fresh answers must be.
            consistency_token: of another client, whose writes are to be read here.

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
            consistency=consistency,
            consistency_token=consistency_token,
        )

    @classmethod
    def from_environment(
        cls,
        endpoint: str = "",
        *,
        certificates: ClientCertificates | None = None,
        purpose: Purpose | None = None,
        timeout_s: float = 5.0,
        channels: int = 1,
        token: Token = None,
        consistency: Freshness = "read-your-writes",
        consistency_token: str = "",
    ) -> Self:
        """Connect as the arguments say; where they are silent, as the environment; where that is too, as its profile.

        The variables are those of `kruispunt.profiles`: KRUISPUNT_ENDPOINT, KRUISPUNT_CA and so on.

        Args:
            endpoint: `host:port`.
            certificates: who the caller is.
            purpose: why; goes with every call.
            timeout_s: for each call.
            channels: connections in the pool.
            token: bearer token, or what returns one.
            consistency: how fresh answers must be.
            consistency_token: of another client, whose writes are to be read here.

        Raises:
            ProfileError: something is said nowhere, or cannot be used.
        """
        found = profile_from_environment()
        return cls(
            endpoint or cls._endpoint_in(found),
            certificates=certificates or found.certificates(),
            purpose=purpose or found.purpose(),
            timeout_s=timeout_s,
            channels=channels,
            token=token if token is not None else found.token,
            consistency=consistency,
            consistency_token=consistency_token,
        )

    @classmethod
    def _endpoint_in(cls, profile: Profile) -> str:
        """Return where the service is by the profile."""
        return profile.endpoint

    def with_purpose(self, purpose: Purpose) -> Self:
        """Return a view with another purpose over the same channels; closing it closes nothing."""
        return self._view(replace(self._context, purpose=purpose))

    def on_behalf(self, *, legal_basis: str = "", end_user: str = "", case: str = "") -> Self:
        """Return a view whose calls are made on behalf of somebody, for a case, or on another legal basis.

        What is left out stays as it is. A view is cheap, and can be made for a single call:

            view = directory.on_behalf(end_user="clerk-9", case="2026-118")
            route = await view.get_route(person, "PENSION-RIGHTS")

        Args:
            legal_basis: the deliberation, as of `Purpose`.
            end_user: the person or program at the institution.
            case: the file at the institution it is for.

        Raises:
            ValueError: a part has another form.
        """
        return self._view(self._context.on_behalf(legal_basis=legal_basis, end_user=end_user, case=case))

    def acting_for(self, institution: InstitutionRef) -> Self:
        """Return a view by which a service of the registry acts for an institution: the rights of that one decide.

        Raises:
            ActingForbidden: of any call, the caller is no internal service, or the institution takes no part.
        """
        return self._view(replace(self._context, acting_for=institution))

    def with_consistency(self, consistency: Freshness) -> Self:
        """Return a view whose answers are so fresh, over the same channels; what either writes, both read.

        Raises:
            ValueError: no such consistency.
        """
        return self._view(replace(self._context, consistency=checked_freshness(consistency)))

    @property
    def consistency_token(self) -> str:
        """Up to where this client has written, for another client of the same service; empty: nothing is to be told.

        The token of a stream of writes comes with its end. It names no person and opens nothing.
        """
        return self._connection.line.tokens.token

    def note_consistency_token(self, token: str) -> None:
        """Read from now on what another client of the same service wrote, whose `consistency_token` this is.

        Raises:
            ValueError: it never was one.
        """
        self._connection.line.tokens.keep(checked_token(token))

    def _view(self, context: Context) -> Self:
        view = copy.copy(self)
        vars(view).update(_connection=self._connection.lend(), _context=context)
        return view

    async def close(self) -> None:
        """Close the channels; calls under way end as `CallCancelled`."""
        await self._connection.close()
