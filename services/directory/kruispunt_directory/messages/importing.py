"""Rows of an import of dossiers: protobuf to domain and back."""

from kruispunt.directory.v1 import dossier_service_pb2 as pb
from kruispunt_directory.domain.importing import ImportRow, RowOutcome, RowResult, refused
from kruispunt_directory.messages.dossiers import parse_said, warning_reasons
from kruispunt_server.call import InstitutionKey
from kruispunt_server.errors import RegistryError
from kruispunt_server.wire import REASON_NUMBERS


def parse_row(message: pb.DossierRow, row: int, own: InstitutionKey) -> ImportRow | RowResult:
    """Read a row; one that is wrong is an outcome, and stops nobody."""
    try:
        return ImportRow(row, parse_said(message, own))
    except RegistryError as error:
        return refused(row, error)


def write_result(message: pb.DossierRowResult, result: RowResult) -> None:
    """Write what became of a row into an empty message."""
    message.row = result.row
    message.outcome = int(result.outcome)  # type: ignore[assignment]
    message.repeated = result.repeated
    if result.reason is not None:
        message.reason = REASON_NUMBERS[result.reason]
        message.field = result.field
        message.message = result.message
    if result.outcome is not RowOutcome.REFUSED:
        message.dossier_id = str(result.dossier_id)
        message.current_ssin = str(result.person)
    if result.remarks:
        message.warnings.extend(warning_reasons(result.remarks))
