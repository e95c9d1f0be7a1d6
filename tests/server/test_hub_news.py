# ruff: noqa: ARG002
"""The hub asks for what is new to anybody, and for the ends of those who have just come: nothing falls in between."""

import datetime as dt
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from typing import Any

import pytest

from kruispunt_server.call import Call, Participant
from kruispunt_server.clock import FixedClock
from kruispunt_server.errors import RegistryError
from kruispunt_server.events import Events
from kruispunt_server.feeds.hub import Hub
from kruispunt_server.feeds.positions import Place, Places
from kruispunt_server.feeds.source import Entry, Key, Page, Part
from kruispunt_server.keys import Keys
from kruispunt_server.tokens import PageTokens

BEAT = b"beat"
NOON = dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)


class Feed:
    """Entries of several keys in memory; counts what is asked, and may tell something while it is asked."""

    name = "feed"
    data_groups = "nothing"

    def __init__(self) -> None:
        self.last: dict[Key, int] = defaultdict(int)
        self.moved: set[Key] = set()
        self.asked: list[set[Key]] = []
        self.before_ends: Callable[[], None] = lambda: None

    def tell(self, key: Key) -> None:
        self.last[key] += 1
        self.moved.add(key)

    def log_id(self, key: Key) -> str:
        return "x"

    def key_of(self, call: Call) -> Key:
        return call.participant.participant_id

    def ends(self, keys: Collection[Key]) -> Mapping[Key, int]:
        self.asked.append(set(keys))
        self.before_ends()
        return {key: self.last[key] for key in keys}

    def news(self) -> Mapping[Key, int]:
        moved, self.moved = self.moved, set()
        return {key: self.last[key] for key in moved}

    def before_all(self, key: Key) -> int:
        return 0

    def is_whole(self, key: Key) -> bool:
        return True

    def before(self, key: Key, instant: dt.datetime) -> int:
        return 0

    def acknowledged(self, key: Key) -> int | None:
        return None

    def read(self, key: Key, after: int, end: int) -> Page:
        return Page([Entry(number, [], number) for number in range(after + 1, end + 1)], end)

    def snapshot(self, key: Key, place: str) -> Part:
        raise NotImplementedError

    def message(self, entry: Entry, resume_token: str) -> bytes:
        return str(entry.position).encode()

    def snapshot_message(self, part: Part, position: int, resume_token: str) -> bytes:
        raise NotImplementedError

    def heartbeat(self, position: int, resume_token: str, told_until: dt.datetime) -> bytes:
        return BEAT


class Reader:
    """Takes everything at once, and remembers what is no sign of life."""

    def __init__(self, name: str) -> None:
        self.call = Call("m", Participant(name, frozenset(), None), None, NOON, time.monotonic() + 60)
        self.told: list[bytes] = []

    def send(self, message: bytes, done: Callable[[], None]) -> bool:
        if message != BEAT:
            self.told.append(message)
        done()
        return True

    def still(self) -> None:
        """Be let in for ever."""

    def end(self, refusal: RegistryError | None = None) -> None:
        """End."""

    def cut(self) -> None:
        """Be cut off."""


class World:
    """A hub whose turns are taken by hand."""

    def __init__(self) -> None:
        self.feed = Feed()
        clock = FixedClock(NOON)
        places = Places(self.feed, PageTokens(Keys(b"k" * 32).derive("page-token")), clock)
        self.hub = Hub(self.feed, places, lambda _calls: None, clock, Events("directory"))

    def open(self, name: str) -> Reader:
        reader: Any = Reader(name)
        self.hub.open(reader, name, Place(0), 10)
        return reader  # type: ignore[no-any-return]

    def turns(self, count: int = 4) -> None:
        for _ in range(count):
            self.hub._turn()


@pytest.fixture
def world() -> World:
    """A hub and its feed."""
    return World()


def test_everybody_is_told_his_own(world: World) -> None:
    """What was there before, and what comes later."""
    world.feed.tell("a")
    anna, bea = world.open("a"), world.open("b")
    world.turns()
    world.feed.tell("a")
    world.feed.tell("b")
    world.turns()

    assert ([b"1", b"2"], [b"1"]) == (anna.told, bea.told)


def test_ends_are_asked_once(world: World) -> None:
    """Of those who come; what moves afterwards is news."""
    world.open("a")
    world.open("b")
    world.turns()
    world.open("a")
    world.turns()
    world.feed.tell("b")
    world.turns()

    assert [{"a", "b"}] == world.feed.asked


def test_what_is_told_while_somebody_comes_is_not_missed(world: World) -> None:
    """Whether just before the end of its key is read or just after."""
    for when in ("before", "after"):
        reader = world.open(when)
        if when == "before":
            world.feed.before_ends = lambda: world.feed.tell("before")
        world.turns(1)
        world.feed.before_ends = lambda: None
        if when == "after":
            world.feed.tell("after")
        world.turns()

        assert [b"1"] == reader.told, when


def test_who_comes_again_is_told_what_came_meanwhile(world: World) -> None:
    """The end of its key is asked for anew."""
    anna = world.open("a")
    other = world.open("b")
    world.turns()
    anna.call.deadline = 0
    world.hub._check_at = 0
    for watcher in world.hub._watchers["a"]:
        watcher.end_at = 0
    world.turns(1)
    world.feed.tell("a")
    world.turns()
    again = world.open("a")
    world.turns()

    assert ([], [b"1"], []) == (anna.told, again.told, other.told)


def test_an_end_that_cannot_be_read_is_asked_for_again(world: World) -> None:
    """A store that is away for a moment costs nobody an entry."""
    world.feed.tell("a")
    world.turns()
    anna = world.open("a")

    def away() -> None:
        raise ConnectionError

    world.feed.before_ends = away
    with pytest.raises(ConnectionError):
        world.turns(1)
    world.feed.before_ends = lambda: None
    world.turns()

    assert [b"1"] == anna.told
