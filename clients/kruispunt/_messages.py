"""Dossiers and routes: values ↔ messages."""

import datetime as dt
from collections.abc import Iterable

from google.protobuf.timestamp_pb2 import Timestamp
from google.type import date_pb2

from kruispunt import routes, shapes
from kruispunt.common.v1 import values_pb2 as common
from kruispunt.directory.v1 import directory_service_pb2 as directory
from kruispunt.directory.v1 import dossier_pb2, dossier_service_pb2
from kruispunt.errors import NumberCancelled, NumberMalformed
from kruispunt.period import Period
from kruispunt.ssin import Ssin, SsinError
from kruispunt.values import (
    Change,
    Coverage,
    DataSetRef,
    Dossier,
    InstitutionRef,
    NetworkLevel,
    NumberVerification,
    PartialDate,
    PersonClaim,
    PersonDossiers,
    PersonStatus,
    Registration,
    RegistrationOutcome,
    RegistryWarning,
    Removal,
    Resolution,
    StaleDossier,
    StaleKind,
    WarningReason,
)


def date_message(day: dt.date | PartialDate) -> date_pb2.Date:
    """Build a date; unknown parts are 0."""
    return date_pb2.Date(year=day.year, month=day.month, day=day.day)


def optional_date(day: dt.date | None) -> date_pb2.Date | None:
    """Build a date, if there is one."""
    return None if day is None else date_message(day)


def optional_instant(instant: dt.datetime | None) -> Timestamp | None:
    """Build a timestamp from a zone-aware instant.

    Raises:
        ValueError: the instant has no zone.
    """
    if instant is None:
        return None
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    stamp = Timestamp()
    stamp.FromDatetime(instant.astimezone(dt.UTC))
    return stamp


def period_message(period: Period | None) -> common.Period | None:
    """Build a period, if there is one."""
    if period is None:
        return None
    return common.Period(begin=date_message(period.begin), end=optional_date(period.end))


def institution_message(ref: InstitutionRef | None) -> common.InstitutionRef | None:
    """Build the name of an institution, if there is one."""
    return None if ref is None else common.InstitutionRef(sector=ref.sector, institution=ref.institution)


def data_set_message(ref: DataSetRef) -> dossier_pb2.DataSetRef:
    """Build the name of a data set."""
    return dossier_pb2.DataSetRef(code=ref.code, variant=ref.variant)


def claim_message(claim: PersonClaim | None) -> dossier_pb2.PersonClaim | None:
    """Build a claim, if there is one."""
    if claim is None:
        return None
    return dossier_pb2.PersonClaim(
        family_name=claim.family_name,
        given_names=claim.given_names,
        birth_date=None if claim.birth_date is None else date_message(claim.birth_date),
        sex=claim.sex.value,  # type: ignore[arg-type]  # same numbers, held by a test
    )


def filter_message(
    sector: int | None, institution: int | None, capacity: int | None, network_level: NetworkLevel
) -> dossier_pb2.DossierFilter:
    """Build a filter on dossiers."""
    return dossier_pb2.DossierFilter(
        sector=sector,
        institution=institution,
        capacity=capacity,
        network_level=network_level.value,  # type: ignore[arg-type]  # same numbers, held by a test
    )


def question_message(question: routes.AccessQuestion) -> directory.CheckAccessRequest.Question:
    """Build a question "may I"."""
    return directory.CheckAccessRequest.Question(
        ssin=str(question.person),
        data_set=None if question.data_set is None else data_set_message(question.data_set),
        deliberation=question.deliberation,
    )


def put_shape(request: dossier_service_pb2.RemoveDossiersRequest, shape: shapes.Shape) -> None:
    """Set the shape of a removal."""
    match shape:
        case shapes.All():
            request.all.SetInParent()
        case shapes.Within(period):
            request.within.CopyFrom(_period(period))
        case shapes.InCapacity(capacity):
            request.capacity.capacity = capacity
            request.capacity.SetInParent()
        case shapes.InCapacityWithin(capacity, period):
            request.capacity_within.capacity = capacity
            request.capacity_within.period.CopyFrom(_period(period))
        case shapes.InCapacityAndPhase(capacity, phase):
            request.capacity_phase.capacity = capacity
            request.capacity_phase.phase = phase
            request.capacity_phase.SetInParent()
        case shapes.Cut(dossier_id, period, etag):
            request.cut.dossier_id = dossier_id
            request.cut.etag = etag
            request.cut.period.CopyFrom(_period(period))


def date_of(message: date_pb2.Date) -> dt.date:
    """Read a complete date."""
    return dt.date(message.year, message.month, message.day)


def period_of(message: common.Period) -> Period:
    """Read a period."""
    return Period(date_of(message.begin), date_of(message.end) if message.HasField("end") else None)


def institution_of(message: common.InstitutionRef) -> InstitutionRef:
    """Read the name of an institution."""
    return InstitutionRef(message.sector, message.institution)


def dossier_of(message: dossier_pb2.Dossier) -> Dossier:
    """Read a dossier."""
    return Dossier(
        dossier_id=message.dossier_id,
        ssin=Ssin.parse(message.ssin),
        registered_ssin=Ssin.parse(message.registered_ssin),
        institution=institution_of(message.institution),
        capacity=message.capacity,
        phase=message.phase,
        period=period_of(message.period),
        network_level=NetworkLevel(message.network_level),
        source=message.source,
        record_time=_instant(message.record_time) if message.HasField("record_time") else None,
        confirm_time=_instant(message.confirm_time) if message.HasField("confirm_time") else None,
        etag=message.etag,
        message=message,
    )


def resolution_of(message: common.NumberResolution) -> Resolution:
    """Read what a number turned out to be."""
    return Resolution(
        asked=Ssin.parse(message.asked_ssin),
        current=Ssin.parse(message.current_ssin),
        replaced=message.replaced,
        replace_date=date_of(message.replace_date) if message.HasField("replace_date") else None,
        verification=NumberVerification(message.verification),
    )


def registration_of(message: dossier_service_pb2.RegisterDossierResponse) -> Registration:
    """Read what came of a registration."""
    return Registration(
        dossier=dossier_of(message.dossier),
        outcome=RegistrationOutcome(message.outcome),
        joined=tuple(message.joined_dossier_ids),
        resolution=resolution_of(message.resolution),
        warnings=_warnings(message.warnings),
        message=message,
    )


def change_of(
    message: dossier_service_pb2.UpdateDossierResponse | dossier_service_pb2.CloseDossierResponse,
) -> Change:
    """Read what came of an update or a closing."""
    joined = (
        message.joined_dossier_ids if isinstance(message, dossier_service_pb2.UpdateDossierResponse) else ()
    )
    return Change(
        dossier=dossier_of(message.dossier),
        joined=tuple(joined),
        resolution=resolution_of(message.resolution),
        warnings=_warnings(message.warnings),
        message=message,
    )


def removal_of(message: dossier_service_pb2.RemoveDossiersResponse) -> Removal:
    """Read what came of a removal."""
    return Removal(
        removed=tuple(message.removed_dossier_ids),
        remaining=tuple(dossier_of(each) for each in message.remaining_dossiers),
        resolution=resolution_of(message.resolution),
        warnings=_warnings(message.warnings),
        message=message,
    )


def person_of(message: directory.PersonDossiers) -> PersonDossiers:
    """Read the answer to one number of a stream."""
    status = PersonStatus(message.status)
    current = None
    if status is not PersonStatus.NUMBER_MALFORMED:
        current = Ssin.parse(message.current_ssin or message.asked_ssin)
    return PersonDossiers(
        asked=message.asked_ssin,
        status=status,
        current=current,
        dossiers=tuple(dossier_of(each) for each in message.dossiers),
        message=message,
    )


def looked_up_of(message: directory.PersonDossiers) -> PersonDossiers:
    """Read the answer to one look-up.

    Raises:
        NumberMalformed: the number is none.
        NumberCancelled: it leads to no active one.
    """
    if message.status == directory.PERSON_STATUS_NUMBER_MALFORMED:
        raise NumberMalformed(
            "not a number", field="ssin", metadata={"field": "ssin", "fault": _fault_of(message.asked_ssin)}
        )
    if message.status == directory.PERSON_STATUS_NUMBER_CANCELLED:
        raise NumberCancelled("the number was cancelled and leads to no active one", field="ssin")
    return person_of(message)


def route_of(message: directory.GetRouteResponse) -> routes.Route:
    """Read a route."""
    return routes.Route(
        verdict=routes.RouteVerdict(message.verdict),
        checks=tuple(
            routes.RouteCheckResult(
                routes.RouteCheck(each.check), routes.CheckOutcome(each.outcome), each.explanation
            )
            for each in message.checks
        ),
        suppliers=tuple(
            routes.RouteSupplier(
                institution_of(each.institution),
                each.capacity,
                each.phase,
                period_of(each.period),
                NetworkLevel(each.network_level),
                each.availability_id,
                each.authorisation_id,
            )
            for each in message.suppliers
        ),
        deliberation=message.deliberation,
        authorisation_id=message.authorisation_id,
        resolution=resolution_of(message.resolution),
        decision_id=message.decision_id,
        message=message,
    )


def coverage_of(message: directory.InstitutionCoverage) -> Coverage:
    """Read what one institution has told."""
    return Coverage(
        institution_of(message.institution),
        _instant(message.last_change_time) if message.HasField("last_change_time") else None,
        _instant(message.synchronised_until) if message.HasField("synchronised_until") else None,
        message=message,
    )


def stale_of(message: directory.StaleDossier) -> StaleDossier:
    """Read a dossier that wants attention."""
    return StaleDossier(
        dossier_of(message.dossier),
        StaleKind(message.kind),
        _instant(message.since) if message.HasField("since") else None,
        message.age_days,
        message=message,
    )


def _warnings(messages: Iterable[common.Warning]) -> tuple[RegistryWarning, ...]:
    return tuple(RegistryWarning(WarningReason(w.reason), w.message, w.field) for w in messages)


def _instant(stamp: Timestamp) -> dt.datetime:
    return stamp.ToDatetime(tzinfo=dt.UTC)


def _period(period: Period) -> common.Period:
    return common.Period(begin=date_message(period.begin), end=optional_date(period.end))


def _fault_of(text: str) -> str:
    try:
        Ssin.parse(text)
    except SsinError as error:
        return error.fault.value
    return ""  # the registry is stricter than this version
