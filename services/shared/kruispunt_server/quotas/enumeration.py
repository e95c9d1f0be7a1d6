"""Who tries numbers out: look-ups that found nobody, or that were refused for want of a dossier, counted."""

from typing import TYPE_CHECKING

from kruispunt_server.call import Participant, Role
from kruispunt_server.events import Events
from kruispunt_server.quotas.buckets import Buckets
from kruispunt_server.quotas.memory import QuotaMemory

if TYPE_CHECKING:  # not paid for by a server that does not count
    from kruispunt_server.metrics import Metrics


class EnumerationAlarm:
    """Counts misses of each participant, and says so once when there are too many in a window.

    A window begins with the first miss after the last one ended; all workers of the host count together. Internal
    services are not counted: what they look up is others' asking, which is counted where it came in.

    Args:
        memory: where the counts are.
        misses: as many in a window are nothing to speak of.
        window_s: its length, whole seconds.
        events: told.
        metrics: counts misses and alarms.
    """

    def __init__(
        self,
        memory: QuotaMemory,
        *,
        misses: int,
        window_s: int,
        events: Events,
        metrics: "Metrics | None" = None,
    ) -> None:
        self._key = memory.key
        self._buckets = Buckets(memory)
        self._misses = misses
        self._window_s = window_s
        self._events = events
        self._metrics = metrics

    def count(self, participant: Participant, misses: int) -> None:
        """Count look-ups that missed; called whether or not an answer leaves."""
        if Role.INTERNAL_SERVICE in participant.roles:
            return
        name = participant.participant_id
        before, after = self._buckets.add(self._key(name), misses, self._window_s)
        suspected = before <= self._misses < after
        if self._metrics is not None:
            self._metrics.missed(misses, suspected=suspected)
        if suspected:
            self._events.emit("enumeration_suspected", participant=name, count=after, window_s=self._window_s)
