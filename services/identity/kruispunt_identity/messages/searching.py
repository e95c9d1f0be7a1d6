"""Searches, candidates and suspected duplicates: protobuf to domain and back."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from kruispunt.identity.v1 import identity_service_pb2, person_pb2, registration_service_pb2, search_pb2
from kruispunt_identity.domain.countries import country_code
from kruispunt_identity.domain.decision import Decision, DistinctReason
from kruispunt_identity.domain.texts import clean_optional_text
from kruispunt_identity.matching.profile import MatchName, MatchProfile
from kruispunt_identity.matching.score import Part
from kruispunt_identity.matching.suspicion import Suspicion
from kruispunt_identity.messages import values
from kruispunt_identity.store.candidates import Candidate
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.wire import parse_code, parse_ssin, timestamp_message

_CRITERIA: Final = "criteria"
_USUAL_TOLERANCE, _MOST_TOLERANCE = 1, 5
_NOTE: Final = 200
_DECISIONS: Final = 100
# A split is no reason that somebody gives: the registry notes it.
_REASONS: Final = {int(reason): reason for reason in DistinctReason if reason is not DistinctReason.SPLIT}
# The contract's names of what was compared; the others are the same.
_FIELDS: Final = {"family": "family_name", "given": "given_names"}


@dataclass(frozen=True, slots=True)
class Criteria:
    """Whom to search for.

    Attributes:
        query: what is known of the person: a family name and a birth year at least.
        year_tolerance: how many years the birth year may be off.
    """

    query: MatchProfile = field(repr=False)
    year_tolerance: int


def parse_criteria(criteria: search_pb2.PersonCriteria, today: dt.date) -> Criteria:
    """Read criteria.

    Raises:
        RegistryError: no family name or no birth year, INVALID_ARGUMENT / FIELD_REQUIRED; a birth after `today`,
            INVALID_ARGUMENT / TIME_IN_FUTURE; a tolerance outside 0 to 5, INVALID_ARGUMENT / FIELD_INVALID; no such
            gender, INVALID_ARGUMENT / CODE_UNKNOWN; whatever is wrong with a name, date or country.
    """
    try:
        name = values.parse_name(
            person_pb2.Name(family_name=criteria.family_name, given_names=criteria.given_names)
        )
        birth = _birth(criteria, today)
        gender = _gender(criteria)
        country = country_code(criteria.country, "country") if criteria.country else ""
        tolerance = parse_code(criteria.year_tolerance, "year_tolerance", 0, _MOST_TOLERANCE)
    except RegistryError as error:
        raise values.at(_CRITERIA, error) from None
    return Criteria(
        MatchProfile(
            (MatchName(name.family_name, name.given_names),),
            birth,
            gender,
            frozenset([country] if country else []),
        ),
        tolerance or _USUAL_TOLERANCE,
    )


def parse_decision(decision: registration_service_pb2.DistinctDecision, path: str) -> Decision:
    """Read the decision that a number is of another person.

    Raises:
        RegistryError: no number or no reason, INVALID_ARGUMENT / FIELD_REQUIRED; a number that is none,
            INVALID_ARGUMENT / NUMBER_MALFORMED; no such reason, INVALID_ARGUMENT / CODE_UNKNOWN; a note of more than
            200 characters or with forbidden ones, INVALID_ARGUMENT / TEXT_TOO_LONG or TEXT_FORBIDDEN.
    """
    ssin = parse_ssin(decision.ssin, f"{path}.ssin")
    reason = _REASONS.get(decision.reason)
    if reason is None:
        raise RegistryError(
            Reason.CODE_UNKNOWN if decision.reason else Reason.FIELD_REQUIRED,
            "there is no such reason" if decision.reason else "a reason is required",
            field=f"{path}.reason",
        )
    return Decision(ssin, reason, clean_optional_text(decision.note, f"{path}.note", _NOTE), f"{path}.ssin")


def parse_decisions(
    decisions: Sequence[registration_service_pb2.DistinctDecision], path: str
) -> list[Decision]:
    """Read decisions; errors as of `parse_decision`.

    Raises:
        RegistryError: more than 100, RESOURCE_EXHAUSTED / TOO_MANY_ELEMENTS; a number named twice,
            INVALID_ARGUMENT / FIELD_INVALID.
    """
    if len(decisions) > _DECISIONS:
        raise RegistryError(
            Reason.TOO_MANY_ELEMENTS, "too many decisions", field=path, metadata={"limit": str(_DECISIONS)}
        )
    read: list[Decision] = []
    for place, decision in enumerate(decisions):
        one = parse_decision(decision, f"{path}[{place}]")
        if any(one.ssin == other.ssin for other in read):
            raise RegistryError(Reason.FIELD_INVALID, "the number stands there already", field=one.field)
        read.append(one)
    return read


def candidate_message(
    candidate: Candidate, *, explained: bool, person: person_pb2.Person | None = None
) -> search_pb2.Candidate:
    """Build a candidate.

    Args:
        candidate: who was found.
        explained: whether the caller may see more than number and grade: the parts of the score tell whether gender
            or birth date agree, and so do the odds.
        person: what the caller may see of the person; may be filled in later.
    """
    message = search_pb2.Candidate(ssin=str(candidate.ssin), grade=int(candidate.grade))  # type: ignore[arg-type]
    if not explained:
        return message
    score = candidate.hit.score
    message.log2_odds = score.log2_odds
    message.parts.extend(part_messages(score.parts))
    message.by_former_name = candidate.by_former_name
    if candidate.found_under != candidate.ssin:
        message.found_under_ssin = str(candidate.found_under)
    if person is not None:
        message.person.CopyFrom(person)
    return message


def part_messages(parts: Iterable[Part]) -> list[search_pb2.ScorePart]:
    """Build the parts of a score, the weightiest first, whichever way they weigh."""
    ranked = sorted(parts, key=lambda part: -abs(part.weight))
    return [
        search_pb2.ScorePart(
            field=_FIELDS.get(part.field, part.field), level=str(part.level), weight=part.weight
        )
        for part in ranked
    ]


def suspicion_message(suspicion: Suspicion) -> identity_service_pb2.SuspectedDuplicate:
    """Build a pair that waits for somebody to decide, by the numbers that stand for it now."""
    first, second = suspicion.persons
    return identity_service_pb2.SuspectedDuplicate(
        first_ssin=str(first),
        second_ssin=str(second),
        grade=int(suspicion.grade),  # type: ignore[arg-type]
        parts=part_messages(suspicion.parts),
        find_time=timestamp_message(suspicion.found_at),
        rules_version=suspicion.rules_version,
    )


def _birth(criteria: search_pb2.PersonCriteria, today: dt.date) -> tuple[int, int, int]:
    try:
        date = values.parse_birth(person_pb2.Birth(date=criteria.birth_date), today).date
    except RegistryError as error:
        error.field = f"birth_{error.field}"
        raise
    if not date.year:
        raise RegistryError(Reason.FIELD_REQUIRED, "a birth year is required", field="birth_date")
    return date.year, date.month, date.day


def _gender(criteria: search_pb2.PersonCriteria) -> int:
    try:
        return int(values.parse_gender(criteria.gender))
    except RegistryError as error:
        raise values.at("gender", error) from None
