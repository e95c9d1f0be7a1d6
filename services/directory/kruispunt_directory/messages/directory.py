"""Questions and answers of DirectoryService between wire and domain."""

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

from kruispunt.common.v1 import values_pb2
from kruispunt.directory.v1 import directory_service_pb2, dossier_pb2
from kruispunt_directory.domain.coverage import Coverage
from kruispunt_directory.domain.dossier import Dossier, DossierFilter
from kruispunt_directory.domain.knowledge import DataSetKey
from kruispunt_directory.domain.number import NumberStatus, Resolution
from kruispunt_directory.domain.route import Route, Supplier
from kruispunt_directory.messages.columns import write_columns
from kruispunt_directory.messages.dossiers import (
    dossier_message,
    parse_network_level,
    resolution_message,
    write_dossiers,
    write_resolution,
)
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.wire import (
    institution_message,
    parse_code,
    period_message,
    timestamp_message,
)

_DATA_SET = re.compile(r"[A-Z0-9-]{1,40}", re.ASCII)
_DELIBERATION = re.compile(r"[A-Za-z0-9/.-]{1,64}", re.ASCII)


def parse_filter(message: dossier_pb2.DossierFilter, field: str) -> DossierFilter:
    """Read which dossiers are meant.

    Raises:
        RegistryError: a code out of range, or an institution without its sector; INVALID_ARGUMENT.
    """
    if message.HasField("institution") and not message.HasField("sector"):
        raise RegistryError(Reason.FIELD_REQUIRED, "an institution needs its sector", field=f"{field}.sector")
    return DossierFilter(
        sector=parse_code(message.sector, f"{field}.sector", 0, 999) if message.HasField("sector") else None,
        institution=parse_code(message.institution, f"{field}.institution", 0, 999)
        if message.HasField("institution")
        else None,
        capacity=parse_code(message.capacity, f"{field}.capacity", 0, 999)
        if message.HasField("capacity")
        else None,
        network_level=parse_network_level(message.network_level, f"{field}.network_level"),
    )


def parse_data_set(message: dossier_pb2.DataSetRef, field: str) -> DataSetKey:
    """Read the name of a data set.

    Raises:
        RegistryError: not its format; INVALID_ARGUMENT.
    """
    if not message.code:
        raise RegistryError(Reason.FIELD_REQUIRED, "which data set is not said", field=f"{field}.code")
    if not _DATA_SET.fullmatch(message.code):
        raise RegistryError(Reason.FIELD_INVALID, '1 to 40 of A-Z, 0-9 and "-"', field=f"{field}.code")
    return DataSetKey(message.code, parse_code(message.variant, f"{field}.variant", 0, 999))


def parse_deliberation(text: str, legal_basis: str, field: str) -> str:
    """Read a deliberation; empty means the legal basis of the call."""
    if text and not _DELIBERATION.fullmatch(text):
        raise RegistryError(Reason.FIELD_INVALID, '1 to 64 of letters, digits, "/", "-" and "."', field=field)
    return text or legal_basis


def dossier_list(
    rows: Sequence[Any], resolution: Resolution, next_page_token: str = ""
) -> directory_service_pb2.ListDossiersResponse:
    """Build a page of one person's dossiers; the last one if no token follows."""
    message = directory_service_pb2.ListDossiersResponse()
    write_dossiers(message.dossiers, rows)
    message.next_page_token = next_page_token
    message.complete = not next_page_token
    write_resolution(message.resolution, resolution)
    return message


def write_person(
    message: directory_service_pb2.PersonDossiers, asked: str, resolution: Resolution, *, found: bool
) -> None:
    """Write what one number of a stream turned out to be into an empty message."""
    message.asked_ssin = asked
    if resolution.status is NumberStatus.CANCELLED:
        message.status = directory_service_pb2.PERSON_STATUS_NUMBER_CANCELLED
    elif found:
        message.status = directory_service_pb2.PERSON_STATUS_FOUND
    else:
        message.status = directory_service_pb2.PERSON_STATUS_NO_DOSSIER
    if resolution.is_replaced:
        message.current_ssin = str(resolution.current)


def write_as_messages(
    response: directory_service_pb2.ResolveDossiersResponse, dossiers: Sequence[Sequence[Any]]
) -> None:
    """Write the dossiers of each person, a message for each dossier."""
    for answer, rows in zip(response.persons, dossiers, strict=True):
        write_dossiers(answer.dossiers, rows)


def write_as_columns(
    response: directory_service_pb2.ResolveDossiersResponse, dossiers: Sequence[Sequence[Any]]
) -> None:
    """Write the dossiers of all persons column by column."""
    places = [place for place, rows in enumerate(dossiers) for _ in rows]
    if places:
        write_columns(response.columns, places, [row for rows in dossiers for row in rows])


def write_malformed_number(message: directory_service_pb2.PersonDossiers, asked: str) -> None:
    """Write the answer on what is no number. The text goes back as it came, cut at 64 characters."""
    message.asked_ssin = asked[:64]
    message.status = directory_service_pb2.PERSON_STATUS_NUMBER_MALFORMED


def route_message(
    route: Route, deliberation_id: str, resolution: Resolution, decision_id: str
) -> directory_service_pb2.GetRouteResponse:
    """Build the answer to GetRoute."""
    return directory_service_pb2.GetRouteResponse(
        verdict=int(route.verdict),  # type: ignore[arg-type]
        checks=[
            directory_service_pb2.RouteCheckResult(
                check=int(result.check),  # type: ignore[arg-type]
                outcome=int(result.outcome),  # type: ignore[arg-type]
                explanation=result.explanation,
            )
            for result in route.checks
        ],
        suppliers=[_supplier(supplier) for supplier in route.suppliers],
        deliberation=deliberation_id,
        authorisation_id=route.authorisation_id,
        resolution=resolution_message(resolution),
        decision_id=decision_id,
    )


def coverage_message(coverage: Coverage) -> directory_service_pb2.InstitutionCoverage:
    """Build the coverage of one institution."""
    message = directory_service_pb2.InstitutionCoverage(institution=institution_message(coverage.institution))
    if coverage.last_change_at is not None:
        message.last_change_time.CopyFrom(timestamp_message(coverage.last_change_at))
    if coverage.synchronised_until is not None:
        message.synchronised_until.CopyFrom(timestamp_message(coverage.synchronised_until))
    return message


def stale_message(
    dossier: Dossier, kind: directory_service_pb2.StaleKind.ValueType, since: dt.datetime, now: dt.datetime
) -> directory_service_pb2.StaleDossier:
    """Build a dossier that wants attention."""
    return directory_service_pb2.StaleDossier(
        dossier=dossier_message(dossier),
        kind=kind,
        since=timestamp_message(since),
        age_days=max(0, (now - since).days),
    )


def _supplier(supplier: Supplier) -> directory_service_pb2.RouteSupplier:
    dossier = supplier.dossier
    return directory_service_pb2.RouteSupplier(
        institution=institution_message(dossier.institution),
        capacity=dossier.capacity,
        phase=dossier.phase,
        period=period_message(dossier.period),
        network_level=values_pb2.NetworkLevel.ValueType(int(dossier.network_level)),
        availability_id=supplier.availability_id,
        authorisation_id=supplier.authorisation_id,
    )
