"""Persons, numbers and candidates: messages → values."""

from collections.abc import Iterable
from typing import Any

from kruispunt._fact_messages import fact_of, identifier_of, instant_of
from kruispunt._messages import date_of
from kruispunt.facts import DataGroup
from kruispunt.identity.v1 import identity_service_pb2 as service
from kruispunt.identity.v1 import person_pb2 as pb
from kruispunt.identity.v1 import search_pb2
from kruispunt.persons import (
    Candidate,
    Grade,
    NumberChangeReason,
    NumberEvent,
    NumberEventKind,
    NumberOutcome,
    NumberStatus,
    Person,
    PersonResult,
    PersonVersion,
    Protection,
    Register,
    Replacement,
    ResolvedNumber,
    ScorePart,
    SuspectedDuplicate,
)
from kruispunt.ssin import Ssin


def person_of(message: pb.Person, resolution: service.ResolvedNumber | None = None) -> Person:
    """Read a person, and what the number asked for turned out to be."""
    return Person(
        ssin=Ssin.parse(message.ssin),
        register=Register(message.register),
        status=NumberStatus(message.status),
        facts=tuple(map(fact_of, message.facts)),
        foreign_identifiers=tuple(map(identifier_of, message.foreign_identifiers)),
        former_ssins=numbers_of(message.former_ssins),
        etag=message.etag,
        record_time=instant_of(message.record_time) if message.HasField("record_time") else None,
        withheld=groups_of(message.withheld),
        resolution=None if resolution is None else resolved_of(resolution),
        protected=message.protected,
        message=message,
    )


def result_of(message: service.PersonResult) -> PersonResult:
    """Read what became of one number of a batch."""
    resolution = resolved_of(message.resolution)
    return PersonResult(
        resolution, person_of(message.person) if message.HasField("person") else None, message=message
    )


def resolved_of(message: service.ResolvedNumber) -> ResolvedNumber:
    """Read where a number leads."""
    return ResolvedNumber(
        asked=message.asked_ssin,
        outcome=NumberOutcome(message.outcome),
        current=Ssin.parse(message.current_ssin) if message.current_ssin else None,
        register=Register(message.register),
        chain=tuple(map(_replacement_of, message.chain)),
        protected=message.protected,
        message=message,
    )


def candidate_of(message: search_pb2.Candidate) -> Candidate:
    """Read a candidate."""
    return Candidate(
        ssin=Ssin.parse(message.ssin),
        grade=Grade(message.grade),
        log2_odds=message.log2_odds,
        parts=parts_of(message.parts),
        by_former_name=message.by_former_name,
        found_under=Ssin.parse(message.found_under_ssin) if message.found_under_ssin else None,
        person=person_of(message.person) if message.HasField("person") else None,
    )


def parts_of(messages: Iterable[search_pb2.ScorePart]) -> tuple[ScorePart, ...]:
    """Read the parts of a score."""
    return tuple(ScorePart(each.field, each.level, each.weight) for each in messages)


def version_of(message: service.PersonVersion) -> PersonVersion | None:
    """Read an entry of a history; none if it is of a kind that this version does not know."""
    match message.WhichOneof("entry"):
        case "fact":
            return fact_of(message.fact)
        case "number_event":
            return _event_of(message.number_event)
        case "foreign_identifier":
            return identifier_of(message.foreign_identifier)
        case "protection":
            return protection_of(message.protection)
    return None


def protection_of(message: pb.Protection) -> Protection:
    """Read a mark that a person is protected."""
    return Protection(
        registered_under=Ssin.parse(message.registered_ssin),
        begin=date_of(message.begin) if message.HasField("begin") else None,
        reference=message.reference,
        set_by=message.set_by,
        record_time=instant_of(message.record_time) if message.HasField("record_time") else None,
        lift_date=date_of(message.lift_date) if message.HasField("lift_date") else None,
        lift_reference=message.lift_reference,
        lifted_by=message.lifted_by,
        lift_time=instant_of(message.lift_time) if message.HasField("lift_time") else None,
        message=message,
    )


def referrals_of(messages: Iterable[search_pb2.Referral]) -> tuple[str, ...]:
    """Read what stands in place of the numbers of protected persons."""
    return tuple(each.referral for each in messages)


def pair_of(message: service.SuspectedDuplicate) -> SuspectedDuplicate:
    """Read a pair that may be one person."""
    return SuspectedDuplicate(
        first=Ssin.parse(message.first_ssin),
        second=Ssin.parse(message.second_ssin),
        grade=Grade(message.grade),
        parts=parts_of(message.parts),
        find_time=instant_of(message.find_time) if message.HasField("find_time") else None,
        rules_version=message.rules_version,
        message=message,
    )


def numbers_of(texts: Iterable[str]) -> tuple[Ssin, ...]:
    """Read numbers."""
    return tuple(map(Ssin.parse, texts))


def groups_of(numbers: Iterable[int]) -> tuple[DataGroup, ...]:
    """Read data groups."""
    return tuple(map(DataGroup, numbers))


def _replacement_of(message: pb.Replacement) -> Replacement:
    return Replacement(
        former=Ssin.parse(message.former_ssin),
        next=Ssin.parse(message.next_ssin),
        reason=NumberChangeReason(message.reason),
        effective_date=date_of(message.effective_date) if message.HasField("effective_date") else None,
        record_time=instant_of(message.record_time) if message.HasField("record_time") else None,
    )


def _event_of(message: service.NumberEvent) -> NumberEvent:
    return NumberEvent(
        kind=NumberEventKind(message.kind),
        ssin=Ssin.parse(message.ssin),
        other=Ssin.parse(message.other_ssin) if message.other_ssin else None,
        register=Register(message.register),
        reason=NumberChangeReason(message.reason),
        effective_date=date_of(message.effective_date) if message.HasField("effective_date") else None,
        record_time=instant_of(message.record_time) if message.HasField("record_time") else None,
        message=message,
    )


def group_numbers(groups: Iterable[DataGroup]) -> list[Any]:
    """Build a choice of data groups."""
    return [group.value for group in groups]  # same numbers, held by a test
