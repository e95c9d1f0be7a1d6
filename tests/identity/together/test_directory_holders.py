"""Who holds a dossier, asked from a running directory over mutual TLS."""

import datetime as dt
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from tests.directory.service.conftest import ANNA, BEA, PENSIONS, WELFARE, Directory
from tests.quotas.calling import Purposeful
from tests.support.calls import call_of as any_call

from kruispunt import DirectoryClient, Period, Purpose, Ssin
from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt_identity.directory_client import DirectoryHolders
from kruispunt_identity.servicer.guard import Guard
from kruispunt_server.call import Call, InstitutionKey, Participant, Role
from kruispunt_server.call import Purpose as CallPurpose
from kruispunt_server.errors import Reason, RegistryError

OWN = Purpose(legal_basis="identity", end_user="identity", case="never-used")
PENSIONS_KEY, WELFARE_KEY = InstitutionKey(5, 1), InstitutionKey(17, 1)
SUPPLIER = Participant(PENSIONS, frozenset({Role.SUPPLIER}), PENSIONS_KEY)
REGISTRAR = Participant("registry-registrar", frozenset({Role.REGISTRAR}), InstitutionKey(25, 1))


def call_of(**more: Any) -> Call:
    """Return a call under a legal basis that there is."""
    return any_call(purpose=CallPurpose("18/042", "clerk-7", "file-12"), **more)


@pytest.fixture
def holders(directory: Directory) -> DirectoryHolders:
    """Identity, as a participant of the directory."""
    return DirectoryHolders(directory.client("identity-service", OWN), patience_s=20.0)


@pytest.fixture
def nobody() -> Iterator[DirectoryHolders]:
    """A directory that is not there: the port is taken, and nobody answers on it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        client = DirectoryClient(f"127.0.0.1:{taken.getsockname()[1]}", certificates=None, purpose=OWN)
        yield DirectoryHolders(client, patience_s=0.3)
        client.close()


def _register(directory: Directory, institution: str, person: Ssin, end: dt.date | None = None) -> None:
    period = Period(dt.date(2020, 1, 1), end)
    capacity = {PENSIONS: 100, WELFARE: 2}[institution]
    directory.client(institution).register_dossier(person, capacity=capacity, period=period)


def test_an_open_dossier_is_found_under_any_number(directory: Directory, holders: DirectoryHolders) -> None:
    """Of the institution asked for only, and under a later number of the list too."""
    _register(directory, PENSIONS, BEA)

    assert [True, False, False] == [
        holders.holds(call_of(), PENSIONS_KEY, [ANNA, BEA]),
        holders.holds(call_of(), WELFARE_KEY, [ANNA, BEA]),
        holders.holds(call_of(), PENSIONS_KEY, [ANNA]),
    ]


def test_a_dossier_that_ended_opens_no_door(directory: Directory, holders: DirectoryHolders) -> None:
    """It is open until the day before its end, and today is 3 March 2026."""
    _register(directory, PENSIONS, ANNA, end=dt.date(2026, 3, 3))
    _register(directory, WELFARE, ANNA, end=dt.date(2026, 3, 4))

    assert [False, True] == [
        holders.holds(call_of(), PENSIONS_KEY, [ANNA]),
        holders.holds(call_of(), WELFARE_KEY, [ANNA]),
    ]


def test_institutions_are_listed_once(directory: Directory, holders: DirectoryHolders) -> None:
    """In order, whatever numbers their dossiers stand under."""
    for institution, person in ((WELFARE, ANNA), (PENSIONS, ANNA), (PENSIONS, BEA)):
        _register(directory, institution, person)

    assert [PENSIONS_KEY, WELFARE_KEY] == holders.institutions(call_of(), [BEA, ANNA])


def test_the_callers_purpose_goes_along(directory: Directory, holders: DirectoryHolders) -> None:
    """The directory's access log shows why the person was looked up, not that identity looked."""
    holders.holds(call_of(), PENSIONS_KEY, [ANNA])

    table = directory.tables.shared.access
    with directory.database.reading() as connection:
        (row,) = connection.execute(table.select())
    assert ("identity-service", "18/042", "clerk-7", "file-12") == (
        row.participant_id,
        row.legal_basis,
        row.end_user,
        row.case_reference,
    )


def test_a_directory_that_does_not_answer_is_unavailable(nobody: DirectoryHolders) -> None:
    """After its own patience, well before the caller's deadline, and with the hint to come again."""
    began = time.monotonic()
    with pytest.raises(RegistryError) as refusal:
        nobody.holds(call_of(), PENSIONS_KEY, [ANNA, BEA])

    assert (Reason.DIRECTORY_UNAVAILABLE, 1.0) == (refusal.value.reason, refusal.value.retry_after_s)
    assert time.monotonic() - began < 5


def test_a_legal_basis_that_the_directory_does_not_know_yet_passes(
    directory: Directory, holders: DirectoryHolders
) -> None:
    """Rights are applied to one server after the other: until both have them it is as if the directory were away."""
    call = replace(call_of(), purpose=replace(OWN, legal_basis="unknown"))
    with pytest.raises(RegistryError) as refusal:
        holders.holds(call, PENSIONS_KEY, [ANNA])

    assert Reason.DIRECTORY_UNAVAILABLE is refusal.value.reason


def test_the_callers_deadline_is_kept(nobody: DirectoryHolders) -> None:
    """Nobody waits for an answer that nobody wants any more."""
    with pytest.raises(RegistryError) as refusal:
        nobody.institutions(call_of(seconds_left=0.05), [ANNA])

    assert Reason.DEADLINE_OVER is refusal.value.reason


def test_who_holds_no_dossier_may_not_write(directory: Directory, holders: DirectoryHolders) -> None:
    """The refusal names the field; who holds one is let in."""
    guard, call = Guard(holders, alone=False), call_of(participant=SUPPLIER)

    with pytest.raises(RegistryError) as refusal:
        guard.check(call, [ANNA], "former_ssin")
    _register(directory, PENSIONS, ANNA)
    guard.check(call, [ANNA], "former_ssin")

    assert (Reason.NO_DOSSIER, "former_ssin") == (refusal.value.reason, refusal.value.field)


def test_registrars_are_exempt() -> None:
    """They keep the numbers in order, whoever holds what."""
    Guard(None, alone=False).check(call_of(participant=REGISTRAR), [ANNA])


def test_without_a_directory_nobody_writes_unless_the_operator_says_so() -> None:
    """What cannot be checked is refused."""
    call = call_of(participant=SUPPLIER)

    with pytest.raises(RegistryError) as refusal:
        Guard(None, alone=False).check(call, [ANNA])

    assert Reason.DIRECTORY_REQUIRED is refusal.value.reason
    Guard(None, alone=True).check(call, [ANNA])


def test_a_list_of_institutions_says_whether_it_is_complete(nobody: DirectoryHolders) -> None:
    """Without a directory, or with one that does not answer, it is empty and not complete."""
    assert [([], False), ([], False)] == [
        Guard(None, alone=True).institutions(call_of(), [ANNA]),
        Guard(nobody, alone=False).institutions(call_of(), [ANNA]),
    ]


def test_every_thread_of_identity_may_ask_at_once(directory: Directory) -> None:
    """Its 8 threads and 4 exports: one too many would wait a second, and be refused after two."""
    opened = directory.channel("identity-service").stream_stream(
        "/kruispunt.directory.v1.DirectoryService/ResolveDossiers"
    )
    request = pb.ResolveDossiersRequest(ssins=[str(ANNA), str(BEA)]).SerializeToString()
    over = threading.Event()

    def asked() -> Iterator[bytes]:
        yield request
        over.wait(20)

    streams = [opened(asked(), timeout=20, metadata=Purposeful().metadata()) for _ in range(12)]
    try:
        answers = [pb.ResolveDossiersResponse.FromString(next(stream)) for stream in streams]
    finally:
        over.set()
        for stream in streams:
            stream.cancel()

    assert [2] * 12 == [len(answer.persons) for answer in answers]
