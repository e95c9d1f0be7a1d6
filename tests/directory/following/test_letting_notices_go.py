"""Notices are let go of when they are old and were acknowledged: by `audit retain`, which may be broken off."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from google.type import date_pb2
from tests.directory.following.conftest import NOON, PENSIONS, WELFARE, WHY, A, World
from tests.directory.following.test_applying import JAN, facts
from typer.testing import CliRunner

from kruispunt import merkle
from kruispunt.directory.v1 import notice_service_pb2 as pb
from kruispunt_directory.__main__ import app
from kruispunt_directory.servicer.notice_source import NoticeSource
from kruispunt_directory.servicer.notices import NoticeServicer
from kruispunt_directory.store import notices as store
from kruispunt_directory.store.notices import LetGo
from kruispunt_server.call import Call, Participant, Role
from kruispunt_server.errors import Reason, RegistryError

LATER = NOON + dt.timedelta(days=1)


@pytest.fixture
def config(world: World, tmp_path: Path) -> Path:
    """Settings that keep notices for ten days; those of the tests' clock are older."""
    url = world.database.engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
    (tmp_path / "secret").write_bytes(b"k" * 32)
    path = tmp_path / "settings.toml"
    path.write_text(
        f'database_url = "{url}"\nsecret_file = "{tmp_path / "secret"}"\nplaintext_participant = "x"\n'
        "notice_retention_days = 10\n"
    )
    return path


def tell(world: World, count: int) -> None:
    """Tell both institutions."""
    for institution in (PENSIONS, WELFARE):
        world.register(A, institution, JAN)
    for _ in range(count):
        world.tell(facts(A))


def kept(world: World) -> tuple[list[int], list[int]]:
    """Return the numbers of the notices that are kept of each."""
    first, second = ([number for number, *_ in world.noticed(each)] for each in (PENSIONS, WELFARE))
    return first, second


def test_the_command_says_what_went_and_what_stays(world: World, config: Path) -> None:
    """What was not acknowledged stays however old, and so does what is younger; again nothing goes."""
    tell(world, 4)
    world.notices.acknowledge(PENSIONS, 3)
    world.clock.advance(dt.datetime.now(dt.UTC) - world.clock.now())
    world.tell(facts(A))

    for deleted in (3, 0):
        done = CliRunner().invoke(app, ["audit", "retain", "--json", "--config", str(config)])
        assert 0 == done.exit_code
        said = json.loads(done.stdout)
        assert (deleted, 5) == (said["deleted"]["notices"], said["held_back"]["notices"])
    assert ([4, 5], [1, 2, 3, 4, 5]) == kept(world)
    done = CliRunner().invoke(app, ["audit", "retain", "--config", str(config)])
    assert "0 notices deleted, 5 old ones kept: not acknowledged\n" in done.stdout


def test_without_the_setting_notices_are_kept_for_ever(world: World, config: Path) -> None:
    """And not spoken of."""
    tell(world, 2)
    world.notices.acknowledge(PENSIONS, 2)
    config.write_text(config.read_text().replace("notice_retention_days = 10\n", ""))

    done = CliRunner().invoke(app, ["audit", "retain", "--json", "--config", str(config)])
    assert {} == json.loads(done.stdout)["held_back"]
    assert ([1, 2], [1, 2]) == kept(world)


@pytest.mark.parametrize("statements", range(1, 12, 2))
def test_broken_off_it_goes_on_the_next_time(
    world: World, monkeypatch: pytest.MonkeyPatch, statements: int
) -> None:
    """At whatever deletion or rise: what is kept is what is said to be kept."""
    tell(world, 6)
    for institution in (PENSIONS, WELFARE):
        world.notices.acknowledge(institution, 5)
    monkeypatch.setattr(store, "_STEP", 2)
    left = statements

    def cut(*arguments: object) -> None:
        nonlocal left
        if str(arguments[2]).startswith(("UPDATE notice_state", "DELETE FROM notice")):
            left -= 1
            if left == 0:
                raise KeyboardInterrupt

    sa.event.listen(world.database.engine, "before_cursor_execute", cut)
    with pytest.raises(KeyboardInterrupt):
        world.notices.let_go(LATER)
    sa.event.remove(world.database.engine, "before_cursor_execute", cut)
    for institution, numbers in zip((PENSIONS, WELFARE), kept(world), strict=True):
        assert list(range(world.notices.state(institution).kept_from, 7)) == numbers
    before = len(kept(world)[0]) + len(kept(world)[1])

    assert LetGo(before - 2, 2) == world.notices.let_go(LATER)
    assert ([6], [6]) == kept(world)


@pytest.fixture
def quiet(world: World) -> World:
    """A small institution: a notice on 3, 5 and 7 March; what is older than 6 March was let go."""
    world.register(A, PENSIONS, JAN)
    for _ in range(3):
        world.tell(facts(A))
        world.clock.advance(dt.timedelta(days=2))
    world.notices.acknowledge(PENSIONS, 3)
    world.notices.let_go(NOON + dt.timedelta(days=3))
    return world


def count_of(world: World, day: int) -> int | None:
    """Return how many notices of a day in March are proved; none: they are no longer kept."""
    participant = Participant("pensions", frozenset({Role.CONSUMER}), PENSIONS)
    call = Call("test", participant, WHY, world.clock.now(), 1e18)
    nobody: Any = None
    servicer = NoticeServicer(nobody, world.notices, nobody, nobody, world.clock)
    request = pb.GetNoticeDigestRequest(day=date_pb2.Date(year=2026, month=3, day=day))
    try:
        digest = servicer.GetNoticeDigest(request, call).digest
    except RegistryError as error:
        if error.reason is not Reason.POSITION_TOO_OLD:
            raise
        return None
    assert (digest.count, merkle.EMPTY_ROOT) == (0, digest.root_hash) or digest.count
    return digest.count


def test_a_quiet_day_after_what_was_let_go_is_proved(quiet: World) -> None:
    """Its count is 0; the day of what went last, and those before it, are too old, quiet or not."""
    assert [None, None, None, 0, 1, 0] == [count_of(quiet, day) for day in (3, 4, 5, 6, 7, 8)]


def test_quiet_days_are_proved_where_everything_was_let_go(quiet: World) -> None:
    """The instant of what went last is kept, and nothing of the person."""
    quiet.notices.let_go(NOON + dt.timedelta(days=30))

    assert ([], [None, 0]) == (quiet.noticed(PENSIONS), [count_of(quiet, day) for day in (7, 8)])


def test_a_watch_begins_after_what_was_let_go(quiet: World) -> None:
    """From an instant on, everything let go or not; not from one at which something went."""
    source = NoticeSource(quiet.notices, "log")
    fifth = NOON + dt.timedelta(days=2, minutes=1)
    assert [None, 2] == [source.before(PENSIONS, each) for each in (NOON, fifth)]

    quiet.notices.let_go(NOON + dt.timedelta(days=30))
    ninth = NOON + dt.timedelta(days=6)
    assert [None, 3] == [source.before(PENSIONS, each) for each in (fifth, ninth)]
