"""Rights of benchmarks: one participant, one grant that opens everything to it under one legal basis."""

from kruispunt_server.access.catalogue import ALL, METHODS
from kruispunt_server.access.loading import load_rights
from kruispunt_server.access.rights import Grant, LegalBasis, Quota, Registration, Rights
from kruispunt_server.assembly import Assembly
from kruispunt_server.call import Participant
from kruispunt_server.edge import MethodClass
from kruispunt_server.tables import SharedTables

LEGAL_BASIS = "18/042"


def open_to(assembly: Assembly, tables: SharedTables, participant: Participant, *uris: str) -> None:
    """Make the participant the only one, who may everything, as often as it can; what counts it is paid for."""
    methods = tuple(f"{service}/*" for service in METHODS)
    rights = Rights(
        (Registration(participant, uris, quotas=dict.fromkeys(MethodClass, Quota(1_000_000, 1))),),
        (LegalBasis(LEGAL_BASIS, "Benchmarks", (ALL,)),),
        (Grant("bench", (participant.participant_id,), methods, LEGAL_BASIS, (ALL,)),),
    )
    load_rights(assembly.parts.database, tables, assembly.parts.clock, rights)
