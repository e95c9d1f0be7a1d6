"""R1: ListDossiers unary, bare, against grpcio's synchronous echo of the same reply size; on both stores."""

import statistics
from collections.abc import Iterator, Sequence
from typing import Any

import grpc

from benchmarks import h2load, serve_bare, serve_echo
from benchmarks.comparing import Contender, Size, interleave, line
from benchmarks.population import DOSSIERS_EACH, asked_for, dossier_of, ssin_of
from benchmarks.processes import serving
from benchmarks.stores import Store, opened
from kruispunt.directory.v1 import directory_service_pb2 as pb

THREADS = 4
GOALS = {"postgresql": 0.90, "sqlite": None}  # of SQLite: as good as it gets

CHECKED = 300


class WrongAnswerError(Exception):
    """A server under test answers something else than the population says."""


def run(size: Size) -> Iterator[dict[str, Any]]:
    """Measure on both stores, one after the other."""
    h2load.require()
    for kind in ("postgresql", "sqlite"):
        yield _on(kind, size)


def _on(kind: str, size: Size) -> dict[str, Any]:
    with (
        opened(kind, size.rows) as store,
        serving("serve_bare", store.url, str(store.persons), str(THREADS)) as bare,
    ):
        reply_bytes = checked(bare.port, store)
        with serving("serve_echo", str(round(reply_bytes)), str(THREADS)) as echo:
            body = pb.ListDossiersRequest(ssin=str(ssin_of(0))).SerializeToString()
            ours = Contender(
                lambda calls: h2load.load(bare.port, serve_bare.LIST_DOSSIERS, body, calls, reply_bytes),
                bare.pid,
                store.pid,
            )
            baseline = Contender(
                lambda calls: h2load.load(echo.port, serve_echo.METHOD, body, calls, reply_bytes), echo.pid
            )
            interleave(ours, baseline, size)
    return line("R1", ours, baseline, goal=GOALS[kind], rows=store.rows, store=store.label)


def checked(port: int, store: Store, metadata: Sequence[tuple[str, str]] = ()) -> float:
    """Compare some answers with the population; returns the median size of a reply in bytes.

    Raises:
        WrongAnswerError: they differ.
    """
    person_of = {str(ssin_of(person)): person for person in asked_for(store.persons)}
    sizes = []
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        grpc.channel_ready_future(channel).result(timeout=20)
        invoke = channel.unary_unary(serve_bare.LIST_DOSSIERS)
        for _ in range(CHECKED):
            reply = invoke(
                pb.ListDossiersRequest(ssin=str(ssin_of(0))).SerializeToString(),
                timeout=10,
                metadata=metadata,
            )
            answer = pb.ListDossiersResponse.FromString(reply)
            expected = expected_of(person_of[answer.resolution.asked_ssin])
            found = [
                (d.ssin, d.institution.sector, d.institution.institution, d.capacity, d.dossier_id)
                for d in answer.dossiers
            ]
            if found != expected or not answer.complete:
                raise WrongAnswerError(f"{len(found)} dossiers, complete: {answer.complete}")
            sizes.append(len(reply))
    return statistics.median(sizes)


def expected_of(person: int) -> list[tuple[str, int, int, int, str]]:
    """Return what must come back on a person, in the order of the listing."""
    ssin = ssin_of(person)
    rows = sorted(dossier_of(person, which, ssin)[:7] for which in range(DOSSIERS_EACH))
    return [(str(ssin), row[1], row[2], row[3], str(row[6])) for row in rows]
