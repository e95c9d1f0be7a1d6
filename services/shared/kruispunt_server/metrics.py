"""What is counted, for Prometheus.

Workers write through prometheus-client's multiprocess files (the environment names their folder before
this module is imported); the parent reads them and serves them. In one process alone it works as well.
"""

import math
import os
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_ROWS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000)


class Calls:
    """Counts the calls of one method."""

    def __init__(self, method: str, finished: Counter, seconds: Histogram) -> None:
        self._method = method
        self._finished = finished
        self._seconds = seconds.labels(method)
        self._by_status: dict[str, Counter] = {}

    def observe(self, status: str, seconds: float) -> None:
        """Count one call that ended with `status`, the name of a gRPC status code."""
        counter = self._by_status.get(status)
        if counter is None:
            counter = self._by_status[status] = self._finished.labels(self._method, status)
        counter.inc()
        self._seconds.observe(seconds)


class Metrics:
    """All counters of one process.

    Args:
        registry: where they are registered; none: one of its own.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry if registry is not None else CollectorRegistry()
        self._finished = Counter(
            "kruispunt_calls", "Calls that ended.", ("method", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "kruispunt_call_seconds", "From the first byte of ours to the answer.", ("method",),
            buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        self._running = Gauge(
            "kruispunt_calls_running", "Calls being served.",
            registry=self.registry, multiprocess_mode="livesum",
        )  # fmt: skip
        self._quota_refusals = Counter(
            "kruispunt_quota_refusals", "Calls refused because a quota was used up.", ("quota",),
            registry=self.registry,
        )  # fmt: skip
        self._misses = Counter(
            "kruispunt_lookup_misses", "Numbers that were looked up in vain.", registry=self.registry
        )
        self._enumerations = Counter(
            "kruispunt_enumeration_suspected", "Alarms that a participant tries numbers out.",
            registry=self.registry,
        )  # fmt: skip
        self._flush_rows = Histogram(
            "kruispunt_journal_flush_rows", "Access records written together.",
            buckets=_ROWS, registry=self.registry,
        )  # fmt: skip
        self._flush_seconds = Histogram(
            "kruispunt_journal_flush_seconds", "Time of writing them.",
            buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        self._behind = Gauge(
            "kruispunt_following_behind_seconds", "How far the directory is behind the identity registers.",
            registry=self.registry, multiprocess_mode="livemax",
        )  # fmt: skip
        self._refused = Gauge(
            "kruispunt_following_refused", "Identity does not take the position of the directory.",
            registry=self.registry, multiprocess_mode="livemax",
        )  # fmt: skip
        self._protected = Counter(
            "kruispunt_protected_looks", "Looks at protected persons.", ("method", "shown"),
            registry=self.registry,
        )  # fmt: skip
        self._unread = Gauge(
            "kruispunt_following_unread", "Changes could not be read, and no snapshot has made up for them yet.",
            registry=self.registry, multiprocess_mode="livemax",
        )  # fmt: skip
        self._stuck = Gauge(
            "kruispunt_feed_stuck", "A record that a feed tells was altered and cannot be decrypted.",
            ("feed",), registry=self.registry, multiprocess_mode="livemax",
        )  # fmt: skip
        self._reads = Counter(
            "kruispunt_standby_reads", "Reads that a standby may answer, by where they were made: standby, primary, failed.",
            ("place",), registry=self.registry,
        )  # fmt: skip
        self._standby_behind = Gauge(
            "kruispunt_standby_behind_seconds", "How old what a standby shows may be; infinite: it cannot be read.",
            ("standby",), registry=self.registry, multiprocess_mode="livemax",
        )  # fmt: skip
        self._sealed = Counter(
            "kruispunt_sealed_records",
            "Records of the logs that were sealed.",
            ("log",),
            registry=self.registry,
        )
        self._seal_seconds = Histogram(
            "kruispunt_seal_seconds", "Time of sealing what waited.", ("log",),
            buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip

    def sealed(self, log: str, records: int, seconds: float) -> None:
        """Note one seal."""
        self._sealed.labels(log).inc(records)
        self._seal_seconds.labels(log).observe(seconds)

    def looked_at_protected(self, method: str, persons: int, *, shown: bool) -> None:
        """Note that a call looked at protected persons, and whether it was shown more than the mark."""
        self._protected.labels(method, str(shown).lower()).inc(persons)

    def calls(self, method: str) -> Calls:
        """Return the counters of one method, by its full name."""
        return Calls(method, self._finished, self._seconds)

    def quota_refused(self, quota: str) -> None:
        """Count one call that was refused for a quota: a kind of methods, "grant" or "end_user"."""
        self._quota_refusals.labels(quota).inc()

    def missed(self, misses: int, *, suspected: bool) -> None:
        """Count look-ups that found nobody, or nobody that the caller may know, and whether they raised the alarm."""
        self._misses.inc(misses)
        if suspected:
            self._enumerations.inc()

    def read_at(self, place: str) -> None:
        """Count a read that a standby may answer: at "standby", at "primary", or there after the standby "failed"."""
        self._reads.labels(place).inc()

    def set_standby_behind(self, standby: str, seconds: float | None) -> None:
        """State how old what a standby shows may be; none: it cannot be read; sampled."""
        self._standby_behind.labels(standby).set(math.inf if seconds is None else seconds)

    def set_behind(self, seconds: float) -> None:
        """State how far this service is behind the one that it follows, infinitely if it never followed it; sampled."""
        self._behind.set(seconds)

    def set_refused(self, *, refused: bool) -> None:
        """State whether what this service follows does not take its position; sampled."""
        self._refused.set(int(refused))

    def set_unread(self, *, unread: bool) -> None:
        """State whether what this service follows told what could not be read, and is to be made up for; sampled."""
        self._unread.set(int(unread))

    def set_stuck(self, feed: str, *, stuck: bool) -> None:
        """State whether readers of a feed wait before a record that cannot be decrypted; sampled."""
        self._stuck.labels(feed).set(int(stuck))

    def set_running(self, count: int) -> None:
        """State how many calls are being served; sampled, not counted call by call."""
        self._running.set(count)

    def flushed(self, rows: int, seconds: float) -> None:
        """Note one flush of the journal."""
        self._flush_rows.observe(rows)
        self._flush_seconds.observe(seconds)


def serve_metrics(folder: Path, address: str, port: int, *further: Collector) -> int:
    """Serve what all workers counted in `folder`, and further figures, over plain HTTP; returns the port. For the parent.

    What a worker counted that died stays counted; its gauges go with it, see `forget_worker`.
    """
    registry = CollectorRegistry()
    for collector in further:
        registry.register(collector)
    MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call]
    server, _thread = start_http_server(port, address, registry)
    return int(server.server_port)


def forget_worker(folder: Path, process_id: int) -> None:
    """Drop the gauges of a worker that is gone. For the parent."""
    os.environ.setdefault(FOLDER_VARIABLE, str(folder))
    mark_process_dead(process_id, path=str(folder))  # type: ignore[no-untyped-call]
