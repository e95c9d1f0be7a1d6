"""What a caller is shown of candidates: as much as it may see, and every one of them accounted for."""

from collections.abc import Sequence
from typing import Final

from kruispunt.identity.v1 import search_pb2
from kruispunt.ssin import Ssin
from kruispunt_identity.domain.rights import View
from kruispunt_identity.messages.persons import person_message
from kruispunt_identity.servicer.guard import Guard
from kruispunt_identity.store.reading import PersonReader
from kruispunt_server.call import Call, Right
from kruispunt_server.clock import Clock

NUMBER_ONLY = "number"
"""What the access log says was shown where no data group was."""


_EXPLAINING: Final = ("log2_odds", "parts", "by_former_name", "found_under_ssin")


class CandidateViews:
    """Shows candidates, outside any transaction: what is shown is what stands when the answer leaves."""

    def __init__(self, reader: PersonReader, guard: Guard, clock: Clock) -> None:
        self._reader = reader
        self._guard = guard
        self._clock = clock

    def explained(self, right: Right) -> bool:
        """Return whether a call may see more of a candidate than number and grade."""
        return bool(View.of_candidate(right).shown)

    def show(self, candidates: Sequence[search_pb2.Candidate], call: Call) -> None:
        """Put into each candidate what the caller may see of the person, and note that it was shown."""
        view = View.of_candidate(call.right)
        numbers = [Ssin(int(candidate.ssin)) for candidate in candidates]
        shown = self._shown(numbers, call, view)
        for candidate, number in zip(candidates, numbers, strict=True):
            call.look(int(number), view.label if number in shown else NUMBER_ONLY, "candidate")
            if number not in shown:
                for field in _EXPLAINING:
                    candidate.ClearField(field)
        if not shown:
            return
        day = self._clock.today()
        found = self._reader.persons(sorted(shown), valid_at=day)
        for candidate, number in zip(candidates, numbers, strict=True):
            one = found.get(number)
            if one is not None and one.person is not None:
                if one.person.ssin != number:  # replaced since the candidate was found
                    call.look(int(one.person.ssin), view.label, "candidate")
                candidate.person.CopyFrom(person_message(one.person, day, view))

    def _shown(self, numbers: Sequence[Ssin], call: Call, view: View) -> frozenset[Ssin]:
        """Return the candidates of whom more than number and grade may be shown."""
        if not view.shown or not numbers:
            return frozenset()
        readable = self._guard.readable(call, numbers)
        return frozenset(numbers) if readable is None else readable
