"""A server at work for ten minutes has no more memory at the end than when it had warmed up."""

import json
import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .loading import Client
from .processes import Home, Running, prepared_home

CLIENTS = 4
WARM_UP_S = 120
WHOLE_S = 600
EVERY_S = 5
# Per worker, between the first and the last minute after the warm-up; a leak of 1 kB a call would be 30.
ALLOWED_BYTES = 4 << 20


@pytest.fixture
def server(tmp_path: Path, postgres_url: str) -> Iterator[Running]:
    """Two workers on PostgreSQL that count."""
    home = prepared_home(tmp_path, {"directory": postgres_url}, code_tables=True)
    running = Running(home, workers=2, metrics_port=0)
    yield running
    running.kill()


def resident_bytes(process_id: int) -> int:
    """Return how much of memory is a process's own."""
    lines = Path(f"/proc/{process_id}/smaps_rollup").read_text().splitlines()
    private = [int(line.split()[1]) for line in lines if line.startswith(("Private_Dirty", "Private_Clean"))]
    return sum(private) * 1024


@pytest.mark.full
def test_memory_is_flat_over_ten_minutes(
    server: Running, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Of each worker and of their parent, while four clients write and read."""
    address = server.address()
    processes = [event["worker"] for event in server.events("worker_ready")] + [server.process.pid]
    home, over = Home(tmp_path), threading.Event()
    # As institutions do, who keep their connections: a new one comes about every half minute.
    clients = [
        Client(home, address, number, CLIENTS, pause_s=0.01, persons_each=1_000) for number in range(CLIENTS)
    ]
    threads = [threading.Thread(target=client.work, args=(over,)) for client in clients]
    for thread in threads:
        thread.start()
    samples: dict[int, list[int]] = {process: [] for process in processes}
    began = time.monotonic()
    try:
        while time.monotonic() < began + WHOLE_S:
            over.wait(EVERY_S)
            for process in processes:
                samples[process].append(resident_bytes(process))
            (tmp_path / "samples.json").write_text(json.dumps(samples))  # for who looks into a failure
    finally:
        over.set()
        for thread in threads:
            thread.join()
    grown = {process: growth(sizes) for process, sizes in samples.items()}
    calls = sum(client.looked for client in clients)
    say(
        request,
        f"{calls} look-ups and as many writes; grown by {[round(each / 1024) for each in grown.values()]} KiB",
    )

    assert [] == [fault for client in clients for fault in client.faults]
    assert calls > WHOLE_S  # it did work
    assert {} == {process: each for process, each in grown.items() if each > ALLOWED_BYTES}


def say(request: pytest.FixtureRequest, line: str) -> None:
    """Print a line among the results, where one process runs the tests."""
    reporter = request.config.pluginmanager.getplugin("terminalreporter")
    if reporter is not None:
        reporter.write_line(line)


def growth(sizes: list[int]) -> float:
    """Return by how much the last minute is above the first after the warm-up."""
    warm, minute = sizes[WARM_UP_S // EVERY_S :], 60 // EVERY_S
    return statistics.median(warm[-minute:]) - statistics.median(warm[:minute])


def test_growth_is_seen() -> None:
    """The test above can fail: one kilobyte a sample would be noticed only if it went on, ten kilobytes a call are."""
    steady = [100 << 20] * (WHOLE_S // EVERY_S)
    leaking = [(100 << 20) + place * 100_000 for place in range(WHOLE_S // EVERY_S)]

    assert 0 == growth(steady)
    assert growth(leaking) > ALLOWED_BYTES
