# Written by `make generate` from kruispunt/_async; edit it there.
"""The client of a sandbox that hears how clients behave."""

import datetime as dt
from pathlib import Path
from typing import Self

from kruispunt._messages import optional_instant
from kruispunt._rehearsal_messages import rehearsal_of
from kruispunt._sync.closable import Closable
from kruispunt._sync.connection import Connection
from kruispunt.profiles import ClientCertificates, Profile, load_profile
from kruispunt.rehearsal.v1 import rehearsal_service_pb2 as pb
from kruispunt.rehearsal.v1 import rehearsal_service_pb2_grpc as rpc
from kruispunt.rehearsing import Rehearsal


class RehearsalClient(Closable):
    """Asks one server of a sandbox what it heard of the caller's own calls; needs no purpose.

    Args:
        endpoint: `host:port`, of directory or identity.
        certificates: who the caller is; none: plaintext, on loopback only.
        timeout_s: for each call.

    Raises:
        ValueError: no certificates, and not on loopback.
    """

    def __init__(
        self, endpoint: str, *, certificates: ClientCertificates | None, timeout_s: float = 5.0
    ) -> None:
        self._connection = Connection(endpoint, certificates, 1)
        self._timeout_s = timeout_s

    @classmethod
    def from_profile(
        cls, profile: Profile | str = "default", *, path: str | Path | None = None, timeout_s: float = 5.0
    ) -> Self:
        """Connect to the directory of a profile.

        Raises:
            ProfileError: the profile is absent or incomplete.
        """
        chosen = load_profile(profile, path) if isinstance(profile, str) else profile
        return cls(chosen.endpoint, certificates=chosen.certificates(), timeout_s=timeout_s)

    def get_rehearsal(self, since: dt.datetime | None = None) -> Rehearsal:
        """Return what the caller's calls were, and what was wrong with them.

        Args:
            since: only calls from this instant on, not in the future; left out: all that are kept.

        Raises:
            MethodUnknown: the registry does not rehearse.
            TimeInFuture: of `since`.
        """
        request = pb.GetRehearsalRequest(since=optional_instant(since))
        method = self._stub.GetRehearsal
        return rehearsal_of(self._connection.call(method, request, timeout_s=self._timeout_s))

    def close(self) -> None:
        """Close the channel; a call under way ends as `CallCancelled`."""
        self._connection.close()

    @property
    def _stub(self) -> "rpc.RehearsalServiceStub":
        return self._connection.stub(rpc.RehearsalServiceStub)
