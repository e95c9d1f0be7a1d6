"""The calls under measurement: what is sent, to what the server changes it, and what must come back.

h2load sends one body again and again, so the server under test changes each request before its servicer sees it.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count, cycle
from typing import Any

import grpc
from google.protobuf.message import Message

from benchmarks.population import DOSSIERS_EACH, asked_for, dossier_of, ssin_of
from kruispunt.directory.v1 import directory_service_pb2, dossier_service_pb2
from kruispunt.identity.v1 import identity_service_pb2

CHECKED = 300
PURPOSE = (("kruispunt-legal-basis", "18/042"), ("kruispunt-end-user", "bench"), ("kruispunt-case", "bench"))
DATA_SET = "BENCHMARK"
FACTS_EACH = 6
_ROUTES_EVERY = 180  # persons on whom institution 1/1, the participant's, holds a dossier in capacity 1

Change = Callable[[Any], None]


class WrongAnswerError(Exception):
    """A server under test answers something else than the population says."""


@dataclass(frozen=True)
class Kind:
    """One kind of call.

    Attributes:
        service: "directory" or "identity".
        name: full name of the gRPC service.
        method: of the rpc.
        body: a request; whom it is about is replaced by the server.
        changes: from the number of persons: what changes each request.
        answer: type of the answer.
        chosen: from the number of persons: who is asked about.
        check: of an answer and the person asked for; true if it is right.
        asked: the number asked for, out of an answer.
    """

    service: str
    name: str
    method: str
    body: Message
    changes: Callable[[int], Change]
    chosen: Callable[[int], Sequence[int]]
    answer: type[Message]
    check: Callable[[Any, int], bool]
    asked: Callable[[Any], str]

    @property
    def path(self) -> str:
        """The path of the rpc."""
        return f"/{self.name}/{self.method}"

    def checked(self, port: int, persons: int) -> float:
        """Make some calls over plaintext and compare the answers; returns the mean size of a reply in bytes.

        Args:
            port: on 127.0.0.1, plaintext.
            persons: how many there are in the store.

        Raises:
            WrongAnswerError: one is not what the population says.
        """
        person_of = {str(ssin_of(person)): person for person in self.chosen(persons)}
        total = 0
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            grpc.channel_ready_future(channel).result(timeout=20)
            invoke = channel.unary_unary(self.path)
            for _ in range(CHECKED):
                reply = invoke(self.body.SerializeToString(), timeout=10, metadata=PURPOSE)
                answer = self.answer.FromString(reply)
                if not self.check(answer, person_of[self.asked(answer)]):
                    raise WrongAnswerError(f"{self.method}: {len(reply)} bytes")
                total += len(reply)
        return total / CHECKED


def expected_of(person: int) -> list[tuple[str, int, int, int, str]]:
    """Return what ListDossiers must say on a person, in its order."""
    ssin = ssin_of(person)
    rows = sorted(dossier_of(person, which, ssin)[:7] for which in range(DOSSIERS_EACH))
    return [(str(ssin), row[1], row[2], row[3], str(row[6])) for row in rows]


def held(answer: Any) -> list[tuple[str, int, int, int, str]]:
    """Return what an answer of ListDossiers says, to be compared with `expected_of`."""
    return [
        (one.ssin, one.institution.sector, one.institution.institution, one.capacity, one.dossier_id)
        for one in answer.dossiers
    ]


def routed(persons: int) -> list[int]:
    """Return the persons of whom a route is asked: the participant's institution holds a dossier on each."""
    return [person for person in asked_for(persons, persons) if person % _ROUTES_EVERY == 0]


def _unknown(persons: int) -> range:
    """Return persons on whom nobody holds a dossier yet."""
    return range(persons, persons + CHECKED)


def _numbers(chosen: Callable[[int], Sequence[int]]) -> Callable[[int], Change]:
    """Return changes that ask for one after the other of the chosen persons."""

    def changes(persons: int) -> Change:
        following = cycle([str(ssin_of(person)) for person in chosen(persons)]).__next__

        def change(request: Any) -> None:
            request.ssin = following()

        return change

    return changes


def _new_dossiers(persons: int) -> Change:
    """Return what makes each request register a dossier on somebody whom nobody knows yet."""
    following = count(persons).__next__

    def change(request: Any) -> None:
        request.ssin = str(ssin_of(following()))
        request.request_id = str(uuid.uuid4())

    return change


def _says_route(answer: Any, person: int) -> bool:
    suppliers = sorted(dossier_of(person, which, 0)[1:4] for which in (1, 2))
    said = [(s.institution.sector, s.institution.institution, s.capacity) for s in answer.suppliers]
    return answer.verdict == directory_service_pb2.ROUTE_VERDICT_ALLOWED and said == suppliers


def _register() -> Message:
    request = dossier_service_pb2.RegisterDossierRequest(
        ssin=str(ssin_of(0)), capacity=1, request_id=str(uuid.UUID(int=1))
    )
    begin = dt.date(2024, 1, 1)
    request.period.begin.year, request.period.begin.month, request.period.begin.day = begin.timetuple()[:3]
    return request


_DIRECTORY = "kruispunt.directory.v1.DirectoryService"
_ASKED = str(ssin_of(0))

KINDS = {
    "list": Kind(
        "directory", _DIRECTORY, "ListDossiers",
        directory_service_pb2.ListDossiersRequest(ssin=_ASKED), _numbers(asked_for), asked_for,
        directory_service_pb2.ListDossiersResponse,
        lambda answer, person: answer.complete and held(answer) == expected_of(person),
        lambda answer: answer.resolution.asked_ssin,
    ),
    "route": Kind(
        "directory", _DIRECTORY, "GetRoute",
        directory_service_pb2.GetRouteRequest(ssin=_ASKED, data_set={"code": DATA_SET, "variant": 0}),
        _numbers(routed), routed, directory_service_pb2.GetRouteResponse, _says_route,
        lambda answer: answer.resolution.asked_ssin,
    ),
    "register": Kind(
        "directory", "kruispunt.directory.v1.DossierService", "RegisterDossier", _register(), _new_dossiers, _unknown,
        dossier_service_pb2.RegisterDossierResponse,
        lambda answer, _person: answer.outcome == dossier_service_pb2.REGISTRATION_OUTCOME_CREATED,
        lambda answer: answer.dossier.ssin,
    ),
    "person": Kind(
        "identity", "kruispunt.identity.v1.IdentityService", "GetPerson",
        identity_service_pb2.GetPersonRequest(ssin=_ASKED), _numbers(asked_for), asked_for,
        identity_service_pb2.GetPersonResponse,
        lambda answer, _person: len(answer.person.facts) == FACTS_EACH,
        lambda answer: answer.person.ssin,
    ),
}  # fmt: skip
