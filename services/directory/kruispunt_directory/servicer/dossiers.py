"""DossierService: institutions say which dossiers they hold."""

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from google.protobuf.message import Message

from kruispunt.directory.v1 import dossier_service_pb2 as pb
from kruispunt.ssin import Ssin
from kruispunt_directory.domain.book import DossierBook, Plan
from kruispunt_directory.domain.claim import PersonRegister
from kruispunt_directory.domain.codes import check_codes
from kruispunt_directory.domain.dossier import Dossier
from kruispunt_directory.domain.knowledge import Knowledge
from kruispunt_directory.domain.number import Resolution
from kruispunt_directory.domain.registering import RegistrationRules
from kruispunt_directory.messages import dossiers as messages
from kruispunt_directory.servicer.knowledge_source import KnowledgeSource
from kruispunt_server.call import Call, InstitutionKey
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.wire import (
    parse_day,
    parse_instant,
    parse_period,
    parse_ssin,
    parse_write_key,
)
from kruispunt_server.write_keys import WriteKey

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    from kruispunt_directory.store.dossiers import DossierStore
    from kruispunt_server.writes import Writes

ResponseT = TypeVar("ResponseT", bound=Message)

_DATA_GROUP = "dossier"
_RECONFIRM_LIMIT = 1000
# After these nothing can be asked of the store.
_NOT_ASKED_AGAIN = frozenset({Reason.STORE_UNAVAILABLE, Reason.DEADLINE_OVER})
# What the access log says of one dossier, by (validate_only, outcome).
_RESULTS = {
    (False, pb.RECONFIRMATION_OUTCOME_CONFIRMED): "confirmed",
    (False, pb.RECONFIRMATION_OUTCOME_DOSSIER_UNKNOWN): "none",
    (True, pb.RECONFIRMATION_OUTCOME_CONFIRMED): "validated",
    (True, pb.RECONFIRMATION_OUTCOME_DOSSIER_UNKNOWN): "none",
}


class DossierServicer:
    """One method per rpc: parse, call the domain, build. What each does stands in the contract.

    Args:
        register: the identity registers; none while the directory runs alone, and answers then say so.
    """

    def __init__(
        self,
        store: "DossierStore",
        knowledge: KnowledgeSource,
        writes: "Writes",
        register: PersonRegister | None = None,
    ) -> None:
        self._store = store
        self._knowledge = knowledge
        self._writes = writes
        self._register = register

    def RegisterDossier(self, request: pb.RegisterDossierRequest, call: Call) -> pb.RegisterDossierResponse:
        """Register a dossier, or extend what stands."""
        institution = call.participant.own_institution()
        said = messages.parse_said(request, institution)
        key = parse_write_key(request)
        # Neither of the two inside: a transaction waits for no network and no second connection.
        known = (
            self._register.find(call, said.asked, with_claim=said.claim is not None)
            if self._register
            else None
        )
        rules = RegistrationRules(self._knowledge.current(), institution, self._register is not None)

        def work(transaction: Any) -> bytes:
            resolution, book = self._open(transaction, said.asked, institution)
            done = rules.register(said, resolution, known, book)
            self._store.carry_out(transaction, call, [done.plan], key.request_id)
            return pb.RegisterDossierResponse(
                dossier=messages.dossier_message(done.dossier),
                outcome=int(done.plan.outcome),  # type: ignore[arg-type]
                joined_dossier_ids=messages.joined_ids(done.plan),
                resolution=messages.resolution_message(done.resolution),
                warnings=messages.warning_messages(done.remarks),
            ).SerializeToString()

        return self._run(call, key, said.asked, pb.RegisterDossierResponse, work)

    def UpdateDossier(self, request: pb.UpdateDossierRequest, call: Call) -> pb.UpdateDossierResponse:
        """Change a dossier."""
        asked, institution, key = self._command(request, call)
        dossier_id = messages.parse_dossier_id(request.dossier_id, "dossier_id")
        revision = messages.parse_revision(request)
        knowledge = self._knowledge.current()

        def work(transaction: Any) -> bytes:
            resolution, book = self._open(transaction, asked, institution)
            plan = book.update(dossier_id, request.etag, revision)
            subject = _subject(plan)
            if (revision.phase, revision.period) != (None, None):
                _check_codes(knowledge, institution, subject)
            self._store.carry_out(transaction, call, [plan], key.request_id)
            return pb.UpdateDossierResponse(
                dossier=messages.dossier_message(subject),
                joined_dossier_ids=messages.joined_ids(plan),
                resolution=messages.resolution_message(resolution),
                warnings=messages.number_warnings(resolution),
            ).SerializeToString()

        return self._run(call, key, asked, pb.UpdateDossierResponse, work)

    def CloseDossier(self, request: pb.CloseDossierRequest, call: Call) -> pb.CloseDossierResponse:
        """End a dossier."""
        asked, institution, key = self._command(request, call)
        dossier_id = messages.parse_dossier_id(request.dossier_id, "dossier_id")
        end = parse_day(request.end, "end")

        def work(transaction: Any) -> bytes:
            resolution, book = self._open(transaction, asked, institution)
            plan = book.close(dossier_id, request.etag, end)
            self._store.carry_out(transaction, call, [plan], key.request_id)
            return pb.CloseDossierResponse(
                dossier=messages.dossier_message(_subject(plan)),
                resolution=messages.resolution_message(resolution),
                warnings=messages.number_warnings(resolution),
            ).SerializeToString()

        return self._run(call, key, asked, pb.CloseDossierResponse, work)

    def RemoveDossiers(self, request: pb.RemoveDossiersRequest, call: Call) -> pb.RemoveDossiersResponse:
        """Take dossiers back."""
        asked, institution, key = self._command(request, call)
        selection = messages.parse_selection(request)
        cut_id, cut_span = None, None
        if selection is None:
            cut_id = messages.parse_dossier_id(request.cut.dossier_id, "cut.dossier_id")
            cut_span = parse_period(request.cut.period, "cut.period")

        def work(transaction: Any) -> bytes:
            resolution, book = self._open(transaction, asked, institution)
            if cut_id is not None and cut_span is not None:
                plan = book.cut(cut_id, request.cut.etag, cut_span)
            else:
                assert selection is not None
                plan = book.remove(selection)
            self._store.carry_out(transaction, call, [plan], key.request_id)
            return pb.RemoveDossiersResponse(
                removed_dossier_ids=messages.joined_ids(plan),
                remaining_dossiers=[messages.dossier_message(dossier) for dossier in plan.remaining],
                resolution=messages.resolution_message(resolution),
                warnings=messages.number_warnings(resolution),
            ).SerializeToString()

        return self._run(call, key, asked, pb.RemoveDossiersResponse, work)

    def ReconfirmDossiers(
        self, request: pb.ReconfirmDossiersRequest, call: Call
    ) -> pb.ReconfirmDossiersResponse:
        """Say that dossiers are still true."""
        institution = call.participant.own_institution()
        key = parse_write_key(request)
        asked = _parse_keys(request)
        until = (
            parse_instant(request.synchronised_until, "synchronised_until", not_after=call.now)
            if request.HasField("synchronised_until")
            else None
        )

        def work(transaction: Any) -> bytes:
            outcomes = self._reconfirm(transaction, call, institution, asked, key.request_id)
            if until is not None:
                self._store.declare(transaction, institution, until)
            return pb.ReconfirmDossiersResponse(outcomes=outcomes).SerializeToString()

        response = self._reconfirmed(call, key, asked, work)
        known = self._store.current_of([ssin for ssin, _ in asked])
        for (ssin, _), outcome in zip(asked, response.outcomes, strict=True):
            call.look(int(known.get(ssin, ssin)), _DATA_GROUP, _RESULTS[key.validate_only, outcome])
        return response

    def _reconfirmed(
        self, call: Call, key: WriteKey, asked: list[tuple[Ssin, uuid.UUID]], work: Callable[[Any], bytes]
    ) -> pb.ReconfirmDossiersResponse:
        try:
            return pb.ReconfirmDossiersResponse.FromString(self._writes.run(call, key, work))
        except RegistryError as refusal:
            for ssin, _ in asked:
                call.look(int(ssin), _DATA_GROUP, refusal.reason.label)
            raise

    def _reconfirm(
        self,
        transaction: Any,
        call: Call,
        institution: InstitutionKey,
        asked: list[tuple[Ssin, uuid.UUID]],
        request_id: uuid.UUID,
    ) -> list[pb.ReconfirmationOutcome.ValueType]:
        """Confirm person by person; their numbers are locked in order, so that two such calls cannot deadlock."""
        leads_to = self._store.settle_all(transaction, list({ssin for ssin, _ in asked}))
        keys = [
            (leads_to[ssin].current if ssin in leads_to else ssin, dossier_id) for ssin, dossier_id in asked
        ]
        by_person: dict[Ssin, set[uuid.UUID]] = {}
        for person, dossier_id in keys:
            by_person.setdefault(person, set()).add(dossier_id)
        confirmed: set[uuid.UUID] = set()
        plans = []
        for person in sorted(by_person):
            book = self._store.open_book(transaction, person, institution)
            confirmed.update(identifier for identifier in by_person[person] if book.holds(identifier))
            plans.append(book.reconfirm(by_person[person]))
        self._store.carry_out(transaction, call, plans, request_id)
        return [
            pb.RECONFIRMATION_OUTCOME_CONFIRMED
            if dossier_id in confirmed
            else pb.RECONFIRMATION_OUTCOME_DOSSIER_UNKNOWN
            for _, dossier_id in keys
        ]

    def _command(self, request: Any, call: Call) -> tuple[Ssin, InstitutionKey, WriteKey]:
        return (
            parse_ssin(request.ssin, "ssin"),
            call.participant.own_institution(),
            parse_write_key(request),
        )

    def _open(
        self, transaction: Any, asked: Ssin, institution: InstitutionKey
    ) -> tuple[Resolution, DossierBook]:
        # A dossier under a cancelled number can still be closed and removed.
        resolution = self._store.settle(transaction, asked)
        return resolution, self._store.open_book(transaction, resolution.current, institution)

    def _run(
        self,
        call: Call,
        key: WriteKey,
        asked: Ssin,
        response: type[ResponseT],
        work: Callable[[Any], bytes],
    ) -> ResponseT:
        """Carry out once, whatever the number of attempts, and note that the answer shows a dossier."""
        try:
            body = self._writes.run(call, key, work)
        except RegistryError as refusal:
            known = {} if refusal.reason in _NOT_ASKED_AGAIN else self._store.current_of([asked])
            call.look(int(known.get(asked, asked)), _DATA_GROUP, refusal.reason.label)
            raise
        message = response()
        message.ParseFromString(body)
        shown = int(message.resolution.current_ssin)  # type: ignore[attr-defined]
        call.look(shown, _DATA_GROUP, "validated" if key.validate_only else "written")
        return message


def _subject(plan: Plan) -> Dossier:
    assert plan.subject is not None
    return plan.subject


def _parse_keys(request: pb.ReconfirmDossiersRequest) -> list[tuple[Ssin, uuid.UUID]]:
    if len(request.dossiers) > _RECONFIRM_LIMIT:
        raise RegistryError(
            Reason.TOO_MANY_ELEMENTS,
            "too many dossiers in one request",
            field="dossiers",
            metadata={"limit": str(_RECONFIRM_LIMIT)},
        )
    asked = [
        (
            parse_ssin(key.ssin, f"dossiers[{position}].ssin"),
            messages.parse_dossier_id(key.dossier_id, f"dossiers[{position}].dossier_id"),
        )
        for position, key in enumerate(request.dossiers)
    ]
    if len(set(asked)) < len(asked):
        raise RegistryError(Reason.FIELD_INVALID, "a dossier stands there twice", field="dossiers")
    return asked


def _check_codes(knowledge: Knowledge, institution: InstitutionKey, said: Dossier) -> None:
    check_codes(knowledge, institution, said.capacity, said.phase, said.period.begin)
