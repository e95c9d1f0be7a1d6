"""What identity of the stub is made of: the servicers of identity over rows in memory."""

from dataclasses import dataclass
from typing import Final

from kruispunt.identity.v1 import feed_service_pb2, identity_service_pb2, registration_service_pb2
from kruispunt_identity import policies
from kruispunt_identity.domain.holders import DossierHolders
from kruispunt_identity.matching.frequencies import MatchFrequencies
from kruispunt_identity.matching.score import Matcher
from kruispunt_identity.matching.weights import shipped_weights
from kruispunt_identity.servicer.candidates import CandidateViews
from kruispunt_identity.servicer.feed import ChangeSource, FeedServicer
from kruispunt_identity.servicer.guard import Guard
from kruispunt_identity.servicer.linking import LinkingServicer
from kruispunt_identity.servicer.numbering import NumberingServicer, NumberingStores
from kruispunt_identity.servicer.protecting import ProtectingServicer
from kruispunt_identity.servicer.reading import ReadingServicer
from kruispunt_identity.servicer.registering import RegisteringServicer
from kruispunt_identity.servicer.resolving import ResolvingServicer
from kruispunt_identity.servicer.searching import SearchingServicer
from kruispunt_identity.servicer.telling import Telling
from kruispunt_identity.servicer.updating import UpdatingServicer
from kruispunt_identity.store.candidates import CandidateSearch
from kruispunt_identity.store.moving import MovingStore
from kruispunt_identity.store.number_desk import DeskRows, NumberDesk
from kruispunt_identity.store.numbering import NumberingStore
from kruispunt_identity.store.person_search import PersonSearch
from kruispunt_identity.store.persons import PersonStore
from kruispunt_identity.store.reading import PersonReader
from kruispunt_identity.store.registrations import RegistrationStore
from kruispunt_identity.store.resolving import NumberResolver
from kruispunt_identity.store.splitting import SplittingStore
from kruispunt_server.combined import Combined
from kruispunt_server.feeds.hub import Hub
from kruispunt_stub.identity.decisions import MemoryDecisions
from kruispunt_stub.identity.facts import MemoryFacts
from kruispunt_stub.identity.issuing import MemoryIssuer
from kruispunt_stub.identity.links import MemoryLinks
from kruispunt_stub.identity.log import MemoryFeed, MemoryLog
from kruispunt_stub.identity.matches import MemoryMatches, Profiles
from kruispunt_stub.identity.national import MemoryNational
from kruispunt_stub.identity.number_changes import MemoryNumberChanges
from kruispunt_stub.identity.numbers import MemoryNumbers
from kruispunt_stub.identity.referrals import MemoryReferrals
from kruispunt_stub.identity.rows import IdentityRows
from kruispunt_stub.identity.searches import MemorySearches
from kruispunt_stub.memory import Memory
from kruispunt_stub.parts import Parts, Service, in_place_of_sql
from kruispunt_stub.writes import MemoryWrites

_DIGEST_KEY: Final = b"no secret is kept in a test data"
_IDENTITY = identity_service_pb2.DESCRIPTOR.services_by_name["IdentityService"]
_FEED = feed_service_pb2.DESCRIPTOR.services_by_name["IdentityFeedService"]
_REGISTRATION = registration_service_pb2.DESCRIPTOR.services_by_name["RegistrationService"]


@dataclass(frozen=True, slots=True)
class MemoryIdentity:
    """Identity of the stub.

    Attributes:
        memory: its rows.
        national: for seeding.
        numbers: for seeding.
        facts: for seeding.
        matches: for seeding.
        feed: whose positions can be made too old.
        hub: tells changes.
        services: what it serves.
    """

    memory: Memory
    national: MemoryNational
    numbers: MemoryNumbers
    facts: MemoryFacts
    matches: MemoryMatches
    feed: MemoryFeed
    hub: Hub
    services: tuple[Service, ...]


class _Stores:
    """What several parts of the services share."""

    def __init__(self, parts: Parts, guard: Guard) -> None:
        sql = in_place_of_sql
        self.memory = memory = Memory()
        rows = IdentityRows.of(memory)
        self.numbers, self.facts, self.matches = MemoryNumbers(rows), MemoryFacts(rows), MemoryMatches(rows)
        self.national, self.referrals = MemoryNational(), MemoryReferrals()
        self.links = MemoryLinks(rows, self.numbers)
        self.decisions = MemoryDecisions(rows, self.numbers)
        self.issuer, self.searches = MemoryIssuer(rows), MemorySearches(rows)
        self.log, self.feed = MemoryLog(rows), MemoryFeed(rows, parts.clock)
        self.changes = MemoryNumberChanges(rows)
        self.writes = sql(MemoryWrites(memory))
        matcher = Matcher(shipped_weights(), MatchFrequencies())
        search = PersonSearch(sql(self.matches), matcher, Profiles(rows))
        self.candidates = CandidateSearch(sql(memory), search, sql(self.numbers))
        self.reader = PersonReader(
            sql(memory), sql(self.numbers), sql(self.facts), sql(self.links), self.national
        )
        self.views = CandidateViews(self.reader, guard, sql(self.referrals), parts.clock)
        self.persons = PersonStore(
            sql(memory),
            sql(self.facts),
            sql(self.numbers),
            sql(self.matches),
            self.national,
            sql(self.log),
            parts.clock,
        )


def wire_identity(parts: Parts, holders: DossierHolders) -> MemoryIdentity:
    """Return empty registers.

    Args:
        parts: shared with the directory.
        holders: asks the directory who holds a dossier.
    """
    guard = Guard(holders, alone=False)
    stores = _Stores(parts, guard)
    hub = parts.hub(ChangeSource(in_place_of_sql(stores.feed)))
    feed = FeedServicer(hub, in_place_of_sql(stores.feed), parts.clock)
    return MemoryIdentity(
        memory=stores.memory,
        national=stores.national,
        numbers=stores.numbers,
        facts=stores.facts,
        matches=stores.matches,
        feed=stores.feed,
        hub=hub,
        services=(
            Service.of(_IDENTITY, _identity_service(parts, guard, stores), policies.IDENTITY_SERVICE),
            Service.of(
                _REGISTRATION, _registration_service(parts, guard, stores), policies.REGISTRATION_SERVICE
            ),
            Service.of(_FEED, feed, policies.FEED_SERVICE),
        ),
    )


def _identity_service(parts: Parts, guard: Guard, stores: _Stores) -> Combined:
    sql = in_place_of_sql
    resolver = NumberResolver(sql(stores.memory), sql(stores.numbers), stores.national)
    return Combined(
        ReadingServicer(stores.reader, guard, sql(stores.referrals), parts.tokens, parts.clock),
        ResolvingServicer(resolver, guard),
        SearchingServicer(
            stores.candidates,
            stores.views,
            sql(stores.searches),
            sql(stores.decisions),
            parts.tokens,
            parts.clock,
            _DIGEST_KEY,
        ),
    )


def _registration_service(parts: Parts, guard: Guard, stores: _Stores) -> Combined:
    sql, clock = in_place_of_sql, parts.clock
    registrations = RegistrationStore(
        sql(stores.memory),
        sql(stores.facts),
        sql(stores.issuer),
        sql(stores.numbers),
        sql(stores.matches),
        stores.candidates,
        sql(stores.decisions),
        stores.national,
        sql(stores.log),
        clock,
    )
    telling = Telling(stores.persons, guard, stores.writes)
    return Combined(
        RegisteringServicer(registrations, sql(stores.searches), stores.views, guard, stores.writes, clock),
        UpdatingServicer(stores.persons, telling),
        ProtectingServicer(stores.persons, sql(stores.numbers.protections), telling),
        LinkingServicer(stores.persons, sql(stores.links), sql(stores.links), telling),
        NumberingServicer(_numbering_stores(parts, stores), stores.national, guard, stores.writes, clock),
    )


def _numbering_stores(parts: Parts, stores: _Stores) -> NumberingStores:
    sql = in_place_of_sql
    rows = DeskRows(
        sql(stores.numbers), sql(stores.changes), sql(stores.facts), sql(stores.links), sql(stores.decisions)
    )
    desk = NumberDesk(sql(stores.memory), rows, sql(stores.matches), sql(stores.log), parts.clock)
    return NumberingStores(
        stores.persons, stores.reader, NumberingStore(desk), SplittingStore(desk), MovingStore(desk)
    )
