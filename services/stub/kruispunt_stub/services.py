"""The services of both servers."""

from typing import Final

from google.protobuf.descriptor import ServiceDescriptor

from kruispunt.access.v1 import participant_service_pb2
from kruispunt.audit.v1 import audit_service_pb2
from kruispunt.directory.v1 import (
    directory_service_pb2,
    dossier_service_pb2,
    knowledge_service_pb2,
    notice_service_pb2,
)
from kruispunt.identity.v1 import feed_service_pb2, identity_service_pb2, registration_service_pb2

SERVICES: Final[list[ServiceDescriptor]] = [
    service
    for module in (
        identity_service_pb2,
        registration_service_pb2,
        feed_service_pb2,
        directory_service_pb2,
        dossier_service_pb2,
        knowledge_service_pb2,
        notice_service_pb2,
        audit_service_pb2,
        participant_service_pb2,
    )
    for service in module.DESCRIPTOR.services_by_name.values()
]
"""In the order in which they are listed."""
