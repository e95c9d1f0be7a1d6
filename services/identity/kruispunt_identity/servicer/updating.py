"""UpdatePerson and RetractFact: institutions say facts, correct them and take them back."""

from collections.abc import Sequence
from typing import Any

from kruispunt.common.v1.error_reason_pb2 import ErrorReason
from kruispunt.identity.v1 import registration_service_pb2 as pb
from kruispunt.ssin import Ssin
from kruispunt_identity.domain.person import Change, GroupOutcome, Person, Plan
from kruispunt_identity.domain.rights import check_told
from kruispunt_identity.domain.values import DataGroup
from kruispunt_identity.messages.changes import FactChange, parse_changes, parse_id
from kruispunt_identity.messages.persons import fact_message, resolved_message
from kruispunt_identity.servicer.telling import Telling
from kruispunt_identity.store.persons import PersonStore
from kruispunt_server.call import Call, InstitutionKey, Right
from kruispunt_server.clock import brussels_day
from kruispunt_server.errors import RegistryError
from kruispunt_server.wire import parse_ssin, parse_write_key

_UPDATED, _RETRACTED = "person.updated", "person.retracted"


class UpdatingServicer:
    """One method per rpc: parse, call the domain, build. What each does stands in the contract."""

    def __init__(self, persons: PersonStore, telling: Telling) -> None:
        self._persons = persons
        self._telling = telling

    def UpdatePerson(self, request: pb.UpdatePersonRequest, call: Call) -> pb.UpdatePersonResponse:
        """Say new facts, or correct facts."""
        asked = parse_ssin(request.ssin, "ssin")
        source = call.participant.own_institution()
        key = parse_write_key(request)
        changes = parse_changes(request.changes, brussels_day(call.now))
        groups = ",".join(change.statement.group.name.lower() for change in changes)

        def work(transaction: Any, person: Person) -> pb.UpdatePersonResponse:
            person.check_etag(request.etag)
            results = _told(person, changes, source, asked, call.right)
            plan = _plan_of(results, all_or_none=request.all_or_none)
            version = self._persons.carry_out(transaction, call, person, plan, key.request_id, _UPDATED)
            return pb.UpdatePersonResponse(
                results=[
                    _result_message(place, changes[place], result, person, written=bool(plan))
                    for place, result in enumerate(results)
                ],
                etag=_etag(version),
                resolution=resolved_message(person.resolved(asked), call.right),
            )

        return self._telling.run(call, key, asked, groups, pb.UpdatePersonResponse, work)

    def RetractFact(self, request: pb.RetractFactRequest, call: Call) -> pb.RetractFactResponse:
        """Take a fact back."""
        asked = parse_ssin(request.ssin, "ssin")
        call.participant.own_institution()
        key = parse_write_key(request)
        fact_id = parse_id(request.fact_id, "fact_id")

        def work(transaction: Any, person: Person) -> pb.RetractFactResponse:
            person.check_etag(request.etag)
            change = person.retract(fact_id)
            check_told(call.right, [(change.fact.group, "fact_id")])
            version = self._persons.carry_out(
                transaction, call, person, change.plan, key.request_id, _RETRACTED
            )
            return pb.RetractFactResponse(
                fact=fact_message(change.fact),
                etag=_etag(version),
                resolution=resolved_message(person.resolved(asked), call.right),
            )

        return self._telling.run(call, key, asked, _retracted_group, pb.RetractFactResponse, work)


def _retracted_group(answer: pb.RetractFactResponse | None) -> str:
    """Return which data group was taken back; of a refusal nobody knows."""
    return (answer.fact.value.WhichOneof("value") if answer else None) or "fact"


def _told(
    person: Person, changes: Sequence[FactChange], source: InstitutionKey, under: Ssin, right: Right
) -> list[Change | RegistryError]:
    """Tell every change; return what became of each, in their order.

    The decease comes last, when it is known what the same request says of the birth.
    """
    results: dict[int, Change | RegistryError] = {}
    statements = [change.statement for change in changes]
    for place in sorted(range(len(changes)), key=lambda place: statements[place].group is DataGroup.DECEASE):
        change = changes[place]
        try:
            check_told(right, [(change.statement.group, "statement.value")])
            results[place] = person.tell(
                change.statement, source, under, change.corrects, statements, keeps_days=change.keeps_days
            )
        except RegistryError as refusal:
            results[place] = refusal
    return [results[place] for place in range(len(changes))]


def _plan_of(results: Sequence[Change | RegistryError], *, all_or_none: bool) -> Plan:
    plan = Plan()
    if all_or_none and any(isinstance(result, RegistryError) for result in results):
        return plan
    for result in results:
        if isinstance(result, Change):
            plan.join(result.plan)
    return plan


def _result_message(
    place: int, change: FactChange, result: Change | RegistryError, person: Person, *, written: bool
) -> pb.GroupResult:
    group = int(change.statement.group)
    if isinstance(result, RegistryError):
        return pb.GroupResult(
            data_group=group,  # type: ignore[arg-type]
            outcome=int(GroupOutcome.REFUSED),  # type: ignore[arg-type]
            reason=ErrorReason.Value(f"ERROR_REASON_{result.reason.label}"),
            field=f"changes[{place}].{result.field}",
            message=result.message,
        )
    if result.outcome is GroupOutcome.WRITTEN and not written:
        return pb.GroupResult(data_group=group, outcome=int(GroupOutcome.LEFT_OUT))  # type: ignore[arg-type]
    return pb.GroupResult(
        data_group=group,  # type: ignore[arg-type]
        outcome=int(result.outcome),  # type: ignore[arg-type]
        fact=fact_message(result.fact, person.visible(result.fact)),
    )


def _etag(version: int) -> str:
    """Return the etag of a person; empty if nothing was ever written of them here."""
    return str(version) if version else ""
