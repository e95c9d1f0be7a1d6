"""Facts about what is told: notices to institutions, changes to the registry's own."""

import itertools

from kruispunt import DirectoryClient
from kruispunt.conformance.cast import OTHER_WELFARE
from kruispunt.conformance.facts import equal, fact, refused, true
from kruispunt.conformance.world import OPEN, PAYMENT, World
from kruispunt.facts import ContactAddress, DataGroup, Statement
from kruispunt.feeds import NOW, SNAPSHOT, UNACKNOWLEDGED, ChangeKind, FeedStart
from kruispunt.notices import Notice, NoticeKind
from kruispunt.persons import NumberChangeReason

_PATIENCE_S = 20.0
_ADDRESS = Statement(ContactAddress("BE", postal_code="9000", municipality_name="Gent"))


@fact
def a_notice_says_that_something_changed(world: World) -> None:
    """Who holds a dossier is told what happened to which number, from 1 on without gaps; and never what it is now."""
    person, other = world.held().ssin, world.person()
    token = world.end_of_notices(world.welfare)
    world.desk.update_person(person, [_ADDRESS])
    told = world.notices_after(world.welfare, token, person)
    first = next(told)
    world.desk.replace_number(person, other, reason=NumberChangeReason.DUPLICATE)
    second = next(told)

    equal((NoticeKind.DATA_CHANGED, person), (first.kind, first.ssin), "the first notice")
    equal((NoticeKind.NUMBER_REPLACED, other), (second.kind, second.current), "the second notice")
    true(second.notice_no > first.notice_no >= 1, "the numbers of the notices do not rise")


@fact
def who_holds_no_dossier_is_told_nothing(world: World) -> None:
    """An institution without a dossier on the person is told nothing; one with a dossier is, unless it made the change."""
    person = world.held().ssin
    tokens = [world.end_of_notices(each) for each in (world.welfare, world.other)]
    world.desk.update_person(person, [_ADDRESS])
    next(world.notices_after(world.welfare, tokens[0], person))
    told = _told_until_quiet(world, world.other, tokens[1])
    own = world.end_of_notices(world.welfare)
    world.identity().update_person(
        person, [Statement(ContactAddress("BE", postal_code="1000", municipality_name="Brussel"))]
    )

    equal([], [each for each in told if person in (each.ssin, each.current)], "what the others are told")
    told = _told_until_quiet(world, world.welfare, own)
    equal([], [each for each in told if person == each.ssin], "what is told of the own change")


@fact
def what_was_acknowledged_is_not_told_again(world: World) -> None:
    """A watch on what was not acknowledged begins after what was."""
    person = world.held().ssin
    token = world.end_of_notices(world.welfare)
    world.desk.update_person(person, [_ADDRESS])
    notice = next(world.notices_after(world.welfare, token, person))
    state = world.welfare.acknowledge_notices(notice.notice_no)
    world.desk.replace_number(person, world.person(), reason=NumberChangeReason.DUPLICATE)
    watch = world.welfare.watch_notices(UNACKNOWLEDGED, heartbeat_s=1, heartbeats=True, give_up_s=_PATIENCE_S)
    following = next(each for item in world.patiently(watch) for each in item.notices)

    equal(notice.notice_no, state.acknowledged_no, "acknowledged")
    equal(notice.notice_no + 1, following.notice_no, "number of the next notice")


@fact
def nobody_acknowledges_what_was_not_told(world: World) -> None:
    """A number that no notice has yet cannot be acknowledged."""
    last = world.other.acknowledge_notices(1).last_no if _was_told(world) else 0

    refused("POSITION_BEYOND_END", lambda: world.other.acknowledge_notices(last + 1_000_000))


@fact
def a_position_is_of_its_reader(world: World) -> None:
    """A position of another institution's notices is refused, and so is a text that is none."""
    token = world.end_of_notices(world.pensions)

    refused("POSITION_FOREIGN", lambda: world.welfare.watch_notices(FeedStart.after(token), give_up_s=1))
    refused("POSITION_INVALID", lambda: world.welfare.watch_notices(FeedStart.after("none"), give_up_s=1))


@fact
def a_snapshot_names_whom_an_institution_holds(world: World) -> None:
    """A snapshot names every person on whom the institution holds a dossier, and ends."""
    person = world.person()
    world.other.register_dossier(person, capacity=2, phase=10, period=OPEN)
    watch = world.other.watch_notices(SNAPSHOT, heartbeat_s=1, heartbeats=True, give_up_s=_PATIENCE_S)
    parts = []
    for item in world.patiently(watch):
        parts.append(item)
        if item.snapshot_ends:
            break

    true(person in {each.registered for item in parts for each in item.holdings}, "the person is not named")


@fact
def a_digest_proves_that_nothing_was_missed(world: World) -> None:
    """The digest of a day agrees with the notices read of it."""
    person = world.person()
    world.pensions.register_dossier(person, capacity=PAYMENT, phase=20, period=OPEN)
    token = world.end_of_notices(world.pensions)
    world.desk.update_person(person, [_ADDRESS])
    notice = next(world.notices_after(world.pensions, token, person))
    day = notice.record_time.date()
    digest = world.pensions.get_notice_digest(day)

    true(digest.count >= 1, "the digest counts nothing")
    true(digest.last_position >= notice.notice_no, "the digest ends before the notice")


@fact
def the_registry_s_own_follow_every_change(world: World) -> None:
    """The feed of the registers tells a new person and what is told of them, in order; institutions do not follow it."""
    watch = world.desk.watch_changes(NOW, heartbeat_s=1, heartbeats=True, give_up_s=_PATIENCE_S)
    next(watch)
    person = world.held().ssin
    world.desk.update_person(person, [_ADDRESS])
    changes = (each for item in world.patiently(watch) for each in item.changes if each.ssin == person)
    first, second = next(changes), next(changes)

    equal([ChangeKind.PERSON_REGISTERED, ChangeKind.FACTS_TOLD], [first.kind, second.kind], "kinds")
    equal((DataGroup.CONTACT_ADDRESS,), second.data_groups, "groups")
    true(second.position > first.position, "positions do not rise")
    refused("ROLE_MISSING", lambda: world.identity(OTHER_WELFARE).watch_changes(NOW, give_up_s=1))


def _was_told(world: World) -> bool:
    """Return whether the other welfare centre was ever told anything; makes sure that it was."""
    person = world.person()
    world.other.register_dossier(person, capacity=2, phase=10, period=OPEN)
    token = world.end_of_notices(world.other)
    world.desk.update_person(person, [_ADDRESS])
    next(world.notices_after(world.other, token, person))
    return True


def _told_until_quiet(world: World, client: DirectoryClient, token: str) -> list[Notice]:
    """Return what an institution is told after a token until the first sign of life."""
    watch = client.watch_notices(
        FeedStart.after(token), heartbeat_s=1, heartbeats=True, give_up_s=_PATIENCE_S
    )
    items = itertools.takewhile(lambda item: item.told_until is None, world.patiently(watch))
    return [each for item in items for each in item.notices]
