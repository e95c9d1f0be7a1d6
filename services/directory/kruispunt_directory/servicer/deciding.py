"""GetRoute and CheckAccess: may I, and from whom."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt.ssin import Ssin, SsinError
from kruispunt_directory.domain.dossier import Dossier
from kruispunt_directory.domain.knowledge import Knowledge
from kruispunt_directory.domain.number import NumberStatus, Resolution
from kruispunt_directory.domain.route import Route, RouteQuestion, Verdict, decide, withhold_suppliers
from kruispunt_directory.messages import directory as messages
from kruispunt_directory.servicer.holding import OwnDossiers
from kruispunt_directory.servicer.knowledge_source import KnowledgeSource
from kruispunt_server.call import Call, InstitutionKey
from kruispunt_server.clock import Clock, brussels_day
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.wire import (
    parse_instant,
    parse_institution,
    parse_optional_day,
    parse_ssin,
)

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    from kruispunt_directory.store.reading import DossierReader

_DATA_GROUP = "route"
_QUESTION_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class _Frame:
    """What all questions of one call share.

    Attributes:
        consumer: who asks.
        legal_basis: deliberation of the call, where a question names none.
        day: the day the data must concern.
        known_at: as known then; none for now.
        judged_on: the day on which a right must exist.
        knowledge: the rules at that instant.
    """

    consumer: InstitutionKey
    legal_basis: str
    day: dt.date
    known_at: dt.datetime | None
    judged_on: dt.date
    knowledge: Knowledge


class RouteDecider:
    """Decides one question with reasons, or up to a thousand with the verdict only."""

    def __init__(
        self, reader: "DossierReader", knowledge: KnowledgeSource, own: OwnDossiers, clock: Clock
    ) -> None:
        self._reader = reader
        self._knowledge = knowledge
        self._own = own
        self._clock = clock

    def route(self, request: pb.GetRouteRequest, call: Call) -> pb.GetRouteResponse:
        """Answer one question; two statements."""
        asked = parse_ssin(request.ssin, "ssin")
        frame = self._frame(request, call)
        question = self._question(
            frame, messages.parse_data_set(request.data_set, "data_set"), request.deliberation, "deliberation"
        )
        if request.HasField("supplier"):
            question = replace(question, supplier=parse_institution(request.supplier, "supplier"))
        self._own.check(call, asked, "ssin", _DATA_GROUP)
        resolution = self._reader.resolve(asked, frame.known_at)
        person = int(resolution.current)
        if resolution.status is NumberStatus.CANCELLED:
            call.look(person, _DATA_GROUP, Reason.NUMBER_CANCELLED.label)
            raise RegistryError(Reason.NUMBER_CANCELLED, "the number leads to no active one", field="ssin")
        dossiers = self._reader.dossiers_of([person], frame.known_at).get(person, [])
        route = self._decide(frame, question, dossiers)
        decision = call.look(person, _DATA_GROUP, route.verdict.name.lower())
        return messages.route_message(route, question.deliberation_id, resolution, str(decision))

    def verdicts(self, request: pb.CheckAccessRequest, call: Call) -> pb.CheckAccessResponse:
        """Answer up to a thousand questions; two statements."""
        if not request.questions:
            raise RegistryError(Reason.FIELD_REQUIRED, "there is no question", field="questions")
        if len(request.questions) > _QUESTION_LIMIT:
            raise RegistryError(
                Reason.TOO_MANY_ELEMENTS,
                "too many elements in one message",
                field="questions",
                metadata={"limit": str(_QUESTION_LIMIT)},
            )
        frame = self._frame(request, call)
        questions = [self._access_question(frame, each, i) for i, each in enumerate(request.questions)]
        numbers = [read_number(each.ssin) for each in request.questions]
        known = [number for number in numbers if number is not None]
        held = self._own.among(call, known)
        if held is not None:  # the others are answered as nobody would be, before they are looked up
            known = [number for number in known if number in held]
        leads_to = self._reader.resolve_all(known, frame.known_at)
        resolutions = [
            None if number is None else leads_to.get(number, Resolution(number, number)) for number in numbers
        ]
        persons = {int(leads_to[number].current) if number in leads_to else int(number) for number in known}
        dossiers = self._reader.dossiers_of(list(persons), frame.known_at)
        answered = [
            self._no_own_dossier(resolution, call)
            if held is not None and resolution is not None and resolution.asked not in held
            else self._verdict(frame, question, resolution, dossiers, call)
            for question, resolution in zip(questions, resolutions, strict=True)
        ]
        return pb.CheckAccessResponse(verdicts=[int(verdict) for verdict in answered])  # type: ignore[misc]

    @staticmethod
    def _no_own_dossier(resolution: Resolution, call: Call) -> Verdict:
        call.look(int(resolution.asked), _DATA_GROUP, Verdict.NO_OWN_DOSSIER.name.lower())
        return Verdict.NO_OWN_DOSSIER

    def _frame(self, request: Any, call: Call) -> _Frame:
        assert call.purpose is not None, "the boundary lets nobody in without"
        known_at = known_at_of(request, call, "known_at")
        today = self._clock.today()
        return _Frame(
            consumer=call.participant.own_institution(),
            legal_basis=call.purpose.legal_basis,
            day=parse_optional_day(request, "valid_at") or today,
            known_at=known_at,
            judged_on=today if known_at is None else brussels_day(known_at),
            knowledge=self._knowledge.current() if known_at is None else self._knowledge.at(known_at),
        )

    def _question(self, frame: _Frame, data_set: Any, deliberation: str, field: str) -> RouteQuestion:
        return RouteQuestion(
            consumer=frame.consumer,
            data_set=data_set,
            deliberation_id=messages.parse_deliberation(deliberation, frame.legal_basis, field),
            day=frame.day,
            judged_on=frame.judged_on,
        )

    def _access_question(
        self, frame: _Frame, question: pb.CheckAccessRequest.Question, position: int
    ) -> RouteQuestion | None:
        """Read one question; none asks only whether the consumer holds a dossier."""
        if not question.HasField("data_set"):
            return None
        path = f"questions[{position}]"
        data_set = messages.parse_data_set(question.data_set, f"{path}.data_set")
        return self._question(frame, data_set, question.deliberation, f"{path}.deliberation")

    def _decide(self, frame: _Frame, question: RouteQuestion, dossiers: Sequence[Dossier]) -> Route:
        """Decide as of `known_at`; who has no right today is not told who holds a dossier."""
        route = decide(question, frame.knowledge, dossiers)
        if frame.known_at is None or route.verdict is not Verdict.ALLOWED:
            return route
        today = replace(question, judged_on=self._clock.today())
        allowed_today = decide(today, self._knowledge.current(), dossiers).verdict is Verdict.ALLOWED
        return route if allowed_today else withhold_suppliers(route)

    def _verdict(
        self,
        frame: _Frame,
        question: RouteQuestion | None,
        resolution: Resolution | None,
        dossiers: dict[int, list[Dossier]],
        call: Call,
    ) -> Verdict:
        if resolution is None:
            return Verdict.NUMBER_UNUSABLE
        person = int(resolution.current)
        held = dossiers.get(person, [])
        if resolution.status is NumberStatus.CANCELLED:
            verdict = Verdict.NUMBER_UNUSABLE
        elif question is not None:
            verdict = decide(question, frame.knowledge, held).verdict
        elif any(each.institution == frame.consumer and each.period.holds(frame.day) for each in held):
            verdict = Verdict.ALLOWED
        else:
            verdict = Verdict.NO_OWN_DOSSIER
        call.look(person, _DATA_GROUP, verdict.name.lower())
        return verdict


def known_at_of(message: Any, call: Call, field: str) -> dt.datetime | None:
    """Read the instant as of which something is asked; none for now.

    Raises:
        RegistryError: in the future; INVALID_ARGUMENT / TIME_IN_FUTURE.
    """
    return (
        parse_instant(message.known_at, field, not_after=call.now) if message.HasField("known_at") else None
    )


def read_number(text: str) -> Ssin | None:
    """Read a number that may be none."""
    try:
        return Ssin.parse(text)
    except SsinError:
        return None
