"""What identity's question "on whom of these has the institution a dossier" costs: `python -m benchmarks.dossier_question`.

A directory in this process, on SQLite, over mutual TLS on the loopback, asked in three ways: by ListDossiers, which
asks about one person; by the stream ResolveDossiers; and by CheckAccess, on behalf of the institution. Of each way the
best of some runs: processor time of both sides and time that passed, in microseconds a call, and messages on the wire.
"""

import datetime as dt
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.population import ssin_of
from benchmarks.served import settings_of
from kruispunt import (
    AccessQuestion,
    ClientCertificates,
    DirectoryClient,
    InstitutionRef,
    Period,
    PersonStatus,
    Purpose,
    RouteVerdict,
)
from kruispunt.ssin import Ssin
from kruispunt_directory.code_tables import load_code_tables
from kruispunt_directory.settings import DirectorySettings
from kruispunt_directory.store.code_tables import load_into
from kruispunt_directory.tables import directory_tables
from kruispunt_directory.wiring import wire
from kruispunt_server import migrate, pki
from kruispunt_server.access.loading import load_rights
from kruispunt_server.access.rights import Grant, LegalBasis, Registration, Rights
from kruispunt_server.assembly import Telemetry
from kruispunt_server.call import InstitutionKey, Participant, Role
from kruispunt_server.events import Events
from kruispunt_server.server import Server

_RUNS, _QUESTIONS = 5, 200  # of persons, in each run
_PERSONS = 100
_URI = "spiffe://bench/participant/"
_INSTITUTION = InstitutionKey(5, 1)
_ROLES = {
    "identity": {Role.INTERNAL_SERVICE},
    "office": {Role.SUPPLIER, Role.CONSUMER},
    "desk": {Role.ADMINISTRATOR},
}


def rights() -> Rights:
    """Return who is who: identity, an institution, and the administrator that there has to be."""
    everything = ("DirectoryService/*", "DossierService/*")
    return Rights(
        tuple(
            Registration(
                Participant(name, frozenset(roles), _INSTITUTION if name == "office" else None),
                (_URI + name,),
            )
            for name, roles in _ROLES.items()
        ),
        (LegalBasis("18/042", "Benchmarks", ("all",)),),
        (
            Grant("identity-asks", ("identity",), everything, "*", ("all",)),
            Grant("office-works", ("office",), everything, "18/042", ("all",)),
        ),
    )


def measured(ask: Callable[[], object], calls: int) -> tuple[float, float]:
    """Return microseconds of processor time and of time that passed, a call, at the best of the runs."""
    best_cpu = best_wall = float("inf")
    for _ in range(_RUNS):
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(calls):
            ask()
        best_cpu = min(best_cpu, time.process_time() - cpu)
        best_wall = min(best_wall, time.perf_counter() - wall)
    return best_cpu / calls * 1e6, best_wall / calls * 1e6


def ways(identity: DirectoryClient, persons: Sequence[Ssin]) -> dict[str, tuple[str, Callable[[], int]]]:
    """Return how to ask: messages there and back, and what asks and returns on how many there is a dossier."""
    ref = InstitutionRef(_INSTITUTION.sector, _INSTITUTION.institution)
    acting = identity.acting_for(ref)
    questions = [AccessQuestion(person) for person in persons]

    def listed() -> int:
        return sum(
            next(
                iter(
                    identity.list_dossiers(
                        person, sector=ref.sector, institution=ref.institution, page_size=1
                    )
                ),
                None,
            )
            is not None
            for person in persons
        )

    def resolved() -> int:
        answers = identity.resolve_dossiers(persons, sector=ref.sector, institution=ref.institution)
        return sum(each.status is PersonStatus.FOUND for each in answers)

    def checked() -> int:
        return sum(each is RouteVerdict.ALLOWED for each in acting.check_access(questions))

    return {
        "ListDossiers": (f"{len(persons)} + {len(persons)}", listed),
        "ResolveDossiers": ("1 + 1", resolved),
        "CheckAccess": ("1 + 1", checked),
    }


def main() -> None:
    """Print the table."""
    folder = Path(tempfile.mkdtemp(prefix="kruispunt-bench-"))
    try:
        pki.issue_all(folder, {name: [_URI + name] for name in _ROLES})
        url = f"sqlite:///{folder / 'directory.db'}"
        migrate.upgrade(url, "directory")
        settings = settings_of(
            DirectorySettings,
            url,
            folder,
            usual_reads="unlimited",
            usual_writes="unlimited",
            usual_bulk="unlimited",
        )
        assembly = wire(settings, Telemetry(Events("directory", level="error")))
        load_rights(assembly.parts.database, directory_tables().shared, assembly.parts.clock, rights())
        load_into(assembly.parts.database, directory_tables(), assembly.parts.clock, load_code_tables())
        server = Server(settings, assembly)
        port = server.start(0)
        try:
            _compare(folder, f"127.0.0.1:{port}")
        finally:
            server.drain()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _client(folder: Path, endpoint: str, name: str) -> DirectoryClient:
    clients = folder / "clients"
    certificates = ClientCertificates.from_files(
        folder / "ca.crt", clients / f"{name}.crt", clients / f"{name}.key"
    )
    return DirectoryClient(endpoint, certificates=certificates, purpose=Purpose("18/042", "bench", "bench"))


def _compare(folder: Path, endpoint: str) -> None:
    persons = [ssin_of(number) for number in range(_PERSONS)]
    with _client(folder, endpoint, "office") as office:
        for person in persons[::2]:
            office.register_dossier(person, capacity=100, period=Period(dt.date(2020, 1, 1)))
    print(f"{'persons':>8} {'way':16} {'processor µs':>13} {'passed µs':>10}  messages")
    with _client(folder, endpoint, "identity") as identity:
        for some in (persons[:1], persons):
            for name, (messages, ask) in ways(identity, some).items():
                if ask() != (len(some) + 1) // 2:
                    raise AssertionError(f"{name} answers otherwise")
                cpu, wall = measured(ask, max(_QUESTIONS // len(some), 1))
                print(f"{len(some):8} {name:16} {cpu:13.0f} {wall:10.0f}  {messages}", flush=True)


if __name__ == "__main__":
    main()
