"""DirectoryService without its boundary: our servicer, reader and messages on a plain grpcio server.

Nobody is asked for a certificate or a purpose, and no access record is kept. Arguments: URL of the database,
persons in it, number of threads.
"""

import datetime as dt
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from typing import Any

import grpc

from benchmarks.population import asked_for, ssin_of
from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt_directory.domain.knowledge import Knowledge
from kruispunt_directory.servicer.directory import DirectoryServicer
from kruispunt_directory.servicer.holding import OwnDossiers
from kruispunt_directory.store.attention import AttentionReader
from kruispunt_directory.store.reading import DossierReader
from kruispunt_directory.tables import directory_tables
from kruispunt_server.call import Call, InstitutionKey, Participant, Purpose, Role
from kruispunt_server.clock import SystemClock
from kruispunt_server.database import Database
from kruispunt_server.tokens import PageTokens

SERVICE = "kruispunt.directory.v1.DirectoryService"
LIST_DOSSIERS = f"/{SERVICE}/ListDossiers"

_PARTICIPANT = Participant("bench", frozenset({Role.CONSUMER}), InstitutionKey(1, 1))
_PURPOSE = Purpose("18/042", "bench", "bench")
_NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class NoKnowledge:
    """Knows no code tables: listing dossiers asks for none."""

    def current(self) -> Knowledge:
        return Knowledge()

    def at(self, known_at: dt.datetime) -> Knowledge:  # noqa: ARG002
        return Knowledge()


def servicer_on(database: Database) -> DirectoryServicer:
    """Return the product's servicer on a database."""
    tables = directory_tables()
    reader = DossierReader(database, tables)
    return DirectoryServicer(
        reader,
        AttentionReader(database, tables),
        NoKnowledge(),
        OwnDossiers(reader, SystemClock()),
        PageTokens(b"benchmarks only!"),
        SystemClock(),
    )


def list_dossiers(servicer: DirectoryServicer, persons: int) -> Callable[[bytes, Any], bytes]:
    """Return the handler of ListDossiers; whoever is asked for, it answers on the next of the persons."""
    spread = cycle([str(ssin_of(person)) for person in asked_for(persons)]).__next__
    parse = pb.ListDossiersRequest.FromString

    def handle(received: bytes, _context: Any) -> bytes:
        request = parse(received)
        request.ssin = spread()
        # A call as the boundary makes it; its looks are thrown away.
        call = Call(LIST_DOSSIERS, _PARTICIPANT, _PURPOSE, _NOW, 0.0)
        return servicer.ListDossiers(request, call).SerializeToString()

    return handle


def main() -> None:
    """Serve until killed; prints the port."""
    url, persons, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    database = Database.open(url, pool_size=threads)
    handler = grpc.unary_unary_rpc_method_handler(list_dossiers(servicer_on(database), persons))
    server = grpc.server(
        ThreadPoolExecutor(threads),
        handlers=[grpc.method_handlers_generic_handler(SERVICE, {"ListDossiers": handler})],
    )
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
