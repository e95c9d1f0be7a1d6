"""What the parent knows of its workers, for Prometheus: which there are, how often one died, and what each uses.

Read when somebody asks; where there is no /proc, memory and time are left out.
"""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_LABELS = ("worker",)
_UTIME, _STIME, _RESIDENT = 11, 12, 21  # fields of /proc/PID/stat behind the name, from 0


class WorkerFigures(Collector):
    """Collects per worker; a worker keeps its number when it is replaced."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._processes: dict[int, int] = {}
        self._begun: dict[int, int] = {}

    def began(self, number: int, process_id: int) -> None:
        """Note that a process serves as the worker of a number."""
        with self._lock:
            self._processes[number] = process_id
            self._begun[number] = self._begun.get(number, 0) + 1

    def ended(self, process_id: int) -> None:
        """Note that a process is gone."""
        with self._lock:
            self._processes = {n: each for n, each in self._processes.items() if each != process_id}

    def collect(self) -> Iterator[Metric]:
        """Return the figures of now."""
        with self._lock:
            processes, begun = dict(self._processes), dict(self._begun)
        up = GaugeMetricFamily("kruispunt_worker_up", "Whether there is a process.", labels=_LABELS)
        restarts = CounterMetricFamily(
            "kruispunt_worker_restarts", "Processes that replaced one that died.", labels=_LABELS
        )
        resident = GaugeMetricFamily(
            "kruispunt_worker_resident_bytes", "Memory of the process.", labels=_LABELS
        )
        seconds = CounterMetricFamily(
            "kruispunt_worker_cpu_seconds", "Processor time of the process.", labels=_LABELS
        )
        for number, count in sorted(begun.items()):
            label, process = [str(number)], processes.get(number)
            up.add_metric(label, int(process is not None))
            restarts.add_metric(label, count - 1)
            used = _used_by(process) if process is not None else None
            if used is not None:
                resident.add_metric(label, used[0])
                seconds.add_metric(label, used[1])
        yield from (up, restarts, resident, seconds)


def _used_by(process_id: int) -> tuple[int, float] | None:
    """Return bytes of memory and seconds of processor time of a process; none: nobody can tell."""
    try:
        stat = Path(f"/proc/{process_id}/stat").read_text("ascii", "replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    ticks = int(fields[_UTIME]) + int(fields[_STIME])
    return int(fields[_RESIDENT]) * os.sysconf("SC_PAGE_SIZE"), ticks / os.sysconf("SC_CLK_TCK")
