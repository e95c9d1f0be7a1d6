"""The directory follows identity: both real servers, over mutual TLS, on both databases."""

import datetime as dt
import itertools
import time
import uuid
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
from tests.directory.service.conftest import PENSIONS, WELFARE
from tests.identity.service.conftest import REGISTRAR
from tests.identity.together.conftest import Both
from tests.support.rights import make_other

from kruispunt import (
    Birth,
    Decease,
    Evidence,
    EvidenceKind,
    FieldInvalid,
    Gender,
    IdentityClient,
    Name,
    NotOwnInstitution,
    NumberChangeReason,
    PartialDate,
    Period,
    PermissionDenied,
    Place,
    PositionBeyondEnd,
    PositionForeign,
    PositionTooOld,
    RoleMissing,
    SamePerson,
    Ssin,
    Statement,
)
from kruispunt import Purpose as PurposeThere
from kruispunt.feeds import BEGINNING, NOW, SNAPSHOT, UNACKNOWLEDGED, FeedStart
from kruispunt.notices import ImpactOutcome, Notice, NoticeKind, ToldNotices
from kruispunt_directory.following.worker import FollowingThread
from kruispunt_directory.store.notices import LetGo, NoticeStore
from kruispunt_directory.wiring import following_thread
from kruispunt_server.database import Database

T = TypeVar("T")
SINCE = Period(dt.date(2020, 1, 1))
_PURPOSE = PurposeThere("registry/following", "directory-follower", "directory-follower")


@pytest.fixture
def following(both: Both) -> Iterator[FollowingThread]:
    """The directory's follower, at work."""
    client = both.identity.client("directory-service", _PURPOSE)
    thread = following_thread(both.directory.parts, client, _PURPOSE)
    thread.start()
    yield thread
    thread.stop()


def eventually(ask: Callable[[], T], wanted: Callable[[T], bool]) -> T:
    """Return an answer once it is as wanted; the directory follows within a moment."""
    latest = time.monotonic() + 20
    while True:
        found = ask()
        if wanted(found):
            return found
        if time.monotonic() > latest:
            raise AssertionError(f"it stayed {found!r}")
        time.sleep(0.05)


def register(client: IdentityClient) -> Ssin:
    """Register somebody whom nobody resembles."""
    family = uuid.uuid4().hex.translate(str.maketrans("0123456789", "ghijklmnop"))[:14]
    person = client.register_person(
        [
            Statement(Name(family, ("Ama",)), evidence=Evidence(EvidenceKind.PASSPORT, "X1", "GN")),
            Statement(Birth(PartialDate(1991, 4, 17), Place("GN"))),
            Statement(Gender.FEMALE),
        ]
    ).person
    assert person is not None
    return person.ssin


def notices(watch: Iterator[ToldNotices], count: int) -> list[Notice]:
    """Return the next notices of a watch."""
    each = (notice for item in watch for notice in item.notices)
    return list(itertools.islice(each, count))


def test_a_replacement_moves_dossiers_and_tells_whom_it_concerns(
    both: Both, following: FollowingThread
) -> None:
    """Both dossiers stand under the number that stays; the other institution is told, numbered from 1."""
    identity, directory = both.identity.client(PENSIONS), both.directory
    former, next_ = register(identity), register(identity)
    directory.client(PENSIONS).register_dossier(former, capacity=100, period=SINCE)
    directory.client(WELFARE).register_dossier(former, capacity=2, phase=10, period=SINCE)
    identity.replace_number(former, next_, reason=NumberChangeReason.DUPLICATE)

    found = eventually(
        lambda: list(directory.client(WELFARE).list_dossiers(next_)), lambda dossiers: len(dossiers) == 2
    )
    assert {next_} == {dossier.ssin for dossier in found}
    (replaced,) = notices(directory.client(WELFARE).watch_notices(), 1)
    assert (1, NoticeKind.NUMBER_REPLACED, former, next_) == (
        replaced.notice_no,
        replaced.kind,
        replaced.ssin,
        replaced.current,
    )
    assert ("WatchNotices", "notice", "told") in directory.accesses()
    asked = directory.client(WELFARE).list_dossiers(former).first()
    assert asked.resolution is not None
    assert asked.resolution.replaced


def test_a_split_gives_dossiers_back(both: Both, following: FollowingThread) -> None:
    """Each to the number it was registered under."""
    identity, directory = both.identity.client(PENSIONS), both.directory
    former, next_ = register(identity), register(identity)
    directory.client(PENSIONS).register_dossier(former, capacity=100, period=SINCE)
    directory.client(WELFARE).register_dossier(former, capacity=2, phase=10, period=SINCE)
    directory.client(WELFARE).register_dossier(
        next_, capacity=2, phase=10, period=Period(dt.date(2022, 1, 1))
    )
    identity.replace_number(former, next_, reason=NumberChangeReason.DUPLICATE)
    eventually(
        lambda: list(directory.client(WELFARE).list_dossiers(next_)), lambda dossiers: len(dossiers) == 2
    )
    both.identity.client(REGISTRAR).split_number(former)

    stays = eventually(
        lambda: list(directory.client(WELFARE).list_dossiers(next_)), lambda dossiers: len(dossiers) == 1
    )
    back = list(directory.client(WELFARE).list_dossiers(former))
    assert {("5/1", SINCE), ("17/1", SINCE)} == {(str(d.institution), d.period) for d in back}
    assert [("17/1", Period(dt.date(2022, 1, 1)))] == [(str(d.institution), d.period) for d in stays]


def test_only_who_held_a_dossier_then_is_told(both: Both, following: FollowingThread) -> None:
    """A change that concerns the past is told to those of the past, and not to who made it."""
    identity, directory = both.identity.client(PENSIONS), both.directory
    person = register(identity)
    directory.client(PENSIONS).register_dossier(person, capacity=100, period=SINCE)
    directory.client(WELFARE).register_dossier(
        person, capacity=2, phase=10, period=Period(dt.date(2010, 1, 1), dt.date(2012, 1, 1))
    )
    identity.update_person(person, [Statement(Decease(PartialDate(2026, 2, 1)))])

    (notice,) = notices(directory.client(WELFARE).watch_notices(BEGINNING), 1)
    assert (NoticeKind.DECEASED, person) == (notice.kind, notice.ssin)
    own = directory.client(PENSIONS).watch_notices(NOW, heartbeat_s=1, heartbeats=True)
    assert 0 == next(own).position


def test_notices_are_delivered_until_they_are_acknowledged(both: Both, following: FollowingThread) -> None:
    """From the first that was not; backwards changes nothing, and beyond the end is refused."""
    identity, directory = both.identity.client(PENSIONS), both.directory
    persons = [register(identity) for _ in range(3)]
    directory.client(PENSIONS).register_dossier(persons[0], capacity=100, period=SINCE)
    for person in persons:
        directory.client(PENSIONS).register_dossier(person, capacity=100, period=Period(dt.date(2021, 1, 1)))
        directory.client(WELFARE).register_dossier(person, capacity=2, phase=10, period=SINCE)
        identity.update_person(person, [Statement(Decease(PartialDate(2026, 2, 1)))])
    welfare = directory.client(WELFARE)

    assert [1, 2, 3] == [notice.notice_no for notice in notices(welfare.watch_notices(), 3)]
    assert [1, 2, 3] == [notice.notice_no for notice in notices(welfare.watch_notices(), 3)]
    assert (2, 3) == (
        (done := welfare.acknowledge_notices(2)).acknowledged_no,
        done.last_no,
    )
    assert [3] == [notice.notice_no for notice in notices(welfare.watch_notices(UNACKNOWLEDGED), 1)]
    assert 2 == welfare.acknowledge_notices(1).acknowledged_no
    for wrong, reason in ((4, PositionBeyondEnd), (0, FieldInvalid)):
        with pytest.raises(reason):
            welfare.acknowledge_notices(wrong)
    assert 2 == welfare.acknowledge_notices(2).acknowledged_no
    texts = [notice.digest_text() for notice in notices(welfare.watch_notices(BEGINNING), 3)]
    digest = welfare.get_notice_digest(directory.clock.today())
    assert (3, 1, 3, False) == (
        digest.count,
        digest.first_position,
        digest.last_position,
        digest.complete,
    )
    assert digest.agrees_with(texts)
    holdings = next(welfare.watch_notices(SNAPSHOT))
    assert sorted(persons) == [holding.current for holding in holdings.holdings]
    assert holdings.snapshot_ends


def test_an_older_position_than_the_notices_kept_has_a_way_back(
    both: Both, following: FollowingThread, database_url: str
) -> None:
    """POSITION_TOO_OLD, and then a snapshot; who goes on with what it has not acknowledged misses nothing."""
    identity, directory = both.identity.client(PENSIONS), both.directory
    persons = [register(identity) for _ in range(3)]
    welfare = directory.client(WELFARE)
    for person in persons:
        directory.client(PENSIONS).register_dossier(person, capacity=100, period=SINCE)
        welfare.register_dossier(person, capacity=2, phase=10, period=SINCE)
        identity.update_person(person, [Statement(Decease(PartialDate(2026, 2, 1)))])
    told = list(itertools.islice(welfare.watch_notices(), 3))
    welfare.acknowledge_notices(2)
    owner = Database.open(database_url)
    gone = NoticeStore(owner, directory.tables).let_go(directory.clock.now() + dt.timedelta(days=1))
    owner.close()

    assert LetGo(2, 1) == gone
    for start in (FeedStart.after(told[0].resume_token), BEGINNING):
        with pytest.raises(PositionTooOld) as refused:
            next(welfare.watch_notices(start))
        assert "snapshot" == refused.value.metadata["way_back"]
    again = next(welfare.watch_notices(FeedStart.after(told[0].resume_token), start_over=True))
    assert sorted(persons) == [holding.current for holding in again.holdings]
    for start in (FeedStart.after(told[1].resume_token), UNACKNOWLEDGED):
        assert [3] == [notice.notice_no for notice in notices(welfare.watch_notices(start), 1)]


def test_coverage_tells_how_far_identity_was_followed(both: Both, following: FollowingThread) -> None:
    """An instant, once something was heard; and numbers count as verified by the registers."""
    client = both.directory.client(WELFARE)
    answer = eventually(
        lambda: client.get_coverage().first().message, lambda message: message.HasField("followed_until")
    )
    assert both.identity.clock.now() == answer.followed_until.ToDatetime(dt.UTC)
    assert 2 == answer.number_verification


def test_an_impact_is_seen_before_it_happens(both: Both, following: FollowingThread) -> None:
    """Which institutions, capacities and periods; and that nothing was written."""
    identity, directory = both.identity.client(PENSIONS), both.directory
    former, next_ = register(identity), register(identity)
    directory.client(PENSIONS).register_dossier(former, capacity=100, period=SINCE)
    directory.client(WELFARE).register_dossier(former, capacity=2, phase=10, period=SINCE)
    directory.client(WELFARE).register_dossier(
        next_, capacity=2, phase=10, period=Period(dt.date(2022, 1, 1))
    )
    pensions = directory.client(PENSIONS)

    seen = pensions.explain_impact(former, next_=next_)
    assert ["17/1"] == [str(institution) for institution in seen.told]
    assert [
        ("5/1", 100, SINCE, ImpactOutcome.MOVED, SINCE),
        ("17/1", 2, SINCE, ImpactOutcome.MOVED, SINCE),
        ("17/1", 2, Period(dt.date(2022, 1, 1)), ImpactOutcome.JOINED, None),
    ] == [
        (str(each.institution), each.capacity, each.period, each.outcome, each.afterwards)
        for each in seen.impacts
    ]
    past = pensions.explain_impact(former, affects_until=dt.date(2019, 1, 1))
    assert ((), ()) == (past.impacts, past.told)
    assert 2 == len(list(pensions.list_dossiers(former)))
    with pytest.raises(SamePerson):
        pensions.explain_impact(former, next_=former)
    with pytest.raises(RoleMissing):
        directory.client("registry-auditor").explain_impact(former)
    with pytest.raises((NotOwnInstitution, PermissionDenied)):
        next(directory.client("registry-auditor").watch_notices())


def test_a_chain_that_is_split_from_its_far_end_comes_out_right(
    both: Both, following: FollowingThread
) -> None:
    """A led to B and B to C; A is split off, then B: each has its own days again, though C shares those of A."""
    identity, directory = both.identity.client(PENSIONS), both.directory
    first, second, third = (register(identity) for _ in range(3))
    shared, own = Period(dt.date(2020, 1, 1), dt.date(2021, 1, 1)), Period(dt.date(2023, 1, 1))
    for person in (first, second, third):
        directory.client(PENSIONS).register_dossier(person, capacity=100, period=SINCE)
    welfare = directory.client(WELFARE)
    welfare.register_dossier(first, capacity=2, phase=10, period=shared)
    welfare.register_dossier(second, capacity=2, phase=10, period=own)
    welfare.register_dossier(third, capacity=2, phase=10, period=shared)
    identity.replace_number(first, second, reason=NumberChangeReason.DUPLICATE)
    identity.replace_number(second, third, reason=NumberChangeReason.DUPLICATE)
    registrar = both.identity.client(REGISTRAR)
    registrar.split_number(first)
    registrar.split_number(second)

    def periods(person: Ssin) -> list[Period]:
        listed = welfare.list_dossiers(person, sector=17, institution=1, every_period=True)
        return [dossier.period for dossier in listed if dossier.ssin == person]

    expected = [[shared], [own], [shared]]
    eventually(lambda: [periods(each) for each in (first, second, third)], lambda found: found == expected)


def test_a_position_of_another_institution_is_foreign(both: Both, following: FollowingThread) -> None:
    """Its numbers are others: taken for one's own, what lies before it would never be told."""
    identity, directory = both.identity.client(PENSIONS), both.directory
    person = register(identity)
    directory.client(PENSIONS).register_dossier(person, capacity=100, period=SINCE)
    directory.client(WELFARE).register_dossier(person, capacity=2, phase=10, period=SINCE)
    both.identity.client(REGISTRAR).update_person(person, [Statement(Decease(PartialDate(2026, 2, 1)))])

    told = next(item for item in directory.client(PENSIONS).watch_notices() if item.notices)
    with pytest.raises(PositionForeign):
        next(directory.client(WELFARE).watch_notices(FeedStart.after(told.resume_token)))
    assert [1] == [notice.notice_no for notice in notices(directory.client(WELFARE).watch_notices(), 1)]


def test_who_acts_for_another_institution_is_told_no_more(both: Both, following: FollowingThread) -> None:
    """An open watch ends as soon as its participant has been given to another institution."""
    identity, directory = both.identity.client(PENSIONS), both.directory
    person = register(identity)
    directory.client(WELFARE).register_dossier(person, capacity=2, phase=10, period=SINCE)
    watch = directory.client(WELFARE).watch_notices(heartbeat_s=1, heartbeats=True)
    next(watch)
    make_other(directory.database, directory.tables.shared, WELFARE, sector=99, institution=9)
    beats = itertools.islice(watch, 10)

    with pytest.raises(NotOwnInstitution):
        assert [] == [item.notices for item in beats if item.notices]
