"""ParticipantService as both servers serve it."""

from collections.abc import Sequence

from kruispunt.access.v1 import participant_service_pb2
from kruispunt_server.access.history import RightsHistory
from kruispunt_server.access.servicer import POLICIES, ParticipantServicer
from kruispunt_server.access.store import RightsStore
from kruispunt_server.assembly import Parts, Servicer
from kruispunt_server.tables import SharedTables

_PARTICIPANT = participant_service_pb2.DESCRIPTOR.services_by_name["ParticipantService"]


def with_participants(parts: Parts, tables: SharedTables, others: Sequence[Servicer]) -> list[Servicer]:
    """Return the services of a server and this one, which explains the methods of all."""
    policies = {
        f"{name}/{method}": policy
        for name, methods in [
            *((one.service.name, one.policies) for one in others),
            (_PARTICIPANT.name, POLICIES),
        ]
        for method, policy in methods.items()
    }
    servicer = ParticipantServicer(
        RightsStore(parts.database, tables),
        RightsHistory(parts.database, tables),
        parts.rights,
        parts.writes,
        parts.changes,
        parts.clock,
        parts.quotas,
        parts.tokens,
        policies,
    )
    return [*others, Servicer(_PARTICIPANT, servicer, POLICIES)]
