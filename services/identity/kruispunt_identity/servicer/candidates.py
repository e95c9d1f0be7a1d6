"""What a caller is shown of candidates: as much as it may see, and every one of them accounted for."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final

from kruispunt.identity.v1 import identity_service_pb2, registration_service_pb2
from kruispunt.ssin import Ssin
from kruispunt_identity.domain.protection import hidden
from kruispunt_identity.domain.rights import NUMBER, View
from kruispunt_identity.domain.values import DataGroup
from kruispunt_identity.matching.grade import Grade
from kruispunt_identity.messages.persons import person_message
from kruispunt_identity.servicer.guard import Guard
from kruispunt_identity.store.candidates import Candidate
from kruispunt_identity.store.reading import PersonReader
from kruispunt_server.call import Call, Right
from kruispunt_server.clock import Clock

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    from kruispunt_identity.servicer.referrals import Referrals

REFERRAL: Final = "referral"
"""What the access log says was shown of a protected person whose number was not."""

Answer = identity_service_pb2.SearchPersonsResponse | registration_service_pb2.RegisterPersonResponse

_COMPARED: Final = frozenset({DataGroup.NAME, DataGroup.BIRTH, DataGroup.GENDER})
_EXPLAINING: Final = ("log2_odds", "parts", "by_former_name", "found_under_ssin")


class CandidateViews:
    """Shows candidates, outside any transaction: what is shown is what stands when the answer leaves.

    Who may not see protected persons learns of one only by criteria that make it rather that person than not, and then
    neither number nor grade: by a grade that follows the criteria, a birth date could be found out.
    """

    def __init__(self, reader: PersonReader, guard: Guard, referrals: "Referrals", clock: Clock) -> None:
        self._reader = reader
        self._referrals = referrals
        self._guard = guard
        self._clock = clock

    def explained(self, right: Right) -> bool:
        """Return whether a call may see how the grade came about: it tells of every group that is compared."""
        return View.of_candidate(right).shown >= _COMPARED

    def worth_showing(self, ranked: Sequence[Candidate], right: Right) -> list[Candidate]:
        """Return the candidates without those protected persons of whom a call is told nothing."""
        return [
            each
            for each in ranked
            if each.grade is Grade.STRONG or not hidden(right, protected=each.protected)
        ]

    def hidden(self, numbers: Collection[Ssin], right: Right) -> frozenset[Ssin]:
        """Return those of some numbers of whose person a call is shown nothing but a mark."""
        return frozenset() if right.shows_protected or not numbers else self._reader.protected(numbers)

    def show(self, answer: Answer, call: Call) -> None:
        """Put into each candidate what the caller may see of the person, and note that it was shown.

        Protected persons whom the caller may not see leave the list; the strong ones become referrals.
        """
        self._refer(answer, call)
        candidates = answer.candidates
        view = View.of_candidate(call.right)
        numbers = [Ssin(int(candidate.ssin)) for candidate in candidates]
        shown = self._shown(numbers, call, view)
        explained = self.explained(call.right)
        for candidate, number in zip(candidates, numbers, strict=True):
            call.look(int(number), view.label if number in shown else NUMBER, "candidate")
            if number not in shown or not explained:
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

    def _refer(self, answer: Answer, call: Call) -> None:
        withheld = self.hidden([Ssin(int(each.ssin)) for each in answer.candidates], call.right)
        if not withheld:
            return
        kept = []
        for candidate in answer.candidates:
            number = Ssin(int(candidate.ssin))
            if number not in withheld:
                kept.append(candidate)
            elif candidate.grade == int(Grade.STRONG):
                call.look(int(number), REFERRAL, "candidate", protected=True)
                answer.referrals.add(referral=self._referrals.make(number))
        del answer.candidates[:]
        answer.candidates.extend(kept)

    def _shown(self, numbers: Sequence[Ssin], call: Call, view: View) -> frozenset[Ssin]:
        """Return the candidates of whom more than number and grade may be shown."""
        if not view.shown or not numbers:
            return frozenset()
        readable = self._guard.readable(call, numbers)
        return frozenset(numbers) if readable is None else readable
