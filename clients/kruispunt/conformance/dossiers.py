"""Facts about registering, changing, closing and removing dossiers."""

import datetime as dt
import uuid

from kruispunt.conformance.facts import equal, fact, refused, true
from kruispunt.conformance.world import DAY, INCOME, OPEN, PAYMENT, WELFARE_REF, World
from kruispunt.period import Period
from kruispunt.shapes import All, Cut, InCapacity
from kruispunt.values import (
    PersonClaim,
    ReconfirmationOutcome,
    RegistrationOutcome,
    WarningReason,
)


@fact
def a_new_dossier_is_created_and_listed(world: World) -> None:
    """A dossier that is registered is created, and is listed as it was said."""
    person = world.person()
    answer = world.welfare.register_dossier(person, capacity=INCOME, phase=10, period=OPEN)
    (listed,) = world.welfare.list_dossiers(person, valid_at=DAY)

    equal(RegistrationOutcome.CREATED, answer.outcome, "outcome")
    equal(answer.dossier, listed, "the dossier listed")
    equal((person, person, WELFARE_REF, INCOME, 10, OPEN), _said(listed), "what it says")


@fact
def a_repeated_request_has_its_first_answer(world: World) -> None:
    """The same request sent again with its request_id takes effect once, and is answered as the first time."""
    person, name = world.person(), uuid.uuid4()
    first, again = (
        world.welfare.register_dossier(person, capacity=INCOME, phase=10, period=OPEN, request_id=name)
        for _ in range(2)
    )

    equal(first, again, "the second answer")
    equal(1, len(list(world.welfare.list_dossiers(person, valid_at=DAY))), "dossiers")


@fact
def a_request_id_is_of_one_request(world: World) -> None:
    """A request_id that was used for another request is refused, and nothing changes."""
    person, name = world.person(), uuid.uuid4()
    world.welfare.register_dossier(person, capacity=INCOME, phase=10, period=OPEN, request_id=name)

    refused(
        "REQUEST_ID_REUSED",
        lambda: world.welfare.register_dossier(
            person, capacity=INCOME, phase=20, period=OPEN, request_id=name
        ),
        field="request_id",
    )


@fact
def a_registration_that_stands_is_a_warning(world: World) -> None:
    """What stands already, registered anew, is a warning and changes nothing."""
    first = world.held()
    answer = world.welfare.register_dossier(first.ssin, capacity=INCOME, phase=10, period=OPEN)

    equal(RegistrationOutcome.UNCHANGED, answer.outcome, "outcome")
    equal([WarningReason.ALREADY_REGISTERED], [each.reason for each in answer.warnings], "warnings")
    equal(first.etag, answer.dossier.etag, "etag")


@fact
def an_overlapping_registration_extends(world: World) -> None:
    """A registration over an existing period extends it: one dossier over all the days."""
    first = world.held(period=Period(dt.date(2020, 1, 1), dt.date(2021, 1, 1)))
    answer = world.welfare.register_dossier(
        first.ssin, capacity=INCOME, phase=10, period=Period(dt.date(2020, 6, 1), dt.date(2022, 1, 1))
    )
    listed = list(world.welfare.list_dossiers(first.ssin, every_period=True))

    equal(RegistrationOutcome.EXTENDED, answer.outcome, "outcome")
    equal([Period(dt.date(2020, 1, 1), dt.date(2022, 1, 1))], [each.period for each in listed], "periods")


@fact
def a_person_has_one_phase_a_day(world: World) -> None:
    """Another phase of the same capacity on days that are taken is refused."""
    first = world.held()

    refused(
        "PHASE_OVERLAP",
        lambda: world.welfare.register_dossier(first.ssin, capacity=INCOME, phase=20, period=OPEN),
    )


@fact
def a_rehearsal_changes_nothing(world: World) -> None:
    """`validate_only` is answered as if done, and writes nothing."""
    person = world.person()
    answer = world.welfare.register_dossier(
        person, capacity=INCOME, phase=10, period=OPEN, validate_only=True
    )

    equal(RegistrationOutcome.CREATED, answer.outcome, "outcome")
    equal([], list(world.welfare.list_dossiers(person, every_period=True)), "dossiers")


@fact
def a_stale_etag_is_refused(world: World) -> None:
    """Who changes a dossier that changed since it was read is told so."""
    first = world.held()
    world.welfare.update_dossier(first.ssin, first.dossier_id, phase=20, etag=first.etag)

    refused(
        "ETAG_MISMATCH",
        lambda: world.welfare.update_dossier(first.ssin, first.dossier_id, phase=10, etag=first.etag),
    )


@fact
def an_update_from_a_day_splits(world: World) -> None:
    """An update that holds from a day on leaves what was before it as it was."""
    first, day = world.held(), dt.date(2023, 1, 1)
    world.welfare.update_dossier(first.ssin, first.dossier_id, phase=20, effective_from=day)
    listed = world.welfare.list_dossiers(first.ssin, every_period=True)

    equal(
        [(10, Period(OPEN.begin, day)), (20, Period(day))],
        [(each.phase, each.period) for each in listed],
        "phases and periods",
    )


@fact
def a_closed_dossier_ends(world: World) -> None:
    """A closed dossier is listed on its last day, and not on the day after."""
    first, end = world.held(), dt.date(2024, 1, 1)
    world.welfare.close_dossier(first.ssin, first.dossier_id, end=end)
    on = world.welfare.list_dossiers

    equal(1, len(list(on(first.ssin, valid_at=end - dt.timedelta(days=1)))), "dossiers on the last day")
    equal(0, len(list(on(first.ssin, valid_at=end))), "dossiers on the day after")


@fact
def an_end_lies_within_the_dossier(world: World) -> None:
    """An end that is not after the begin is refused."""
    first = world.held()

    refused(
        "OUTSIDE_PERIOD",
        lambda: world.welfare.close_dossier(first.ssin, first.dossier_id, end=OPEN.begin),
        field="end",
    )


@fact
def a_cut_leaves_both_sides(world: World) -> None:
    """A span cut out of a dossier leaves what lies before and after it."""
    first = world.held()
    span = Period(dt.date(2021, 1, 1), dt.date(2022, 1, 1))
    answer = world.welfare.remove_dossiers(first.ssin, Cut(first.dossier_id, span, first.etag))

    equal(
        [Period(OPEN.begin, span.begin), Period(dt.date(2022, 1, 1))],
        [each.period for each in answer.remaining],
        "what remains",
    )


@fact
def a_removal_takes_the_shape_and_no_more(world: World) -> None:
    """A removal in one capacity leaves the others; what was removed stays known to have been."""
    first = world.held()
    world.welfare.register_dossier(first.ssin, capacity=3, phase=10, period=OPEN)
    answer = world.welfare.remove_dossiers(first.ssin, InCapacity(INCOME))
    assert first.record_time is not None

    equal((first.dossier_id,), answer.removed, "what was removed")
    equal([3], [each.capacity for each in world.welfare.list_dossiers(first.ssin, valid_at=DAY)], "left")
    then = world.welfare.list_dossiers(first.ssin, valid_at=DAY, known_at=first.record_time)
    equal([INCOME], [each.capacity for each in then], "what was known then")


@fact
def nothing_to_remove_is_no_error(world: World) -> None:
    """A removal that finds nothing removes nothing."""
    equal((), world.welfare.remove_dossiers(world.person(), All()).removed, "what was removed")


@fact
def dossiers_of_others_are_not_there_to_change(world: World) -> None:
    """An institution cannot close the dossier of another: for it there is no such dossier."""
    first = world.held()

    refused(
        "DOSSIER_UNKNOWN",
        lambda: world.pensions.close_dossier(first.ssin, first.dossier_id, end=dt.date(2024, 1, 1)),
    )
    equal(1, len(list(world.welfare.list_dossiers(first.ssin, valid_at=DAY))), "dossiers")


@fact
def a_dossier_is_the_caller_s_own(world: World) -> None:
    """Nobody registers a dossier for another institution."""
    refused(
        "NOT_OWN_INSTITUTION",
        lambda: world.pensions.register_dossier(
            world.person(), capacity=PAYMENT, phase=20, period=OPEN, institution=WELFARE_REF
        ),
        field="institution",
    )


@fact
def codes_have_to_exist(world: World) -> None:
    """A capacity that the sector does not have, and a phase that the capacity does not have, are refused."""
    person = world.person()

    refused(
        "CAPACITY_UNKNOWN",
        lambda: world.welfare.register_dossier(person, capacity=998, phase=10, period=OPEN),
        field="capacity",
    )
    refused(
        "PHASE_UNKNOWN",
        lambda: world.welfare.register_dossier(person, capacity=INCOME, phase=99, period=OPEN),
        field="phase",
    )


@fact
def a_number_has_to_be_one(world: World) -> None:
    """A text whose check digits are wrong is refused, and so is a number that no register knows."""
    refused(
        "NUMBER_MALFORMED",
        lambda: world.welfare.register_dossier("85073003329", capacity=INCOME, phase=10, period=OPEN),
        field="ssin",
    )
    refused(
        "PERSON_UNKNOWN",
        lambda: world.welfare.register_dossier(world.unknown(), capacity=INCOME, phase=10, period=OPEN),
        field="ssin",
    )


@fact
def what_is_claimed_has_to_agree(world: World) -> None:
    """A claim that disagrees with the register refuses the registration; one that agrees does not, whatever its case."""
    name = world.name()
    person = world.person(name)
    claim = PersonClaim(family_name=world.name())

    refused(
        "CLAIM_DISAGREES",
        lambda: world.welfare.register_dossier(person, capacity=INCOME, phase=10, period=OPEN, claim=claim),
        field="claim.family_name",
    )
    equal([], list(world.welfare.list_dossiers(person, every_period=True)), "dossiers")
    claim = PersonClaim(family_name=name.upper())
    answer = world.welfare.register_dossier(person, capacity=INCOME, phase=10, period=OPEN, claim=claim)
    equal(RegistrationOutcome.CREATED, answer.outcome, "outcome")


@fact
def each_reconfirmation_has_its_outcome(world: World) -> None:
    """Of dossiers reconfirmed together each has its own outcome, in their order."""
    first = world.held()
    outcomes = world.welfare.reconfirm_dossiers([(first.ssin, str(uuid.uuid4())), first])

    equal([ReconfirmationOutcome.DOSSIER_UNKNOWN, ReconfirmationOutcome.CONFIRMED], outcomes, "outcomes")
    (listed,) = world.welfare.list_dossiers(first.ssin, valid_at=DAY)
    assert listed.confirm_time is not None
    assert first.confirm_time is not None
    true(listed.confirm_time >= first.confirm_time, "the confirmation went back")


def _said(dossier: object) -> tuple[object, ...]:
    names = ("ssin", "registered_ssin", "institution", "capacity", "phase", "period")
    return tuple(getattr(dossier, name) for name in names)
