"""Dossiers between wire and domain: what DossierService takes and gives."""

import datetime as dt
import re
import uuid
from collections.abc import Sequence
from typing import Any, Final, Protocol

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from kruispunt.common.v1 import values_pb2
from kruispunt.directory.v1 import dossier_pb2, dossier_service_pb2
from kruispunt_directory.domain.book import Plan, Registration, Revision, Selection
from kruispunt_directory.domain.claim import Claim, PartialDate
from kruispunt_directory.domain.dossier import Dossier
from kruispunt_directory.domain.knowledge import NetworkLevel
from kruispunt_directory.domain.number import Resolution
from kruispunt_directory.domain.registering import Remark, Said, number_remarks
from kruispunt_server.call import InstitutionKey
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.wire import (
    EPOCH,
    UUID_FORM,
    date_message,
    parse_code,
    parse_day,
    parse_institution,
    parse_period,
    parse_ssin,
)

_SOURCE = re.compile(r"[a-z0-9-]{1,32}", re.ASCII)
_UPDATABLE = ("phase", "period", "network_level", "source")


# What arrives --------------------------------------------------------------------------------------------


def parse_said(
    request: dossier_service_pb2.RegisterDossierRequest | dossier_service_pb2.DossierRow, own: InstitutionKey
) -> Said:
    """Read what is registered, alone or as a row; the institution is nobody's but the caller's.

    Raises:
        RegistryError: another institution, PERMISSION_DENIED / NOT_OWN_INSTITUTION; a field is absent or malformed,
            INVALID_ARGUMENT.
    """
    asked = parse_ssin(request.ssin, "ssin")
    if request.HasField("institution") and parse_institution(request.institution, "institution") != own:
        raise RegistryError(
            Reason.NOT_OWN_INSTITUTION,
            "only the institution itself may touch its dossiers",
            field="institution",
        )
    registration = Registration(
        capacity=parse_code(request.capacity, "capacity", 0, 999),
        phase=parse_code(request.phase, "phase", 0, 99),
        period=parse_period(request.period, "period"),
        network_level=parse_network_level(request.network_level, "network_level"),
        source=parse_source(request.source, "source") if request.source else None,
    )
    return Said(asked, registration, parse_claim(request.claim) if request.HasField("claim") else None)


def parse_revision(request: dossier_service_pb2.UpdateDossierRequest) -> Revision:
    """Read what changes; only what the mask names.

    Raises:
        RegistryError: an empty mask or an unknown path in it, `effective_from` without a new phase or
            together with a new period; INVALID_ARGUMENT.
    """
    paths = list(request.update_mask.paths)
    if not paths:
        raise RegistryError(Reason.FIELD_REQUIRED, "the mask names no field", field="update_mask")
    if any(path not in _UPDATABLE for path in paths):
        raise RegistryError(
            Reason.FIELD_INVALID,
            "the mask names a field that cannot change",
            field="update_mask",
            metadata={"allowed": ",".join(_UPDATABLE)},
        )
    effective_from = (
        parse_day(request.effective_from, "effective_from") if request.HasField("effective_from") else None
    )
    if effective_from and ("phase" not in paths or "period" in paths):
        raise RegistryError(
            Reason.FIELD_INVALID,
            "only a new phase, without a new period, takes effect from a day",
            field="effective_from",
        )
    level = parse_network_level(request.network_level, "network_level")
    if "network_level" in paths and level is None:
        raise RegistryError(Reason.FIELD_REQUIRED, "the network level is not said", field="network_level")
    return Revision(
        phase=parse_code(request.phase, "phase", 0, 99) if "phase" in paths else None,
        period=parse_period(request.period, "period") if "period" in paths else None,
        network_level=level if "network_level" in paths else None,
        source=parse_source(request.source, "source") if "source" in paths else None,
        effective_from=effective_from,
    )


def parse_selection(request: dossier_service_pb2.RemoveDossiersRequest) -> Selection | None:
    """Read one of the first five shapes of removal; none for `cut`.

    Raises:
        RegistryError: no shape at all; INVALID_ARGUMENT / FIELD_REQUIRED.
    """
    match request.WhichOneof("shape"):
        case "all":
            return Selection()
        case "within":
            return Selection(within=parse_period(request.within, "within"))
        case "capacity":
            return Selection(capacity=parse_code(request.capacity.capacity, "capacity.capacity", 0, 999))
        case "capacity_within":
            shape = request.capacity_within
            return Selection(
                capacity=parse_code(shape.capacity, "capacity_within.capacity", 0, 999),
                within=parse_period(shape.period, "capacity_within.period"),
            )
        case "capacity_phase":
            return Selection(
                capacity=parse_code(request.capacity_phase.capacity, "capacity_phase.capacity", 0, 999),
                phase=parse_code(request.capacity_phase.phase, "capacity_phase.phase", 0, 99),
            )
        case "cut":
            return None
    raise RegistryError(Reason.FIELD_REQUIRED, "say what to remove", field="shape")


def parse_claim(claim: dossier_pb2.PersonClaim) -> Claim:
    """Read what the institution believes about the person."""
    if len(claim.family_name) > 100:
        raise RegistryError(Reason.FIELD_INVALID, "at most 100 characters", field="claim.family_name")
    if len(claim.given_names) > 10:
        raise RegistryError(Reason.FIELD_INVALID, "at most 10 names", field="claim.given_names")
    for position, name in enumerate(claim.given_names):
        if not 1 <= len(name) <= 50:
            raise RegistryError(
                Reason.FIELD_INVALID, "1 to 50 characters", field=f"claim.given_names[{position}]"
            )
    born = claim.birth_date
    if not (0 <= born.year <= 2999 and 0 <= born.month <= 12 and 0 <= born.day <= 31):
        raise RegistryError(Reason.DATE_INVALID, "no such date", field="claim.birth_date")
    if claim.sex not in (0, 1, 2):
        raise RegistryError(Reason.FIELD_INVALID, "no such sex", field="claim.sex")
    return Claim(
        family_name=claim.family_name,
        given_names=tuple(claim.given_names),
        birth_date=PartialDate(born.year, born.month, born.day) if claim.HasField("birth_date") else None,
        sex=int(claim.sex),
    )


def parse_dossier_id(text: str, field: str) -> uuid.UUID:
    """Read a dossier identifier.

    Raises:
        RegistryError: empty or no UUID; INVALID_ARGUMENT.
    """
    if not text:
        raise RegistryError(Reason.FIELD_REQUIRED, "which dossier is not said", field=field)
    if not UUID_FORM.fullmatch(text):
        raise RegistryError(Reason.FIELD_INVALID, "no dossier identifier", field=field)
    return uuid.UUID(text)


def parse_network_level(value: int, field: str) -> NetworkLevel | None:
    """Read a network level; none if it is not said."""
    if value == 0:
        return None
    try:
        return NetworkLevel(value)
    except ValueError:
        raise RegistryError(Reason.FIELD_INVALID, "no such network level", field=field) from None


def parse_source(text: str, field: str) -> str:
    """Read where an institution has a dossier from."""
    if not _SOURCE.fullmatch(text):
        raise RegistryError(Reason.FIELD_INVALID, '1 to 32 of a-z, 0-9 and "-"', field=field)
    return text


# What leaves ---------------------------------------------------------------------------------------------


class DossierField(Protocol):
    """The repeated field of an answer that dossiers go into."""

    def add(self) -> dossier_pb2.Dossier:
        """Append an empty message."""
        ...


def write_dossiers(field: DossierField, rows: Sequence[Any]) -> None:
    """Append one message per row.

    They are built where they stand: a message that is given to a constructor is copied with all that is in it,
    which costs as much again as building it.
    """
    for row in rows:
        _write_dossier(field.add(), row)


def _write_dossier(message: dossier_pb2.Dossier, row: Sequence[Any]) -> None:
    """Write a row in the order of `DossierRow`, as either driver gives it, into an empty message."""
    (person, registered, sector, institution, capacity, phase, begin, end, level, source, *rest) = row
    dossier_id, version, recorded_at, confirmed_at = rest
    message.dossier_id = identifier_text(dossier_id)
    message.ssin = f"{person:011d}"
    message.registered_ssin = f"{registered:011d}"
    message.institution.sector = sector
    message.institution.institution = institution
    message.capacity = capacity
    message.phase = phase
    _write_day(message.period.begin, begin)
    if end is not None:
        _write_day(message.period.end, end)
    message.network_level = level
    message.source = source
    _write_instant(message.record_time, recorded_at)
    _write_instant(message.confirm_time, confirmed_at)
    message.etag = str(version)


def dossier_message(dossier: Dossier) -> dossier_pb2.Dossier:
    """Build the message of a dossier."""
    message = dossier_pb2.Dossier()
    _write_dossier(
        message,
        (
            int(dossier.person),
            int(dossier.registered_under),
            dossier.institution.sector,
            dossier.institution.institution,
            dossier.capacity,
            dossier.phase,
            dossier.period.begin,
            dossier.period.end,
            int(dossier.network_level),
            dossier.source,
            dossier.dossier_id,
            dossier.version,
            dossier.recorded_at,
            dossier.confirmed_at,
        ),
    )
    return message


def joined_ids(plan: Plan) -> list[str]:
    """Return the identifiers of the dossiers that stand no more."""
    return [str(before.dossier_id) for before, _ in plan.removed]


def resolution_message(resolution: Resolution) -> values_pb2.NumberResolution:
    """Build what a number turned out to be."""
    message = values_pb2.NumberResolution()
    write_resolution(message, resolution)
    return message


def write_resolution(message: values_pb2.NumberResolution, resolution: Resolution) -> None:
    """Write what a number turned out to be into an empty message."""
    message.asked_ssin = str(resolution.asked)
    message.current_ssin = str(resolution.current)
    message.replaced = resolution.is_replaced
    message.verification = int(resolution.verification)  # type: ignore[assignment]
    if resolution.replaced_on is not None:
        message.replace_date.CopyFrom(date_message(resolution.replaced_on))


def number_warnings(resolution: Resolution) -> list[values_pb2.Warning]:
    """Build the warnings that a number deserves."""
    return warning_messages(number_remarks(resolution))


def warning_messages(remarks: Remark) -> list[values_pb2.Warning]:
    """Build one warning for each remark."""
    return [_WARNINGS[each] for each in remarks]


def warning_reasons(remarks: Remark) -> list[values_pb2.WarningReason.ValueType]:
    """Return the reason of each remark, each reason once."""
    return list(dict.fromkeys(_WARNINGS[each].reason for each in remarks))


_WARNINGS: Final = {
    Remark.NUMBER_REPLACED: values_pb2.Warning(
        reason=values_pb2.WARNING_REASON_NUMBER_REPLACED,
        message="the number was replaced; the current one was used",
        field="ssin",
    ),
    # Identity knows of a replacement which the directory has not heard of yet.
    Remark.REPLACED_IN_REGISTERS: values_pb2.Warning(
        reason=values_pb2.WARNING_REASON_NUMBER_REPLACED,
        message="the registers replaced the number; "
        "the dossier stands under it until the directory has heard of that",
        field="ssin",
    ),
    Remark.NUMBER_UNUSUAL: values_pb2.Warning(
        reason=values_pb2.WARNING_REASON_NUMBER_UNUSUAL,
        message="the date inside the number is no calendar day",
        field="ssin",
    ),
    Remark.CLAIM_NOT_COMPARED: values_pb2.Warning(
        reason=values_pb2.WARNING_REASON_CLAIM_NOT_COMPARED,
        message="the identity registers were not at hand; nothing was compared",
        field="claim",
    ),
    Remark.ALREADY_REGISTERED: values_pb2.Warning(
        reason=values_pb2.WARNING_REASON_ALREADY_REGISTERED,
        message="the same registration stood already; nothing was changed",
    ),
}


def identifier_text(identifier: uuid.UUID | str) -> str:
    """Return a UUID in lower case with dashes; SQLite keeps it as 32 hexadecimal digits."""
    if isinstance(identifier, str) and len(identifier) == 32:
        text = identifier
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
    return str(identifier)


def _write_day(message: Date, raw: dt.date | str) -> None:
    day = dt.date.fromisoformat(raw) if isinstance(raw, str) else raw
    message.year = day.year
    message.month = day.month
    message.day = day.day


def _write_instant(message: Timestamp, raw: dt.datetime | int) -> None:
    if isinstance(raw, int):  # SQLite: microseconds since 1970
        message.seconds, micros = divmod(raw, 1_000_000)
    else:
        since = raw - EPOCH
        message.seconds = since.days * 86_400 + since.seconds
        micros = since.microseconds
    message.nanos = micros * 1000
