"""Tells all watchers of one feed what is new, from one thread.

A watcher has at most one message on its way and a page of entries behind it; while its message is on its way it does
not advance, so a slow reader costs that much memory, holds nobody up, and misses nothing: it reads on from where it
stands. What a page shows is in the access log before the first message of it leaves.
"""

import heapq
import itertools
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from kruispunt_server.call import Call
from kruispunt_server.clock import Clock
from kruispunt_server.errors import RegistryError
from kruispunt_server.events import Events
from kruispunt_server.feeds.outlet import Outlet
from kruispunt_server.feeds.positions import Place, Places
from kruispunt_server.feeds.source import Entry, EntryUnreadableError, Key, Page, Part, Source

_POLL_S: Final = 0.1
_CHECK_S: Final = 2.0
_PAUSE_AFTER_FAULT_S: Final = 1.0
_LOOKS_AT_ONCE: Final = 20_000  # access records of one turn, about

CommitAll = Callable[[list[Call]], None]
"""Writes the looks of many calls, and empties them; raises RegistryError if it cannot."""


class Watcher:
    """One open watch, as the hub keeps it; touched by the hub's thread only, but for `is_ready` and `sent_at`."""

    __slots__ = (
        "end_at",
        "heartbeat_s",
        "is_gone",
        "is_ready",
        "key",
        "outlet",
        "page",
        "place",
        "read_to",
        "sent_at",
    )

    def __init__(self, outlet: Outlet, key: Key, place: Place, heartbeat_s: float) -> None:
        self.outlet = outlet
        self.key = key
        self.place = place
        self.heartbeat_s = heartbeat_s
        self.end_at = outlet.call.deadline
        self.page: deque[Entry] = deque()
        self.read_to = place.position
        self.is_ready = True
        self.is_gone = False
        # Long ago: who is told nothing at once gets a sign of life, and knows where it stands if the stream breaks.
        self.sent_at = time.monotonic() - heartbeat_s


class Hub:
    """Serves the watchers of one feed in one process.

    Args:
        source: the feed.
        places: of its readers.
        commit_all: the access journal's.
        clock: for signs of life.
        events: gets faults.
        idle_s: how long a message may be on its way before its reader is cut off.
    """

    def __init__(
        self,
        source: Source,
        places: Places,
        commit_all: CommitAll,
        clock: Clock,
        events: Events,
        *,
        idle_s: float = 60.0,
    ) -> None:
        self._source = source
        self.places = places
        self._commit_all = commit_all
        self._clock = clock
        self._events = events
        self._idle_s = idle_s
        self._watchers: dict[Key, set[Watcher]] = {}
        self._arriving: deque[Watcher] = deque()
        self._due: list[tuple[float, int, Watcher]] = []  # signs of life
        self._order = itertools.count()
        self._ends: dict[Key, int] = {}
        self._unknown: set[Key] = set()  # whose end is not known yet
        self._active: set[Watcher] = set()  # something is to be told to them
        self._wake = threading.Event()
        self._stopping = False
        self._check_at = 0.0
        self._failing = False
        self._stuck: dict[
            tuple[Key, int], tuple[int, float]
        ] = {}  # after what: the altered entry, when to read again
        self._thread = threading.Thread(target=self._run, name=f"feed {source.name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Look at once for something new; from any thread."""
        self._wake.set()

    def stop(self) -> None:
        """End all watches well, so that their readers open them again elsewhere, and take no more."""
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        for watcher in [*self._arriving, *self._all()]:
            watcher.outlet.end()

    def open(self, outlet: Outlet, key: Key, place: Place, heartbeat_s: float) -> Watcher:
        """Take a watch; from any thread."""
        watcher = Watcher(outlet, key, place, heartbeat_s)
        if self._stopping:
            outlet.end()
            return watcher
        self._arriving.append(watcher)
        self._wake.set()
        if self._stopping:  # it came while all were being ended
            outlet.end()
        return watcher

    def key_of(self, call: Call) -> Key:
        """Return whose entries a caller sees, or raise RegistryError."""
        return self._source.key_of(call)

    def count(self) -> int:
        """Return how many watches are open, about."""
        return sum(map(len, self._watchers.values()))

    @property
    def name(self) -> str:
        """Of the feed."""
        return self._source.name

    def is_stuck(self) -> bool:
        """Return whether readers wait before an entry that cannot be decrypted, as far as anybody read it here."""
        return bool(self._stuck)

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait(_POLL_S)
            self._wake.clear()
            try:
                self._turn()
                self._failing = False
            except Exception as error:  # noqa: BLE001 - the thread must live; nobody advanced
                if not self._failing:
                    self._events.emit("feed_failed", exception=type(error).__name__)
                self._failing = True
                time.sleep(_PAUSE_AFTER_FAULT_S)

    def _turn(self) -> None:
        self._arrive()
        now = time.monotonic()
        if now >= self._check_at:
            self._check_at = now + _CHECK_S
            self._check(now)
        self._look()
        self._load()
        self._tell(now)
        self._beat(now)

    def _all(self) -> Iterable[Watcher]:
        return list(itertools.chain.from_iterable(self._watchers.values()))

    def _arrive(self) -> None:
        while self._arriving:
            watcher = self._arriving.popleft()
            self._watchers.setdefault(watcher.key, set()).add(watcher)
            if watcher.key not in self._ends:
                self._unknown.add(watcher.key)
            self._active.add(watcher)
            self._schedule(watcher)

    def _leave(self, watcher: Watcher) -> None:
        watcher.is_gone = True
        self._active.discard(watcher)
        of_key = self._watchers.get(watcher.key, set())
        of_key.discard(watcher)
        if not of_key:
            self._watchers.pop(watcher.key, None)
            self._ends.pop(watcher.key, None)
            self._unknown.discard(watcher.key)

    def _check(self, now: float) -> None:
        """End what may go on no longer: rights withdrawn, time over, nothing taken."""
        for watcher in self._all():
            if not watcher.is_ready and now - watcher.sent_at > self._idle_s:
                watcher.outlet.cut()
                self._leave(watcher)
            elif now >= watcher.end_at:
                watcher.outlet.end()
                self._leave(watcher)
            else:
                try:
                    watcher.outlet.still()
                except RegistryError as refusal:
                    watcher.outlet.end(refusal)
                    self._leave(watcher)
                except Exception:  # noqa: BLE001 - one watcher must not end the turn of all
                    watcher.outlet.end()
                    self._leave(watcher)

    def _look(self) -> None:
        """Find out which keys have something new."""
        if not self._watchers:
            return
        # The ends of new keys after the news of all: what is told in between is in both, never in neither.
        found = [self._source.news()]
        if self._unknown:
            found.append(self._source.ends(self._unknown))
        for key, end in itertools.chain.from_iterable(each.items() for each in found):
            if key in self._watchers and end != self._ends.get(key):
                self._ends[key] = end
                self._active |= self._watchers[key]
        self._unknown.clear()

    def _load(self) -> None:
        """Read the next page of those that have told theirs; watchers at one place share what is read."""
        groups: dict[tuple[Key, int], list[Watcher]] = defaultdict(list)
        standing: list[Watcher] = []
        for watcher in self._active:
            if watcher.page or not watcher.is_ready:
                continue
            if watcher.place.snapshot is not None:
                standing.append(watcher)
            elif watcher.read_to < self._ends.get(watcher.key, watcher.read_to):
                groups[watcher.key, watcher.read_to].append(watcher)
        parts = list(self._parts(standing))
        pages = list(self._pages(groups))
        calls = [
            self._looked(watcher, (person for each in page.entries for person in each.persons))
            for watcher, page in pages
        ]
        calls += [self._looked(watcher, part.persons) for watcher, part in parts]
        self._journal([call for call in calls if call.looks])
        for watcher, page in pages:
            watcher.page.extend(page.entries)
            watcher.read_to = page.position
            if not page.entries:
                watcher.place = Place(page.position)
        for watcher, part in parts:
            self._tell_part(watcher, part)

    def _pages(self, groups: dict[tuple[Key, int], list[Watcher]]) -> Iterator[tuple[Watcher, Page]]:
        """Yield the next page of each watcher, until what they show is enough for one turn; the rest is next."""
        shown = 0
        for (key, after), watchers in groups.items():
            page = self._read(key, after)
            if page is None:
                continue
            of_page = sum(len(each.persons) for each in page.entries)
            for watcher in watchers:
                if shown > _LOOKS_AT_ONCE:
                    self._wake.set()
                    return
                shown += of_page
                yield watcher, page

    def _read(self, key: Key, after: int) -> Page | None:
        """Read a page; none: an entry of it was altered. Who stands before it waits, everybody else goes on."""
        now = time.monotonic()
        if self._stuck.get((key, after), (0, now))[1] > now:
            return None
        try:
            page = self._source.read(key, after, self._ends[key])
        except EntryUnreadableError as error:
            if error.position not in {position for position, _ in self._stuck.values()}:
                self._events.emit("feed_stuck", feed=self.name, position=error.position)
            self._stuck[key, after] = (error.position, now + _PAUSE_AFTER_FAULT_S)
            return None
        if self._stuck:  # what was read is in order again
            self._stuck = {
                place: stuck
                for place, stuck in self._stuck.items()
                if place[0] != key or not after < stuck[0] <= page.position
            }
        return page

    def _parts(self, standing: list[Watcher]) -> Iterator[tuple[Watcher, Part]]:
        """Yield the next part of a snapshot to each, until it is enough for one turn; who waits longest is first."""
        shown = 0
        for watcher in sorted(standing, key=lambda each: each.sent_at):
            if shown > _LOOKS_AT_ONCE:
                self._wake.set()
                return
            part = self._source.snapshot(watcher.key, watcher.place.snapshot or "")
            shown += len(part.persons)
            yield watcher, part

    def _looked(self, watcher: Watcher, persons: Iterable[int]) -> Call:
        call = watcher.outlet.call
        for person in persons:
            call.look(person, self._source.data_groups, "told")
        return call

    def _journal(self, calls: list[Call]) -> None:
        if not calls:
            return
        try:
            self._commit_all(calls)
        finally:
            for call in calls:
                call.looks.clear()  # if it failed, the page is read again

    def _tell_part(self, watcher: Watcher, part: Part) -> None:
        place = Place(watcher.place.position, part.place)
        token = self.places.token(place, watcher.key)
        watcher.place = place
        self._send(watcher, self._source.snapshot_message(part, place.position, token))

    def _tell(self, now: float) -> None:
        """Send the next message of everybody who can take one."""
        del now
        made: dict[tuple[Key, int], bytes] = {}
        for watcher in list(self._active):
            if not watcher.is_ready:
                continue
            if watcher.page:
                entry = watcher.page.popleft()
                watcher.place = Place(entry.position)
                same = (watcher.key, entry.position)
                if same not in made:
                    made[same] = self._source.message(entry, self.places.token(watcher.place, watcher.key))
                self._send(watcher, made[same])
            elif watcher.place.snapshot is None and watcher.read_to >= self._ends.get(watcher.key, -1):
                watcher.place = Place(watcher.read_to)
                self._active.discard(watcher)

    def _send(self, watcher: Watcher, message: bytes) -> None:
        watcher.is_ready = False
        watcher.sent_at = time.monotonic()

        def out() -> None:
            watcher.is_ready = True
            self._wake.set()

        if not watcher.outlet.send(message, out):
            self._leave(watcher)

    def _schedule(self, watcher: Watcher) -> None:
        due = watcher.sent_at + watcher.heartbeat_s
        heapq.heappush(self._due, (due, next(self._order), watcher))

    def _beat(self, now: float) -> None:
        """Give a sign of life to those to whom nothing was told for their interval."""
        while self._due and self._due[0][0] <= now:
            watcher = heapq.heappop(self._due)[2]
            if watcher.is_gone:
                continue
            # Only who has been told everything: one that still has to be told stays active, however long it took.
            quiet = watcher.is_ready and watcher not in self._active
            if quiet and now - watcher.sent_at >= watcher.heartbeat_s:
                token = self.places.token(watcher.place, watcher.key)
                beat = self._source.heartbeat(watcher.place.position, token, self._clock.now())
                self._send(watcher, beat)
            if not watcher.is_gone:
                due = watcher.sent_at + watcher.heartbeat_s
                if due <= now:  # it has something on its way, or to be told
                    due = now + watcher.heartbeat_s
                heapq.heappush(self._due, (due, next(self._order), watcher))
