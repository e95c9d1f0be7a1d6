"""M1: two workers that share a port against one, ListDossiers with everything on but TLS; both stores.

Plaintext, because a forwarder would be what is measured; sixteen connections, for the kernel deals them out by chance.
"""

import os
import tempfile
from collections.abc import Iterator
from typing import Any

from benchmarks import h2load
from benchmarks.against_echo import HEADERS, THREADS, LostRecordError, counts
from benchmarks.calls import CHECKED, KINDS
from benchmarks.comparing import Contender, Size, interleave, line
from benchmarks.processes import Serving, serving
from benchmarks.stores import Store, opened
from kruispunt_directory.tables import directory_tables

GOAL = 1.6
_CONNECTIONS = 16


def run(size: Size) -> Iterator[dict[str, Any]]:
    """Measure both stores, one after the other."""
    for kind in ("postgresql", "sqlite"):
        with opened(kind, size.rows) as store:
            yield _on(store, size)


def _on(store: Store, size: Size) -> dict[str, Any]:
    access = (directory_tables().shared.access,)
    calls = 2 * CHECKED
    with tempfile.TemporaryDirectory() as made:
        arguments = ("list", store.url, str(store.persons), str(THREADS), made)
        with (
            serving("serve_workers", "2", *arguments) as two,
            serving("serve_workers", "1", *arguments) as one,
        ):
            (before,) = counts(store, access)
            reply_bytes = KINDS["list"].checked(two.port, store.persons)
            KINDS["list"].checked(one.port, store.persons)

            def load(server: Serving, count: int) -> float:
                nonlocal calls
                calls += count
                body = KINDS["list"].body.SerializeToString()
                return h2load.load(
                    server.port, KINDS["list"].path, body, count, reply_bytes, HEADERS, _CONNECTIONS
                )

            ours = Contender(lambda count: load(two, count), two.pid, store.pid)
            baseline = Contender(lambda count: load(one, count), one.pid, store.pid)
            interleave(ours, baseline, size)
            (after,) = counts(store, access)
    if after - before != calls:
        raise LostRecordError(f"{after - before} access records of {calls} calls")
    return line(
        "M1",
        ours,
        baseline,
        goal=GOAL,
        rows=store.rows,
        store=store.label,
        cores=len(os.sched_getaffinity(0)),
    )
