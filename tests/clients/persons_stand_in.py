"""Messages of the identity service as a test wants them."""

from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from kruispunt.common.v1 import values_pb2 as common
from kruispunt.identity.v1 import identity_service_pb2 as reading
from kruispunt.identity.v1 import person_pb2 as pb
from kruispunt.identity.v1 import registration_service_pb2 as writing
from kruispunt.identity.v1 import search_pb2

BEA = "75460898095"  # bis
CAS = "75260898052"  # bis, sex unknown
NATIONAL = "75060898009"
WELFARE = common.InstitutionRef(sector=17, institution=101)


def instant(seconds: int) -> Timestamp:
    """Seconds after noon of 1 May 2026, UTC."""
    return Timestamp(seconds=1_777_636_800 + seconds)


def day(year: int, month: int, of_month: int) -> Date:
    return Date(year=year, month=month, day=of_month)


def name(family: str = "Janssens", *given: str) -> pb.FactValue:
    return pb.FactValue(name=pb.Name(family_name=family, given_names=given or ("Bea",)))


def birth() -> pb.FactValue:
    place = pb.Place(country="MA", municipality_name="Tanger")
    return pb.FactValue(birth=pb.Birth(date=Date(year=1975, month=6), place=place))


def fact(
    value: pb.FactValue,
    fact_id: str = "f-1",
    *,
    at: int = 0,
    taken_back_at: int = 0,
    corrected_by: str = "",
    under: str = BEA,
) -> pb.Fact:
    return pb.Fact(
        fact_id=fact_id,
        value=value,
        validity=pb.Validity(begin=day(2026, 5, 1)),
        visible=None if taken_back_at else pb.Validity(begin=day(2026, 5, 1)),
        source=WELFARE,
        evidence=pb.Evidence(kind=pb.EVIDENCE_KIND_PASSPORT, document_number="EH123", issuing_country="MA"),
        registered_ssin=under,
        record_time=instant(at),
        supersede_time=instant(taken_back_at) if taken_back_at else None,
        superseded_by_fact_id=corrected_by,
    )


def identifier() -> pb.ForeignIdentifier:
    key = pb.IdentifierKey(country="MA", scheme=pb.IDENTIFIER_SCHEME_PASSPORT, identifier="EH 123")
    return pb.ForeignIdentifier(
        link_id="l-1",
        key=key,
        validity=pb.Validity(begin=day(2026, 5, 1)),
        source=WELFARE,
        registered_ssin=BEA,
        record_time=instant(60),
        etag="le1",
    )


def person(ssin: str = BEA, *, former: tuple[str, ...] = ()) -> pb.Person:
    return pb.Person(
        ssin=ssin,
        register=pb.REGISTER_NATIONAL if ssin == NATIONAL else pb.REGISTER_BIS,
        status=pb.NUMBER_STATUS_ACTIVE,
        facts=[fact(name(), "f-1"), fact(birth(), "f-2")],
        foreign_identifiers=[identifier()],
        former_ssins=former,
        etag="e1",
        record_time=instant(0),
        withheld=[pb.DATA_GROUP_CIVIL_STATE],
    )


def resolved(asked: str = BEA, current: str = "") -> reading.ResolvedNumber:
    if len(asked) != 11:
        return reading.ResolvedNumber(asked_ssin=asked, outcome=reading.NUMBER_OUTCOME_MALFORMED)
    step = pb.Replacement(
        former_ssin=asked,
        next_ssin=current or asked,
        reason=pb.NUMBER_CHANGE_REASON_DUPLICATE,
        effective_date=day(2026, 5, 1),
        record_time=instant(120),
    )
    return reading.ResolvedNumber(
        asked_ssin=asked,
        outcome=reading.NUMBER_OUTCOME_REPLACED if current else reading.NUMBER_OUTCOME_CURRENT,
        current_ssin=current or asked,
        register=pb.REGISTER_BIS,
        chain=[step] if current else [],
    )


def candidate(ssin: str = CAS, grade: int = search_pb2.GRADE_STRONG) -> search_pb2.Candidate:
    return search_pb2.Candidate(
        ssin=ssin,
        grade=grade,  # type: ignore[arg-type]
        log2_odds=7.5,
        parts=[search_pb2.ScorePart(field="family_name", level="sounds alike", weight=6.25)],
        by_former_name=True,
        person=person(ssin),
    )


def found(*candidates: search_pb2.Candidate) -> reading.SearchPersonsResponse:
    return reading.SearchPersonsResponse(
        candidates=candidates, search_id="s-1", rules_version=1, truncated=False
    )


def conflict() -> writing.Conflict:
    return writing.Conflict(
        data_group=pb.DATA_GROUP_NAME, former=fact(name("Jansens"), "f-8"), next=fact(name(), "f-9")
    )


def preview() -> writing.PreviewReplacementResponse:
    return writing.PreviewReplacementResponse(
        moving_facts=[fact(name("Jansens"), "f-8")],
        moving_identifiers=[identifier()],
        moving_ssins=[CAS],
        told=[WELFARE],
        told_is_complete=True,
        conflicts=[conflict()],
        former_etag="fe",
        next_etag="ne",
    )


def event(kind: int, at: int, other: str = "", reason: int = 0) -> reading.PersonVersion:
    return reading.PersonVersion(
        number_event=reading.NumberEvent(
            kind=kind,  # type: ignore[arg-type]
            ssin=BEA,
            other_ssin=other,
            register=pb.REGISTER_BIS,
            reason=reason,  # type: ignore[arg-type]
            effective_date=day(2026, 5, 1),
            record_time=instant(at),
        )
    )


def history() -> list[reading.PersonVersion]:
    """Registered, named, corrected, told an address that was taken back, linked, replaced."""
    address = pb.FactValue(
        contact_address=pb.Address(
            country="BE", street="Meir", house_number="1", municipality_name="Antwerpen"
        )
    )
    return [
        event(1, 0),
        reading.PersonVersion(fact=fact(name("Jansens"), "f-1", taken_back_at=30, corrected_by="f-3")),
        reading.PersonVersion(fact=fact(birth(), "f-2", at=1)),
        reading.PersonVersion(fact=fact(name(), "f-3", at=30)),
        reading.PersonVersion(fact=fact(address, "f-4", at=40, taken_back_at=90)),
        reading.PersonVersion(foreign_identifier=identifier()),
        event(2, 120, NATIONAL, pb.NUMBER_CHANGE_REASON_NATIONAL_NUMBER_GIVEN),
    ]


def import_all(requests: Any, _context: object) -> Any:
    """Import every row."""
    for request in requests:
        yield writing.ImportPersonsResponse(
            results=[
                writing.RowResult(
                    row=request.first_row + place, outcome=writing.ROW_OUTCOME_IMPORTED, ssin=BEA
                )
                for place in range(len(request.rows))
            ]
        )
