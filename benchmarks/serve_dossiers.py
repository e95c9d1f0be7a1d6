"""The directory server as it runs, in one process, for one institution that imports and asks.

Arguments: URL of the database, folder of the certificates.
"""

import sys
from pathlib import Path

from benchmarks.rights import open_to
from benchmarks.served import URI, serve, settings_of
from kruispunt_directory.code_tables import load_code_tables
from kruispunt_directory.settings import DirectorySettings
from kruispunt_directory.store.code_tables import load_into
from kruispunt_directory.tables import directory_tables
from kruispunt_directory.wiring import wire
from kruispunt_server.call import InstitutionKey, Participant, Role
from kruispunt_server.worker import telemetry_of

INSTITUTION = InstitutionKey(5, 1)
_PARTICIPANT = Participant("bench", frozenset({Role.SUPPLIER, Role.CONSUMER}), INSTITUTION)


def main() -> None:
    """Serve until killed; prints the port."""
    url, folder = sys.argv[1], Path(sys.argv[2])
    settings = settings_of(DirectorySettings, url, folder)
    assembly = wire(settings, telemetry_of(settings))
    load_into(
        assembly.parts.database, directory_tables(), assembly.parts.clock, load_code_tables(), only_new=True
    )
    open_to(assembly, directory_tables().shared, _PARTICIPANT, URI)
    serve(settings, assembly)


if __name__ == "__main__":
    main()
