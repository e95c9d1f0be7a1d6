"""Who holds a dossier, asked from the directory through its public client, under the caller's own purpose.

Identity is a participant of the directory like any other; the directory's access log shows under which deliberation,
for which end user and case it asked, and whose question it was stands in identity's own log.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from kruispunt import DirectoryClient
from kruispunt.errors import CallCancelled, DeadlineExceeded, TooManyCalls, Unavailable
from kruispunt.ssin import Ssin
from kruispunt.values import Dossier, Purpose
from kruispunt_server.call import Call, InstitutionKey
from kruispunt_server.errors import Reason, RegistryError

_PATIENCE_S = 2.0
_RETRY_S = 1.0


class DirectoryHolders:
    """The directory. Nothing is kept: a dossier that is closed closes the door at once.

    Args:
        client: of the directory, as the participant that identity is there; its own purpose is never used.
        patience_s: how long the directory is waited for, all numbers together.
    """

    def __init__(self, client: DirectoryClient, patience_s: float = _PATIENCE_S) -> None:
        self._client = client
        self._patience_s = patience_s

    def holds(self, call: Call, institution: InstitutionKey, numbers: Sequence[Ssin]) -> bool:
        """Return whether `institution` has a dossier that is open today under any of `numbers`.

        Raises:
            RegistryError: as `kruispunt_identity.domain.holders.DossierHolders`.
        """
        return any(
            next(self._dossiers(call, number, latest, institution), None) is not None
            for latest in [self._latest(call)]
            for number in numbers
        )

    def institutions(self, call: Call, numbers: Sequence[Ssin]) -> list[InstitutionKey]:
        """Return every institution with a dossier that is open today under any of `numbers`; errors as `holds`."""
        latest = self._latest(call)
        refs = {dossier.institution for number in numbers for dossier in self._dossiers(call, number, latest)}
        return sorted(InstitutionKey(ref.sector, ref.institution) for ref in refs)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _latest(self, call: Call) -> float:
        """Return `time.monotonic()` by which the directory must have answered."""
        return min(call.deadline, time.monotonic() + self._patience_s)

    def _dossiers(
        self, call: Call, number: Ssin, latest: float, institution: InstitutionKey | None = None
    ) -> Iterator[Dossier]:
        left_s = latest - time.monotonic()
        if left_s <= 0:
            raise _given_up(call)
        assert call.purpose is not None, "whoever writes of a person said why"
        purpose = Purpose(call.purpose.legal_basis, call.purpose.end_user, call.purpose.case)
        with _translating(call):
            yield from self._client.with_purpose(purpose).list_dossiers(
                number,
                sector=institution.sector if institution else None,
                institution=institution.institution if institution else None,
                page_size=1 if institution else 1000,
                timeout_s=left_s,
            )


@contextmanager
def _translating(call: Call) -> Iterator[None]:
    """Turn what passes by itself into a refusal that says so; a refusal by the directory is a fault of the set-up."""
    try:
        yield
    except (Unavailable, DeadlineExceeded, CallCancelled, TooManyCalls) as error:
        raise _given_up(call, error.retry_after_s) from error


def _given_up(call: Call, retry_after_s: float | None = None) -> RegistryError:
    if time.monotonic() >= call.deadline:
        return RegistryError(Reason.DEADLINE_OVER, "the deadline passed before the directory answered")
    return RegistryError(
        Reason.DIRECTORY_UNAVAILABLE,
        "the directory cannot be asked now who holds a dossier",
        retry_after_s=retry_after_s or _RETRY_S,
    )
