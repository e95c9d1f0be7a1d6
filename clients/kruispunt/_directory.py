"""The client of the directory."""

import copy
from pathlib import Path
from types import TracebackType
from typing import Self

from kruispunt._connection import Connection, purpose_metadata
from kruispunt._knowledge import KnowledgeClient
from kruispunt._reading import ReadingMethods
from kruispunt._writing import WritingMethods
from kruispunt.profiles import ClientCertificates, Profile, load_profile
from kruispunt.values import Purpose


class DirectoryClient(ReadingMethods, WritingMethods):
    """Says and asks who holds a dossier on whom, and by which route data may be got.

    Safe to share between threads. Every call has a deadline, states the purpose, and is repeated by the
    published policy (`kruispunt._service_config`); a change keeps its `request_id` over the repetitions.

        with DirectoryClient.from_profile("institution-17-1") as directory:
            directory.register_dossier(person, capacity=2, period=Period(date(2026, 1, 1)))
            for dossier in directory.list_dossiers(person):
                print(dossier.institution, dossier.capacity, dossier.period)

    Args:
        endpoint: `host:port`.
        certificates: who the caller is; none: plaintext, on loopback only.
        purpose: why; goes with every call.
        timeout_s: for each call, repetitions included; of a stream, for each answer.
        channels: connections in the pool; more than one spread the load over several workers.

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
    ) -> None:
        self._connection = Connection(endpoint, certificates, channels)
        self._timeout_s = timeout_s
        self._metadata = purpose_metadata(purpose)

    @classmethod
    def from_profile(
        cls,
        profile: Profile | str = "default",
        *,
        purpose: Purpose | None = None,
        path: str | Path | None = None,
        timeout_s: float = 5.0,
        channels: int = 1,
    ) -> Self:
        """Connect as a profile says.

        Args:
            profile: the profile, or its name in the profiles file.
            purpose: left out: that of the profile.
            path: of the profiles file; left out: see `kruispunt.profiles`.
            timeout_s: for each call.
            channels: connections in the pool.

        Raises:
            ProfileError: the profile is absent or incomplete.
        """
        chosen = load_profile(profile, path) if isinstance(profile, str) else profile
        return cls(
            chosen.endpoint,
            certificates=chosen.certificates(),
            purpose=purpose or chosen.purpose(),
            timeout_s=timeout_s,
            channels=channels,
        )

    def with_purpose(self, purpose: Purpose) -> Self:
        """Return a view with another purpose over the same channels; closing it closes nothing."""
        view = copy.copy(self)
        vars(view).update(_connection=self._connection.lend(), _metadata=purpose_metadata(purpose))
        return view

    @property
    def knowledge(self) -> KnowledgeClient:
        """The code tables, over the same channels."""
        return KnowledgeClient.over(self._connection.lend(), self._timeout_s)

    def close(self) -> None:
        """Close the channels; calls under way end as `CallCancelled`."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
