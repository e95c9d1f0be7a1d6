# ruff: noqa: SLF001 - it times the steps of the boundary one by one
"""What each step between the wire and the servicer costs: `python -m benchmarks.edge_anatomy`.

One thread calls the boundary's own handler of ListDossiers with a context that says what gRPC's would; each step is also
timed alone. The best of many short runs, in processor time of the thread. An access record written alone is the worst
case: in the server, calls that wait are written together.
"""

import os
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.anatomy import best_us
from benchmarks.calls import PURPOSE
from benchmarks.population import asked_for, ssin_of
from benchmarks.rights import open_to
from benchmarks.served import URI, settings_of
from benchmarks.stores import Store, opened
from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt_directory.settings import DirectorySettings
from kruispunt_directory.tables import directory_tables
from kruispunt_directory.wiring import wire
from kruispunt_server import pki
from kruispunt_server.boundary import _Endpoint
from kruispunt_server.call import Call, InstitutionKey, Participant, Role
from kruispunt_server.database import ALLOW_UNSAFE
from kruispunt_server.purpose import read_purpose
from kruispunt_server.worker import collect_rarely, telemetry_of

_PARTICIPANT = Participant("bench", frozenset({Role.CONSUMER}), InstitutionKey(1, 1))
_LATER_S = 1000.0


class Context:
    """What the boundary asks of a call that came over mutual TLS."""

    def __init__(self, certificate: bytes) -> None:
        self._peer = {
            "transport_security_type": [b"ssl"],
            "peer_uri": [URI.encode()],
            "x509_pem_cert": [certificate],
        }

    def auth_context(self) -> dict[str, list[bytes]]:
        return self._peer

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return (*PURPOSE, ("user-agent", "benchmark"))

    def time_remaining(self) -> float:
        return _LATER_S


def parts(store: Store, folder: Path) -> dict[str, float]:
    """Return the steps and what they cost in microseconds."""
    settings = settings_of(DirectorySettings, store.url, folder)
    assembly = wire(settings, telemetry_of(settings))
    open_to(assembly, directory_tables().shared, _PARTICIPANT, URI)
    edge = assembly.parts.edge
    one = next(each for each in assembly.servicers if "ListDossiers" in each.policies)
    method, policy = one.service.methods_by_name["ListDossiers"], one.policies["ListDossiers"]
    endpoint = _Endpoint(method, one.servicer.ListDossiers, policy, edge)
    context: Any = Context((folder / "clients" / "bench.crt").read_bytes())
    requests = [
        pb.ListDossiersRequest(ssin=str(ssin_of(person))) for person in asked_for(store.persons, 5000)
    ]
    call = endpoint._admission.meet(context)
    call.deadline = float("inf")  # the runs take longer than a call may
    endpoint._admission.admit(call, context)
    collect_rarely()

    def looked() -> Call:
        made = Call(
            call.method, call.participant, call.purpose, call.now, time.monotonic() + 10, right=call.right
        )
        made.look(1, "dossier", "found")
        return made

    def work(request: pb.ListDossiersRequest) -> None:
        call.looks.clear()
        one.servicer.ListDossiers(request, call)

    steps = {
        "who calls, until when": lambda _: endpoint._admission.meet(context),
        "let in: role, purpose, grant, quota": lambda _: endpoint._admission.admit(call, context),
        "  of it: purpose": lambda _: read_purpose(context.invocation_metadata()),
        "  of it: grant": lambda _: endpoint._admission._grant(call),
        "  of it: quota": lambda _: edge.quotas and edge.quotas.spend(call, policy.kind),
        "servicer: read, look, build": work,
        "a look": lambda _: looked(),
        "its record, written alone": lambda _: edge.journal.commit(looked()),
        "note the end": lambda _: endpoint._note(None, call, context, None, 0.0),
    }
    bodies = [request.SerializeToString() for request in requests]
    measured = {"the whole": best_us(lambda body: endpoint._unary(body, context), bodies)}
    measured |= {name: best_us(step, requests) for name, step in steps.items()}
    assembly.close()
    return measured


def main() -> None:
    """Print the steps on both stores."""
    os.environ.setdefault(ALLOW_UNSAFE, "1")  # it owns the databases
    for kind in ("postgresql", "sqlite"):
        with tempfile.TemporaryDirectory() as made, opened(kind, 100_000) as store:
            folder = Path(made)
            pki.make_authority(folder)
            pki.issue_server(folder)
            pki.issue_client(folder, "bench", URI)
            print(f"{store.label}, {store.rows} rows, load average {os.getloadavg()[0]:.1f}")
            for part, microseconds in parts(store, folder).items():
                print(f"  {part:36} {microseconds:7.1f} µs")


if __name__ == "__main__":
    main()
