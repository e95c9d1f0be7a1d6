"""The identity server as it runs, in one process, for one registrar who imports.

Arguments: URL of the database, folder of the certificates, and "acknowledge" for the baseline: the same server, whose
ImportPersons parses rows and answers that they are imported, and does nothing else.
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.rights import open_to
from benchmarks.served import URI, serve, settings_of
from kruispunt.identity.v1 import registration_service_pb2 as pb
from kruispunt_identity.settings import IdentitySettings
from kruispunt_identity.tables import identity_tables
from kruispunt_identity.wiring import wire
from kruispunt_server.call import Call, InstitutionKey, Participant, Role
from kruispunt_server.worker import telemetry_of

_PARTICIPANT = Participant("bench", frozenset({Role.REGISTRAR}), InstitutionKey(25, 1))


class Acknowledging:
    """RegistrationService that believes everything and keeps nothing."""

    def __init__(self, servicer: Any) -> None:
        self._servicer = servicer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._servicer, name)

    def ImportPersons(  # noqa: N802
        self, requests: Iterator[pb.ImportPersonsRequest], _call: Call
    ) -> Iterator[pb.ImportPersonsResponse]:
        for request in requests:
            response = pb.ImportPersonsResponse()
            for row, message in enumerate(request.rows, request.first_row):
                response.results.add(row=row, outcome=pb.ROW_OUTCOME_IMPORTED, ssin=message.ssin)
            yield response


def main() -> None:
    """Serve until killed; prints the port."""
    url, folder, acknowledge = sys.argv[1], Path(sys.argv[2]), "acknowledge" in sys.argv[3:]
    settings = settings_of(IdentitySettings, url, folder)
    assembly = wire(settings, telemetry_of(settings))
    open_to(assembly, identity_tables().shared, _PARTICIPANT, URI)
    if acknowledge:
        servicers = [replace(one, servicer=Acknowledging(one.servicer)) for one in assembly.servicers]
        assembly = replace(assembly, servicers=servicers)
    serve(settings, assembly)


if __name__ == "__main__":
    main()
