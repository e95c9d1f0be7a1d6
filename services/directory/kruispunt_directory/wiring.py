"""The one place that names concrete classes: what the directory server is made of."""

from kruispunt.directory.v1 import directory_service_pb2, dossier_service_pb2, knowledge_service_pb2
from kruispunt_directory import policies
from kruispunt_directory.servicer.directory import DirectoryServicer
from kruispunt_directory.servicer.dossiers import DossierServicer
from kruispunt_directory.servicer.knowledge import KnowledgeServicer
from kruispunt_directory.store.attention import AttentionReader
from kruispunt_directory.store.dossiers import DossierStore
from kruispunt_directory.store.knowledge import KnowledgeStore
from kruispunt_directory.store.reading import DossierReader
from kruispunt_directory.tables import directory_tables
from kruispunt_server.assembly import Assembly, Parts, Servicer, Telemetry, open_parts
from kruispunt_server.settings import ServerSettings

_DIRECTORY = directory_service_pb2.DESCRIPTOR.services_by_name["DirectoryService"]
_DOSSIER = dossier_service_pb2.DESCRIPTOR.services_by_name["DossierService"]
_KNOWLEDGE = knowledge_service_pb2.DESCRIPTOR.services_by_name["KnowledgeService"]


def wire(settings: ServerSettings, telemetry: Telemetry) -> Assembly:
    """Build the directory server; errors as of `open_parts`."""
    parts = open_parts(settings, directory_tables().shared, telemetry)
    return Assembly(parts, servicers(parts))


def servicers(parts: Parts) -> list[Servicer]:
    """Return every service of the directory, on one set of parts."""
    tables = directory_tables()
    knowledge = KnowledgeStore(parts.database, tables, parts.pseudonyms, parts.clock)
    directory = DirectoryServicer(
        DossierReader(parts.database, tables),
        AttentionReader(parts.database, tables),
        knowledge,
        parts.tokens,
        parts.clock,
    )
    dossiers = DossierServicer(
        DossierStore(parts.database, tables, parts.pseudonyms, parts.clock), knowledge, parts.writes
    )
    return [
        Servicer(_DIRECTORY, directory, policies.DIRECTORY_SERVICE),
        Servicer(_DOSSIER, dossiers, policies.DOSSIER_SERVICE),
        Servicer(
            _KNOWLEDGE,
            KnowledgeServicer(knowledge, parts.writes, parts.tokens, parts.clock),
            policies.KNOWLEDGE_SERVICE,
        ),
    ]
