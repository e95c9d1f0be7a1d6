"""Where the microseconds of one ListDossiers go, inside the handler: `python -m benchmarks.anatomy [--size full]`.

Each part is timed alone in this process, on real rows of random persons: the best of many short runs, in
processor time of the thread, so that a busy machine disturbs little. What waits (the database server) is not in it.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from itertools import cycle
from typing import Any

from benchmarks import serve_bare
from benchmarks.comparing import SIZES
from benchmarks.population import asked_for, ssin_of
from benchmarks.stores import Store, opened
from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt.ssin import Ssin
from kruispunt_directory.messages.directory import dossier_list
from kruispunt_directory.store.reading import DossierReader
from kruispunt_directory.tables import directory_tables
from kruispunt_server.database import Database

_RUNS, _CALLS = 60, 200


def best_us(work: Callable[[Any], Any], inputs: Sequence[Any]) -> float:
    """Return microseconds of one call of `work`, at the best of the runs."""
    take = cycle(inputs).__next__
    best = float("inf")
    for _ in range(_RUNS):
        began = time.thread_time_ns()
        for _ in range(_CALLS):
            work(take())
        best = min(best, time.thread_time_ns() - began)
    return best / _CALLS / 1000


def parts(store: Store) -> dict[str, float]:
    """Return the parts of a call and what they cost in microseconds."""
    database = Database.open(store.url)
    reader = DossierReader(database, directory_tables())
    day = serve_bare.SystemClock().today()
    numbers = [ssin_of(person) for person in asked_for(store.persons, 5000)]
    requests = [pb.ListDossiersRequest(ssin=str(number)).SerializeToString() for number in numbers]
    handle = serve_bare.list_dossiers(serve_bare.servicer_on(database), store.persons)
    found = [reader.list_open(number, valid_at=day, limit=101) for number in numbers]
    answers = [dossier_list(rows, resolution) for resolution, rows in found]
    measured = {
        "the handler, whole": best_us(lambda request: handle(request, None), requests),
        "parse the request": best_us(pb.ListDossiersRequest.FromString, requests),
        "check the number": best_us(Ssin.parse, [str(number) for number in numbers]),
        "read: list_open": best_us(lambda number: reader.list_open(number, valid_at=day, limit=101), numbers),
        "build the answer": best_us(lambda one: dossier_list(one[1], one[0]), found),
        "serialise the answer": best_us(lambda answer: answer.SerializeToString(), answers),
    }
    database.close()
    return measured


def main() -> None:
    """Print the parts of a call on both stores."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.anatomy", description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="small", help="how many rows")
    rows = SIZES[parser.parse_args().size].rows
    for kind in ("postgresql", "sqlite"):
        with opened(kind, rows) as store:
            print(f"{store.label}, {store.rows} rows")
            for part, microseconds in parts(store).items():
                print(f"  {part:24} {microseconds:7.1f} µs")


if __name__ == "__main__":
    main()
