"""The directory server in one process, with two participants: "quiet", and "noisy" with a quota of reads.

Arguments: URL of the database, persons in it, number of threads, folder of the certificates, the noisy one's reads a
second, and "turns" or "queue": whether callers have turns, or wait in one queue as it was before.
"""

import sys
from pathlib import Path

from benchmarks.rights import LEGAL_BASIS
from benchmarks.serve_full import spread
from benchmarks.served import serve, settings_of
from kruispunt_directory.settings import DirectorySettings
from kruispunt_directory.tables import directory_tables
from kruispunt_directory.wiring import wire
from kruispunt_server import fair_pool
from kruispunt_server.access.loading import load_rights
from kruispunt_server.access.rights import Grant, LegalBasis, Quota, Registration, Rights
from kruispunt_server.call import InstitutionKey, Participant, Role
from kruispunt_server.edge import MethodClass
from kruispunt_server.worker import telemetry_of

NAMES = ("quiet", "noisy")


def uri_of(name: str) -> str:
    """Return the name in the certificate of a participant."""
    return f"spiffe://bench/participant/{name}"


def rights(reads_per_s: int) -> Rights:
    """Return rights of both."""
    quotas = {"quiet": {}, "noisy": {MethodClass.READS: Quota(reads_per_s, 1)}}
    roles = frozenset({Role.CONSUMER, Role.ADMINISTRATOR})
    return Rights(
        tuple(
            Registration(
                Participant(name, roles, InstitutionKey(1, at)), (uri_of(name),), quotas=quotas[name]
            )
            for at, name in enumerate(NAMES, 1)
        ),
        (LegalBasis(LEGAL_BASIS, "Benchmarks", ("all",)),),
        (Grant("bench", NAMES, ("DirectoryService/*",), LEGAL_BASIS, ("all",)),),
    )


def main() -> None:
    """Serve until killed; prints the port."""
    url, persons, threads, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    reads_per_s, how = int(sys.argv[5]), sys.argv[6]
    if how == "queue":
        fair_pool._caller_of = lambda _arguments: ()  # noqa: SLF001 - all are one
    settings = settings_of(DirectorySettings, url, folder, threads=threads, log_level="error")
    assembly = wire(settings, telemetry_of(settings))
    load_rights(assembly.parts.database, directory_tables().shared, assembly.parts.clock, rights(reads_per_s))
    serve(settings, spread(assembly, persons))


if __name__ == "__main__":
    main()
