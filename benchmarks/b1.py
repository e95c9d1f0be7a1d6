"""B1: ResolveDossiers by thousands over one stream, against ListDossiers for one person a call; on both stores.

The same server in a process of its own, everything on: mutual TLS, caller, purpose, quota, and an access record for
each person, committed before the answer leaves. Both are asked in bytes made ready and answered in bytes not parsed,
so that a client written in Python takes as little of the processors as it can: 16 unary calls are under way at a time,
and four messages of the stream, which is answered in columns. `messages_cpu_us` is what a person costs where each dossier
is a message.
"""

import os
import queue
import statistics
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import grpc
import sqlalchemy as sa

from benchmarks.comparing import SIZES, Contender, Size, interleave, line
from benchmarks.imports import certified
from benchmarks.population import DOSSIERS_EACH, asked_for, ssin_of
from benchmarks.processes import serving
from benchmarks.serve_full import PURPOSE
from benchmarks.stores import Store, opened
from kruispunt import ClientCertificates
from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt_directory.tables import directory_tables
from kruispunt_server.database import Database

GOALS = {"sqlite": 22.0, "postgresql": 12.0}
_SERVICE = "/kruispunt.directory.v1.DirectoryService"
_CHUNK = 1000
_UNDER_WAY = {"unary": 16, "stream": 4}
_ROUNDS = 5


class WrongAnswerError(Exception):
    """A person was not answered, or left no access record."""


def run(size: Size) -> Iterator[dict[str, Any]]:
    """Measure 100,000 persons in all over the stream, in full five times as many; on one store after the other."""
    persons = 500_000 if size is SIZES["full"] else 100_000
    for kind in GOALS:
        yield _on(kind, size, persons)


def _on(kind: str, size: Size, persons: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as made, opened(kind, size.rows) as store:
        certificates = certified(Path(made))
        before = _records(store)
        with (
            serving("serve_dossiers", store.url, made) as server,
            _channel(server.port, certificates) as channel,
        ):
            asking = _Asking(channel, store)
            count = persons // _ROUNDS // _CHUNK * _CHUNK
            by_stream = Contender(asking.stream, server.pid, store.pid)
            # A twentieth as many: as long as the stream takes.
            one_by_one = Contender(lambda count: asking.unary(count // 20), server.pid, store.pid)
            interleave(by_stream, one_by_one, Size(store.rows, count, _ROUNDS))
            by_messages = Contender(
                lambda wanted: asking.stream(wanted, columnar=False), server.pid, store.pid
            )
            for _ in range(_ROUNDS):
                by_messages.run(count)
        if (written := _records(store) - before) != asking.asked:
            raise WrongAnswerError(f"{written} access records of {asking.asked} persons")
    done = line("B1", by_stream, one_by_one, goal=GOALS[kind], rows=store.rows, store=store.label)
    # Of the unary calls there was a twentieth.
    unary_us = 20 * (statistics.median(one_by_one.server_us) + statistics.median(one_by_one.store_us))
    stream_us, messages_us = (
        statistics.median(each.server_us) + statistics.median(each.store_us)
        for each in (by_stream, by_messages)
    )
    return done | {
        "unit": "persons/s",
        "baseline_cpu_us": round(unary_us),
        "cpu_ratio": round(unary_us / stream_us, 1),
        "messages_cpu_us": round(messages_us),
        "load_average": round(os.getloadavg()[0], 1),
    }


class _Asking:
    """Asks for persons in random order, one after the other, again and again."""

    def __init__(self, channel: grpc.Channel, store: Store) -> None:
        self._next = cycle([str(ssin_of(person)) for person in asked_for(store.persons)])
        self._list = channel.unary_unary(f"{_SERVICE}/ListDossiers")
        self._resolve = channel.stream_stream(f"{_SERVICE}/ResolveDossiers")
        self.asked = 0

    def unary(self, count: int) -> float:
        """Ask for so many, each by a call; returns persons per second."""
        bodies = [pb.ListDossiersRequest(ssin=ssin).SerializeToString() for ssin in islice(self._next, count)]
        self.asked += count
        waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
        began = time.perf_counter()
        for sent, body in enumerate(bodies):
            call = self._list.future(body, timeout=60, metadata=PURPOSE)
            call.add_done_callback(waiting.put)
            if sent >= _UNDER_WAY["unary"] - 1:
                waiting.get().result()
        for _ in range(min(count, _UNDER_WAY["unary"] - 1)):
            waiting.get().result()
        return count / (time.perf_counter() - began)

    def stream(self, count: int, *, columnar: bool = True) -> float:
        """Ask for so many over one stream; returns persons per second."""
        messages = [
            pb.ResolveDossiersRequest(chunk=chunk, ssins=islice(self._next, _CHUNK))
            for chunk in range(-(-count // _CHUNK))
        ]
        messages[0].criteria.columnar = columnar
        bodies = [message.SerializeToString() for message in messages]
        self.asked += len(bodies) * _CHUNK
        sending: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        rest = iter(bodies)
        for body in islice(rest, _UNDER_WAY["stream"]):
            sending.put(body)
        began = time.perf_counter()
        answers = []
        for answer in self._resolve(iter(sending.get, None), timeout=600, metadata=PURPOSE):
            answers.append(answer)
            sending.put(next(rest, None))
        seconds = time.perf_counter() - began
        last = pb.ResolveDossiersResponse.FromString(answers[-1])
        found = sum(len(each.dossiers) for each in last.persons) + len(last.columns.person)
        if (len(answers), found) != (len(bodies), DOSSIERS_EACH * _CHUNK):
            raise WrongAnswerError(f"{len(answers)} answers, {found} dossiers in the last")
        return len(bodies) * _CHUNK / seconds


def _channel(port: int, certificates: ClientCertificates) -> grpc.Channel:
    credentials = grpc.ssl_channel_credentials(certificates.ca, certificates.key, certificates.certificate)
    options = [("grpc.max_receive_message_length", 64 * 1024 * 1024)]
    return grpc.secure_channel(f"localhost:{port}", credentials, options)


def _records(store: Store) -> int:
    database = Database.open(store.url)
    with database.reading() as connection:
        counted = connection.scalar(sa.select(sa.func.count()).select_from(directory_tables().shared.access))
    database.close()
    return counted or 0
