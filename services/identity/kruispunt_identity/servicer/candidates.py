"""What a caller is shown of candidates: as much as it may see, and every one of them accounted for."""

from collections.abc import Sequence

from kruispunt.identity.v1 import search_pb2
from kruispunt.ssin import Ssin
from kruispunt_identity.domain.rights import View, searched_groups
from kruispunt_identity.messages.persons import person_message
from kruispunt_identity.store.reading import PersonReader
from kruispunt_server.call import Call, Participant
from kruispunt_server.clock import Clock

NUMBER_ONLY = "number"
"""What the access log says was shown where no data group was."""


class CandidateViews:
    """Shows candidates, outside any transaction: what is shown is what stands when the answer leaves."""

    def __init__(self, reader: PersonReader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock

    def explained(self, participant: Participant) -> bool:
        """Return whether a participant may see more of a candidate than number and grade."""
        return bool(searched_groups(participant))

    def show(self, candidates: Sequence[search_pb2.Candidate], call: Call) -> None:
        """Put into each candidate what the caller may see of the person, and note that it was shown."""
        groups = searched_groups(call.participant)
        view = View(groups, identifiers=False)
        for candidate in candidates:
            call.look(int(candidate.ssin), view.label or NUMBER_ONLY, "candidate")
        if not groups or not candidates:
            return
        day = self._clock.today()
        numbers = [Ssin(int(candidate.ssin)) for candidate in candidates]
        found = self._reader.persons(numbers, valid_at=day)
        for candidate, number in zip(candidates, numbers, strict=True):
            one = found.get(number)
            if one is not None and one.person is not None:
                if one.person.ssin != number:  # replaced since the candidate was found
                    call.look(int(one.person.ssin), view.label, "candidate")
                candidate.person.CopyFrom(person_message(one.person, day, view))
