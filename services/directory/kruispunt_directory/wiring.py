"""The one place that names concrete classes: what the directory server is made of."""

from collections.abc import Callable

from kruispunt import IdentityClient
from kruispunt import Purpose as PurposeThere
from kruispunt.directory.v1 import (
    directory_service_pb2,
    dossier_service_pb2,
    knowledge_service_pb2,
    notice_service_pb2,
)
from kruispunt_directory import policies
from kruispunt_directory.domain.claim import PersonRegister
from kruispunt_directory.following.applying import Applier
from kruispunt_directory.following.behind import HEALTH_NAME, Behind
from kruispunt_directory.following.effects import Stores
from kruispunt_directory.following.worker import LEASE as FOLLOWER_LEASE
from kruispunt_directory.following.worker import FollowingThread
from kruispunt_directory.identity_client import IdentityRegister
from kruispunt_directory.identity_feed import IdentityFeed
from kruispunt_directory.servicer.directory import DirectoryServicer
from kruispunt_directory.servicer.dossiers import DossierServicer
from kruispunt_directory.servicer.exporting import ExportingServicer
from kruispunt_directory.servicer.holding import OwnDossiers
from kruispunt_directory.servicer.importing import ImportingServicer
from kruispunt_directory.servicer.knowledge import KnowledgeServicer
from kruispunt_directory.servicer.notice_source import NoticeSource
from kruispunt_directory.servicer.notices import NoticeServicer
from kruispunt_directory.settings import DirectorySettings
from kruispunt_directory.store.attention import AttentionReader
from kruispunt_directory.store.cursors import CursorStore
from kruispunt_directory.store.dossiers import DossierStore
from kruispunt_directory.store.exporting import ExportReader
from kruispunt_directory.store.impacts import ImpactReader
from kruispunt_directory.store.importing import ImportStore
from kruispunt_directory.store.knowledge import KnowledgeStore
from kruispunt_directory.store.notices import NoticeStore
from kruispunt_directory.store.projection import NumberProjection
from kruispunt_directory.store.reading import DossierReader
from kruispunt_directory.tables import directory_tables
from kruispunt_server.access.wiring import with_participants
from kruispunt_server.assembly import Assembly, Parts, Servicer, Telemetry, open_parts
from kruispunt_server.audit.wiring import audit_servicer
from kruispunt_server.call import Purpose
from kruispunt_server.combined import Combined
from kruispunt_server.feeds.hub import Hub
from kruispunt_server.feeds.positions import Places
from kruispunt_server.lease import Lease
from kruispunt_server.peers import peer_certificates
from kruispunt_server.settings import ServerSettings
from kruispunt_server.wire import REASON_NUMBERS

_FOLLOWER = "directory-follower"
_DIRECTORY = directory_service_pb2.DESCRIPTOR.services_by_name["DirectoryService"]
_DOSSIER = dossier_service_pb2.DESCRIPTOR.services_by_name["DossierService"]
_NOTICE = notice_service_pb2.DESCRIPTOR.services_by_name["NoticeService"]
_KNOWLEDGE = knowledge_service_pb2.DESCRIPTOR.services_by_name["KnowledgeService"]


def wire(settings: ServerSettings, telemetry: Telemetry) -> Assembly:
    """Build the directory server; errors as of `open_parts`."""
    assert isinstance(settings, DirectorySettings), "the command reads them"
    parts = open_parts(settings, directory_tables().shared, telemetry)
    register = _register(settings)
    services = servicers(parts, register)
    if register is None or settings.identity_endpoint is None:
        return Assembly(parts, services)
    following = PurposeThere(settings.following_legal_basis, _FOLLOWER, _FOLLOWER)
    client = IdentityClient(
        settings.identity_endpoint, certificates=peer_certificates(settings, "identity"), purpose=following
    )
    follower = following_thread(parts, client, following)
    behind = Behind(CursorStore(parts.database, directory_tables()), parts.clock, settings.following_late_s)
    metrics = telemetry.metrics
    sampling: list[Callable[[], None]] = []
    if metrics is not None:
        sampling = [
            lambda: metrics.set_behind(behind.seconds()),
            lambda: metrics.set_refused(refused=behind.refused() is not None),
            lambda: metrics.set_unread(unread=behind.has_unread()),
        ]
    return Assembly(
        parts,
        services,
        closing=[follower.stop, register.close],
        opening=[follower.start],
        sampling=sampling,
        conditions={HEALTH_NAME: behind.is_following},
    )


def following_thread(parts: Parts, client: IdentityClient, purpose: PurposeThere) -> FollowingThread:
    """Return what follows identity, not started; stopping it closes `client`."""
    return FollowingThread(
        IdentityFeed(client),
        applier(parts, Purpose(purpose.legal_basis, purpose.end_user, purpose.case)),
        Lease(parts.database, directory_tables().shared, FOLLOWER_LEASE, parts.clock),
        parts.edge.events,
    )


def applier(parts: Parts, purpose: Purpose) -> Applier:
    """Return what carries out what identity tells."""
    tables = directory_tables()
    stores = Stores(
        DossierStore(parts.database, tables, parts.changes, parts.clock),
        NumberProjection(parts.database, tables),
        NoticeStore(parts.database, tables),
    )
    return Applier(parts.database, CursorStore(parts.database, tables), stores, parts.clock, purpose)


def _register(settings: DirectorySettings) -> IdentityRegister | None:
    """Return the identity registers; none while the directory runs alone."""
    if settings.identity_endpoint is None:
        return None
    return IdentityRegister.over(settings.identity_endpoint, peer_certificates(settings, "identity"))


def servicers(parts: Parts, register: PersonRegister | None = None) -> list[Servicer]:
    """Return every service of the directory, on one set of parts and, if they are at hand, the registers."""
    tables = directory_tables()
    knowledge = KnowledgeStore(parts.database, tables, parts.changes, parts.clock)
    directory = DirectoryServicer(
        DossierReader(parts.reading, tables),
        AttentionReader(parts.reading, tables),
        knowledge,
        # Whether the caller may ask is decided by what stands now.
        OwnDossiers(DossierReader(parts.database, tables), parts.clock),
        parts.tokens,
        parts.clock,
        CursorStore(parts.reading, tables).followed_until,
        parts.reads,
    )
    exporting = ExportingServicer(ExportReader(parts.database, tables))
    store = DossierStore(parts.database, tables, parts.changes, parts.clock)
    dossiers = DossierServicer(store, knowledge, parts.writes, register)
    importing = ImportingServicer(
        ImportStore(parts.database, tables, store, REASON_NUMBERS), knowledge, register, parts.clock
    )
    services = [
        Servicer(_DIRECTORY, Combined(directory, exporting), policies.DIRECTORY_SERVICE),
        Servicer(_DOSSIER, Combined(dossiers, importing), policies.DOSSIER_SERVICE),
        Servicer(
            _KNOWLEDGE,
            KnowledgeServicer(knowledge, parts.writes, parts.tokens, parts.clock),
            policies.KNOWLEDGE_SERVICE,
        ),
        _notice_service(parts),
        audit_servicer(parts, tables.shared),
    ]
    return with_participants(parts, tables.shared, services)


def _notice_service(parts: Parts) -> Servicer:
    tables = directory_tables()
    store = NoticeStore(parts.database, tables)
    source = NoticeSource(store, parts.sealer.log_id())
    edge = parts.edge
    hub = Hub(
        source,
        Places(source, parts.tokens, parts.clock),
        parts.journal.commit_all,
        parts.clock,
        edge.events,
        idle_s=edge.deadlines.idle_s,
    )
    dossiers = DossierStore(parts.database, tables, parts.changes, parts.clock)
    reader = ImpactReader(parts.database, dossiers, CursorStore(parts.database, tables))
    own = OwnDossiers(DossierReader(parts.database, tables), parts.clock)
    servicer = NoticeServicer(hub, store, reader, own, parts.clock)
    return Servicer(_NOTICE, servicer, policies.NOTICE_SERVICE, hub)
