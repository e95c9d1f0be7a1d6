"""Server processes under load, and the processor time that they take."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kruispunt_server.database import ALLOW_UNSAFE

ROOT = Path(__file__).parent.parent

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Serving:
    """A server process that answers on a port."""

    port: int
    pid: int


@contextmanager
def serving(module: str, *arguments: str) -> Iterator[Serving]:
    """Run `python -m benchmarks.MODULE ARGUMENTS`, which prints its port when it serves, at the end of a line; end it afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"benchmarks.{module}", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        # They own the databases that they are measured on.
        env={**os.environ, ALLOW_UNSAFE: "1"},
    )
    try:
        assert process.stdout is not None
        port = process.stdout.readline()
        if not port:
            raise SystemExit(f"benchmarks.{module} did not start")
        yield Serving(int(port.rsplit(":")[-1]), process.pid)
    finally:
        process.terminate()
        process.wait(10)


def cpu_s(pid: int | None) -> float:
    """Return the processor time of a process and its children so far, in seconds, to 10 ms; 0 for none."""
    if pid is None:
        return 0.0
    total = 0.0
    todo = [pid]
    while todo:
        one = todo.pop()
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
            for task in Path(f"/proc/{one}/task").iterdir():
                todo += [int(child) for child in (task / "children").read_text().split()]
        except OSError:  # it ended meanwhile
            continue
        total += (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
    return total
