"""A server as it runs: mutual TLS, caller, purpose, rights, quota, deadline, committed access record. One process.

Only the servicer is wrapped: whatever it is asked, it answers on the next of the persons, because the load generator
sends one body. Arguments: kind of call (`calls.KINDS`), URL of the database, persons in it, number of threads, folder
of the certificates; "plain" for plaintext on the loopback address; `--standby URL` to read there where a call lets it;
`--port N` to share a port with others.
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.calls import KINDS, Kind
from benchmarks.rights import open_to
from benchmarks.served import URI, serve, settings_of
from kruispunt_directory.settings import DirectorySettings
from kruispunt_directory.tables import directory_tables
from kruispunt_directory.wiring import wire as wire_directory
from kruispunt_identity.settings import IdentitySettings
from kruispunt_identity.tables import identity_tables
from kruispunt_identity.wiring import wire as wire_identity
from kruispunt_server.assembly import Assembly
from kruispunt_server.call import Call, InstitutionKey, Participant, Role
from kruispunt_server.worker import telemetry_of

_PARTICIPANT = Participant("bench", frozenset({Role.CONSUMER, Role.SUPPLIER}), InstitutionKey(1, 1))


class Spread:
    """A servicer that answers on the next person."""

    def __init__(self, servicer: Any, kind: Kind, persons: int) -> None:
        self._servicer = servicer
        change, work = kind.changes(persons), getattr(servicer, kind.method)

        def answer(request: Any, call: Call) -> Any:
            change(request)
            return work(request, call)

        setattr(self, kind.method, answer)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._servicer, name)


def spread(assembly: Assembly, persons: int, kind: Kind = KINDS["list"]) -> Assembly:
    """Return the server with calls of one kind on one of so many persons after the other."""
    servicers = [
        replace(one, servicer=Spread(one.servicer, kind, persons)) if kind.method in one.policies else one
        for one in assembly.servicers
    ]
    return replace(assembly, servicers=servicers)


def main() -> None:
    """Serve until killed; prints the port, or with `--port N`, as a supervisor starts workers, that it is ready."""
    kind, (url, persons, threads, folder) = KINDS[sys.argv[1]], sys.argv[2:6]
    more: dict[str, Any] = {"threads": int(threads), "database_connections": int(threads)}
    if "--standby" in sys.argv:
        more["standby_urls"] = [sys.argv[sys.argv.index("--standby") + 1]]
        more["standby_staleness_s"] = 60.0
    if "plain" in sys.argv:
        more["plaintext_participant"] = _PARTICIPANT.participant_id
        more |= dict.fromkeys(("tls_certificate", "tls_key", "tls_authority"))
    if kind.service == "identity":
        settings: Any = settings_of(IdentitySettings, url, Path(folder), without_directory=True, **more)
        wire, tables = wire_identity, identity_tables().shared
    else:
        settings = settings_of(DirectorySettings, url, Path(folder), **more)
        wire, tables = wire_directory, directory_tables().shared
    assembly = wire(settings, telemetry_of(settings))
    open_to(assembly, tables, _PARTICIPANT, URI)
    port = int(sys.argv[-1]) if "--port" in sys.argv else 0
    serve(settings, spread(assembly, int(persons), kind), port)


if __name__ == "__main__":
    main()
