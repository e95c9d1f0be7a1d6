"""The feed over mutual TLS: everything, once, in the order of commits; whoever is slow, stops or begins anew."""

import asyncio
import datetime as dt
import itertools
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from pathlib import Path
from typing import Any

import grpc
import pytest
import sqlalchemy as sa
from google.protobuf.timestamp_pb2 import Timestamp
from tests.identity.service.conftest import PURPOSE, Identity
from tests.server.conftest import refusal_of
from tests.support.rights import make_other

from kruispunt import (
    AsyncIdentityClient,
    Birth,
    Decease,
    EvidenceKind,
    Gender,
    IdentityClient,
    Name,
    NumberChangeReason,
    PartialDate,
    Place,
    PositionTooOld,
    RoleMissing,
    Statement,
    TimeInFuture,
)
from kruispunt._feed_messages import start_message
from kruispunt.common.v1 import feed_pb2
from kruispunt.facts import Evidence
from kruispunt.feeds import (
    BEGINNING,
    NOW,
    SNAPSHOT,
    UNACKNOWLEDGED,
    AsyncFilePositions,
    ChangeKind,
    FeedStart,
    FilePositions,
    Told,
)
from kruispunt.identity.v1 import feed_service_pb2 as pb
from kruispunt.sqlalchemy_positions import SqlPositions
from kruispunt.ssin import Ssin
from kruispunt_server.unavailable import unavailable

PENSIONS, FOLLOWER = "institution-5-1", "directory-service"
METADATA = (
    ("kruispunt-legal-basis", "18/042"),
    ("kruispunt-end-user", "clerk-7"),
    ("kruispunt-case", "2026/1"),
)
WATCH = "/kruispunt.identity.v1.IdentityFeedService/WatchChanges"
_SURNAMES = itertools.count()


def register(client: IdentityClient, day: dt.date | None = None) -> Ssin:
    """Register somebody whom nobody resembles, by name or by birth."""
    number = next(_SURNAMES)
    day = day or dt.date(1930, 1, 1) + dt.timedelta(days=397 * (number % 70))
    letters = "".join(chr(ord("a") + int(digit)) for digit in str(number))
    family = f"{uuid.uuid4().hex.translate(str.maketrans('0123456789', 'ghijklmnop'))[:12]}{letters}"
    person = client.register_person(
        [
            Statement(Name(family, ("Ama",)), evidence=Evidence(EvidenceKind.PASSPORT, "X1", "GN")),
            Statement(Birth(PartialDate(day.year, day.month, day.day), Place("GN"))),
            Statement(Gender.FEMALE),
        ]
    ).person
    assert person is not None
    return person.ssin


def as_owner(identity_url: str, *statements: Any) -> None:
    """Do what the server itself may not."""
    engine = sa.create_engine(identity_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement) if isinstance(statement, str) else statement)
    engine.dispose()


def commits(watch: Iterator[Told], count: int) -> list[Told]:
    """Return the next commits of a watch."""
    return list(itertools.islice((each for each in watch if each.changes), count))


def sealed(identity: Identity) -> list[tuple[int, str]]:
    """Return position and identifier of every sealed change, once all are."""
    change = identity.tables.shared.change
    latest = time.monotonic() + 10
    while time.monotonic() < latest:
        with identity.database.reading() as connection:
            rows = connection.execute(
                sa.select(change.c.position, change.c.change_id).order_by(change.c.position)
            ).all()
        if all(row.position is not None for row in rows):
            return [(row.position, str(row.change_id)) for row in rows]
        time.sleep(0.05)
    raise AssertionError("not sealed")


def told_of(items: list[Told]) -> list[tuple[int, str]]:
    """Return position and identifier of every change told."""
    return [(change.position, change.change_id) for item in items for change in item.changes]


def test_changes_are_told_with_what_they_are_about(identity: Identity) -> None:
    """Kind, number, groups, days, source; a replacement tells both numbers; one transaction is one commit."""
    pensions = identity.client(PENSIONS)
    one, two = register(pensions), register(pensions)
    pensions.replace_number(one, two, reason=NumberChangeReason.DUPLICATE)

    first, second, third = commits(identity.client(FOLLOWER).watch_changes(BEGINNING), 3)
    (registered,) = first.changes
    assert (ChangeKind.PERSON_REGISTERED, one, None, "5/1") == (
        registered.kind,
        registered.ssin,
        registered.other,
        str(registered.source),
    )
    assert ["NAME", "BIRTH", "GENDER"] == [group.name for group in registered.data_groups]
    assert "BIS" == registered.register.name
    assert [two] == [change.ssin for change in second.changes]
    assert [
        (ChangeKind.NUMBER_REPLACED, one, two, False),
        (ChangeKind.NUMBER_JOINED, two, one, False),
    ] == [(change.kind, change.ssin, change.other, change.deceased) for change in third.changes]
    assert [0, 1, 3] == [first.position, second.position, third.position]


def test_every_number_told_is_a_look_recorded_before(identity: Identity) -> None:
    """By whom it was watched, and under which legal basis."""
    register(identity.client(PENSIONS))
    commits(identity.client(FOLLOWER).watch_changes(BEGINNING), 1)

    assert ("WatchChanges", "change", "told") in identity.accesses()


def test_a_number_that_is_told_beside_another_is_a_look_too(identity: Identity, identity_url: str) -> None:
    """As that which another was replaced by, though what is said of it by itself was erased."""
    pensions = identity.client(PENSIONS)
    one, two = register(pensions), register(pensions)
    pensions.replace_number(one, two, reason=NumberChangeReason.DUPLICATE)
    sealed(identity)
    key, access = identity.tables.shared.seals.subject_key, identity.tables.shared.access
    subject = identity.assembly.parts.pseudonyms.of(int(two))
    as_owner(
        identity_url,
        sa.update(key)
        .where(key.c.subject == subject)
        .values(wrapped=None, destroyed_at=identity.clock.now()),
    )

    (item,) = commits(identity.client(FOLLOWER).watch_changes(FeedStart.since(identity.clock.now())), 3)[2:]
    assert two in [change.other for change in item.changes]
    with identity.database.reading() as connection:
        looks = connection.scalars(sa.select(access.c.method).where(access.c.subject == subject))
        assert any(method.endswith("/WatchChanges") for method in looks)


def test_all_watchers_see_what_was_sealed_while_many_write(identity: Identity) -> None:
    """Eight writers, four watchers from different places: each sees exactly the sealed log, in its order."""
    pensions = identity.client(PENSIONS)
    before = register(pensions)
    done = threading.Event()
    seen: list[list[Told]] = []

    def watch(start: FeedStart) -> None:
        items: list[Told] = []
        seen.append(items)
        for item in identity.client(FOLLOWER).watch_changes(start, heartbeat_s=1, heartbeats=True):
            items.append(item)
            if done.is_set() and item.told_until is not None:
                return

    watchers = [threading.Thread(target=watch, args=(BEGINNING,)) for _ in range(4)]
    for thread in watchers:
        thread.start()
    with ThreadPoolExecutor(8) as writers:
        list(writers.map(lambda _: register(pensions), range(40)))
    expected = sealed(identity)
    done.set()
    for thread in watchers:
        thread.join(30)

    assert 41 == len(expected)
    assert before is not None
    assert [expected] * 4 == [told_of(items) for items in seen]


def test_a_slow_reader_holds_nobody_up_and_misses_nothing(identity: Identity) -> None:
    """It takes nothing while others are told; then it reads all that it had not."""
    channel = identity.channel(FOLLOWER)
    request = pb.WatchChangesRequest(start=start_message(BEGINNING))
    slow = channel.unary_stream(WATCH, response_deserializer=pb.WatchChangesResponse.FromString)(
        request.SerializeToString(), metadata=METADATA
    )
    pensions = identity.client(PENSIONS)
    quick = identity.client(FOLLOWER).watch_changes(BEGINNING)
    for _ in range(30):
        register(pensions)
    assert 30 == len(commits(quick, 30))

    late = list(itertools.islice((each for each in slow if each.HasField("commit")), 30))
    assert sealed(identity) == [
        (change.position, change.change_id) for message in late for change in message.commit.changes
    ]
    slow.cancel()


def test_a_watch_goes_on_after_a_token(identity: Identity) -> None:
    """With what comes after the item that the token stood on, in another client too."""
    pensions = identity.client(PENSIONS)
    for _ in range(5):
        register(pensions)
    first = commits(identity.client(FOLLOWER).watch_changes(BEGINNING), 2)

    rest = commits(identity.client(FOLLOWER).watch_changes(FeedStart.after(first[-1].resume_token)), 3)
    assert sealed(identity) == told_of(first + rest)


def test_starts_are_at_now_and_at_an_instant(identity: Identity) -> None:
    """Now: nothing of before. An instant: what was recorded then and later."""
    pensions = identity.client(PENSIONS)
    register(pensions)
    sealed(identity)
    identity.clock.advance(dt.timedelta(hours=1))
    now = identity.client(FOLLOWER).watch_changes(NOW, heartbeat_s=1, heartbeats=True)
    assert next(now).told_until is not None
    second = register(pensions)

    assert [second] == [change.ssin for item in commits(now, 1) for change in item.changes]
    instant = identity.clock.now() - dt.timedelta(minutes=30)
    since = identity.client(FOLLOWER).watch_changes(FeedStart.since(instant))
    assert [second] == [change.ssin for item in commits(since, 1) for change in item.changes]


def test_a_snapshot_and_what_follows_arrive_at_the_truth(identity: Identity) -> None:
    """While others write: numbers as they stand, then changes; applied in order they are the register."""
    pensions = identity.client(PENSIONS)
    early = [register(pensions) for _ in range(6)]
    pensions.replace_number(early[0], early[1], reason=NumberChangeReason.DUPLICATE)
    stands: dict[Ssin, Ssin] = {}

    def later() -> list[Ssin]:
        return [register(pensions) for _ in range(6)]

    with ThreadPoolExecutor(1) as writer:
        writing = writer.submit(later)
        watch = identity.client(FOLLOWER).watch_changes(SNAPSHOT, heartbeat_s=1, heartbeats=True)
        for item in watch:
            stands |= {number.ssin: number.current for number in item.numbers}
            for change in item.changes:
                assert change.ssin is not None
                stands[change.ssin] = (
                    change.other
                    if change.kind is ChangeKind.NUMBER_REPLACED and change.other
                    else change.ssin
                )
            if writing.done() and item.told_until is not None:
                sealed(identity)
                break
        for item in commits_until_quiet(watch):
            for change in item.changes:
                assert change.ssin is not None
                stands[change.ssin] = change.ssin
        late = writing.result()

    assert {early[0]: early[1], **{ssin: ssin for ssin in early[1:] + late}} == stands


def test_a_snapshot_tells_a_decease_whichever_number_it_was_told_under(identity: Identity) -> None:
    """It goes by the person, as changes do: whoever begins with a snapshot knows the same as who read every change."""
    pensions = identity.client(PENSIONS)
    former, next_, other = (register(pensions) for _ in range(3))
    pensions.update_person(former, [Statement(Decease(PartialDate(2026, 2, 1)))])
    pensions.replace_number(former, next_, reason=NumberChangeReason.DUPLICATE)
    changes = [
        change
        for item in commits(identity.client(FOLLOWER).watch_changes(BEGINNING), 5)
        for change in item.changes
    ]

    (snapshot,) = itertools.islice(identity.client(FOLLOWER).watch_changes(SNAPSHOT), 1)
    told = {change.ssin: change.deceased for change in changes if change.deceased is not None}
    assert {former: True, next_: True, other: False} == {n.ssin: n.deceased for n in snapshot.numbers}
    assert {former: True, next_: True} == told


def commits_until_quiet(watch: Iterator[Told]) -> Iterator[Told]:
    """Yield what comes until the next sign of life."""
    for item in watch:
        if item.told_until is not None:
            return
        yield item


def test_a_position_kept_in_a_file_survives_the_program(identity: Identity, tmp_path: Path) -> None:
    """An item is kept as dealt with when the next one is asked for: the one in between comes again."""
    pensions = identity.client(PENSIONS)
    for _ in range(4):
        register(pensions)
    positions = FilePositions(tmp_path / "position")
    watch = identity.client(FOLLOWER).watch_changes(BEGINNING, positions=positions)
    first = commits(watch, 2)
    del watch

    again = commits(identity.client(FOLLOWER).watch_changes(BEGINNING, positions=positions), 3)
    assert first[1].changes == again[0].changes
    assert sealed(identity) == told_of([first[0], *again])


def test_tasks_watch_many_at_once_and_go_on_after_a_position(identity: Identity, tmp_path: Path) -> None:
    """Three watches of one client see the same in one thread; the position that one kept leads on after the others' end."""
    pensions = identity.client(PENSIONS)
    first, second = register(pensions), register(pensions)
    positions = AsyncFilePositions(tmp_path / "position")

    async def read(
        client: AsyncIdentityClient, count: int, keeper: AsyncFilePositions | None
    ) -> list[Ssin | None]:
        seen: list[Ssin | None] = []
        async with aclosing(client.watch_changes(BEGINNING, positions=keeper)) as watch:
            async for told in watch:
                seen += [change.ssin for change in told.changes]
                if len(seen) > count:
                    break
        return seen[:count]

    async def play() -> list[list[Ssin | None]]:
        certificates = identity.certificates(FOLLOWER)
        async with AsyncIdentityClient(
            identity.endpoint, certificates=certificates, purpose=PURPOSE
        ) as client:
            return [
                *await asyncio.gather(
                    read(client, 2, positions), read(client, 2, None), read(client, 1, None)
                ),
                await read(client, 1, positions),
            ]

    third = register(pensions)
    register(pensions)

    # The first has dealt with two when it asks for the third, and so begins there again.
    assert [[first, second], [first, second], [first], [third]] == asyncio.run(play())


def test_a_position_in_the_readers_transaction_makes_it_exactly_once(
    identity: Identity, tmp_path: Path
) -> None:
    """Whenever the reader dies, effect and position are both there or neither."""
    pensions = identity.client(PENSIONS)
    for _ in range(6):
        register(pensions)
    metadata = sa.MetaData()
    positions = SqlPositions(metadata, "registers")
    effect = sa.Table("effect", metadata, sa.Column("change_id", sa.Text))
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'own.db'}")
    metadata.create_all(engine)
    deaths = iter([0, 1, 0, 1, 2, 0, 9])

    class Died(Exception):  # noqa: N818
        pass

    def run(lives: int) -> None:
        with engine.connect() as connection:
            start = positions.start(connection, otherwise=BEGINNING)
        for item in identity.client(FOLLOWER).watch_changes(start):
            with engine.begin() as connection:
                connection.execute(sa.insert(effect), [{"change_id": c.change_id} for c in item.changes])
                if lives == 0:
                    raise Died
                positions.save(connection, item.resume_token)
            lives -= 1
            with engine.connect() as connection:
                if connection.scalar(sa.select(sa.func.count()).select_from(effect)) == 6:
                    return

    for lives in deaths:
        try:
            run(lives)
            break
        except Died:
            continue

    with engine.connect() as connection:
        told = list(connection.scalars(sa.select(effect.c.change_id)))
    assert [change_id for _, change_id in sealed(identity)] == told
    engine.dispose()


def _refused(identity: Identity, start: feed_pb2.FeedStart | None, participant: str = FOLLOWER) -> str:
    request = pb.WatchChangesRequest(start=start)
    stream = identity.channel(participant).unary_stream(WATCH)(
        request.SerializeToString(), metadata=METADATA, timeout=10
    )
    with pytest.raises(grpc.RpcError) as caught:
        next(iter(stream))
    refusal = refusal_of(caught.value)
    return f"{refusal.reason} {refusal.field or refusal.metadata.get('field', '')}".strip()


def test_wrong_beginnings_have_their_own_reasons(identity: Identity) -> None:
    """And change nothing."""
    register(identity.client(PENSIONS))
    sealed(identity)
    token = commits(identity.client(FOLLOWER).watch_changes(BEGINNING), 1)[0].resume_token
    future = Timestamp(seconds=32_503_680_000)
    forged = ("A" if token[0] != "A" else "B") + token[1:]

    assert [
        "FIELD_REQUIRED start",
        "FIELD_REQUIRED start",
        "POSITION_INVALID start.resume_token",
        "POSITION_INVALID start.resume_token",
        "TIME_IN_FUTURE start.since",
        "FIELD_INVALID start.unacknowledged",
        "ROLE_MISSING",
    ] == [
        _refused(identity, None),
        _refused(identity, feed_pb2.FeedStart(beginning=False)),
        _refused(identity, feed_pb2.FeedStart(resume_token="nonsense")),
        _refused(identity, feed_pb2.FeedStart(resume_token=forged)),
        _refused(identity, feed_pb2.FeedStart(since=future)),
        _refused(identity, start_message(UNACKNOWLEDGED)),
        _refused(identity, start_message(BEGINNING), PENSIONS),
    ]


def test_a_position_beyond_the_end_is_refused(identity: Identity, identity_url: str) -> None:
    """As after a database was put back."""
    register(identity.client(PENSIONS))
    token = commits(identity.client(FOLLOWER).watch_changes(BEGINNING), 1)[0].resume_token
    log = identity.tables.shared.seals.log
    with identity.database.reading() as connection:
        size = connection.scalar(sa.select(log.c.size).where(log.c.name == "change"))
    assert 1 == size
    on = " ON log" if identity.database.dialect == "postgresql" else ""
    as_owner(
        identity_url,
        f"DROP TRIGGER log_rising{on}",
        sa.update(log).where(log.c.name == "change").values(size=0),
    )
    assert "POSITION_BEYOND_END start.resume_token" == _refused(
        identity, feed_pb2.FeedStart(resume_token=token)
    )


def test_what_is_no_longer_kept_shows_the_way_back(identity: Identity, identity_url: str) -> None:
    """POSITION_TOO_OLD; a client that may start over is given a snapshot."""
    pensions = identity.client(PENSIONS)
    persons = [register(pensions) for _ in range(3)]
    follower = identity.client(FOLLOWER)
    token = commits(follower.watch_changes(BEGINNING), 1)[0].resume_token
    sealed(identity)
    log = identity.tables.shared.seals.log
    as_owner(identity_url, sa.update(log).where(log.c.name == "change").values(kept_from=2))

    with pytest.raises(PositionTooOld) as caught:
        next(follower.watch_changes(FeedStart.after(token)))
    assert "snapshot" == caught.value.metadata["way_back"]
    assert "POSITION_TOO_OLD start.beginning" == _refused(identity, start_message(BEGINNING))
    item = next(follower.watch_changes(FeedStart.after(token), start_over=True))
    assert sorted(persons) == [number.ssin for number in item.numbers]


def test_an_erased_person_is_told_without_number(identity: Identity, identity_url: str) -> None:
    """The change stays, in its place."""
    person = register(identity.client(PENSIONS))
    sealed(identity)
    key = identity.tables.shared.seals.subject_key
    as_owner(identity_url, sa.update(key).values(wrapped=None, destroyed_at=identity.clock.now()))

    (item,) = commits(identity.client(FOLLOWER).watch_changes(BEGINNING), 1)
    assert [(ChangeKind.PERSON_REGISTERED, None)] == [(each.kind, each.ssin) for each in item.changes]
    assert person is not None


def test_signs_of_life_come_while_nothing_happens(identity: Identity) -> None:
    """Every second here; each with the position."""
    watch = identity.client(FOLLOWER).watch_changes(NOW, heartbeat_s=1, heartbeats=True)

    beats = list(itertools.islice(watch, 2))
    assert [True, True] == [beat.told_until is not None for beat in beats]
    assert [-1, -1] == [beat.position for beat in beats]


def test_a_right_withdrawn_ends_an_open_watch(identity: Identity) -> None:
    """Within five seconds."""
    watch = identity.client(FOLLOWER).watch_changes(NOW, heartbeat_s=1, heartbeats=True)
    next(watch)
    began = time.monotonic()
    make_other(
        identity.database, identity.tables.shared, FOLLOWER, roles="consumer", sector=99, institution=9
    )

    with pytest.raises(RoleMissing):
        for _ in watch:
            pass
    assert time.monotonic() - began < 10


def test_nothing_is_told_while_the_access_log_cannot_be_written(
    identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And everything once it can."""
    (hub,) = identity.assembly.hubs
    work: Callable[[Any], None] = hub._commit_all
    broken = threading.Event()
    broken.set()

    def failing(calls: Any) -> None:
        if broken.is_set():
            raise OSError("no access log")
        work(calls)

    monkeypatch.setattr(hub, "_commit_all", failing)
    register(identity.client(PENSIONS))
    told: list[Told] = []
    watch = identity.client(FOLLOWER).watch_changes(BEGINNING)
    reader = threading.Thread(target=lambda: told.extend(commits(watch, 1)))
    reader.start()
    reader.join(2)
    assert [] == told
    broken.clear()
    reader.join(10)
    assert 1 == len(told)


def test_the_digest_of_a_day_proves_that_nothing_was_missed(identity: Identity) -> None:
    """Count and root over what was told; not complete before the day is over."""
    pensions = identity.client(PENSIONS)
    for _ in range(3):
        register(pensions)
    follower = identity.client(FOLLOWER)
    items = commits(follower.watch_changes(BEGINNING), 3)
    texts = [change.digest_text() for item in items for change in item.changes]
    today = identity.clock.today()

    digest = follower.get_digest(today)
    assert (3, 0, 2, False) == (
        digest.count,
        digest.first_position,
        digest.last_position,
        digest.complete,
    )
    assert digest.agrees_with(texts)
    assert not digest.agrees_with(texts[:2])
    assert not digest.agrees_with(texts[::-1])
    identity.clock.advance(dt.timedelta(days=1))
    assert follower.get_digest(today).complete
    assert (0, True) == (
        (before := follower.get_digest(today - dt.timedelta(days=1))).count,
        before.complete,
    )
    with pytest.raises(TimeInFuture):
        follower.get_digest(today + dt.timedelta(days=5))


def test_now_is_when_the_watch_was_opened(identity: Identity) -> None:
    """Broken off before anything happened, and opened again: what happened in between is told."""
    (hub,) = identity.assembly.hubs
    watch = identity.client(FOLLOWER).watch_changes(NOW, heartbeat_s=60)
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(commits, watch, 1)
        latest = time.monotonic() + 10
        while not hub.count() and time.monotonic() < latest:
            time.sleep(0.02)
        time.sleep(0.5)
        (watcher,) = hub._all()
        hub._leave(watcher)
        watcher.outlet.end(unavailable())  # the client comes back after a second
        person = register(identity.client(PENSIONS))
        sealed(identity)
        time.sleep(2.5)
        register(identity.client(PENSIONS))

        (item,) = reading.result(20)
    assert [person] == [change.ssin for change in item.changes]
