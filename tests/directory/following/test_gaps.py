"""What becomes of a directory that identity does not let go on: it says so, and finds back to the truth."""

import contextlib
import datetime as dt
import io
import json
import time
from collections.abc import Callable, Iterator

import pytest
from tests.directory.following.conftest import NOON, PENSIONS, WELFARE, A, B, C, World
from tests.directory.following.test_applying import DAY, JAN, facts, replaced
from typer.testing import CliRunner

from kruispunt_directory.__main__ import app
from kruispunt_directory.domain.number import NumberStatus
from kruispunt_directory.domain.told import (
    DECEASE_GROUP,
    ChangeKind,
    PositionRefusedError,
    RegisterChange,
    RegisterCommit,
    RegisteredNumber,
    SignOfLife,
    SnapshotPart,
    Told,
)
from kruispunt_directory.following.behind import Behind
from kruispunt_directory.following.worker import FollowingThread
from kruispunt_directory.store.cursors import CursorStore
from kruispunt_directory.tables import directory_tables
from kruispunt_server.clock import SystemClock
from kruispunt_server.events import Events
from kruispunt_server.lease import Lease

WHOLE = SnapshotPart([RegisteredNumber(A), RegisteredNumber(B), RegisteredNumber(C)], last=True)


def followed(world: World) -> None:
    """Let the directory have followed to the end of a first snapshot, and a while."""
    world.show(WHOLE)
    world.beat(NOON)


def status(world: World, number: object) -> NumberStatus:
    """Return the state of the number that one leads to."""
    with world.database.reading() as connection:
        return world.dossiers.numbers.resolve(connection, number).status


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ([], RegisteredNumber(A, deceased=True), "DECEASED"),
        (
            [
                RegisterChange(
                    ChangeKind.FACTS_TOLD, A, groups=frozenset({DECEASE_GROUP}), deceased=True, change_id=None
                )
            ],
            RegisteredNumber(A),
            "DATA_CHANGED",
        ),
        ([], RegisteredNumber(A, cancelled=True), "NUMBER_CANCELLED"),
        ([RegisterChange(ChangeKind.NUMBER_CANCELLED, A)], RegisteredNumber(A), "DATA_CHANGED"),
        ([RegisterChange(ChangeKind.REGISTER_MOVED, A, register=1)], RegisteredNumber(A, register=2), "REGISTER_MOVED"),
        ([], RegisteredNumber(A, B, DAY), "NUMBER_REPLACED"),
        (replaced(A, B), RegisteredNumber(A), "NUMBER_SPLIT"),
    ],
)  # fmt: skip
def test_what_a_gap_hid_is_told_where_numbers_show_it(
    world: World, before: list[RegisterChange], after: RegisteredNumber, told: str
) -> None:
    """In both directions: what happened, and what is undone by a restore."""
    world.register(A, PENSIONS, JAN)
    followed(world)
    for change in before:
        world.tell(change)
    known = len(world.noticed(PENSIONS))

    world.show(SnapshotPart([after, RegisteredNumber(B)], last=True))

    assert [told] == [kind for _, kind, *_ in world.noticed(PENSIONS)[known:]]
    world.show(SnapshotPart([after, RegisteredNumber(B)], last=True))
    assert known + 1 == len(world.noticed(PENSIONS))


@pytest.mark.parametrize("told", [True, False])
def test_a_decease_in_a_gap_is_told_of_who_was_new(world: World, told: bool) -> None:
    """Whether the person was registered before the gap or in it; of a first snapshot nobody is told."""
    world.register(C, WELFARE, JAN)
    first = SnapshotPart([RegisteredNumber(B), RegisteredNumber(C, deceased=True)], last=True)
    world.show(first)
    world.beat(NOON)
    if told:
        world.tell(RegisterChange(ChangeKind.PERSON_REGISTERED, A))
    world.register(A, PENSIONS, JAN)

    world.show(SnapshotPart([RegisteredNumber(A, deceased=True)], last=True))

    assert [(1, "DECEASED", A, A)] == world.noticed(PENSIONS)
    assert [] == world.noticed(WELFARE)
    assert NumberStatus.DECEASED is status(world, A)


def test_a_decease_is_told_once_of_a_person_of_two_numbers(world: World) -> None:
    """A snapshot says it of both; it is told of the one that stands."""
    world.register(A, PENSIONS, JAN)
    followed(world)
    world.tell(*replaced(A, B))

    world.show(SnapshotPart([RegisteredNumber(A, B, DAY, deceased=True)], last=False))
    world.show(SnapshotPart([RegisteredNumber(B, deceased=True)], last=True))

    assert [(1, "NUMBER_REPLACED", A, B), (2, "DECEASED", A, B)] == world.noticed(PENSIONS)


class Registers:
    """A feed that refuses positions, and tells what it is given."""

    def __init__(self) -> None:
        self.opened: list[str | None] = []
        self.refusal: str | None = None
        self.snapshot: list[Told] = []
        self.after_tokens: dict[str, list[Told]] = {}

    @contextlib.contextmanager
    def after(self, resume_token: str | None) -> Iterator[Iterator[Told]]:
        self.opened.append(resume_token)
        yield self._read(resume_token)

    def _read(self, resume_token: str | None) -> Iterator[Told]:
        if resume_token is not None and self.refusal is not None:
            raise PositionRefusedError(self.refusal)
        yield from self.snapshot if resume_token is None else self.after_tokens.get(resume_token, [])
        time.sleep(0.05)

    def close(self) -> None: ...


class Follower:
    """A follower of such registers, at work."""

    def __init__(self, world: World, registers: Registers) -> None:
        self.log = io.StringIO()
        tables = directory_tables()
        events = Events("directory", strict=True, stream=self.log)
        lease = Lease(world.database, tables.shared, "follower", SystemClock())
        self.thread = FollowingThread(registers, world.applier, lease, events)

    def events(self) -> list[tuple[str, str | None]]:
        """Return (event, reason) of what was told."""
        lines = map(json.loads, self.log.getvalue().splitlines())
        return [(line["event"], line.get("reason")) for line in lines]


@contextlib.contextmanager
def at_work(world: World, registers: Registers) -> Iterator[Follower]:
    """Let it work."""
    follower = Follower(world, registers)
    follower.thread.start()
    try:
        yield follower
    finally:
        follower.thread.stop()


def until(condition: Callable[[], object]) -> None:
    """Wait until a condition holds."""
    latest = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < latest, "it never came true"
        time.sleep(0.02)


def behind(world: World) -> Behind:
    """Return what health goes by."""
    return Behind(CursorStore(world.database, world.tables), world.clock, 60)


def run(world: World, *arguments: str) -> tuple[int, str]:
    """Run `refollow` on the database."""
    url = world.database.engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
    settings = {"DATABASE_URL": url, "SECRET_FILE": __file__, "PLAINTEXT_PARTICIPANT": "x"}
    variables = {f"KRUISPUNT_DIRECTORY_{name}": value for name, value in settings.items()}
    done = CliRunner().invoke(app, ["refollow", *arguments], env=variables)
    return done.exit_code, done.output


def test_what_is_no_longer_kept_is_made_up_for_by_a_snapshot(world: World) -> None:
    """By itself, for only time has passed; an event says since when changes of data are not told."""
    world.register(A, PENSIONS, JAN)
    followed(world)
    registers = Registers()
    registers.refusal = "POSITION_TOO_OLD"
    registers.snapshot = [
        Told("s", 7, SnapshotPart([RegisteredNumber(A, B, DAY), RegisteredNumber(B)], last=True))
    ]

    with at_work(world, registers) as follower:
        until(lambda: ("snapshot_applied", None) in follower.events())

    assert ("following_gap", "POSITION_TOO_OLD") == follower.events()[0]
    assert '"until": "2026-03-03T12:00:00+00:00"' in follower.log.getvalue()
    assert [(1, "NUMBER_REPLACED", A, B)] == world.noticed(PENSIONS)


def test_a_position_beyond_the_end_stops_the_directory_until_an_operator_decides(world: World) -> None:
    """Even when the registers would take it later: by then they have other changes at it; and a restart does not help."""
    world.register(A, PENSIONS, JAN)
    followed(world)
    world.tell(*replaced(A, B))
    registers = Registers()
    registers.refusal = "POSITION_BEYOND_END"
    registers.snapshot = [Told("s", 0, WHOLE), Told("t", 0, SignOfLife(world.clock.now()))]
    assert behind(world).is_following()

    with at_work(world, registers) as follower:
        until(follower.events)
        assert ("POSITION_BEYOND_END", False) == (behind(world).refused(), behind(world).is_following())
        registers.refusal = None  # they have grown
        opened = len(registers.opened)
        time.sleep(1.5)
        assert opened == len(registers.opened)
        assert [("following_refused", "POSITION_BEYOND_END")] == follower.events()
    with at_work(world, registers) as follower:
        until(follower.events)
        assert [("following_refused", "POSITION_BEYOND_END")] == follower.events()

        assert (0, True) == ((said := run(world))[0], "had refused it: POSITION_BEYOND_END" in said[1])
        until(lambda: ("snapshot_applied", None) in follower.events())
        until(lambda: behind(world).is_following())
    assert ["NUMBER_REPLACED", "NUMBER_SPLIT"] == [kind for _, kind, *_ in world.noticed(PENSIONS)]
    assert [(PENSIONS, 20, JAN, None)] == world.listed(A)


def test_registers_that_have_back_what_they_lost_are_followed_without_a_gap(world: World) -> None:
    """`refollow --resume`: nothing is left out."""
    world.register(A, PENSIONS, JAN)
    followed(world)
    token = world.tell(facts(A)).resume_token
    registers = Registers()
    registers.refusal = "POSITION_BEYOND_END"
    registers.after_tokens = {token: [Told("u", 9, world.told(facts(A)).content)]}

    with at_work(world, registers) as follower:
        until(follower.events)
        registers.refusal = None
        assert 0 == run(world, "--resume")[0]
        until(lambda: len(world.noticed(PENSIONS)) == 2)
    assert None not in registers.opened


@pytest.mark.parametrize("reason", ["POSITION_FOREIGN", "POSITION_INVALID"])
def test_other_registers_are_not_followed_until_the_right_ones_answer(world: World, reason: str) -> None:
    """A wrong address or secret may be put right: then it goes on where it was, by itself."""
    world.register(A, PENSIONS, JAN)
    followed(world)
    token = world.tell(facts(A)).resume_token
    registers = Registers()
    registers.refusal = reason
    registers.snapshot = [Told("s", 0, SnapshotPart([RegisteredNumber(A, B, DAY)], last=True))]
    registers.after_tokens = {token: [Told("u", 9, world.told(facts(A)).content)]}

    with at_work(world, registers) as follower:
        until(lambda: len(registers.opened) > 1)
        assert ([("following_refused", reason)], reason, False) == (
            follower.events(),
            behind(world).refused(),
            behind(world).is_following(),
        )
        registers.refusal = None
        until(lambda: len(world.noticed(PENSIONS)) == 2)
    assert behind(world).refused() is None
    assert None not in registers.opened
    assert [(PENSIONS, 20, JAN, None)] == world.listed(A)


def test_a_directory_that_never_followed_has_nothing_to_follow_anew(world: World) -> None:
    """Nothing is changed."""
    status_, said = run(world)

    assert (78, True) == (status_, "never followed" in said)


def test_the_instant_of_effects_only_grows_over_a_new_beginning(world: World) -> None:
    """Whatever the clock says: versions of numbers have one order."""
    followed(world)
    before = world.applier.cursor()
    assert before is not None
    world.applier.start_over(before)
    world.clock.advance(dt.timedelta(days=-1))
    world.show(WHOLE)

    after = world.applier.cursor()
    assert after is not None
    assert after.applied_at > before.applied_at


def unread(kind: ChangeKind = ChangeKind.NUMBER_REPLACED, position: int = 5) -> Told:
    """Return a commit about somebody who was erased before it was read."""
    return Told(f"at {position}", position, RegisterCommit(position, NOON, [RegisterChange(kind, None)]))


def test_a_replacement_erased_before_it_was_read_is_made_up_for(world: World) -> None:
    """By a snapshot, once all else was told; until then health's metric says that something is missing."""
    world.register(A, PENSIONS, JAN)
    followed(world)
    cursor = world.applier.cursor()
    assert cursor is not None
    told = Told("after", 6, RegisterCommit(6, NOON, [facts(A)]))
    registers = Registers()
    registers.after_tokens = {str(cursor.resume_token): [unread(), told]}
    registers.snapshot = [
        Told("s", 6, SnapshotPart([RegisteredNumber(A, B, DAY), RegisteredNumber(B)], last=True))
    ]

    with at_work(world, registers) as follower:
        until(lambda: len(world.noticed(PENSIONS)) == 1)
        assert ([("change_unreadable", None)], True) == (follower.events(), behind(world).has_unread())
        registers.after_tokens["after"] = [Told("end", 6, SignOfLife(NOON))]
        until(lambda: ("snapshot_applied", None) in follower.events())
    assert [(1, "DATA_CHANGED", A, A), (2, "NUMBER_REPLACED", A, B)] == world.noticed(PENSIONS)
    assert ([(PENSIONS, 20, JAN, None)], False) == (world.listed(B), behind(world).has_unread())


def test_nothing_told_before_that_snapshot_is_left_out(world: World) -> None:
    """One that begins later than the feed was read is not taken: what lies between comes first."""
    world.register(A, PENSIONS, JAN)
    followed(world)
    cursor = world.applier.cursor()
    assert cursor is not None
    registers = Registers()
    registers.after_tokens = {
        str(cursor.resume_token): [unread(), Told("end", 5, SignOfLife(NOON))],
        "end": [Told("after", 6, RegisterCommit(6, NOON, [facts(A)])), Told("beat", 6, SignOfLife(NOON))],
    }
    registers.snapshot = [
        Told("s", 6, SnapshotPart([RegisteredNumber(A, B, DAY), RegisteredNumber(B)], last=True))
    ]

    with at_work(world, registers) as follower:
        until(lambda: ("snapshot_applied", None) in follower.events())
    assert [(1, "DATA_CHANGED", A, A), (2, "NUMBER_REPLACED", A, B)] == world.noticed(PENSIONS)


def test_what_no_snapshot_shows_needs_none(world: World) -> None:
    """An identifier that was linked concerns nobody here."""
    followed(world)
    world.apply(unread(ChangeKind.IDENTIFIER_LINKED))

    assert not behind(world).has_unread()
