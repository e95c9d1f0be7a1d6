"""Clients that make a server work: each registers dossiers, looks them up, and remembers what was acknowledged."""

import threading
import time
import uuid
from dataclasses import dataclass, field

import grpc

from kruispunt.directory.v1 import directory_service_pb2 as directory
from kruispunt.directory.v1 import dossier_service_pb2 as dossiers
from kruispunt.ssin import Ssin

from .conftest import NAME, PURPOSE
from .processes import PATIENCE_S, Home

_REGISTER = "/kruispunt.directory.v1.DossierService/RegisterDossier"
_LIST = f"/{NAME}/ListDossiers"
# A worker that was killed, a server that is stopping, and one that is too busy: sent again under the same key.
_AGAIN = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    }
)
_PERSONS = [
    Ssin.assemble(850_101 + month * 100, sequence, born_from_2000=False)
    for month in range(12)
    for sequence in range(1, 901)
]


@dataclass
class Client:
    """One caller.

    Attributes:
        number: tells it from others: no two write of one person.
        acknowledged: request by number of the person, each of which was answered well.
        faults: what was answered otherwise.
        pause_s: between two persons.
        persons_each: persons of one connection; then another is opened, so that every worker gets its share.
    """

    home: Home
    address: str
    number: int
    clients: int
    pause_s: float = 0.0
    persons_each: int = 50
    acknowledged: dict[Ssin, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    looked: int = 0

    def work(self, over: threading.Event) -> None:
        """Register and look up, person after person and again from the first, until it is over."""
        own = _PERSONS[self.number :: self.clients]
        turn = 0
        while not over.is_set():
            with self.home.channel(self.address) as channel:
                for _ in range(self.persons_each):
                    self._one(channel, own[turn % len(own)], over)
                    turn += 1
                    if over.wait(self.pause_s):
                        return

    def _one(self, channel: grpc.Channel, person: Ssin, over: threading.Event) -> None:
        request_id = self.acknowledged.get(person) or str(uuid.uuid4())
        request = dossiers.RegisterDossierRequest(request_id=request_id, ssin=str(person), capacity=100)
        begin = request.period.begin
        begin.year, begin.month, begin.day = 2026, 1, 1
        if self._call(channel, _REGISTER, request.SerializeToString(), over) is not None:
            self.acknowledged[person] = request_id
        found = self._call(
            channel, _LIST, directory.ListDossiersRequest(ssin=str(person)).SerializeToString(), over
        )
        if found is not None:
            self.looked += 1
            if not directory.ListDossiersResponse.FromString(found).dossiers:
                self.faults.append("an acknowledged dossier is not there")

    def _call(
        self, channel: grpc.Channel, method: str, request: bytes, over: threading.Event
    ) -> bytes | None:
        latest = time.monotonic() + PATIENCE_S
        while not over.is_set() and time.monotonic() < latest:
            try:
                answer: bytes = channel.unary_unary(method)(request, timeout=20, metadata=PURPOSE)
            except grpc.RpcError as error:
                if error.code() not in _AGAIN:
                    self.faults.append(f"{method}: {error.code()} {error.details()}")
                    return None
                over.wait(0.05)
            else:
                return answer
        return None
