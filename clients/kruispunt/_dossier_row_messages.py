"""Rows of an import of dossiers: values ↔ messages."""

from kruispunt._messages import claim_message, institution_message, period_message
from kruispunt._status import reason_of
from kruispunt.directory.v1 import dossier_service_pb2 as pb
from kruispunt.dossier_rows import DossierRow, DossierRowOutcome, DossierRowResult
from kruispunt.ssin import Ssin
from kruispunt.values import WarningReason


def row_message(row: DossierRow) -> pb.DossierRow:
    """Build a row."""
    return pb.DossierRow(
        ssin=str(row.ssin),
        institution=institution_message(row.institution),
        capacity=row.capacity,
        phase=row.phase,
        period=period_message(row.period),
        network_level=row.network_level.value,  # type: ignore[arg-type]  # same numbers, held by a test
        source=row.source,
        claim=claim_message(row.claim),
    )


def row_result_of(message: pb.DossierRowResult) -> DossierRowResult:
    """Read what became of a row."""
    return DossierRowResult(
        message.row,
        DossierRowOutcome(message.outcome),
        message.repeated,
        message.dossier_id,
        Ssin.parse(message.current_ssin) if message.current_ssin else None,
        reason_of(message.reason),
        message.field,
        message.message,
        tuple(map(WarningReason, message.warnings)),
    )


def import_fits(asked: pb.ImportDossiersRequest, response: pb.ImportDossiersResponse) -> bool:
    """Whether an answer has a result for each row that was sent."""
    return [each.row for each in response.results] == list(
        range(asked.first_row, asked.first_row + len(asked.rows))
    )
