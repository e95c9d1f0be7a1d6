"""The death of a worker under load costs no acknowledged work, and the figures of all workers stay right."""

import os
import shutil
import signal
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from kruispunt.directory.v1 import dossier_service_pb2 as pb
from kruispunt_directory.tables import dossiers, shared
from kruispunt_server.database import Database

from .loading import Client
from .processes import Home, Running, prepared_home, wait_until

CLIENTS = 4
KILLS = 2
REGISTERED = (
    'kruispunt_calls_total{method="kruispunt.directory.v1.DossierService/RegisterDossier",status="OK"}'
)


@pytest.fixture(params=["sqlite", "postgresql", "pooled"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    """A directory on each kind of database."""
    if request.param == "sqlite":
        shutil.copyfile(request.getfixturevalue("sqlite_templates")["directory"], tmp_path / "d.db")
        url = f"sqlite:///{tmp_path}/d.db"
    else:
        url = request.getfixturevalue("postgres_url" if request.param == "postgresql" else "pooled_url")
    return prepared_home(tmp_path, {"directory": url}, code_tables=True)


@pytest.fixture
def server(home: Home) -> Iterator[Running]:
    """Two workers that count."""
    running = Running(home, workers=2, metrics_port=0)
    yield running
    running.kill()


class Figures:
    """What the one endpoint tells of all workers."""

    def __init__(self, server: Running) -> None:
        (served,) = server.events("metrics_served")
        self._address = f"http://127.0.0.1:{served['port']}/metrics"

    def now(self) -> dict[str, float]:
        with urllib.request.urlopen(self._address, timeout=20) as page:
            lines = page.read().decode().splitlines()
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if line[0] != "#"}


def test_no_acknowledged_work_is_lost(home: Home, server: Running) -> None:
    """Workers are killed in turn while four clients write: what was answered well is there, once, and counted."""
    address, over = server.address(), threading.Event()
    figures = Figures(server)
    clients = [Client(home, address, number, CLIENTS, pause_s=0.02) for number in range(CLIENTS)]
    threads = [threading.Thread(target=client.work, args=(over,)) for client in clients]
    for thread in threads:
        thread.start()
    counted = []
    try:
        for kill in range(KILLS):
            before = done(clients)
            wait_until(lambda before=before: done(clients) >= before + 20 or faults(clients), "work is done")
            assert [] == faults(clients)
            os.kill(server.events("worker_ready")[kill]["worker"], signal.SIGKILL)
            ready = kill + 3
            wait_until(lambda ready=ready: len(server.events("worker_ready")) == ready, "it is replaced")
            counted.append(figures.now()[REGISTERED])
    finally:
        over.set()
        for thread in threads:
            thread.join()
    last = figures.now()
    acknowledged = {int(p): r for client in clients for p, r in client.acknowledged.items()}

    assert [] == faults(clients)
    assert [-9] * KILLS == [event["exit_code"] for event in server.events("worker_died")]
    assert 0 == server.stop()
    assert acknowledged.items() <= kept(home).items()
    # Counted before the answer leaves, and never forgotten with the worker.
    assert sorted(counted) == counted
    assert last[REGISTERED] >= len(acknowledged)
    assert [1, 1] == [last[f'kruispunt_worker_up{{worker="{number}"}}'] for number in (0, 1)]
    assert KILLS == sum(last[f'kruispunt_worker_restarts_total{{worker="{number}"}}'] for number in (0, 1))
    assert all(last[f'kruispunt_worker_resident_bytes{{worker="{number}"}}'] > 1 << 20 for number in (0, 1))
    assert all(last[f'kruispunt_worker_cpu_seconds_total{{worker="{number}"}}'] > 0 for number in (0, 1))
    assert 0 <= last["kruispunt_calls_running"] <= 8


def done(clients: list[Client]) -> int:
    return sum(len(client.acknowledged) for client in clients)


def faults(clients: list[Client]) -> list[str]:
    return [fault for client in clients for fault in client.faults]


def kept(home: Home) -> dict[int, str]:
    """Return the request that each person's one dossier was registered by, as dossier, key and log tell alike."""
    database = Database.open(home.settings["database_url"], pool_size=1)
    with database.reading() as connection:
        persons = list(connection.scalars(sa.select(dossiers.dossier.c.person)))
        keys = set(connection.scalars(sa.select(shared.idempotency.c.request_id)))
        changes = list(
            connection.scalars(
                sa.select(shared.change.c.request_id).where(shared.change.c.subject.is_not(None))
            )
        )
        looks = connection.scalar(
            sa.select(sa.func.count())
            .select_from(shared.access)
            .where(shared.access.c.method.like("%/RegisterDossier"), shared.access.c.result == "written")
        )
        answers = list(
            connection.execute(sa.select(shared.idempotency.c.request_id, shared.idempotency.c.response))
        )
    database.close()
    assert len(set(persons)) == len(persons) == len(changes) == len(keys)
    assert set(changes) == keys
    assert (looks or 0) >= len(persons) - CLIENTS * KILLS  # of work that nobody was told of
    return {
        int(pb.RegisterDossierResponse.FromString(answer).resolution.current_ssin): str(request_id)
        for request_id, answer in answers
    }
