"""The one place that names concrete classes: what the directory server is made of."""

from kruispunt.directory.v1 import directory_service_pb2, dossier_service_pb2, knowledge_service_pb2
from kruispunt_directory import policies
from kruispunt_directory.domain.claim import PersonRegister
from kruispunt_directory.identity_client import IdentityRegister
from kruispunt_directory.servicer.directory import DirectoryServicer
from kruispunt_directory.servicer.dossiers import DossierServicer
from kruispunt_directory.servicer.knowledge import KnowledgeServicer
from kruispunt_directory.settings import DirectorySettings
from kruispunt_directory.store.attention import AttentionReader
from kruispunt_directory.store.dossiers import DossierStore
from kruispunt_directory.store.knowledge import KnowledgeStore
from kruispunt_directory.store.reading import DossierReader
from kruispunt_directory.tables import directory_tables
from kruispunt_server.assembly import Assembly, Parts, Servicer, Telemetry, open_parts
from kruispunt_server.audit.wiring import audit_servicer
from kruispunt_server.peers import peer_certificates
from kruispunt_server.settings import ServerSettings

_DIRECTORY = directory_service_pb2.DESCRIPTOR.services_by_name["DirectoryService"]
_DOSSIER = dossier_service_pb2.DESCRIPTOR.services_by_name["DossierService"]
_KNOWLEDGE = knowledge_service_pb2.DESCRIPTOR.services_by_name["KnowledgeService"]


def wire(settings: ServerSettings, telemetry: Telemetry) -> Assembly:
    """Build the directory server; errors as of `open_parts`."""
    assert isinstance(settings, DirectorySettings), "the command reads them"
    parts = open_parts(settings, directory_tables().shared, telemetry)
    register = _register(settings)
    return Assembly(parts, servicers(parts, register), [register.close] if register else [])


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
        DossierReader(parts.database, tables),
        AttentionReader(parts.database, tables),
        knowledge,
        parts.tokens,
        parts.clock,
    )
    dossiers = DossierServicer(
        DossierStore(parts.database, tables, parts.changes, parts.clock), knowledge, parts.writes, register
    )
    return [
        Servicer(_DIRECTORY, directory, policies.DIRECTORY_SERVICE),
        Servicer(_DOSSIER, dossiers, policies.DOSSIER_SERVICE),
        Servicer(
            _KNOWLEDGE,
            KnowledgeServicer(knowledge, parts.writes, parts.tokens, parts.clock),
            policies.KNOWLEDGE_SERVICE,
        ),
        audit_servicer(parts, tables.shared),
    ]
