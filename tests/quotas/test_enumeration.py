"""Who tries numbers out is noticed: whatever was looked up in vain counts, in every kind of answer, once a window."""

import dataclasses
import io
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
from benchmarks.population import ssin_of
from tests.access.conftest import change_grants
from tests.directory.service.conftest import PENSIONS, WELFARE, Directory
from tests.identity.service.conftest import Identity
from tests.quotas.calling import Purposeful, call
from tests.quotas.test_buckets import Clock
from tests.server.conftest import authority, no_database, serve

from kruispunt.directory.v1 import directory_service_pb2 as directory_pb
from kruispunt.identity.v1 import identity_service_pb2 as identity_pb
from kruispunt.identity.v1 import person_pb2
from kruispunt_server.call import InstitutionKey, Participant, Role
from kruispunt_server.events import Events
from kruispunt_server.metrics import Metrics
from kruispunt_server.quotas.buckets import Buckets
from kruispunt_server.quotas.enumeration import EnumerationAlarm
from kruispunt_server.quotas.memory import QuotaMemory

__all__ = ["authority"]

USUAL = 200
"""As many are nothing to speak of, by the setting."""
OFFICE = Participant("pensions", frozenset({Role.CONSUMER}), InstitutionKey(5, 1))
RESOLVE = "kruispunt.identity.v1.IdentityService/ResolveNumbers"
FIND = "kruispunt.identity.v1.IdentityService/FindPersonsByForeignIdentifier"
GET = "kruispunt.identity.v1.IdentityService/GetPerson"


def numbers(count: int, start: int = 0) -> list[str]:
    """Return numbers of the register BIS that nobody has."""
    return [_bis(str(ssin_of(start + each))) for each in range(count)]


def _bis(national: str) -> str:
    """Return a number whose month is 40 higher, with its check digits: of somebody born before 2000."""
    first = national[:2] + str(int(national[2:4]) + 40) + national[4:9]
    return f"{first}{97 - int(first) % 97:02}"


def alarms(one: Directory | Identity) -> list[tuple[str, int, int]]:
    """Return participant, count and window of each alarm; it carries nothing more of its own."""
    told = [line for line in one.lines() if line["event"] == "enumeration_suspected"]
    own = {"participant", "count", "window_s"}
    assert all(line.keys() - {"event", "level", "service", "timestamp"} == own for line in told)
    return [(line["participant"], line["count"], line["window_s"]) for line in told]


def resolve(channel: grpc.Channel, asked: list[str]) -> None:
    """Ask identity where numbers lead."""
    assert call(channel, RESOLVE, identity_pb.ResolveNumbersRequest(ssins=asked).SerializeToString()) is None


def get(channel: grpc.Channel, ssin: str) -> str:
    """Ask for a person; returns why it was refused."""
    refusal = call(channel, GET, identity_pb.GetPersonRequest(ssin=ssin).SerializeToString())
    return refusal.reason if refusal is not None else ""


def test_numbers_of_nobody_raise_the_alarm_once(identity: Identity):
    """In batches each number counts, and a read of one person as one; others are not suspected."""
    pensions, welfare = identity.channel(PENSIONS), identity.channel(WELFARE)
    resolve(pensions, numbers(USUAL - 1))
    resolve(welfare, numbers(USUAL))
    assert "PERSON_UNKNOWN" == get(pensions, numbers(1)[0])
    assert [] == alarms(identity)

    assert "PERSON_UNKNOWN" == get(pensions, numbers(1)[0])
    resolve(pensions, numbers(500))

    assert [(PENSIONS, USUAL + 1, 600)] == alarms(identity)


def test_refusals_for_want_of_a_dossier_count(identity: Identity):
    """In single reads and in batches."""
    tables = identity.tables.shared
    change_grants(
        identity.database, tables, lambda one: dataclasses.replace(one, requires_dossier=_work(one))
    )
    identity.holders.everybody = False
    pensions = identity.channel(PENSIONS)
    resolve(pensions, numbers(USUAL))
    assert [] == alarms(identity)

    assert "NO_DOSSIER" == get(pensions, numbers(1)[0])

    assert [(PENSIONS, USUAL + 1, 600)] == alarms(identity)


def _work(grant: Any) -> bool:
    return grant.grant_id == "institutions-work"


def test_foreign_identifiers_of_nobody_count(identity: Identity):
    """There is no number to note a look at, and trying them out is noticed all the same."""
    pensions = identity.channel(PENSIONS)
    for number in range(USUAL + 1):
        request = identity_pb.FindPersonsByForeignIdentifierRequest()
        request.key.country, request.key.identifier = "FR", f"AB{number:06}"
        request.key.scheme = person_pb2.IDENTIFIER_SCHEME_PASSPORT
        assert call(pensions, FIND, request.SerializeToString()) is None

    assert [(PENSIONS, USUAL + 1, 600)] == alarms(identity)


def test_persons_without_dossiers_count_in_streams_while_they_go_on(directory: Directory):
    """The alarm does not wait for the end, nor for a caller that reads."""
    opened = directory.channel(PENSIONS).stream_stream(
        "/kruispunt.directory.v1.DirectoryService/ResolveDossiers"
    )
    asked = [directory_pb.ResolveDossiersRequest(chunk=n, ssins=numbers(101, n * 101)) for n in range(2)]

    ending = threading.Event()

    def chunks() -> Iterator[bytes]:
        for one in asked:
            yield one.SerializeToString()
        ending.wait(20)

    answers = opened(chunks(), timeout=20, metadata=Purposeful().metadata())
    for _ in asked:
        next(answers)
    told = alarms(directory)  # the stream is still open
    ending.set()
    answers.cancel()

    assert [(PENSIONS, 202, 600)] == told


def test_what_a_service_of_the_registry_looks_up_is_not_its_own_guessing(directory: Directory):
    """For an institution it counts as one of the institution."""
    service = directory.channel("identity-service")
    opened = service.stream_stream("/kruispunt.directory.v1.DirectoryService/ResolveDossiers")
    request = directory_pb.ResolveDossiersRequest(chunk=0, ssins=numbers(USUAL + 1)).SerializeToString()
    for purpose in (Purposeful(), Purposeful(on_behalf_of="17/1")):
        list(opened(iter([request]), timeout=20, metadata=purpose.metadata()))

    assert [(WELFARE, USUAL + 1, 600)] == alarms(directory)


@dataclass
class RecordingAlarm:
    """Keeps what it was told."""

    told: list[tuple[str, int]] = field(default_factory=list)

    def count(self, participant: Participant, misses: int) -> None:
        self.told.append((participant.participant_id, misses))


def test_misses_count_although_no_answer_leaves(authority: Path):
    """Once, when the access record cannot be written and the answer stays."""
    alarm = RecordingAlarm()
    for served in serve(authority, alarm=alarm):
        served.journal.fault = no_database()

        assert "STORE_UNAVAILABLE" == served.refused().reason
        assert [("pension-office", 1)] == alarm.told


def test_each_window_has_one_alarm():
    """And begins with the first miss after the last one ended."""
    clock, log, shared, metrics = Clock(), io.StringIO(), QuotaMemory(), Metrics()
    events = Events("identity", strict=True, stream=log)
    alarm = EnumerationAlarm(shared, misses=3, window_s=600, events=events, metrics=metrics)
    alarm._buckets = Buckets(shared, clock)
    for _ in range(3):
        for misses in (3, 1, 5, 1):
            alarm.count(OFFICE, misses)
            clock.now += 1
        clock.now += 600

    told = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [("pensions", 4)] * 3 == [(line["participant"], line["count"]) for line in told]
    assert 3.0 == metrics.registry.get_sample_value("kruispunt_enumeration_suspected_total")
    assert 30.0 == metrics.registry.get_sample_value("kruispunt_lookup_misses_total")


@pytest.mark.parametrize("gap_s", [0, 599])
def test_misses_add_up_within_a_window(gap_s: int):
    """However they are spread in it."""
    clock, log, shared = Clock(), io.StringIO(), QuotaMemory()
    alarm = EnumerationAlarm(
        shared, misses=3, window_s=600, events=Events("identity", strict=True, stream=log)
    )
    alarm._buckets = Buckets(shared, clock)
    alarm.count(OFFICE, 3)
    clock.now += gap_s
    alarm.count(OFFICE, 1)

    assert 1 == len(log.getvalue().splitlines())
