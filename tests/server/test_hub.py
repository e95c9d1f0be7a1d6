# ruff: noqa: ARG002 - a feed that looks at nothing it is given
"""The hub by itself: who reads slowly, or comes at a bad moment, misses nothing."""

import datetime as dt
import io
import json
from collections.abc import Callable, Collection, Mapping
from typing import Any, cast

import pytest
from tests.support.calls import NOON, call_of

from kruispunt_server.call import Call
from kruispunt_server.clock import FixedClock
from kruispunt_server.events import Events
from kruispunt_server.feeds.hub import Hub
from kruispunt_server.feeds.positions import Place, Places
from kruispunt_server.feeds.source import Entry, EntryUnreadableError, Key, Page, Part
from kruispunt_server.tokens import PageTokens


class Numbers:
    """A feed that tells numbers: entry n at position n, two to a page."""

    name = "numbers"
    data_groups = "number"

    def __init__(self) -> None:
        self.end = -1
        self.parts = 0

    def log_id(self, key: Key) -> str:
        return "log"

    def key_of(self, call: Call) -> Key:
        return None

    def ends(self, keys: Collection[Key]) -> Mapping[Key, int]:
        return dict.fromkeys(keys, self.end)

    def news(self) -> Mapping[Key, int]:
        return {None: self.end}

    def before_all(self, key: Key) -> int:
        return -1

    def is_whole(self, key: Key) -> bool:
        return True

    def before(self, key: Key, instant: dt.datetime) -> int:
        return -1

    def acknowledged(self, key: Key) -> int | None:
        return None

    def read(self, key: Key, after: int, end: int) -> Page:
        numbers = range(after + 1, min(after + 3, end + 1))
        return Page([Entry(number, [number], number) for number in numbers], numbers[-1])

    def snapshot(self, key: Key, place: str) -> Part:
        self.parts += 1
        return Part(list(range(1000)), None, None)

    def message(self, entry: Entry, resume_token: str) -> bytes:
        return b"%d" % entry.position

    def snapshot_message(self, part: Part, position: int, resume_token: str) -> bytes:
        return b"snapshot"

    def heartbeat(self, position: int, resume_token: str, told_until: dt.datetime) -> bytes:
        return b"beat at %d" % position


class Reader:
    """An outlet; it takes a message when `take` is called."""

    def __init__(self) -> None:
        self.call = call_of()
        self.taken: list[bytes] = []
        self._done: Callable[[], None] | None = None

    def still(self) -> None:
        pass

    def send(self, message: bytes, done: Callable[[], None]) -> bool:
        self.taken.append(message)
        self._done = done
        return True

    def take(self) -> None:
        done, self._done = self._done, None
        if done is not None:
            done()

    def end(self, refusal: Any = None) -> None:
        pass

    cut = end


@pytest.fixture
def source() -> Numbers:
    return Numbers()


@pytest.fixture
def hub(source: Numbers) -> Hub:
    """A hub whose turns the test takes."""
    clock = FixedClock(NOON)

    def commit_all(calls: list[Call]) -> None:
        for call in calls:
            call.looks.clear()

    return Hub(source, Places(source, PageTokens(b"k" * 16), clock), commit_all, clock, Events())


def test_who_took_long_is_told_the_rest_before_a_sign_of_life(
    hub: Hub, source: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its message goes out at the very moment at which signs of life are given, and there is more to tell."""
    reader: Any = Reader()
    source.end = 9
    watcher = hub.open(reader, None, Place(-1), 1)
    hub._turn()
    reader.take()
    hub._turn()
    assert [b"0", b"1"] == reader.taken  # a page; the second message is on its way
    watcher.sent_at -= 5
    hub._due = [(0.0, 0, watcher)]
    tell = hub._tell

    def tell_and_take(now: float) -> None:
        tell(now)
        reader.take()

    monkeypatch.setattr(hub, "_tell", tell_and_take)
    hub._turn()
    monkeypatch.undo()

    for _ in range(12):
        reader.take()
        hub._turn()
    assert [b"%d" % number for number in range(10)] == reader.taken


def test_a_watch_that_begins_at_the_end_knows_at_once_where_it_stands(hub: Hub, source: Numbers) -> None:
    """Or whoever opens it again, because it broke before the first sign of life, begins later than it did."""
    reader: Any = Reader()
    source.end = 9
    hub.open(reader, None, Place(9), 60)

    hub._turn()
    assert [b"beat at 9"] == reader.taken
    reader.take()
    hub._turn()
    assert [b"beat at 9"] == reader.taken


def test_many_snapshots_at_once_take_several_turns(hub: Hub, source: Numbers) -> None:
    """Or everybody else would wait until all are read and recorded."""
    readers: list[Any] = [Reader() for _ in range(50)]
    for reader in readers:
        hub.open(reader, None, Place(-1, ""), 60)

    hub._turn()
    assert 0 < source.parts <= 21
    for _ in range(2):
        hub._turn()
    assert [[b"snapshot"]] * 50 == [reader.taken for reader in readers]


def test_who_stands_before_an_altered_entry_waits_and_everybody_else_goes_on(
    hub: Hub, source: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said once, with its position; put right, it is told, and nothing was passed over."""
    log = io.StringIO()
    hub._events = Events(strict=True, stream=log)
    before, beyond = Reader(), Reader()
    source.end = 5
    read = source.read

    def altered(key: Key, after: int, end: int) -> Page:
        page = read(key, after, end)
        if any(entry.position == 1 for entry in page.entries):
            raise EntryUnreadableError(1)
        return page

    monkeypatch.setattr(source, "read", altered)
    hub.open(cast("Any", before), None, Place(-1), 60)
    hub.open(cast("Any", beyond), None, Place(3), 60)
    for _ in range(6):
        hub._turn()
        beyond.take()
        hub._stuck = {place: (position, 0.0) for place, (position, _) in hub._stuck.items()}

    assert ([], [b"4", b"5"], True) == (before.taken, beyond.taken, hub.is_stuck())
    (line,) = map(json.loads, log.getvalue().splitlines())
    assert ("feed_stuck", 1) == (line["event"], line["position"])
    monkeypatch.undo()
    for _ in range(12):
        hub._turn()
        before.take()
    assert ([b"0", b"1", b"2", b"3", b"4", b"5"], False) == (before.taken, hub.is_stuck())
