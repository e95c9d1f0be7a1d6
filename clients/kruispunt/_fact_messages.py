"""Facts and foreign identifiers: values ↔ messages."""

import datetime as dt

from google.protobuf.timestamp_pb2 import Timestamp
from google.type import date_pb2

from kruispunt._messages import date_message, date_of, institution_of, optional_date
from kruispunt.facts import (
    Birth,
    CivilState,
    ContactAddress,
    DataGroup,
    Decease,
    Evidence,
    EvidenceKind,
    Fact,
    FactValue,
    ForeignIdentifier,
    Gender,
    IdentifierKey,
    IdentifierScheme,
    Name,
    Nationalities,
    Place,
    ResidentialAddress,
    Statement,
    Validity,
)
from kruispunt.identity.v1 import person_pb2 as pb
from kruispunt.ssin import Ssin
from kruispunt.values import PartialDate


def statement_message(statement: Statement) -> pb.FactStatement:
    """Build what an institution says."""
    return pb.FactStatement(
        value=value_message(statement.value),
        validity=validity_message(statement.validity),
        evidence=_evidence_message(statement.evidence),
    )


def value_message(value: FactValue) -> pb.FactValue:  # noqa: PLR0911 - one for each data group
    """Build a value; which field is set says the data group."""
    match value:
        case Name():
            return pb.FactValue(name=_name_message(value))
        case Birth(date, place):
            return pb.FactValue(birth=pb.Birth(date=date_message(date), place=_place_message(place)))
        case Decease(date, place):
            return pb.FactValue(decease=pb.Decease(date=date_message(date), place=_place_message(place)))
        case Gender():
            return pb.FactValue(gender=value.value)  # type: ignore[arg-type]  # same numbers, held by a test
        case Nationalities(countries):
            return pb.FactValue(nationalities=pb.Nationalities(countries=countries))
        case CivilState():
            return pb.FactValue(civil_state=_civil_state_message(value))
        case ResidentialAddress():
            return pb.FactValue(residential_address=_address_message(value))
        case ContactAddress():
            return pb.FactValue(contact_address=_address_message(value))


def validity_message(validity: Validity | None) -> pb.Validity | None:
    """Build the days on which something is true, if they are said."""
    if validity is None:
        return None
    return pb.Validity(begin=optional_date(validity.begin), end=optional_date(validity.end))


def key_message(key: IdentifierKey) -> pb.IdentifierKey:
    """Build the key of a foreign identifier."""
    return pb.IdentifierKey(
        country=key.country,
        scheme=key.scheme.value,  # type: ignore[arg-type]  # same numbers, held by a test
        identifier=key.identifier,
    )


def fact_of(message: pb.Fact) -> Fact:
    """Read a fact."""
    value = value_of(message.value)
    which = message.value.WhichOneof("value")
    return Fact(
        fact_id=message.fact_id,
        group=DataGroup[which.upper()] if which else DataGroup.UNSPECIFIED,
        value=value,
        validity=validity_of(message.validity),
        visible=validity_of(message.visible) if message.HasField("visible") else None,
        source=institution_of(message.source),
        evidence=_evidence_of(message.evidence) if message.HasField("evidence") else None,
        registered_ssin=Ssin.parse(message.registered_ssin),
        record_time=instant_of(message.record_time) if message.HasField("record_time") else None,
        supersede_time=instant_of(message.supersede_time) if message.HasField("supersede_time") else None,
        superseded_by=message.superseded_by_fact_id,
    )


def value_of(message: pb.FactValue) -> FactValue | None:  # noqa: PLR0911 - one for each data group
    """Read a value; none of a group that this version does not know."""
    match message.WhichOneof("value"):
        case "name":
            return _name_of(message.name)
        case "birth":
            return Birth(_partial_of(message.birth.date), _place_of(message.birth))
        case "decease":
            return Decease(_partial_of(message.decease.date), _place_of(message.decease))
        case "gender":
            return Gender(message.gender)
        case "nationalities":
            return Nationalities(tuple(message.nationalities.countries))
        case "civil_state":
            return _civil_state_of(message.civil_state)
        case "residential_address":
            return ResidentialAddress(*_address_parts(message.residential_address))
        case "contact_address":
            return ContactAddress(*_address_parts(message.contact_address))
    return None


def identifier_of(message: pb.ForeignIdentifier) -> ForeignIdentifier:
    """Read a linked foreign identifier."""
    return ForeignIdentifier(
        link_id=message.link_id,
        key=IdentifierKey(message.key.country, IdentifierScheme(message.key.scheme), message.key.identifier),
        validity=validity_of(message.validity),
        source=institution_of(message.source),
        registered_ssin=Ssin.parse(message.registered_ssin),
        record_time=instant_of(message.record_time) if message.HasField("record_time") else None,
        etag=message.etag,
    )


def validity_of(message: pb.Validity) -> Validity:
    """Read days on which something is true."""
    return Validity(
        date_of(message.begin) if message.HasField("begin") else None,
        date_of(message.end) if message.HasField("end") else None,
    )


def instant_of(stamp: Timestamp) -> dt.datetime:
    """Read an instant, UTC."""
    return stamp.ToDatetime(tzinfo=dt.UTC)


def _name_message(name: Name) -> pb.Name:
    return pb.Name(family_name=name.family_name, given_names=name.given_names)


def _name_of(message: pb.Name) -> Name:
    return Name(message.family_name, tuple(message.given_names))


def _place_message(place: Place | None) -> pb.Place | None:
    if place is None:
        return None
    return pb.Place(
        country=place.country,
        municipality_code=place.municipality_code,
        municipality_name=place.municipality_name,
    )


def _place_of(message: pb.Birth | pb.Decease) -> Place | None:
    if not message.HasField("place"):
        return None
    place = message.place
    return Place(place.country, place.municipality_code, place.municipality_name)


def _civil_state_message(state: CivilState) -> pb.CivilState:
    return pb.CivilState(
        code=state.code,
        partner_ssin="" if state.partner_ssin is None else str(state.partner_ssin),
        partner_name=None if state.partner_name is None else _name_message(state.partner_name),
    )


def _civil_state_of(message: pb.CivilState) -> CivilState:
    return CivilState(
        message.code,
        Ssin.parse(message.partner_ssin) if message.partner_ssin else None,
        _name_of(message.partner_name) if message.HasField("partner_name") else None,
    )


def _address_message(address: ResidentialAddress | ContactAddress) -> pb.Address:
    return pb.Address(
        country=address.country,
        municipality_code=address.municipality_code,
        municipality_name=address.municipality_name,
        postal_code=address.postal_code,
        street=address.street,
        house_number=address.house_number,
        box=address.box,
    )


def _address_parts(message: pb.Address) -> tuple[str, int, str, str, str, str, str]:
    return (
        message.country,
        message.municipality_code,
        message.municipality_name,
        message.postal_code,
        message.street,
        message.house_number,
        message.box,
    )


def _evidence_message(evidence: Evidence | None) -> pb.Evidence | None:
    if evidence is None:
        return None
    return pb.Evidence(
        kind=evidence.kind.value,  # type: ignore[arg-type]  # same numbers, held by a test
        document_number=evidence.document_number,
        issuing_country=evidence.issuing_country,
    )


def _evidence_of(message: pb.Evidence) -> Evidence:
    return Evidence(EvidenceKind(message.kind), message.document_number, message.issuing_country)


def _partial_of(message: date_pb2.Date) -> PartialDate:
    return PartialDate(message.year, message.month, message.day)
