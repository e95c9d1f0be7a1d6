"""Who holds a dossier, asked from the directory through its public client, under the caller's own purpose.

Identity is a participant of the directory like any other; the directory's access log shows under which deliberation,
for which end user and case it asked, and whose question it was stands in identity's own log.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from kruispunt import DirectoryClient
from kruispunt.errors import CallCancelled, DeadlineExceeded, PermissionDenied, TooManyCalls, Unavailable
from kruispunt.ssin import Ssin
from kruispunt.values import Dossier, PersonStatus, Purpose
from kruispunt_server.call import Call, InstitutionKey
from kruispunt_server.errors import Reason, RegistryError

_PATIENCE_S = 2.0
_RETRY_S = 1.0
_REMEMBERED_S = 2.0
_MOST_REMEMBERED = 100_000


class DirectoryHolders:
    """The directory.

    For a write nothing is remembered: a dossier that is closed closes the door at once; for a read it does so within two
    seconds.

    Args:
        client: of the directory, as the participant that identity is there; its own purpose is never used.
        patience_s: how long the directory is waited for, all numbers together.
    """

    def __init__(self, client: DirectoryClient, patience_s: float = _PATIENCE_S) -> None:
        self._client = client
        self._patience_s = patience_s
        self._recent = _Recent()

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

    def held_among(self, call: Call, institution: InstitutionKey, numbers: Sequence[Ssin]) -> frozenset[Ssin]:
        """Return those of many numbers under which `institution` has a dossier that is open today.

        A dossier that was found is remembered for `_REMEMBERED_S`; that there was none is not.

        Raises:
            RegistryError: as `kruispunt_identity.domain.holders.DossierHolders`.
        """
        found = self._recent.among(institution, numbers)
        asked = [number for number in numbers if number not in found]
        if not asked:
            return found
        left_s = self._latest(call) - time.monotonic()
        if left_s <= 0:
            raise _given_up(call)
        if (
            len(asked) == 1
        ):  # by far the most frequent, and a stream costs more than twice a call: decision 0029
            latest = time.monotonic() + left_s
            is_held = next(self._dossiers(call, asked[0], latest, institution), None) is not None
            new = frozenset(asked if is_held else ())
        else:
            new = self._resolved(call, institution, asked, left_s)
        self._recent.keep(institution, new)
        return found | new

    def _resolved(
        self, call: Call, institution: InstitutionKey, asked: Sequence[Ssin], left_s: float
    ) -> frozenset[Ssin]:
        with _translating(call):
            answers = self._client.with_purpose(_purpose_of(call)).resolve_dossiers(
                asked, sector=institution.sector, institution=institution.institution, timeout_s=left_s
            )
            return frozenset(
                Ssin.parse(answer.asked) for answer in answers if answer.status is PersonStatus.FOUND
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
        with _translating(call):
            yield from self._client.with_purpose(_purpose_of(call)).list_dossiers(
                number,
                sector=institution.sector if institution else None,
                institution=institution.institution if institution else None,
                page_size=1 if institution else 1000,
                timeout_s=left_s,
            )


class _Recent:
    """Dossiers found a moment ago: (institution, number), and until when that counts."""

    def __init__(self) -> None:
        self._until: dict[tuple[InstitutionKey, Ssin], float] = {}

    def among(self, institution: InstitutionKey, numbers: Sequence[Ssin]) -> frozenset[Ssin]:
        """Return the numbers under which one was found."""
        now = time.monotonic()
        return frozenset(number for number in numbers if self._until.get((institution, number), 0.0) > now)

    def keep(self, institution: InstitutionKey, numbers: Iterable[Ssin]) -> None:
        """Remember what was found now."""
        if len(self._until) > _MOST_REMEMBERED:
            self._until.clear()
        until = time.monotonic() + _REMEMBERED_S
        self._until.update({(institution, number): until for number in numbers})


def _purpose_of(call: Call) -> Purpose:
    assert call.purpose is not None, "whoever touches a person said why"
    return Purpose(call.purpose.legal_basis, call.purpose.end_user, call.purpose.case)


@contextmanager
def _translating(call: Call) -> Iterator[None]:
    """Turn what passes by itself into a refusal that says so.

    That it may not ask passes too: rights are applied to one server after the other. Any other refusal by the directory
    is a fault of the set-up.
    """
    try:
        yield
    except (Unavailable, DeadlineExceeded, CallCancelled, TooManyCalls, PermissionDenied) as error:
        raise _given_up(call, error.retry_after_s) from error


def _given_up(call: Call, retry_after_s: float | None = None) -> RegistryError:
    if time.monotonic() >= call.deadline:
        return RegistryError(Reason.DEADLINE_OVER, "the deadline passed before the directory answered")
    return RegistryError(
        Reason.DIRECTORY_UNAVAILABLE,
        "the directory cannot be asked now who holds a dossier",
        retry_after_s=retry_after_s or _RETRY_S,
    )
