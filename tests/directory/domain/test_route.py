"""The seven checks of a route, one by one."""

import datetime as dt
import uuid
from dataclasses import replace

import pytest

from kruispunt.period import Period
from kruispunt.ssin import Ssin
from kruispunt_directory.domain.dossier import Dossier
from kruispunt_directory.domain.knowledge import (
    Authorisation,
    Availability,
    Capacity,
    DataSet,
    DataSetKey,
    Deliberation,
    Institution,
    Knowledge,
    Labels,
    NetworkLevel,
    Phase,
    Sector,
)
from kruispunt_directory.domain.route import Check, CheckOutcome, Route, RouteQuestion, Verdict, decide
from kruispunt_server.call import InstitutionKey

ANNA = Ssin.parse("85073003328")
WELFARE, PENSIONS, OTHER_FUND = InstitutionKey(17, 1), InstitutionKey(5, 1), InstitutionKey(5, 2)
RIGHTS = DataSetKey("PENSION-RIGHTS", 0)
ALWAYS = Period(dt.date(2000, 1, 1))
DAY = dt.date(2026, 3, 3)
NAMED = Labels(nl="x", fr="x", de="x", en="x")
AUTHORISATION = Authorisation("AU-1", RIGHTS, 17, None, 2, 20, 5, None, "18/042", ALWAYS)
ENTRIES = [
    Sector(5, NAMED, ALWAYS),
    Sector(17, NAMED, ALWAYS),
    Institution(WELFARE, NAMED, "", NetworkLevel.SECONDARY, ALWAYS),
    Institution(PENSIONS, NAMED, "", NetworkLevel.PRIMARY, ALWAYS),
    Capacity(17, 2, NAMED, (Phase(10, NAMED), Phase(20, NAMED)), ALWAYS),
    Capacity(5, 100, NAMED, (), ALWAYS),
    DataSet(RIGHTS, NAMED, ALWAYS),
    Deliberation("18/042", NAMED, "", ALWAYS),
    Availability("AV-1", RIGHTS, 5, None, 100, 0, ALWAYS),
    AUTHORISATION,
]
QUESTION = RouteQuestion(WELFARE, RIGHTS, "18/042", DAY, judged_on=DAY)


def dossier(
    holder: InstitutionKey, capacity: int, phase: int = 0, begin: int = 2020, end: int | None = None
) -> Dossier:
    instant = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    period = Period(dt.date(begin, 1, 1), dt.date(end, 1, 1) if end else None)
    return Dossier(
        uuid.uuid4(),
        ANNA,
        ANNA,
        holder,
        capacity,
        phase,
        period,
        NetworkLevel.PRIMARY,
        "test",
        1,
        instant,
        instant,
    )


OWN = dossier(WELFARE, 2, 20)
HELD = dossier(PENSIONS, 100)


def ask(*dossiers: Dossier, question: RouteQuestion = QUESTION, without: object = None) -> Route:
    return decide(question, Knowledge(entry for entry in ENTRIES if entry is not without), dossiers)


def outcomes(route: Route) -> str:
    """One letter a check: Passed, Failed, Not made, Withheld."""
    return "".join(result.outcome.name[0] for result in route.checks)


def test_everything_right_is_allowed() -> None:
    """All seven pass; supplier, availability and authorisation are named."""
    route = ask(HELD, OWN)

    assert (Verdict.ALLOWED, "PPPPPPP", "AU-1") == (route.verdict, outcomes(route), route.authorisation_id)
    assert [(PENSIONS, 100, "AV-1")] == [
        (supplier.dossier.institution, supplier.dossier.capacity, supplier.availability_id)
        for supplier in route.suppliers
    ]


def test_checks_stand_in_their_order() -> None:
    """All seven are reported, in the order of the contract."""
    assert list(Check) == [result.check for result in ask().checks]


@pytest.mark.parametrize(
    ("dossiers", "question", "verdict", "expected"),
    [
        (
            (HELD, OWN),
            replace(QUESTION, consumer=InstitutionKey(17, 9)),
            Verdict.PARTICIPANT_INACTIVE,
            "FPPFNNW",
        ),
        (
            (HELD, OWN),
            replace(QUESTION, data_set=DataSetKey("NO-SUCH", 0)),
            Verdict.DATA_SET_UNKNOWN,
            "PFFNNNW",
        ),
        ((HELD, OWN), replace(QUESTION, deliberation_id="99/999"), Verdict.NOT_AUTHORISED, "PPFNNNW"),
        (
            (HELD, OWN),
            replace(QUESTION, judged_on=dt.date(1999, 1, 1)),
            Verdict.PARTICIPANT_INACTIVE,
            "FFFNNNW",
        ),
        ((HELD,), QUESTION, Verdict.NO_OWN_DOSSIER, "PPPFNNW"),
        ((HELD, dossier(WELFARE, 3, 20)), QUESTION, Verdict.NO_OWN_DOSSIER, "PPPFNNW"),
        ((HELD, dossier(WELFARE, 2, 10)), QUESTION, Verdict.PHASE_TOO_LOW, "PPPPFPW"),
        ((HELD, dossier(WELFARE, 2, 20, 2020, 2021)), QUESTION, Verdict.PERIOD_NOT_COVERED, "PPPPPFW"),
        ((HELD, dossier(WELFARE, 2, 10, 2020, 2021)), QUESTION, Verdict.PHASE_TOO_LOW, "PPPPFFW"),
        ((OWN,), QUESTION, Verdict.NO_SUPPLIER, "PPPPPPF"),
        ((OWN, dossier(PENSIONS, 100, 0, 2020, 2021)), QUESTION, Verdict.NO_SUPPLIER, "PPPPPPF"),
        ((OWN, dossier(PENSIONS, 20)), QUESTION, Verdict.NO_SUPPLIER, "PPPPPPF"),
        ((OWN, HELD), replace(QUESTION, supplier=OTHER_FUND), Verdict.NO_SUPPLIER, "PPPPPPF"),
    ],
)
def test_first_failing_check_is_the_verdict(
    dossiers: tuple[Dossier, ...], question: RouteQuestion, verdict: Verdict, expected: str
) -> None:
    """Each check can fail; the first that does decides, the others are reported all the same."""
    route = ask(*dossiers, question=question)

    assert (verdict, expected, ()) == (route.verdict, outcomes(route), route.suppliers)


def test_an_old_phase_that_covers_the_day_does_not_help() -> None:
    """Phase and period must be right in the same dossier."""
    early = dossier(WELFARE, 2, 10, 2025)
    far_but_ended = dossier(WELFARE, 2, 20, 2020, 2025)

    assert Verdict.PERIOD_NOT_COVERED == ask(HELD, early, far_but_ended).verdict


def test_the_authorisation_that_gets_furthest_counts() -> None:
    """Of two authorisations the one whose demands are met decides."""
    lower = replace(AUTHORISATION, authorisation_id="AU-2", from_phase=10)

    route = decide(QUESTION, Knowledge([*ENTRIES, lower]), [HELD, dossier(WELFARE, 2, 10)])

    assert (Verdict.ALLOWED, "AU-2") == (route.verdict, route.authorisation_id)


def test_suppliers_are_those_the_authorisation_names() -> None:
    """An authorisation for one supplier does not open others of its sector."""
    narrow = replace(AUTHORISATION, supplier_institution=2)
    knowledge = Knowledge([*(entry for entry in ENTRIES if entry is not AUTHORISATION), narrow])

    assert Verdict.NO_SUPPLIER == decide(QUESTION, knowledge, [HELD, OWN]).verdict


def test_who_holds_a_dossier_is_withheld_from_those_refused() -> None:
    """A refused consumer learns the same whether or not there is a supplier."""
    assert ask(HELD).checks == ask().checks


def test_nothing_is_withheld_when_six_checks_passed() -> None:
    """The seventh check is made and told."""
    assert CheckOutcome.FAILED == ask(OWN).checks[-1].outcome


def test_a_right_that_ended_opens_no_past() -> None:
    """An authorisation that ended gives nothing today, whatever day is asked about."""
    ended = replace(AUTHORISATION, validity=Period(dt.date(2000, 1, 1), dt.date(2025, 1, 1)))
    knowledge = Knowledge([*(entry for entry in ENTRIES if entry is not AUTHORISATION), ended])
    past = replace(QUESTION, day=dt.date(2024, 6, 1))

    assert Verdict.NOT_AUTHORISED == decide(past, knowledge, [HELD, OWN]).verdict


def test_a_right_of_today_opens_a_past_that_its_holder_knows() -> None:
    """Data about a past day may be obtained with today's right, if the dossiers cover that day."""
    new = replace(AUTHORISATION, validity=Period(dt.date(2026, 1, 1)))
    knowledge = Knowledge([*(entry for entry in ENTRIES if entry is not AUTHORISATION), new])

    assert (
        Verdict.ALLOWED == decide(replace(QUESTION, day=dt.date(2021, 1, 1)), knowledge, [HELD, OWN]).verdict
    )
    assert (
        Verdict.PERIOD_NOT_COVERED
        == decide(replace(QUESTION, day=dt.date(2019, 1, 1)), knowledge, [HELD, OWN]).verdict
    )


def test_another_dossier_never_takes_a_supplier_away() -> None:
    """What any authorisation opens is told; each supplier names the one that opens it."""
    narrow = replace(AUTHORISATION, authorisation_id="AU-0", consumer_capacity=3, supplier_institution=2)
    others = [HELD, dossier(OTHER_FUND, 100), OWN, dossier(WELFARE, 3, 20)]

    route = decide(QUESTION, Knowledge([*ENTRIES, narrow]), others)

    assert [(PENSIONS, "AU-1"), (OTHER_FUND, "AU-0")] == [
        (supplier.dossier.institution, supplier.authorisation_id) for supplier in route.suppliers
    ]


def test_nobody_is_their_own_supplier() -> None:
    """A consumer's own dossier is not a source for it, even where its sector could supply."""
    own_sector = Availability("AV-2", RIGHTS, 17, None, 2, 0, ALWAYS)
    open_to_all = replace(AUTHORISATION, supplier_sector=None)
    knowledge = Knowledge([*(e for e in ENTRIES if e is not AUTHORISATION), own_sector, open_to_all])

    assert Verdict.NO_SUPPLIER == decide(QUESTION, knowledge, [OWN]).verdict
