"""R1: ListDossiers unary, bare, against grpcio's synchronous echo of the same reply size; on both stores."""

from collections.abc import Iterator
from typing import Any

from benchmarks import h2load, serve_bare, serve_echo
from benchmarks.calls import KINDS
from benchmarks.comparing import Contender, Size, interleave, line
from benchmarks.processes import serving
from benchmarks.stores import opened

THREADS = 4
GOALS = {"postgresql": 0.90, "sqlite": None}  # of SQLite: as good as it gets


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
        reply_bytes = KINDS["list"].checked(bare.port, store.persons)
        with serving("serve_echo", str(round(reply_bytes)), str(THREADS)) as echo:
            body = KINDS["list"].body.SerializeToString()
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
