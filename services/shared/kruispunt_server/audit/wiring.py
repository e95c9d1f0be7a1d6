"""AuditService as both servers serve it."""

from kruispunt.audit.v1 import audit_service_pb2
from kruispunt_server.assembly import Parts, Servicer
from kruispunt_server.audit.reading import AuditReader
from kruispunt_server.audit.servicer import POLICIES, AuditServicer
from kruispunt_server.tables import SharedTables

_AUDIT = audit_service_pb2.DESCRIPTOR.services_by_name["AuditService"]


def audit_servicer(parts: Parts, tables: SharedTables) -> Servicer:
    """Return the service, on one set of parts."""
    reader = AuditReader(parts.database, tables, parts.heads)
    return Servicer(_AUDIT, AuditServicer(reader, parts.pseudonyms, parts.tokens, parts.clock), POLICIES)
