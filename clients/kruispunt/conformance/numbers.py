"""Facts about numbers: replaced, split, cancelled, followed by dossiers."""

from kruispunt.conformance.cast import WELFARE
from kruispunt.conformance.facts import equal, fact, refused
from kruispunt.conformance.world import DAY, INCOME, OPEN, World
from kruispunt.persons import NumberChangeReason, NumberOutcome
from kruispunt.ssin import Ssin
from kruispunt.values import Dossier, WarningReason

_DUPLICATE = NumberChangeReason.DUPLICATE


@fact
def a_replaced_number_leads_on_for_ever(world: World) -> None:
    """A replaced number is answered with the one that took its place, why, and by which steps."""
    first, second, third = (world.person() for _ in range(3))
    world.desk.replace_number(first, second, reason=_DUPLICATE)
    world.desk.replace_number(second, third, reason=_DUPLICATE)
    (leads,) = world.identity().resolve_numbers([first])

    equal((NumberOutcome.REPLACED, third), (leads.outcome, leads.current), "where it leads")
    equal(
        [(first, second, _DUPLICATE), (second, third, _DUPLICATE)],
        [(step.former, step.next, step.reason) for step in leads.chain],
        "the steps",
    )
    equal(third, world.identity().get_person(first).ssin, "the person read by the first number")


@fact
def numbers_never_lead_in_a_circle(world: World) -> None:
    """A number does not replace itself, nor one that leads to it; the same replacement again changes nothing."""
    first, second = world.person(), world.person()
    world.desk.replace_number(first, second, reason=_DUPLICATE)
    replace = world.desk.replace_number

    refused("SAME_PERSON", lambda: replace(second, second, reason=_DUPLICATE))
    refused("SAME_PERSON", lambda: replace(second, first, reason=_DUPLICATE))
    equal(True, replace(first, second, reason=_DUPLICATE).already_replaced, "whether it stood")


@fact
def a_preview_changes_nothing(world: World) -> None:
    """A preview says which facts would move, and moves none."""
    first, second = world.person(), world.person()
    seen = world.desk.preview_replacement(first, second)
    (leads,) = world.identity().resolve_numbers([first])

    equal(3, len(seen.moving_facts), "facts that would move")
    equal(NumberOutcome.CURRENT, leads.outcome, "outcome of the number")


@fact
def dossiers_follow_a_replacement(world: World) -> None:
    """Dossiers under a replaced number stand under the new one, and keep the number that they were registered under."""
    first, second = world.person(), world.person()
    world.held(first)
    world.desk.replace_number(first, second, reason=_DUPLICATE)
    (dossier,) = world.until(lambda: _under(world, second), "the dossier moved")

    equal((second, first), (dossier.ssin, dossier.registered_ssin), "the numbers of the dossier")
    equal(
        [dossier.dossier_id],
        [each.dossier_id for each in world.welfare.list_dossiers(first, valid_at=DAY)],
        "dossiers by the former number",
    )


@fact
def a_replaced_number_is_taken_with_a_warning(world: World) -> None:
    """A registration under a replaced number goes to the current one, and says so."""
    first, second = world.person(), world.person()
    world.held(first)
    world.desk.replace_number(first, second, reason=_DUPLICATE)
    world.until(lambda: _under(world, second), "the dossier moved")
    answer = world.welfare.register_dossier(first, capacity=3, phase=10, period=OPEN)

    equal([WarningReason.NUMBER_REPLACED], [each.reason for each in answer.warnings], "warnings")
    equal((first, second, True), _resolved(answer.resolution), "the resolution")
    equal(
        (second, first), (answer.dossier.ssin, answer.dossier.registered_ssin), "the numbers of the dossier"
    )


@fact
def a_split_gives_everything_back(world: World) -> None:
    """When a replacement is undone, facts and dossiers go back to the number that they were told under."""
    first, second = world.person(), world.person()
    world.held(first)
    kept = world.held(second, phase=20)
    world.desk.replace_number(first, second, reason=_DUPLICATE)
    world.until(lambda: len(_held(world, first)) == len(_held(world, second)), "the directory followed")
    world.desk.split_number(first)
    world.until(lambda: [each.phase for each in _held(world, first)] == [10], "the dossier went back")
    (leads,) = world.identity().resolve_numbers([first])

    equal((NumberOutcome.CURRENT, first), (leads.outcome, leads.current), "where it leads")
    equal([20], [each.phase for each in _held(world, second)], "phases of the remaining person")
    equal(second, kept.ssin, "the number of the other dossier")
    refused("NOT_REPLACED", lambda: world.desk.split_number(first))


@fact
def a_cancelled_number_leads_to_nobody(world: World) -> None:
    """A number given out by mistake leads to nobody, and no dossier is registered under it any more."""
    person = world.person()
    world.desk.cancel_number(person)
    (leads,) = world.identity().resolve_numbers([person])

    equal(NumberOutcome.CANCELLED, leads.outcome, "outcome")
    refused(
        "NUMBER_CANCELLED",
        lambda: world.welfare.register_dossier(person, capacity=INCOME, phase=10, period=OPEN),
        field="ssin",
    )


@fact
def splitting_is_for_the_desk(world: World) -> None:
    """An institution may replace a number, and not split one."""
    first, second = world.held().ssin, world.person()
    world.identity(WELFARE).replace_number(first, second, reason=_DUPLICATE)

    refused("ROLE_MISSING", lambda: world.identity(WELFARE).split_number(first))


@fact
def where_a_number_led_is_remembered(world: World) -> None:
    """Asked as of an instant before its replacement, a number stands for itself."""
    first, second = world.person(), world.person()
    before = world.identity().get_person(second).record_time
    world.desk.replace_number(first, second, reason=_DUPLICATE)
    (leads,) = world.identity().resolve_numbers([first], known_at=before)

    equal((NumberOutcome.CURRENT, first), (leads.outcome, leads.current), "where it led")


def _held(world: World, person: Ssin) -> list[Dossier]:
    return list(world.welfare.list_dossiers(person, valid_at=DAY))


def _under(world: World, person: Ssin) -> list[Dossier]:
    return [each for each in _held(world, person) if each.ssin == person]


def _resolved(resolution: object) -> tuple[object, ...]:
    return tuple(getattr(resolution, name) for name in ("asked", "current", "replaced"))
