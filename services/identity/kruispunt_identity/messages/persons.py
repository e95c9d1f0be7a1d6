"""Persons, facts, numbers and foreign identifiers: domain to protobuf."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from google.type.date_pb2 import Date

from kruispunt.identity.v1 import identity_service_pb2 as service_pb
from kruispunt.identity.v1 import person_pb2 as pb
from kruispunt_identity.domain.fact import Fact
from kruispunt_identity.domain.found import FoundPerson
from kruispunt_identity.domain.identifier import ForeignIdentifier
from kruispunt_identity.domain.number import NumberEvent, Replacement, Resolved
from kruispunt_identity.domain.picture import Picture
from kruispunt_identity.domain.protection import Protection, hidden
from kruispunt_identity.domain.rights import ALL_GROUPS, NUMBER, View
from kruispunt_identity.domain.values import (
    Address,
    Birth,
    CivilState,
    DataGroup,
    Decease,
    Evidence,
    Gender,
    Name,
    Nationalities,
    PartialDate,
    Place,
    Validity,
    Value,
)
from kruispunt_server.call import Right
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.wire import date_message, institution_message, timestamp_message

_GROUPS: Final = {int(group): group for group in DataGroup}

# What arrives --------------------------------------------------------------------------------------------


def parse_data_groups(said: Sequence[int], field: str) -> frozenset[DataGroup]:
    """Read which data groups are wanted; none said: all.

    Raises:
        RegistryError: no such group, INVALID_ARGUMENT / CODE_UNKNOWN; one that stands there already,
            INVALID_ARGUMENT / FIELD_INVALID.
    """
    wanted: set[DataGroup] = set()
    for position, code in enumerate(said):
        group = _GROUPS.get(code)
        if group is None:
            raise RegistryError(
                Reason.CODE_UNKNOWN, "there is no such data group", field=f"{field}[{position}]"
            )
        if group in wanted:
            raise RegistryError(
                Reason.FIELD_INVALID, "the data group stands there already", field=f"{field}[{position}]"
            )
        wanted.add(group)
    return frozenset(wanted) or ALL_GROUPS


# What is answered ----------------------------------------------------------------------------------------


def person_message(found: FoundPerson, day: dt.date, view: View) -> pb.Person:
    """Build a person as seen on a day, as far as `view` shows them."""
    if view.hides(protected=found.protected):
        return pb.Person(ssin=str(found.ssin), status=int(found.status), protected=True)  # type: ignore[arg-type]
    return pb.Person(
        ssin=str(found.ssin),
        register=int(found.register),  # type: ignore[arg-type]
        status=int(found.status),  # type: ignore[arg-type]
        facts=fact_messages(found.picture, day, view.shown),
        foreign_identifiers=[identifier_message(one) for one in found.identifiers]
        if view.identifiers
        else [],
        former_ssins=[str(number) for number in found.lineage.numbers[1:]] if view.numbers else [],
        etag=found.etag,
        record_time=None if found.recorded_at is None else timestamp_message(found.recorded_at),
        withheld=[int(group) for group in view.withheld],  # type: ignore[misc]
        protected=found.protected,
    )


def fact_messages(picture: Picture, day: dt.date, groups: frozenset[DataGroup] = ALL_GROUPS) -> list[pb.Fact]:
    """Build the facts of some groups that are seen on a day, by group."""
    return [fact_message(fact, piece) for fact, piece in picture.on(day) if fact.group in groups]


def fact_message(fact: Fact, visible: Validity | None = None) -> pb.Fact:
    """Build a fact.

    Args:
        fact: as recorded.
        visible: days on which nothing covers it; none: it is not seen, or whether it is was not asked.
    """
    return pb.Fact(
        fact_id=str(fact.fact_id),
        value=value_message(fact.group, fact.value),
        validity=validity_message(fact.validity),
        visible=None if visible is None else validity_message(visible),
        source=institution_message(fact.source),
        evidence=None if fact.evidence is None else evidence_message(fact.evidence),
        registered_ssin=str(fact.registered_under),
        record_time=None if fact.recorded_at is None else timestamp_message(fact.recorded_at),
        supersede_time=None if fact.superseded_at is None else timestamp_message(fact.superseded_at),
        superseded_by_fact_id="" if fact.superseded_by is None else str(fact.superseded_by),
    )


def value_message(group: DataGroup, value: Value) -> pb.FactValue:
    """Build a value of a data group."""
    return pb.FactValue(**{group.name.lower(): _BUILDERS[type(value)](value)})


def validity_message(validity: Validity) -> pb.Validity:
    """Build days on which something is true; open sides are absent."""
    return pb.Validity(
        begin=None if validity.begin is None else date_message(validity.begin),
        end=None if validity.end is None else date_message(validity.end),
    )


def evidence_message(evidence: Evidence) -> pb.Evidence:
    """Build what an institution saw."""
    return pb.Evidence(
        kind=int(evidence.kind),  # type: ignore[arg-type]
        document_number=evidence.document_number,
        issuing_country=evidence.issuing_country,
    )


def identifier_message(identifier: ForeignIdentifier) -> pb.ForeignIdentifier:
    """Build a state of the link of a foreign identifier."""
    return pb.ForeignIdentifier(
        link_id=str(identifier.link_id),
        key=pb.IdentifierKey(
            country=identifier.key.country,
            scheme=int(identifier.key.scheme),  # type: ignore[arg-type]
            identifier=identifier.key.identifier,
        ),
        validity=validity_message(identifier.validity),
        source=institution_message(identifier.source),
        registered_ssin=str(identifier.registered_under),
        record_time=timestamp_message(identifier.recorded_at),
        etag=identifier.etag,
    )


def resolved_message(resolved: Resolved, right: Right, asked: str = "") -> service_pb.ResolvedNumber:
    """Build where a number leads, as far as a call may see.

    Args:
        resolved: where it leads.
        right: of the call.
        asked: the text that was asked for, needed where that is no number.
    """
    register = 0 if hidden(right, protected=resolved.protected) else int(resolved.register or 0)
    return service_pb.ResolvedNumber(
        asked_ssin=asked or ("" if resolved.asked is None else str(resolved.asked)),
        outcome=int(resolved.outcome),  # type: ignore[arg-type]
        current_ssin="" if resolved.current is None else str(resolved.current),
        register=register,  # type: ignore[arg-type]
        chain=[replacement_message(step) for step in resolved.chain] if NUMBER in right.data_groups else [],
        protected=resolved.protected,
    )


def replacement_message(step: Replacement) -> pb.Replacement:
    """Build a step of a chain."""
    return pb.Replacement(
        former_ssin=str(step.former),
        next_ssin=str(step.next_),
        reason=int(step.reason),  # type: ignore[arg-type]
        effective_date=date_message(step.effective_on),
        record_time=timestamp_message(step.recorded_at),
    )


def protection_message(mark: Protection) -> pb.Protection:
    """Build a mark."""
    lifted = mark.lifted_by
    return pb.Protection(
        registered_ssin=str(mark.registered_under),
        begin=date_message(mark.set_by.day),
        reference=mark.set_by.reference,
        set_by=mark.set_by.participant_id,
        record_time=timestamp_message(mark.recorded_at),
        lift_date=None if lifted is None else date_message(lifted.day),
        lift_reference="" if lifted is None else lifted.reference,
        lifted_by="" if lifted is None else lifted.participant_id,
        lift_time=None if mark.lifted_at is None else timestamp_message(mark.lifted_at),
    )


def event_message(event: NumberEvent) -> service_pb.NumberEvent:
    """Build what happened to a number."""
    return service_pb.NumberEvent(
        kind=int(event.kind),  # type: ignore[arg-type]
        ssin=str(event.ssin),
        other_ssin="" if event.other is None else str(event.other),
        register=int(event.register),  # type: ignore[arg-type]
        reason=int(event.reason or 0),  # type: ignore[arg-type]
        effective_date=date_message(event.effective_on),
        record_time=timestamp_message(event.recorded_at),
    )


def _name(name: Name) -> pb.Name:
    return pb.Name(family_name=name.family_name, given_names=name.given_names)


def _date(date: PartialDate) -> Date:
    return Date(year=date.year, month=date.month, day=date.day)


def _place(place: Place | None) -> pb.Place | None:
    if place is None:
        return None
    return pb.Place(
        country=place.country,
        municipality_code=place.municipality_code,
        municipality_name=place.municipality_name,
    )


def _civil_state(state: CivilState) -> pb.CivilState:
    return pb.CivilState(
        code=state.code,
        partner_ssin="" if state.partner_ssin is None else str(state.partner_ssin),
        partner_name=None if state.partner_name is None else _name(state.partner_name),
    )


def _address(address: Address) -> pb.Address:
    return pb.Address(
        country=address.country,
        municipality_code=address.municipality_code,
        municipality_name=address.municipality_name,
        postal_code=address.postal_code,
        street=address.street,
        house_number=address.house_number,
        box=address.box,
    )


_BUILDERS: Final[Mapping[type[Any], Callable[[Any], Any]]] = {
    Name: _name,
    Birth: lambda birth: pb.Birth(date=_date(birth.date), place=_place(birth.place)),
    Decease: lambda decease: pb.Decease(date=_date(decease.date), place=_place(decease.place)),
    Gender: int,
    Nationalities: lambda nationalities: pb.Nationalities(countries=nationalities.countries),
    CivilState: _civil_state,
    Address: _address,
}
