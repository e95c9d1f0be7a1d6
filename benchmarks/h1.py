"""H1: the same reads at a hot standby and at the primary, all on: what the primary is spared, in processor time per call.

One server, asked with `eventual` and with `latest` in turn: ListDossiers, and ResolveDossiers with a thousand persons a
message. Every answer is journalled at the primary, wherever it is read.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import sqlalchemy as sa
from grpc_health.v1 import health_pb2, health_pb2_grpc

from benchmarks import h2load
from benchmarks.calls import KINDS, PURPOSE
from benchmarks.cluster import Cluster, followed
from benchmarks.comparing import Contender, Size, interleave, line
from benchmarks.population import asked_for, ssin_of
from benchmarks.processes import cpu_s, serving
from benchmarks.r1 import THREADS
from benchmarks.serve_bare import LIST_DOSSIERS
from benchmarks.served import URI
from benchmarks.stores import Store, opened
from kruispunt import ClientCertificates, DirectoryClient
from kruispunt import Purpose as Stated
from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt_server import pki
from kruispunt_server.standbys.reads import HEALTH_NAME

_HEADERS = tuple(f"{key}: {value}" for key, value in PURPOSE)
_KEY = "kruispunt-consistency"
_CHUNK = 1000


def run(size: Size) -> Iterator[dict[str, Any]]:
    """Measure single reads, then batches."""
    h2load.require()
    with tempfile.TemporaryDirectory() as made, opened("postgresql", size.rows) as store:
        assert store.cluster is not None
        folder = Path(made)
        pki.make_authority(folder)
        pki.issue_server(folder)
        pki.issue_client(folder, "bench", URI)
        with followed(store.cluster) as standby:
            url = standby.url(str(sa.make_url(store.url).database))
            arguments = ("list", store.url, str(store.persons), str(THREADS), made, "--standby", url)
            with serving("serve_full", *arguments) as full:
                _wait_until_read(full.port, folder)
                yield _single(size, store, standby, full.port, full.pid, made)
                yield _batches(size, store, standby, full.port, full.pid, folder)


def _wait_until_read(port: int, folder: Path) -> None:
    """Wait until the server reads the standby; or both would be measured at the primary."""
    certificates = _certificates(folder)
    credentials = grpc.ssl_channel_credentials(certificates.ca, certificates.key, certificates.certificate)
    asked = health_pb2.HealthCheckRequest(service=HEALTH_NAME)
    with grpc.secure_channel(f"127.0.0.1:{port}", credentials) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        for answer in stub.Watch(asked, timeout=60):
            if answer.status == health_pb2.HealthCheckResponse.SERVING:
                return


def _certificates(folder: Path) -> ClientCertificates:
    clients = folder / "clients"
    return ClientCertificates.from_files(folder / "ca.crt", clients / "bench.crt", clients / "bench.key")


class _AtStandby(Contender):
    """Also counts the standby's time."""

    def __init__(self, load: Any, pid: int, store_pid: int | None, standby: Cluster) -> None:
        super().__init__(load, pid, store_pid)
        self.standby_us: list[float] = []
        self._standby = standby

    def run(self, calls: int) -> None:
        before = cpu_s(self._standby.pid)
        super().run(calls)
        self.standby_us.append((cpu_s(self._standby.pid) - before) / calls * 1e6)


def _single(size: Size, store: Store, standby: Cluster, port: int, pid: int, made: str) -> dict[str, Any]:
    body = pb.ListDossiersRequest(ssin=str(ssin_of(0))).SerializeToString()
    with serving("serve_tls_forward", str(port), made) as forward:
        reply_bytes = KINDS["list"].checked(forward.port, store.persons)

        def asking(word: str, calls: int) -> float:
            headers = (*_HEADERS, f"{_KEY}: {word}")
            return h2load.load(forward.port, LIST_DOSSIERS, body, calls, reply_bytes, headers)

        ours = _AtStandby(lambda calls: asking("eventual", calls), pid, store.pid, standby)
        baseline = _AtStandby(lambda calls: asking("latest", calls), pid, store.pid, standby)
        interleave(ours, baseline, size)
    return _line("H1", ours, baseline, store, "ListDossiers")


def _batches(size: Size, store: Store, standby: Cluster, port: int, pid: int, folder: Path) -> dict[str, Any]:
    persons = [ssin_of(person) for person in asked_for(store.persons)][: 20 * _CHUNK]
    with DirectoryClient(
        f"127.0.0.1:{port}", certificates=_certificates(folder), purpose=Stated("18/042", "bench", "bench")
    ) as client:

        def asking(word: Any, messages: int) -> float:
            began = time.monotonic()
            asked = (persons * (messages // 20 + 1))[: messages * _CHUNK]
            answers = client.with_consistency(word).resolve_dossiers(asked, chunk=_CHUNK, timeout_s=60)
            found = sum(1 for _ in answers)
            assert found == len(asked), "an answer for each"
            return messages / (time.monotonic() - began)

        ours = _AtStandby(lambda calls: asking("eventual", calls), pid, store.pid, standby)
        baseline = _AtStandby(lambda calls: asking("latest", calls), pid, store.pid, standby)
        interleave(ours, baseline, Size(size.rows, max(20, size.calls // 100), size.rounds))
    return _line("H1", ours, baseline, store, f"ResolveDossiers of {_CHUNK}")


def _line(name: str, ours: _AtStandby, baseline: _AtStandby, store: Store, what: str) -> dict[str, Any]:
    return line(
        name,
        ours,
        baseline,
        goal=None,
        what=what,
        rows=store.rows,
        store=store.label,
        baseline_store_cpu_us=round(statistics.median(baseline.store_us)),
        standby_cpu_us=round(statistics.median(ours.standby_us)),
        baseline_standby_cpu_us=round(statistics.median(baseline.standby_us)),
    )
