"""The identity server as it runs, in one process, whose feed tells each watcher the changes of a few persons only.

The watch machinery is the server's own; only the source is cut into keys, as notices are cut by institution: the case of
the purpose, a number, says which. Arguments: URL of the database, folder of the certificates, watches at most, keys.
"""

import bisect
import itertools
import sys
import threading
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from benchmarks.population import ssin_of
from benchmarks.rights import open_to
from benchmarks.served import URI, serve, settings_of
from kruispunt.identity.v1 import feed_service_pb2
from kruispunt_identity import policies
from kruispunt_identity.domain.telling import ToldChange, ToldCommit
from kruispunt_identity.servicer.feed import ChangeSource, FeedServicer
from kruispunt_identity.settings import IdentitySettings
from kruispunt_identity.store.feed import FeedStore
from kruispunt_identity.tables import identity_tables
from kruispunt_identity.wiring import wire
from kruispunt_server.assembly import Assembly, Servicer
from kruispunt_server.call import Call, Participant, Role
from kruispunt_server.feeds.hub import Hub
from kruispunt_server.feeds.positions import Places
from kruispunt_server.feeds.source import Entry, Key, Page
from kruispunt_server.worker import telemetry_of

PERSONS = 10_000

_FEED = feed_service_pb2.DESCRIPTOR.services_by_name["IdentityFeedService"]
_PARTICIPANT = Participant("bench", frozenset({Role.INTERNAL_SERVICE}), None)


class KeyedSource(ChangeSource):
    """The change log, read once and dealt out by person."""

    name = "bench-changes"

    def __init__(self, store: FeedStore, keys: int) -> None:
        super().__init__(store)
        self._keys = keys
        self._key_of = {int(ssin_of(person)): person % keys for person in range(PERSONS)}
        self._entries: list[list[Entry]] = [[] for _ in range(keys)]
        self._read_to = -1
        self._lock = threading.Lock()

    def key_of(self, call: Call) -> Key:
        """Return the key that the purpose names."""
        assert call.purpose is not None, "the policy asks for it"
        return int(call.purpose.case) % self._keys

    def ends(self, keys: Collection[Key]) -> Mapping[Key, int]:
        """Return the last position of each key, as far as was read."""
        return {key: self._of(key)[-1].position if self._of(key) else -1 for key in keys}

    def news(self) -> Mapping[Key, int]:
        """Read on, and return the last position of each key."""
        with self._lock:
            end = self._store.bounds()[0] - 1
            while self._read_to < end:
                commits, self._read_to = self._store.read(self._read_to, end)
                for commit in commits:
                    self._deal(commit)
        return self.ends(range(self._keys))

    def read(self, key: Key, after: int, end: int) -> Page:
        """Return what one key has after a position."""
        entries = self._of(key)
        found = entries[bisect.bisect_right(entries, after, key=lambda entry: entry.position) :][:100]
        return Page(found, found[-1].position if found else end)

    def _of(self, key: Key) -> list[Entry]:
        assert isinstance(key, int), "we made it"
        return self._entries[key]

    def _deal(self, commit: ToldCommit) -> None:
        parts: dict[int, list[ToldChange]] = {}
        for change in commit.changes:
            assert change.ssin is not None, "nobody is erased here"
            parts.setdefault(self._key_of[int(change.ssin)], []).append(change)
        for key, changes in parts.items():
            persons = [int(change.ssin) for change in changes if change.ssin is not None]
            self._entries[key].append(
                Entry(changes[-1].position, persons, ToldCommit(commit.recorded_at, tuple(changes)))
            )


def main() -> None:
    """Serve until killed; prints the port."""
    url, folder, watches, keys = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    settings = settings_of(IdentitySettings, url, folder)
    assembly = wire(settings, telemetry_of(settings))
    open_to(assembly, identity_tables().shared, _PARTICIPANT, URI)
    others = [one for one in assembly.servicers if one.service is not _FEED]
    serve(settings, replace(assembly, servicers=[*others, _feed(assembly, watches, keys)]))


def _feed(assembly: Assembly, watches: int, keys: int) -> Servicer:
    parts = assembly.parts
    store = FeedStore(parts.database, identity_tables(), parts.subject_keys, parts.clock)
    source = KeyedSource(store, keys)
    places = Places(source, parts.tokens, parts.clock)
    hub = Hub(source, places, parts.journal.commit_all, parts.clock, parts.edge.events)
    # A participant may have half of the places.
    watch = replace(policies.FEED_SERVICE["WatchChanges"], max_streams=2 * watches)
    rules = {**policies.FEED_SERVICE, "WatchChanges": watch}
    return Servicer(_FEED, FeedServicer(hub, store, parts.clock), rules, hub)


def expected(key: int, keys: int, changes: int) -> list[str]:
    """Return the numbers of one key, in the order in which so many changes concern them."""
    return [str(ssin_of(change % PERSONS)) for change in itertools.islice(range(changes), key, None, keys)]


if __name__ == "__main__":
    main()
