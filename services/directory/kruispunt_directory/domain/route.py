"""The answer to "may I, for this purpose, get this data set on this person, and from whom".

Seven checks in a fixed order. The first that fails is the verdict; all are reported, except that who else
holds a dossier is told only to a consumer that passed the six before.

Source: domain.md §4, "Route".
"""

import datetime as dt
import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kruispunt_directory.domain.dossier import Dossier
from kruispunt_directory.domain.knowledge import Authorisation, Availability, DataSetKey, Knowledge
from kruispunt_server.call import InstitutionKey


class Verdict(enum.IntEnum):
    """The numbers of `RouteVerdict`."""

    ALLOWED = 1
    PARTICIPANT_INACTIVE = 2
    DATA_SET_UNKNOWN = 3
    NOT_AUTHORISED = 4
    NO_OWN_DOSSIER = 5
    PHASE_TOO_LOW = 6
    PERIOD_NOT_COVERED = 7
    NO_SUPPLIER = 8
    NUMBER_UNUSABLE = 9


class Check(enum.IntEnum):
    """The seven checks, in their order; the numbers of `RouteCheck`."""

    PARTICIPANT = 1
    DATA_SET = 2
    AUTHORISATION = 3
    OWN_DOSSIER = 4
    PHASE = 5
    PERIOD = 6
    SUPPLIERS = 7


class CheckOutcome(enum.IntEnum):
    """How a check went; the numbers of `CheckOutcome` in the contract."""

    PASSED = 1
    FAILED = 2
    NOT_MADE = 3
    WITHHELD = 4


_VERDICT_OF = {
    Check.PARTICIPANT: Verdict.PARTICIPANT_INACTIVE,
    Check.DATA_SET: Verdict.DATA_SET_UNKNOWN,
    Check.AUTHORISATION: Verdict.NOT_AUTHORISED,
    Check.OWN_DOSSIER: Verdict.NO_OWN_DOSSIER,
    Check.PHASE: Verdict.PHASE_TOO_LOW,
    Check.PERIOD: Verdict.PERIOD_NOT_COVERED,
    Check.SUPPLIERS: Verdict.NO_SUPPLIER,
}


@dataclass(frozen=True, slots=True)
class RouteQuestion:
    """What is asked.

    Attributes:
        consumer: the institution that asks.
        data_set: what it wants.
        deliberation_id: the legal basis it relies on.
        day: the day the data must concern.
        supplier: only from this institution; absent, from all.
    """

    consumer: InstitutionKey
    data_set: DataSetKey
    deliberation_id: str
    day: dt.date
    supplier: InstitutionKey | None = None


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check, how it went, and why in one sentence without personal data."""

    check: Check
    outcome: CheckOutcome
    explanation: str


@dataclass(frozen=True, slots=True)
class Supplier:
    """A dossier from which the data set can be obtained, and the availability that says so."""

    dossier: Dossier
    availability_id: str


@dataclass(frozen=True, slots=True)
class Route:
    """The answer.

    Attributes:
        verdict: that of the first check that failed, or allowed.
        checks: all seven, in order.
        suppliers: by (sector, institution, capacity, begin); none unless allowed.
        authorisation_id: the one that decided; empty if none applies.
    """

    verdict: Verdict
    checks: tuple[CheckResult, ...]
    suppliers: tuple[Supplier, ...]
    authorisation_id: str


def decide(question: RouteQuestion, knowledge: Knowledge, dossiers: Sequence[Dossier]) -> Route:
    """Make the seven checks.

    Args:
        question: what is asked.
        knowledge: the rules, as known at the instant asked about.
        dossiers: every dossier on the person of whatever period, by (sector, institution, capacity, begin).
    """
    checks = [_participant(question, knowledge), _data_set(question, knowledge)]
    authorisations = knowledge.authorisations(
        question.data_set, question.consumer, question.deliberation_id, question.day
    )
    checks.append(_authorised(question, knowledge, authorisations))
    authorisation, own = _own_checks(question, authorisations, dossiers)
    checks += own
    suppliers: tuple[Supplier, ...] = ()
    if authorisation is None or any(check.outcome is not CheckOutcome.PASSED for check in checks):
        checks.append(
            _result(Check.SUPPLIERS, CheckOutcome.WITHHELD, "told only when all checks before passed")
        )
    else:
        suppliers = _suppliers(question, knowledge, authorisation, dossiers)
        checks.append(_supplied(suppliers))
    failed = next((check for check in checks if check.outcome is CheckOutcome.FAILED), None)
    return Route(
        verdict=Verdict.ALLOWED if failed is None else _VERDICT_OF[failed.check],
        checks=tuple(checks),
        suppliers=suppliers,
        authorisation_id=authorisation.authorisation_id if authorisation else "",
    )


def _participant(question: RouteQuestion, knowledge: Knowledge) -> CheckResult:
    if knowledge.find_institution(question.consumer, question.day):
        return _result(Check.PARTICIPANT, CheckOutcome.PASSED, "the institution is active")
    return _result(Check.PARTICIPANT, CheckOutcome.FAILED, "the institution is not active on that day")


def _data_set(question: RouteQuestion, knowledge: Knowledge) -> CheckResult:
    if knowledge.find_data_set(question.data_set, question.day):
        return _result(Check.DATA_SET, CheckOutcome.PASSED, "data set and variant exist")
    return _result(Check.DATA_SET, CheckOutcome.FAILED, "data set or variant does not exist on that day")


def _authorised(
    question: RouteQuestion, knowledge: Knowledge, authorisations: Sequence[Authorisation]
) -> CheckResult:
    if not knowledge.find_deliberation(question.deliberation_id, question.day):
        return _result(
            Check.AUTHORISATION, CheckOutcome.FAILED, "the deliberation is not in force on that day"
        )
    if authorisations:
        return _result(Check.AUTHORISATION, CheckOutcome.PASSED, "an authorisation applies")
    return _result(
        Check.AUTHORISATION,
        CheckOutcome.FAILED,
        "no authorisation lets this institution obtain this data set under this deliberation on that day",
    )


_OWN_CHECKS = (Check.OWN_DOSSIER, Check.PHASE, Check.PERIOD)


def _own_checks(
    question: RouteQuestion, authorisations: Sequence[Authorisation], dossiers: Sequence[Dossier]
) -> tuple[Authorisation | None, list[CheckResult]]:
    """Make checks four to six under each authorisation; the one that gets furthest counts."""
    if not authorisations:
        return None, [
            _result(check, CheckOutcome.NOT_MADE, "no authorisation says what to check")
            for check in _OWN_CHECKS
        ]
    mine = [dossier for dossier in dossiers if dossier.institution == question.consumer]
    tried = [(authorisation, _own_dossier(question, authorisation, mine)) for authorisation in authorisations]
    return max(tried, key=lambda entry: _passed(entry[1]))


def _own_dossier(
    question: RouteQuestion, authorisation: Authorisation, mine: Iterable[Dossier]
) -> list[CheckResult]:
    held = [dossier for dossier in mine if dossier.capacity == authorisation.consumer_capacity]
    if not held:
        return [
            _result(
                Check.OWN_DOSSIER,
                CheckOutcome.FAILED,
                "no dossier of your own in the capacity that is demanded",
            ),
            _result(Check.PHASE, CheckOutcome.NOT_MADE, "there is no dossier to check"),
            _result(Check.PERIOD, CheckOutcome.NOT_MADE, "there is no dossier to check"),
        ]
    far = [dossier for dossier in held if dossier.phase >= authorisation.from_phase]
    covering = [dossier for dossier in far or held if dossier.period.holds(question.day)]
    return [
        _result(
            Check.OWN_DOSSIER, CheckOutcome.PASSED, "you have a dossier in the capacity that is demanded"
        ),
        _result(Check.PHASE, CheckOutcome.PASSED, "your dossier is far enough")
        if far
        else _result(Check.PHASE, CheckOutcome.FAILED, "your dossier is not far enough"),
        _result(Check.PERIOD, CheckOutcome.PASSED, "your dossier covers that day")
        if covering
        else _result(Check.PERIOD, CheckOutcome.FAILED, "your dossier does not cover that day"),
    ]


def _passed(checks: Iterable[CheckResult]) -> int:
    """How many pass before the first that does not."""
    count = 0
    for check in checks:
        if check.outcome is not CheckOutcome.PASSED:
            break
        count += 1
    return count


def _suppliers(
    question: RouteQuestion, knowledge: Knowledge, authorisation: Authorisation, dossiers: Iterable[Dossier]
) -> tuple[Supplier, ...]:
    availabilities = knowledge.availabilities(question.data_set, question.day)
    found = []
    for dossier in dossiers:
        if not dossier.period.holds(question.day) or not _wanted(
            question, authorisation, dossier.institution
        ):
            continue
        for availability in availabilities:
            if _makes_available(availability, dossier):
                found.append(Supplier(dossier, availability.availability_id))
                break
    return tuple(found)


def _wanted(question: RouteQuestion, authorisation: Authorisation, institution: InstitutionKey) -> bool:
    return (
        (question.supplier is None or institution == question.supplier)
        and authorisation.supplier_sector in (None, institution.sector)
        and authorisation.supplier_institution in (None, institution.institution)
        and institution != question.consumer
    )


def _makes_available(availability: Availability, dossier: Dossier) -> bool:
    return (
        availability.sector == dossier.institution.sector
        and availability.institution in (None, dossier.institution.institution)
        and availability.capacity == dossier.capacity
        and availability.from_phase <= dossier.phase
    )


def _supplied(suppliers: Sequence[Supplier]) -> CheckResult:
    if suppliers:
        return _result(Check.SUPPLIERS, CheckOutcome.PASSED, "there are suppliers")
    return _result(
        Check.SUPPLIERS, CheckOutcome.FAILED, "no institution holds the data set on this person that day"
    )


def _result(check: Check, outcome: CheckOutcome, explanation: str) -> CheckResult:
    return CheckResult(check, outcome, explanation)
