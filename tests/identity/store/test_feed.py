"""The digest of a day and the beginning at an instant, whatever seals and clocks do."""

import datetime as dt
from dataclasses import replace

import pytest
import sqlalchemy as sa
from tests.support.calls import NOON, PSEUDONYMS, call_of, change_log, subject_keys

from kruispunt_identity.store.feed import PAGE, FeedStore
from kruispunt_identity.tables import IdentityTables
from kruispunt_server import append_only
from kruispunt_server.change import Change
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database
from kruispunt_server.feeds.source import EntryUnreadableError
from kruispunt_server.ids import new_id
from kruispunt_server.sealing.heads import HeadStore
from kruispunt_server.sealing.seal_keys import SealKeys
from kruispunt_server.sealing.sealer import Sealer

ANNA = 85_010_100_123
DAY = NOON.date()
MIDNIGHT = dt.datetime(2026, 3, 2, 23, 0, tzinfo=dt.UTC)  # in Brussels


class Feed:
    """Changes recorded and sealed at instants of one's choice."""

    def __init__(self, database: Database, tables: IdentityTables) -> None:
        self.database, self.shared = database, tables.shared
        self.clock = FixedClock(NOON)
        self._log = change_log(database, tables.shared, self.clock)
        self._sealer = Sealer(
            database, tables.shared, HeadStore(tables.shared, "identity", SealKeys(b"s" * 32), self.clock)
        )
        self.store = FeedStore(
            database, tables, subject_keys(database, tables.shared, self.clock), self.clock
        )

    def record(self, at: dt.datetime, count: int = 1) -> None:
        """Record changes in one commit."""
        call = replace(call_of(), now=at)
        changes = [Change(ANNA, "person.registered")] * count
        with self.database.writing() as connection:
            self._log.record(connection, call, changes, request_id=new_id())

    def seal(self, at: dt.datetime) -> None:
        """Seal what was recorded."""
        self.clock.advance(at - self.clock.now())
        self._sealer.seal_once()


@pytest.fixture
def feed(identity_database: Database, identity_tables: IdentityTables) -> Feed:
    """Nothing yet."""
    return Feed(identity_database, identity_tables)


def test_what_was_sealed_late_counts_on_its_day(feed: Feed) -> None:
    """The sealer stood still for an hour around midnight."""
    feed.record(NOON)
    feed.seal(NOON)
    feed.record(MIDNIGHT - dt.timedelta(seconds=5))
    feed.record(MIDNIGHT + dt.timedelta(minutes=30))
    feed.seal(MIDNIGHT + dt.timedelta(hours=1))
    feed.seal(MIDNIGHT + dt.timedelta(hours=2))

    digest = feed.store.digest(DAY)
    assert (2, 0, 1, True) == (digest.count, digest.first, digest.last, digest.complete)
    assert 1 == feed.store.digest(DAY + dt.timedelta(days=1)).count


def test_a_clock_ahead_of_the_sealers_hides_nothing(feed: Feed) -> None:
    """Recorded just after midnight by one clock, sealed just before it by another."""
    feed.record(MIDNIGHT + dt.timedelta(seconds=5))
    feed.seal(MIDNIGHT - dt.timedelta(seconds=5))
    feed.record(MIDNIGHT + dt.timedelta(hours=1))
    feed.seal(MIDNIGHT + dt.timedelta(hours=1))

    assert [0, 2] == [feed.store.digest(DAY + dt.timedelta(days=n)).count for n in (0, 1)]
    assert -1 == feed.store.before(MIDNIGHT)


def test_a_day_is_kept_if_nothing_of_it_was_let_go(feed: Feed) -> None:
    """A quiet one too."""
    for day in (0, 1, 3):
        feed.record(NOON + dt.timedelta(days=day))
        feed.seal(NOON + dt.timedelta(days=day, minutes=1))
    log = feed.shared.seals.log
    with feed.database.writing() as connection:
        connection.execute(sa.update(log).where(log.c.name == "change").values(kept_from=1))

    found = [feed.store.digest(DAY + dt.timedelta(days=n)) for n in range(5)]
    assert [(False, 1), (True, 1), (True, 0), (True, 1), (True, 0)] == [
        (each.kept, 1 if n == 0 else each.count) for n, each in enumerate(found)
    ]


def test_the_digest_of_a_day_outlives_an_erasure(feed: Feed) -> None:
    """Who read before it and who reads afterwards agree with it."""
    feed.record(NOON, 3)
    feed.seal(NOON)
    before = feed.store.digest(DAY)
    told_before = feed.store.read(-1, 2)[0][0].changes
    with feed.database.writing() as connection:
        subject_keys(feed.database, feed.shared, feed.clock).destroy(connection, PSEUDONYMS.of(ANNA))

    told_after = feed.store.read(-1, 2)[0][0].changes
    assert ([ANNA] * 3, [None] * 3) == (
        [int(each.ssin or 0) for each in told_before],
        [each.ssin for each in told_after],
    )
    assert before == feed.store.digest(DAY)
    assert [each.digest_text() for each in told_before] == [each.digest_text() for each in told_after]


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("UPDATE change SET payload = (SELECT payload FROM change WHERE position = 0) WHERE position = 1", 1),
        ("UPDATE subject_key SET wrapped = payload FROM change WHERE position = 0", 0),
    ],
)
def test_an_altered_record_is_named_by_its_position(feed: Feed, statement: str, place: int) -> None:
    """It is not passed over; nor is one whose key was altered."""
    feed.record(NOON, 3)
    feed.seal(NOON)
    with feed.database.writing() as connection:
        for each in append_only.letting_go(feed.database.dialect, "change"):
            connection.execute(sa.text(each))
        connection.execute(sa.text(statement))

    for ask in (lambda: feed.store.read(-1, 2), lambda: feed.store.digest(DAY)):
        with pytest.raises(EntryUnreadableError) as refused:
            ask()
        assert place == refused.value.position


def test_a_commit_at_the_end_of_a_page_is_whole(feed: Feed) -> None:
    """However long it is, and whether another follows or not."""
    for count in (PAGE - 10, 2 * PAGE, 3):
        feed.record(NOON, count)
    feed.seal(NOON)

    commits, position = feed.store.read(-1, 3 * PAGE - 8)
    assert [PAGE - 10, 2 * PAGE] == [len(each.changes) for each in commits]
    commits, position = feed.store.read(position, 3 * PAGE - 8)
    assert ([3], 3 * PAGE - 8) == ([len(each.changes) for each in commits], position)


def test_a_page_reads_little_of_what_follows_it(feed: Feed) -> None:
    """A page of a log of millions costs what one of thousands costs: every statement names a limit."""
    for count in (PAGE, PAGE, 10):
        feed.record(NOON, count)
    feed.seal(NOON)
    statements: list[str] = []
    sa.event.listen(
        feed.database.engine, "before_cursor_execute", lambda *given: statements.append(str(given[2]))
    )

    feed.store.read(-1, 2 * PAGE + 9)
    read = [each for each in statements if "FROM change" in each]
    assert read
    assert all("LIMIT" in each for each in read)
