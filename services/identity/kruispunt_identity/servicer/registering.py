"""RegisterPerson and RecordDistinct: who is new, and who is not whom."""

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Any

from kruispunt.identity.v1 import registration_service_pb2 as pb
from kruispunt_identity.domain.life import check_life_of
from kruispunt_identity.domain.registration import check_minimum
from kruispunt_identity.domain.rights import NUMBER, View, check_told
from kruispunt_identity.domain.values import DataGroup
from kruispunt_identity.messages.persons import person_message
from kruispunt_identity.messages.searching import candidate_message, parse_decision, parse_decisions
from kruispunt_identity.messages.statements import parse_statement
from kruispunt_identity.servicer.candidates import CandidateViews
from kruispunt_identity.servicer.guard import Guard
from kruispunt_identity.store.registrations import Registered, Registration, RegistrationStore
from kruispunt_server.call import Call
from kruispunt_server.clock import Clock
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.wire import parse_request_id, parse_ssin, parse_write_key

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    from kruispunt_identity.store.searches import SearchLog
    from kruispunt_server.writes import Writes

_SEARCH_LASTS = dt.timedelta(minutes=15)


class RegisteringServicer:
    """One method per rpc: parse, register in one transaction, build. What each does stands in the contract.

    The answer is kept with the request: sent again it says the same, candidates too, even if the person was
    registered by somebody else meanwhile. A new attempt, with decisions on those candidates, is a new request. What is
    shown of the candidates' persons is no part of the answer kept, and is read anew each time.
    """

    def __init__(
        self,
        store: RegistrationStore,
        searches: "SearchLog",
        views: CandidateViews,
        guard: Guard,
        writes: "Writes",
        clock: Clock,
    ) -> None:
        self._store = store
        self._searches = searches
        self._views = views
        self._guard = guard
        self._writes = writes
        self._clock = clock

    def RegisterPerson(self, request: pb.RegisterPersonRequest, call: Call) -> pb.RegisterPersonResponse:
        """Register a person, or say who it may be."""
        source = call.participant.own_institution()
        key = parse_write_key(request)
        registration = self._registration(request, source, key.request_id)
        told = ((each.group, f"facts[{at}].value") for at, each in enumerate(registration.statements))
        check_told(call.right, told)
        search_id = parse_request_id(request.search_id, "search_id") if request.search_id else None

        def work(transaction: Any) -> bytes:
            if search_id is not None:
                self._check_search(transaction, call, search_id)
            registered = self._store.register(transaction, call, registration)
            response = self._answer(registered, call)
            if key.validate_only:
                _take_number_back(response)
            return response.SerializeToString()

        try:
            body = self._writes.run(call, key, work)
        except RegistryError as refusal:
            _note_decisions(call, registration, refusal.reason.label)
            raise
        _note_decisions(call, registration, "validated" if key.validate_only else "written")
        response = pb.RegisterPersonResponse.FromString(body)
        if response.person.ssin:
            groups = ",".join(sorted(each.group.name.lower() for each in registration.statements))
            call.look(int(response.person.ssin), groups, "written")
        self._views.show(response, call)
        if response.referrals and response.outcome == pb.PERSON_OUTCOME_CANDIDATES:
            response.outcome = pb.PERSON_OUTCOME_REFER_TO_KEEPER
        return response

    def RecordDistinct(self, request: pb.RecordDistinctRequest, call: Call) -> pb.RecordDistinctResponse:
        """Keep the decision that two numbers are two persons."""
        asked = parse_ssin(request.ssin, "ssin")
        key = parse_write_key(request)
        decision = parse_decision(request.decision, "decision")
        numbers = (asked, decision.ssin)
        try:
            self._guard.refuse_unreadable(call, {asked: "ssin"})
            self._guard.check(call, self._store.numbers_of(asked), "ssin")

            def work(transaction: Any) -> bytes:
                new = self._store.record_distinct(transaction, call, asked, decision, key.request_id)
                return pb.RecordDistinctResponse(already_recorded=not new).SerializeToString()

            body = self._writes.run(call, key, work)
        except RegistryError as refusal:
            for number in numbers:
                call.look(int(number), NUMBER, refusal.reason.label)
            raise
        for number in numbers:
            call.look(int(number), NUMBER, "validated" if key.validate_only else "written")
        return pb.RecordDistinctResponse.FromString(body)

    def _registration(
        self, request: pb.RegisterPersonRequest, source: Any, request_id: uuid.UUID
    ) -> Registration:
        if len(request.facts) > len(DataGroup):
            raise RegistryError(
                Reason.TOO_MANY_ELEMENTS,
                "of each data group one fact at most",
                field="facts",
                metadata={"limit": str(len(DataGroup))},
            )
        today = self._clock.today()
        statements = [
            parse_statement(fact, f"facts[{place}]", today) for place, fact in enumerate(request.facts)
        ]
        check_minimum(statements)
        check_life_of(statements)
        return Registration(statements, source, parse_decisions(request.distinct, "distinct"), request_id)

    def _check_search(self, transaction: Any, call: Call, search_id: uuid.UUID) -> None:
        search = self._searches.find(transaction, search_id)
        if (
            search is None
            or search.participant_id != call.participant.participant_id
            or self._clock.now() - search.made_at > _SEARCH_LASTS
        ):
            raise RegistryError(
                Reason.SEARCH_EXPIRED,
                "the search is not known, of somebody else, or too long ago",
                field="search_id",
                metadata={"minutes": str(int(_SEARCH_LASTS.total_seconds() // 60))},
            )

    def _answer(self, registered: Registered, call: Call) -> pb.RegisterPersonResponse:
        explained = self._views.explained(call.right)
        response = pb.RegisterPersonResponse(
            outcome=pb.PERSON_OUTCOME_CANDIDATES,
            candidates=[candidate_message(each, explained=explained) for each in registered.candidates],
            rules_version=registered.rules_version,
        )
        if registered.person is not None:
            response.outcome = pb.PERSON_OUTCOME_CREATED
            view = View.of(call.right)
            response.person.CopyFrom(person_message(registered.person, self._clock.today(), view))
        return response


def _note_decisions(call: Call, registration: Registration, result: str) -> None:
    """Note whom decisions name: the answer, and even more a refusal, tells whether there is such a person."""
    for decision in registration.decisions:
        call.look(int(decision.ssin), NUMBER, result)


def _take_number_back(response: pb.RegisterPersonResponse) -> None:
    """Take out of a rehearsal's answer the number that nobody was given: the next person may get it."""
    if not response.HasField("person"):
        return
    response.person.ssin = ""
    for fact in response.person.facts:
        fact.registered_ssin = ""
