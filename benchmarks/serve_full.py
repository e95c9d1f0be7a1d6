"""The directory server as it runs, in one process: mutual TLS, caller, purpose, deadline, committed access record.

Only the servicer is wrapped: whoever is asked for, it answers on the next of the persons, because the load generator
sends one body. Arguments: URL of the database, persons in it, number of threads, folder of the certificates.
"""

import sys
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

from benchmarks.population import asked_for, ssin_of
from benchmarks.rights import open_to
from benchmarks.served import URI, serve, settings_of
from kruispunt_directory.settings import DirectorySettings
from kruispunt_directory.tables import directory_tables
from kruispunt_directory.wiring import wire
from kruispunt_server.assembly import Assembly
from kruispunt_server.call import Call, InstitutionKey, Participant, Role
from kruispunt_server.worker import telemetry_of

PURPOSE = (("kruispunt-legal-basis", "18/042"), ("kruispunt-end-user", "bench"), ("kruispunt-case", "bench"))

_PARTICIPANT = Participant("bench", frozenset({Role.CONSUMER}), InstitutionKey(1, 1))


class Spread:
    """DirectoryService on the next person."""

    def __init__(self, servicer: Any, persons: int) -> None:
        self._servicer = servicer
        self._next = cycle([str(ssin_of(person)) for person in asked_for(persons)]).__next__

    def __getattr__(self, name: str) -> Any:
        return getattr(self._servicer, name)

    def ListDossiers(self, request: Any, call: Call) -> Any:  # noqa: N802
        request.ssin = self._next()
        return self._servicer.ListDossiers(request, call)


def spread(assembly: Assembly, persons: int) -> Assembly:
    """Return the server with lists on one of so many persons after the other."""
    servicers = [
        replace(one, servicer=Spread(one.servicer, persons)) if "ListDossiers" in one.policies else one
        for one in assembly.servicers
    ]
    return replace(assembly, servicers=servicers)


def main() -> None:
    """Serve until killed; prints the port."""
    url, persons, threads, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    settings = settings_of(DirectorySettings, url, folder, threads=threads)
    assembly = wire(settings, telemetry_of(settings))
    open_to(assembly, directory_tables().shared, _PARTICIPANT, URI)
    serve(settings, spread(assembly, persons))


if __name__ == "__main__":
    main()
