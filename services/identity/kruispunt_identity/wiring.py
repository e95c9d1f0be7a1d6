"""The one place that names concrete classes: what the identity server is made of."""

from dataclasses import dataclass

from kruispunt import DirectoryClient, Purpose
from kruispunt.identity.v1 import feed_service_pb2, identity_service_pb2, registration_service_pb2
from kruispunt_identity import policies
from kruispunt_identity.directory_client import DirectoryHolders
from kruispunt_identity.domain.national import NationalRegister, NoNationalRegister
from kruispunt_identity.matching.frequencies import MatchFrequencies
from kruispunt_identity.matching.peppers import DerivedPeppers, FilePeppers, PepperError, Peppers
from kruispunt_identity.matching.score import Matcher
from kruispunt_identity.matching.weights import shipped_weights
from kruispunt_identity.national.file import SqliteNationalRegister
from kruispunt_identity.servicer.candidates import CandidateViews
from kruispunt_identity.servicer.exporting import ExportingServicer
from kruispunt_identity.servicer.feed import ChangeSource, FeedServicer
from kruispunt_identity.servicer.flagging import Flagging
from kruispunt_identity.servicer.guard import Guard
from kruispunt_identity.servicer.importing import ImportingServicer
from kruispunt_identity.servicer.linking import LinkingServicer
from kruispunt_identity.servicer.numbering import NumberingServicer, NumberingStores
from kruispunt_identity.servicer.protecting import ProtectingServicer
from kruispunt_identity.servicer.reading import ReadingServicer
from kruispunt_identity.servicer.referrals import Referrals
from kruispunt_identity.servicer.registering import RegisteringServicer
from kruispunt_identity.servicer.resolving import ResolvingServicer
from kruispunt_identity.servicer.searching import SearchingServicer
from kruispunt_identity.servicer.telling import Telling
from kruispunt_identity.servicer.updating import UpdatingServicer
from kruispunt_identity.settings import IdentitySettings
from kruispunt_identity.store.candidates import CandidateSearch
from kruispunt_identity.store.decisions import DecisionStore
from kruispunt_identity.store.desk_rows import desk_rows
from kruispunt_identity.store.exporting import ExportReader
from kruispunt_identity.store.facts import FactStore
from kruispunt_identity.store.feed import FeedStore
from kruispunt_identity.store.frequency_watch import FrequencyWatch
from kruispunt_identity.store.identifiers import IdentifierStore
from kruispunt_identity.store.importing import ImportStore
from kruispunt_identity.store.issuing import NumberIssuer
from kruispunt_identity.store.link_states import LinkStates
from kruispunt_identity.store.matching import MatchStore
from kruispunt_identity.store.moving import MovingStore
from kruispunt_identity.store.number_desk import NumberDesk
from kruispunt_identity.store.numbering import NumberingStore
from kruispunt_identity.store.numbers import NumberStore
from kruispunt_identity.store.person_search import PersonSearch
from kruispunt_identity.store.persons import PersonStore
from kruispunt_identity.store.reading import PersonReader
from kruispunt_identity.store.registrations import RegistrationStore
from kruispunt_identity.store.resolving import NumberResolver
from kruispunt_identity.store.searches import SearchLog
from kruispunt_identity.store.splitting import SplittingStore
from kruispunt_identity.tables import IdentityTables, identity_tables
from kruispunt_server.access.wiring import with_participants
from kruispunt_server.assembly import Assembly, Parts, Servicer, Telemetry, open_parts
from kruispunt_server.audit.wiring import audit_servicer
from kruispunt_server.combined import Combined
from kruispunt_server.credentials import CredentialsError
from kruispunt_server.feeds.hub import Hub
from kruispunt_server.feeds.positions import Places
from kruispunt_server.keys import Keys
from kruispunt_server.peers import peer_certificates
from kruispunt_server.settings import ServerSettings
from kruispunt_server.wire import REASON_NUMBERS

_IDENTITY = identity_service_pb2.DESCRIPTOR.services_by_name["IdentityService"]
_FEED = feed_service_pb2.DESCRIPTOR.services_by_name["IdentityFeedService"]
_REGISTRATION = registration_service_pb2.DESCRIPTOR.services_by_name["RegistrationService"]
# What the client is made with; every call states the purpose of the caller it is made for.
_OWN_PURPOSE = Purpose(legal_basis="REGISTRY", end_user="identity", case="dossier-check")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What identity leans on besides its database.

    Attributes:
        keys: derived from the operator's secret.
        peppers: of the search keys.
        national: the national register.
        guard: who may write of whom.
    """

    keys: Keys
    peppers: Peppers
    national: NationalRegister
    guard: Guard


def wire(settings: ServerSettings, telemetry: Telemetry) -> Assembly:
    """Build the identity server; errors as of `open_parts`.

    Raises:
        CredentialsError: the pepper of the search keys is not there.
    """
    assert isinstance(settings, IdentitySettings), "the command reads them"
    holders = _holders(settings)
    around = surroundings(settings, Guard(holders, alone=settings.without_directory))
    parts = open_parts(settings, identity_tables().shared, telemetry)
    stores = _Stores(parts, around, identity_tables())
    stores.watch.start()
    closing = [stores.watch.stop, *([holders.close] if holders else [])]
    return Assembly(parts, _servicers(parts, around, stores), closing)


def surroundings(settings: IdentitySettings, guard: Guard) -> Surroundings:
    """Return what settings name, besides the database."""
    keys = Keys(settings.secret())
    peppers = FilePeppers(settings.pepper_file) if settings.pepper_file else DerivedPeppers(keys)
    register = settings.national_register_file
    national = SqliteNationalRegister(register) if register else NoNationalRegister()
    return Surroundings(keys, peppers, national, guard)


def servicers(parts: Parts, around: Surroundings) -> list[Servicer]:
    """Return every service of identity, on one set of parts; frequencies of names as they are now."""
    return _servicers(parts, around, _Stores(parts, around, identity_tables()))


def _servicers(parts: Parts, around: Surroundings, stores: "_Stores") -> list[Servicer]:
    services = [
        Servicer(_IDENTITY, _identity_service(parts, around, stores), policies.IDENTITY_SERVICE),
        Servicer(_REGISTRATION, _registration_service(parts, around, stores), policies.REGISTRATION_SERVICE),
        _feed_service(parts, stores.tables),
        audit_servicer(parts, stores.tables.shared),
    ]
    return with_participants(parts, stores.tables.shared, services)


def _feed_service(parts: Parts, tables: IdentityTables) -> Servicer:
    store = FeedStore(parts.database, tables, parts.subject_keys, parts.clock)
    source = ChangeSource(store)
    places = Places(source, parts.tokens, parts.clock)
    edge = parts.edge
    hub = Hub(
        source, places, parts.journal.commit_all, parts.clock, edge.events, idle_s=edge.deadlines.idle_s
    )
    servicer = FeedServicer(hub, store, parts.clock)
    return Servicer(_FEED, servicer, policies.FEED_SERVICE, hub)


class _Stores:
    """What several parts of the services share."""

    def __init__(self, parts: Parts, around: Surroundings, tables: IdentityTables) -> None:
        database, clock, national = parts.database, parts.clock, around.national
        matcher = Matcher(shipped_weights(), MatchFrequencies())
        self.watch = FrequencyWatch(database, tables.matching, matcher)
        self.watch.look()
        self.tables = tables
        self.numbers = NumberStore(database, tables)
        self.matches = MatchStore(database, tables.matching, around.peppers, clock)
        self._check_pepper(parts)
        search = PersonSearch(self.matches, matcher, national)
        self.candidates = CandidateSearch(parts.reading, search, self.numbers)
        self.decisions = DecisionStore(database, tables, self.numbers)
        self.searches = SearchLog(database, tables)
        self.facts = FactStore(database, tables.persons)
        self.reader = PersonReader(
            parts.reading, self.numbers, self.facts, LinkStates(parts.reading, tables), national
        )
        self.referrals = Referrals(around.keys.derive("referral"))
        self.views = CandidateViews(self.reader, around.guard, self.referrals, clock)
        # Here and not at the edge: whatever looks at a person passes the journal.
        parts.journal.flag_with(Flagging(self.reader.protected, parts.edge.events, parts.edge.metrics))
        self.persons = PersonStore(
            database, self.facts, self.numbers, self.matches, national, parts.changes, clock
        )

    def _check_pepper(self, parts: Parts) -> None:
        """Refuse to start where the keys of the search could be neither looked up nor written."""
        with parts.database.reading() as connection:
            active = self.matches.generations.active(connection)
        try:
            self.matches.generations.maker(active.number if active else 1)
        except PepperError as error:
            raise CredentialsError(f"pepper_file: {error}; rebuild-keys --rotate-pepper writes one") from None


def _identity_service(parts: Parts, around: Surroundings, stores: _Stores) -> Combined:
    return Combined(
        ReadingServicer(stores.reader, around.guard, stores.referrals, parts.tokens, parts.clock),
        ResolvingServicer(NumberResolver(parts.reading, stores.numbers, around.national), around.guard),
        SearchingServicer(
            stores.candidates,
            stores.views,
            stores.searches,
            stores.decisions,
            parts.tokens,
            parts.clock,
            around.keys.derive("search-criteria"),
        ),
        ExportingServicer(
            ExportReader(parts.reading, stores.tables), stores.reader, around.guard, parts.clock, parts.reads
        ),
    )


def _registration_service(parts: Parts, around: Surroundings, stores: _Stores) -> Combined:
    database, tables, clock = parts.database, stores.tables, parts.clock
    registrations = RegistrationStore(
        database,
        stores.facts,
        NumberIssuer(database, tables),
        stores.numbers,
        stores.matches,
        stores.candidates,
        stores.decisions,
        around.national,
        parts.changes,
        clock,
    )
    telling = Telling(stores.persons, around.guard, parts.writes)
    links = LinkStates(database, tables)
    imports = ImportStore(
        database, tables, stores.numbers, stores.matches, stores.candidates, parts.changes, REASON_NUMBERS
    )
    return Combined(
        RegisteringServicer(registrations, stores.searches, stores.views, around.guard, parts.writes, clock),
        UpdatingServicer(stores.persons, telling),
        ProtectingServicer(stores.persons, stores.numbers.protections, telling),
        LinkingServicer(stores.persons, IdentifierStore(database, tables, stores.numbers), links, telling),
        NumberingServicer(
            _numbering_stores(parts, stores), around.national, around.guard, parts.writes, clock
        ),
        ImportingServicer(imports, around.national, clock),
    )


def _numbering_stores(parts: Parts, stores: _Stores) -> NumberingStores:
    rows = desk_rows(parts.database, stores.tables)
    desk = NumberDesk(parts.database, rows, stores.matches, parts.changes, parts.clock)
    return NumberingStores(
        stores.persons, stores.reader, NumberingStore(desk), SplittingStore(desk), MovingStore(desk)
    )


def _holders(settings: IdentitySettings) -> DirectoryHolders | None:
    """Return the directory; none while identity runs without."""
    if settings.directory_endpoint is None:
        return None
    client = DirectoryClient(
        settings.directory_endpoint,
        certificates=peer_certificates(settings, "directory"),
        purpose=_OWN_PURPOSE,
        consistency="latest",  # whether somebody may read or write of a person is not decided by what stood before
    )
    return DirectoryHolders(client)
