"""Changes of the identity registers: values ↔ messages."""

from collections.abc import Iterable

from kruispunt._fact_messages import (
    fact_of,
    identifier_of,
    key_message,
    put_statement,
    statement_message,
    validity_message,
)
from kruispunt._messages import institution_of
from kruispunt._person_messages import (
    candidate_of,
    numbers_of,
    person_of,
    protection_of,
    referrals_of,
    resolved_of,
)
from kruispunt._status import reason_of
from kruispunt.facts import DataGroup
from kruispunt.identity.v1 import registration_service_pb2 as pb
from kruispunt.registering import (
    Cancellation,
    Conflict,
    DistinctDecision,
    FactChange,
    GroupOutcome,
    GroupResult,
    IdentifierLink,
    ImportIdentifier,
    ImportRow,
    NumberReplacement,
    PersonOutcome,
    PersonRegistration,
    PersonUpdate,
    ProtectionChange,
    RegisterMove,
    ReplacementPreview,
    Retraction,
    RowOutcome,
    RowResult,
    SplitReceipt,
)
from kruispunt.ssin import Ssin


def decision_message(decision: DistinctDecision) -> pb.DistinctDecision:
    """Build the decision that a candidate is another person."""
    return pb.DistinctDecision(
        ssin=str(decision.ssin),
        reason=decision.reason.value,  # type: ignore[arg-type]  # same numbers, held by a test
        note=decision.note,
    )


def change_message(change: FactChange) -> pb.FactChange:
    """Build a new fact, or a correction."""
    return pb.FactChange(statement=statement_message(change.statement), corrects_fact_id=change.corrects)


def put_row(message: pb.ImportRow, row: ImportRow) -> None:
    """Write a row of an import into an empty message."""
    message.ssin = str(row.ssin)
    message.register = row.register  # type: ignore[assignment]  # same numbers, held by a test
    for statement in row.facts:
        put_statement(message.facts.add(), statement)
    message.identifiers.extend(map(_import_identifier, row.identifiers))


def registration_of(message: pb.RegisterPersonResponse) -> PersonRegistration:
    """Read what came of a registration."""
    return PersonRegistration(
        outcome=PersonOutcome(message.outcome),
        person=person_of(message.person) if message.person.ssin else None,  # a rehearsal gives out no number
        candidates=tuple(map(candidate_of, message.candidates)),
        rules_version=message.rules_version,
        referrals=referrals_of(message.referrals),
        message=message,
    )


def update_of(message: pb.UpdatePersonResponse) -> PersonUpdate:
    """Read what came of an update."""
    return PersonUpdate(
        results=tuple(map(_group_result_of, message.results)),
        etag=message.etag,
        resolution=resolved_of(message.resolution),
        message=message,
    )


def retraction_of(message: pb.RetractFactResponse) -> Retraction:
    """Read what came of taking a fact back."""
    return Retraction(fact_of(message.fact), message.etag, resolved_of(message.resolution), message)


def preview_of(message: pb.PreviewReplacementResponse) -> ReplacementPreview:
    """Read what a replacement would do."""
    return ReplacementPreview(
        moving_facts=tuple(map(fact_of, message.moving_facts)),
        moving_identifiers=tuple(map(identifier_of, message.moving_identifiers)),
        moving_ssins=numbers_of(message.moving_ssins),
        told=tuple(map(institution_of, message.told)),
        told_is_complete=message.told_is_complete,
        conflicts=_conflicts_of(message.conflicts),
        former_etag=message.former_etag,
        next_etag=message.next_etag,
        message=message,
    )


def replacement_of(message: pb.ReplaceNumberResponse) -> NumberReplacement:
    """Read what came of a replacement."""
    return NumberReplacement(
        resolution=resolved_of(message.resolution),
        person=person_of(message.person),
        already_replaced=message.already_replaced,
        conflicts=_conflicts_of(message.conflicts),
        message=message,
    )


def receipt_of(message: pb.SplitNumberResponse) -> SplitReceipt:
    """Read what went where."""
    return SplitReceipt(
        split_off=person_of(message.split_off),
        remaining=person_of(message.remaining),
        returned_facts=tuple(map(fact_of, message.returned_facts)),
        taken_facts=tuple(map(fact_of, message.taken_facts)),
        undecided_facts=tuple(map(fact_of, message.undecided_facts)),
        returned_identifiers=tuple(map(identifier_of, message.returned_identifiers)),
        returned_ssins=numbers_of(message.returned_ssins),
        message=message,
    )


def cancellation_of(message: pb.CancelNumberResponse) -> Cancellation:
    """Read what came of cancelling a number."""
    return Cancellation(
        resolution=resolved_of(message.resolution),
        concerned=tuple(map(institution_of, message.concerned)),
        concerned_is_complete=message.concerned_is_complete,
        message=message,
    )


def move_of(message: pb.MoveToRegisterResponse) -> RegisterMove:
    """Read what came of a move."""
    return RegisterMove(person_of(message.person), message.already_there, message)


def protection_change_of(message: pb.SetProtectionResponse) -> ProtectionChange:
    """Read what came of protecting a person, or of lifting it."""
    return ProtectionChange(
        unchanged=message.unchanged,
        protections=tuple(map(protection_of, message.protections)),
        etag=message.etag,
        resolution=resolved_of(message.resolution),
        message=message,
    )


def link_of(
    message: pb.LinkForeignIdentifierResponse | pb.EndForeignIdentifierLinkResponse,
) -> IdentifierLink:
    """Read what came of a link, or of its end."""
    return IdentifierLink(
        identifier=identifier_of(message.foreign_identifier),
        already_linked=isinstance(message, pb.LinkForeignIdentifierResponse) and message.already_linked,
        resolution=resolved_of(message.resolution),
        message=message,
    )


def row_result_of(message: pb.RowResult) -> RowResult:
    """Read what became of a row."""
    return RowResult(
        row=message.row,
        outcome=RowOutcome(message.outcome),
        ssin=Ssin.parse(message.ssin) if message.ssin else None,
        reason=reason_of(message.reason),
        field=message.field,
        candidates=numbers_of(message.candidate_ssins),
        message=message.message,
    )


def _group_result_of(message: pb.GroupResult) -> GroupResult:
    return GroupResult(
        group=DataGroup(message.data_group),
        outcome=GroupOutcome(message.outcome),
        fact=fact_of(message.fact) if message.HasField("fact") else None,
        reason=reason_of(message.reason),
        field=message.field,
        message=message.message,
    )


def _conflicts_of(messages: Iterable[pb.Conflict]) -> tuple[Conflict, ...]:
    return tuple(
        Conflict(DataGroup(each.data_group), fact_of(each.former), fact_of(each.next)) for each in messages
    )


def _import_identifier(identifier: ImportIdentifier) -> pb.ImportIdentifier:
    return pb.ImportIdentifier(
        key=key_message(identifier.key), validity=validity_message(identifier.validity)
    )


def import_message(
    header: pb.ImportPersonsRequest, first_row: int, rows: Iterable[ImportRow]
) -> pb.ImportPersonsRequest:
    """Build one message of an import, whose rows are numbered from `first_row` on."""
    request = pb.ImportPersonsRequest(first_row=first_row)
    request.MergeFrom(header)
    for row in rows:
        put_row(request.rows.add(), row)
    return request


def import_fits(asked: pb.ImportPersonsRequest, response: pb.ImportPersonsResponse) -> bool:
    """Whether an answer has a result for each row that was sent."""
    last = asked.first_row + len(asked.rows)
    return [each.row for each in response.results] == list(range(asked.first_row, last))
