"""The rights as every call asks them: in memory, and never older than a moment."""

import threading
import time
from typing import TYPE_CHECKING, Final

from kruispunt_server.access.rights import Registration, RightsIndex
from kruispunt_server.call import InstitutionKey, Participant, Right
from kruispunt_server.clock import Clock
from kruispunt_server.errors import RegistryError
from kruispunt_server.unavailable import unavailable

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    from kruispunt_server.access.store import RightsStore

_RETRY_S: Final = 0.2


class RightsBook:
    """Keeps the rights at hand, and looks once a moment whether they changed.

    Args:
        store: where they are kept.
        clock: says which day it is.
        ttl_s: after which their version is asked again: a revocation bites within it, on open connections too.
    """

    def __init__(self, store: "RightsStore", clock: Clock, ttl_s: float = 1.0) -> None:
        self._store = store
        self._clock = clock
        self._ttl_s = ttl_s
        self._index: RightsIndex | None = None
        self._good_until = 0.0
        self._failing_until = 0.0
        self._asking = threading.Lock()

    def current(self) -> RightsIndex:
        """Return the rights as they were at most `ttl_s` ago.

        Raises:
            RegistryError: they cannot be read; UNAVAILABLE / STORE_UNAVAILABLE.
        """
        index = self._index
        if index is not None and time.monotonic() < self._good_until:
            return index
        with self._asking:  # one asks, the others wait for its answer
            if self._index is None or time.monotonic() >= self._good_until:
                return self._asked()
            return self._index

    def _asked(self) -> RightsIndex:
        """Ask the store; who waited while it did not answer does not wait for it again."""
        asked_at = time.monotonic()
        if asked_at < self._failing_until:
            raise unavailable()
        try:
            index = self._index
            if index is None or self._store.version() != index.version:
                index = RightsIndex(*self._store.read())
        except RegistryError:
            self._failing_until = time.monotonic() + _RETRY_S
            raise
        self._index, self._good_until = index, asked_at + self._ttl_s
        return index

    def by_uri(self, uri: str) -> Participant | None:
        """Return the active participant whose certificate bears `uri`; errors as of `current`."""
        return self._active(self.current().find_by_uri(uri))

    def by_id(self, participant_id: str) -> Participant | None:
        """Return the active participant of that name; errors as of `current`."""
        return self._active(self.current().registrations.get(participant_id))

    def by_institution(self, institution: InstitutionKey) -> Participant | None:
        """Return the active participant that acts for an institution; errors as of `current`."""
        return self._active(self.current().find_by_institution(institution))

    def right_of(self, participant: Participant, method: str, legal_basis: str) -> Right:
        """Return what a participant may today; errors as of `current` and `RightsIndex.right_of`."""
        return self.current().right_of(participant.participant_id, method, legal_basis, self._clock.today())

    def revoked_certificates(self) -> frozenset[str]:
        """Return the SHA-256 of all certificates that no longer count; errors as of `current`."""
        return self.current().revoked_certificates

    def _active(self, found: Registration | None) -> Participant | None:
        active = found is not None and found.validity.holds(self._clock.today())
        return found.participant if found is not None and active else None
