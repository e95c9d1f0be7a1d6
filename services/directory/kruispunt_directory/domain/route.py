"""The answer to "may I, for this purpose, get this data set on this person, and from whom".

Seven checks in a fixed order. The first that fails is the verdict; all are reported, except that who else
holds a dossier is told only to a consumer that passed the six before.

Source: domain.md §4, "Route".
"""

import datetime as dt
import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

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
        day: the day the data must concern: the dossiers must cover it.
        judged_on: the day on which the right must exist: today, or that of the instant asked about.
        supplier: only from this institution; absent, from all.
    """

    consumer: InstitutionKey
    data_set: DataSetKey
    deliberation_id: str
    day: dt.date
    judged_on: dt.date
    supplier: InstitutionKey | None = None


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check, how it went, and why in one sentence without personal data."""

    check: Check
    outcome: CheckOutcome
    explanation: str


@dataclass(frozen=True, slots=True)
class Supplier:
    """A dossier from which the data set can be obtained, the availability that says so, and what allows it."""

    dossier: Dossier
    availability_id: str
    authorisation_id: str


@dataclass(frozen=True, slots=True)
class Route:
    """The answer.

    Attributes:
        verdict: that of the first check that failed, or allowed.
        checks: all seven, in order.
        suppliers: by (sector, institution, capacity, begin); none unless allowed.
        authorisation_id: the first that got furthest; empty if none applies.
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
        question.data_set, question.consumer, question.deliberation_id, question.judged_on
    )
    checks.append(_authorised(question, knowledge, authorisations))
    furthest, own = _own_checks(question, authorisations, dossiers)
    checks += own
    suppliers: tuple[Supplier, ...] = ()
    if not furthest or any(check.outcome is not CheckOutcome.PASSED for check in checks):
        checks.append(
            _result(Check.SUPPLIERS, CheckOutcome.WITHHELD, "told only when all checks before passed")
        )
    else:
        suppliers = _suppliers(question, knowledge, furthest, dossiers)
        checks.append(_supplied(suppliers))
    failed = next((check for check in checks if check.outcome is CheckOutcome.FAILED), None)
    return Route(
        verdict=Verdict.ALLOWED if failed is None else _VERDICT_OF[failed.check],
        checks=tuple(checks),
        suppliers=suppliers,
        authorisation_id=_deciding(furthest, suppliers),
    )


def withhold_suppliers(route: Route) -> Route:
    """Return the route without who holds a dossier: for one who had the right then and has none now."""
    withheld = _result(
        Check.SUPPLIERS, CheckOutcome.WITHHELD, "told only to one who has the right today as well"
    )
    return replace(route, checks=(*route.checks[:-1], withheld), suppliers=())


def _participant(question: RouteQuestion, knowledge: Knowledge) -> CheckResult:
    if knowledge.find_institution(question.consumer, question.judged_on):
        return _result(Check.PARTICIPANT, CheckOutcome.PASSED, "the institution is active")
    return _result(Check.PARTICIPANT, CheckOutcome.FAILED, "the institution is not active")


def _data_set(question: RouteQuestion, knowledge: Knowledge) -> CheckResult:
    if knowledge.find_data_set(question.data_set, question.judged_on):
        return _result(Check.DATA_SET, CheckOutcome.PASSED, "data set and variant exist")
    return _result(Check.DATA_SET, CheckOutcome.FAILED, "data set or variant does not exist")


def _authorised(
    question: RouteQuestion, knowledge: Knowledge, authorisations: Sequence[Authorisation]
) -> CheckResult:
    if not knowledge.find_deliberation(question.deliberation_id, question.judged_on):
        return _result(Check.AUTHORISATION, CheckOutcome.FAILED, "the deliberation is not in force")
    if authorisations:
        return _result(Check.AUTHORISATION, CheckOutcome.PASSED, "an authorisation applies")
    return _result(
        Check.AUTHORISATION,
        CheckOutcome.FAILED,
        "no authorisation lets this institution obtain this data set under this deliberation",
    )


_OWN_CHECKS = (Check.OWN_DOSSIER, Check.PHASE, Check.PERIOD)


def _own_checks(
    question: RouteQuestion, authorisations: Sequence[Authorisation], dossiers: Sequence[Dossier]
) -> tuple[list[Authorisation], list[CheckResult]]:
    """Make checks four to six under each authorisation; return those that get furthest, and how far."""
    if not authorisations:
        return [], [
            _result(check, CheckOutcome.NOT_MADE, "no authorisation says what to check")
            for check in _OWN_CHECKS
        ]
    mine = [dossier for dossier in dossiers if dossier.institution == question.consumer]
    tried = [(authorisation, _own_dossier(question, authorisation, mine)) for authorisation in authorisations]
    most = max(_passed(checks) for _, checks in tried)
    furthest = [(authorisation, checks) for authorisation, checks in tried if _passed(checks) == most]
    return [authorisation for authorisation, _ in furthest], furthest[0][1]


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
    question: RouteQuestion,
    knowledge: Knowledge,
    authorisations: Sequence[Authorisation],
    dossiers: Iterable[Dossier],
) -> tuple[Supplier, ...]:
    """Return what any of the authorisations opens, each dossier once."""
    availabilities = knowledge.availabilities(question.data_set, question.judged_on)
    found = []
    for dossier in dossiers:
        availability = next((each for each in availabilities if _makes_available(each, dossier)), None)
        authorisation = next((each for each in authorisations if _opens(question, each, dossier)), None)
        if availability and authorisation:
            found.append(Supplier(dossier, availability.availability_id, authorisation.authorisation_id))
    return tuple(found)


def _opens(question: RouteQuestion, authorisation: Authorisation, dossier: Dossier) -> bool:
    """Whether the dossier is one that the consumer may turn to; never its own."""
    institution = dossier.institution
    return (
        dossier.period.holds(question.day)
        and question.supplier in (None, institution)
        and authorisation.supplier_sector in (None, institution.sector)
        and authorisation.supplier_institution in (None, institution.institution)
        and institution != question.consumer
    )


def _deciding(furthest: Sequence[Authorisation], suppliers: Sequence[Supplier]) -> str:
    if suppliers:
        return suppliers[0].authorisation_id
    return furthest[0].authorisation_id if furthest else ""


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
