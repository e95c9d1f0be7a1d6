"""Facts and foreign identifiers: values ↔ messages.

Imports send millions of them: a message is filled where it stands, not built and copied into the one around it.
"""

import datetime as dt

from google.protobuf.timestamp_pb2 import Timestamp
from google.type import date_pb2

from kruispunt._messages import date_of, institution_of
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
    message = pb.FactStatement()
    put_statement(message, statement)
    return message


def put_statement(message: pb.FactStatement, statement: Statement) -> None:
    """Write what an institution says into an empty message."""
    put_value(message.value, statement.value)
    if statement.validity is not None:
        put_validity(message.validity, statement.validity)
    evidence = statement.evidence
    if evidence is not None:
        seen = message.evidence
        seen.kind = evidence.kind  # type: ignore[assignment]  # same numbers, held by a test
        seen.document_number = evidence.document_number
        seen.issuing_country = evidence.issuing_country


def put_value(message: pb.FactValue, value: FactValue) -> None:
    """Write a value into an empty message; which field is set says the data group."""
    match value:
        case Name():
            _put_name(message.name, value)
        case Birth():
            _put_event(message.birth, value)
        case Decease():
            _put_event(message.decease, value)
        case Gender():
            message.gender = value  # type: ignore[assignment]  # same numbers, held by a test
        case Nationalities():
            message.nationalities.SetInParent()  # nobody's are none, and are told all the same
            message.nationalities.countries.extend(value.countries)
        case CivilState():
            _put_civil_state(message.civil_state, value)
        case ResidentialAddress():
            _put_address(message.residential_address, value)
        case ContactAddress():
            _put_address(message.contact_address, value)


def put_validity(message: pb.Validity, validity: Validity) -> None:
    """Write the days on which something is true into an empty message."""
    message.SetInParent()  # without days it says: since before anybody knows
    if validity.begin is not None:
        _put_date(message.begin, validity.begin)
    if validity.end is not None:
        _put_date(message.end, validity.end)


def validity_message(validity: Validity | None) -> pb.Validity | None:
    """Build the days on which something is true, if they are said."""
    if validity is None:
        return None
    message = pb.Validity()
    put_validity(message, validity)
    return message


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
        message=message,
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
        message=message,
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


def _put_name(message: pb.Name, name: Name) -> None:
    message.family_name = name.family_name
    message.given_names.extend(name.given_names)


def _name_of(message: pb.Name) -> Name:
    return Name(message.family_name, tuple(message.given_names))


def _put_event(message: pb.Birth | pb.Decease, event: Birth | Decease) -> None:
    _put_date(message.date, event.date)
    if event.place is not None:
        place = message.place
        place.country = event.place.country
        place.municipality_code = event.place.municipality_code
        place.municipality_name = event.place.municipality_name


def _place_of(message: pb.Birth | pb.Decease) -> Place | None:
    if not message.HasField("place"):
        return None
    place = message.place
    return Place(place.country, place.municipality_code, place.municipality_name)


def _put_civil_state(message: pb.CivilState, state: CivilState) -> None:
    message.code = state.code
    if state.partner_ssin is not None:
        message.partner_ssin = str(state.partner_ssin)
    if state.partner_name is not None:
        _put_name(message.partner_name, state.partner_name)


def _civil_state_of(message: pb.CivilState) -> CivilState:
    return CivilState(
        message.code,
        Ssin.parse(message.partner_ssin) if message.partner_ssin else None,
        _name_of(message.partner_name) if message.HasField("partner_name") else None,
    )


def _put_address(message: pb.Address, address: ResidentialAddress | ContactAddress) -> None:
    message.country = address.country
    message.municipality_code = address.municipality_code
    message.municipality_name = address.municipality_name
    message.postal_code = address.postal_code
    message.street = address.street
    message.house_number = address.house_number
    message.box = address.box


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


def _put_date(message: date_pb2.Date, day: dt.date | PartialDate) -> None:
    """Write a date, of which parts or all may be unknown: 0."""
    message.year = day.year
    message.month = day.month
    message.day = day.day


def _evidence_of(message: pb.Evidence) -> Evidence:
    return Evidence(EvidenceKind(message.kind), message.document_number, message.issuing_country)


def _partial_of(message: date_pb2.Date) -> PartialDate:
    return PartialDate(message.year, message.month, message.day)
