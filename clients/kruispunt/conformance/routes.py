"""Facts about routes: may I, and from whom."""

import datetime as dt

from kruispunt.conformance.facts import equal, fact, refused
from kruispunt.conformance.world import DAY, OPEN, PAYMENT, PENSIONS_REF, World
from kruispunt.period import Period
from kruispunt.routes import AccessQuestion, CheckOutcome, RouteVerdict
from kruispunt.values import DataSetRef

_RIGHTS = "PENSION-RIGHTS"


@fact
def a_route_leads_to_who_supplies(world: World) -> None:
    """Who is authorised and holds the dossier that it takes is told from whom the data set can be had."""
    person = world.held().ssin
    world.pensions.register_dossier(person, capacity=PAYMENT, phase=20, period=OPEN)
    route = world.welfare.get_route(person, _RIGHTS, valid_at=DAY)

    equal(RouteVerdict.ALLOWED, route.verdict, "verdict")
    equal([PENSIONS_REF], [each.institution for each in route.suppliers], "suppliers")
    equal([CheckOutcome.PASSED] * 7, [each.outcome for each in route.checks], "checks")


@fact
def a_route_needs_an_own_dossier(world: World) -> None:
    """Who is authorised and holds no dossier is refused, and not told who does."""
    person = world.held().ssin
    world.pensions.register_dossier(person, capacity=PAYMENT, phase=20, period=OPEN)
    route = world.other.get_route(person, _RIGHTS, valid_at=DAY)

    equal(RouteVerdict.NO_OWN_DOSSIER, route.verdict, "verdict")
    equal((), route.suppliers, "suppliers")


@fact
def a_route_needs_an_authorisation(world: World) -> None:
    """Who is not authorised is told so, whatever dossiers there are."""
    person = world.held().ssin
    world.pensions.register_dossier(person, capacity=PAYMENT, phase=20, period=OPEN)

    equal(
        RouteVerdict.NOT_AUTHORISED,
        world.pensions.get_route(person, _RIGHTS, valid_at=DAY).verdict,
        "verdict",
    )


@fact
def a_route_needs_a_supplier(world: World) -> None:
    """Where nobody holds a dossier that supplies the data set, there is no route."""
    equal(
        RouteVerdict.NO_SUPPLIER,
        world.welfare.get_route(world.held().ssin, _RIGHTS, valid_at=DAY).verdict,
        "verdict",
    )


@fact
def a_route_covers_the_day(world: World) -> None:
    """A dossier that ended before the day that is asked about opens no route."""
    person = world.held(period=Period(dt.date(2020, 1, 1), dt.date(2021, 1, 1))).ssin
    world.pensions.register_dossier(person, capacity=PAYMENT, phase=20, period=OPEN)

    equal(
        RouteVerdict.PERIOD_NOT_COVERED,
        world.welfare.get_route(person, _RIGHTS, valid_at=DAY).verdict,
        "verdict",
    )


@fact
def a_data_set_has_to_exist(world: World) -> None:
    """A data set that there is not is a verdict, no error."""
    equal(
        RouteVerdict.DATA_SET_UNKNOWN,
        world.welfare.get_route(world.held().ssin, "NO-SUCH-DATA", valid_at=DAY).verdict,
        "verdict",
    )


@fact
def questions_are_answered_one_by_one(world: World) -> None:
    """Many questions have a verdict each, in their order; without a data set it is whether the caller holds a dossier."""
    person, free = world.held().ssin, world.person()
    world.pensions.register_dossier(person, capacity=PAYMENT, phase=20, period=OPEN)
    asked = [
        AccessQuestion(str(person), DataSetRef(_RIGHTS)),
        AccessQuestion(str(person)),
        AccessQuestion(str(free)),
        AccessQuestion("85073003329"),
    ]

    equal(
        [
            RouteVerdict.ALLOWED,
            RouteVerdict.ALLOWED,
            RouteVerdict.NO_OWN_DOSSIER,
            RouteVerdict.NUMBER_UNUSABLE,
        ],
        world.welfare.check_access(asked, valid_at=DAY),
        "verdicts",
    )


@fact
def a_route_is_for_consumers(world: World) -> None:
    """The registry's own desk consumes nothing, and has no route."""
    refused("ROLE_MISSING", lambda: world.directory("registry-registrar").get_route(world.person(), _RIGHTS))
