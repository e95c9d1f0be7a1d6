"""Every look at a protected person is flagged: in the access log, in an event, in a metric."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from kruispunt.ssin import Ssin
from kruispunt_server.call import Call, Look
from kruispunt_server.events import Events

if TYPE_CHECKING:
    from kruispunt_server.metrics import Metrics

FLAG: Final = "protected"
"""What the result of a flagged look ends with; alone: the person was found, and not shown."""


class Flagging:
    """Flags the looks of calls before they are written; of many calls at once who is protected is asked once.

    It stands where all looks pass, so that no method can forget it, refusals and watches included.

    Args:
        protected: asks which of some numbers are of protected persons.
        events: where it is told, without a number.
        metrics: none: it is not counted.
    """

    def __init__(
        self,
        protected: Callable[[Collection[Ssin]], frozenset[Ssin]],
        events: Events,
        metrics: "Metrics | None" = None,
    ) -> None:
        self._protected = protected
        self._events = events
        self._metrics = metrics

    def __call__(self, calls: Sequence[Call]) -> None:
        """Flag looks at protected persons; those that were flagged already stay as they are.

        Raises:
            RegistryError: it cannot be asked who is protected; UNAVAILABLE / STORE_UNAVAILABLE.
        """
        unasked = {Ssin(look.person) for call in calls for look in call.looks if look.protected is None}
        protected = self._protected(unasked) if unasked else frozenset()
        for call in calls:
            self._flag(call, protected)

    def _flag(self, call: Call, protected: frozenset[Ssin]) -> None:
        flagged = [
            (place, look)
            for place, look in enumerate(call.looks)
            if look.protected or (look.protected is None and look.person in protected)
        ]
        shown, new = call.right.shows_protected, 0
        for place, look in flagged:
            if not look.result.endswith(FLAG):
                new += 1
                call.looks[place] = replace(look, result=_flagged(look, shown=shown), protected=True)
        if not new:
            return
        self._events.emit(
            "protected_person_looked_at",
            method=call.method,
            participant=call.participant.participant_id,
            persons=new,
            shown=shown,
        )
        if self._metrics is not None:
            self._metrics.looked_at_protected(call.method, new, shown=shown)


def _flagged(look: Look, *, shown: bool) -> str:
    return FLAG if look.result == "found" and not shown else f"{look.result} {FLAG}"
