"""A mutation takes effect once, however often and from wherever it is sent."""

import os
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa
from tests.support.calls import NOON, call_of

from kruispunt.directory.v1 import dossier_service_pb2 as pb
from kruispunt_server.call import Participant
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.tables import SharedTables
from kruispunt_server.wire import parse_write_key
from kruispunt_server.write_keys import WriteKey
from kruispunt_server.writes import Writes

REQUEST = uuid.UUID("01956a3c-0000-7000-8000-000000000001")
KEY = WriteKey(REQUEST, b"digest", validate_only=False)


class Work:
    """Registers a participant; fails if there is one of that name, as a mutation would."""

    def __init__(self, tables: SharedTables, name: str = "pensions") -> None:
        self.times = 0
        self._row = {"participant_id": name, "roles": ""}
        self._table = tables.rights.participant

    def __call__(self, connection: sa.Connection) -> bytes:
        """Do it."""
        self.times += 1
        connection.execute(sa.insert(self._table), self._row)
        return b"answer"


@pytest.fixture
def writes(database: Database, tables: SharedTables) -> Writes:
    """Mutations on each kind of database."""
    return Writes(database, tables, FixedClock(NOON))


@pytest.fixture
def work(tables: SharedTables) -> Work:
    """One mutation."""
    return Work(tables)


def _counts(database: Database, tables: SharedTables) -> tuple[int | None, int | None]:
    """Participants registered, keys stored."""
    with database.reading() as connection:
        return (
            connection.scalar(sa.select(sa.func.count()).select_from(tables.rights.participant)),
            connection.scalar(sa.select(sa.func.count()).select_from(tables.idempotency)),
        )


def test_a_mutation_leaves_its_effect_and_its_answer(
    writes: Writes, work: Work, database: Database, tables: SharedTables
) -> None:
    """Both are written in one transaction."""
    assert b"answer" == writes.run(call_of(), KEY, work)

    with database.reading() as connection:
        row = connection.execute(sa.select(tables.idempotency)).mappings().one()
        assert {
            "participant_id": "pensions",
            "request_id": REQUEST,
            "method": call_of().method,
            "digest": b"digest",
            "response": b"answer",
            "recorded_at": NOON,
        } == dict(row)
    assert (1, 1) == _counts(database, tables)


def test_a_repeated_request_gets_the_stored_answer(writes: Writes, work: Work) -> None:
    """The work is not done again."""
    answers = [writes.run(call_of(), KEY, work) for _ in range(3)]

    assert [b"answer"] * 3 == answers
    assert 1 == work.times


def test_a_key_used_for_another_request_is_refused(writes: Writes, work: Work) -> None:
    """The caller made a mistake; nothing is done."""
    writes.run(call_of(), KEY, work)

    with pytest.raises(RegistryError) as caught:
        writes.run(call_of(), WriteKey(REQUEST, b"other", validate_only=False), work)

    assert (Reason.REQUEST_ID_REUSED, "request_id") == (caught.value.reason, caught.value.field)
    assert 1 == work.times


def test_a_key_used_for_another_method_is_refused(writes: Writes, work: Work) -> None:
    """The same bytes may mean something else there."""
    writes.run(call_of(), KEY, work)

    with pytest.raises(RegistryError) as caught:
        writes.run(call_of(method="kruispunt.directory.v1.DossierService/CloseDossier"), KEY, work)

    assert Reason.REQUEST_ID_REUSED == caught.value.reason


def test_two_participants_may_choose_the_same_key(
    writes: Writes, tables: SharedTables, database: Database
) -> None:
    """Keys belong to the participant."""
    work_office = Participant("work-office", frozenset(), None)
    writes.run(call_of(), KEY, Work(tables, "one"))
    writes.run(call_of(participant=work_office), KEY, Work(tables, "two"))

    assert (2, 2) == _counts(database, tables)


def test_one_request_sent_eight_times_at_once_takes_effect_once(
    writes: Writes, work: Work, database: Database, tables: SharedTables
) -> None:
    """Each copy gets the answer, none a conflict with the effects of another."""
    together = Barrier(8)

    def send(_: int) -> bytes:
        together.wait(10)
        return writes.run(call_of(), KEY, work)

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(send, range(8)))

    assert [b"answer"] * 8 == answers
    assert 1 == work.times
    assert (1, 1) == _counts(database, tables)


def test_work_that_fails_leaves_nothing(
    writes: Writes, work: Work, database: Database, tables: SharedTables
) -> None:
    """The same request may be sent again, and then takes effect."""

    def refuse(connection: sa.Connection) -> bytes:
        work(connection)
        raise RegistryError(Reason.PHASE_OVERLAP, "the phases overlap")

    with pytest.raises(RegistryError) as caught:
        writes.run(call_of(), KEY, refuse)
    after_refusal = _counts(database, tables)
    answer = writes.run(call_of(), KEY, work)

    assert Reason.PHASE_OVERLAP == caught.value.reason
    assert (0, 0) == after_refusal
    assert b"answer" == answer
    assert (1, 1) == _counts(database, tables)


def test_validate_only_answers_and_writes_nothing(
    writes: Writes, work: Work, database: Database, tables: SharedTables
) -> None:
    """The real request may follow under the same key."""
    rehearsed = writes.run(call_of(), WriteKey(REQUEST, b"digest", validate_only=True), work)
    after_rehearsal = _counts(database, tables)
    writes.run(call_of(), KEY, work)

    assert b"answer" == rehearsed
    assert (0, 0) == after_rehearsal
    assert (1, 1) == _counts(database, tables)


def test_validate_only_says_what_would_be_refused(writes: Writes, work: Work, tables: SharedTables) -> None:
    """The same constraint is met."""
    writes.run(call_of(), KEY, work)

    with pytest.raises(sa.exc.IntegrityError):
        writes.run(call_of(), WriteKey(REQUEST, b"digest", validate_only=True), work)


def test_validate_only_refuses_a_key_used_for_another_request(
    writes: Writes, work: Work, database: Database, tables: SharedTables
) -> None:
    """As the real request would be; the rehearsal is not begun, and still nothing is written."""
    writes.run(call_of(), KEY, work)

    with pytest.raises(RegistryError) as caught:
        writes.run(call_of(), WriteKey(REQUEST, b"other", validate_only=True), work)

    assert (Reason.REQUEST_ID_REUSED, "request_id") == (caught.value.reason, caught.value.field)
    assert 1 == work.times
    assert (1, 1) == _counts(database, tables)


def test_a_rehearsal_has_the_key_of_what_it_rehearses() -> None:
    """Or a rehearsal after the fact would be taken for another request."""
    real, rehearsal, other = (
        parse_write_key(pb.CloseDossierRequest(request_id=str(REQUEST), validate_only=only, etag=etag))
        for only, etag in ((False, "1"), (True, "1"), (True, "2"))
    )

    assert real.digest == rehearsal.digest
    assert real.digest != other.digest
    assert (False, True) == (real.validate_only, rehearsal.validate_only)


@pytest.mark.parametrize("validate_only", [False, True])
def test_a_passed_deadline_undoes_the_work(
    writes: Writes, work: Work, database: Database, tables: SharedTables, validate_only: bool
) -> None:
    """A caller that has given up finds nothing changed."""
    with pytest.raises(RegistryError) as caught:
        writes.run(
            call_of(seconds_left=-0.001), WriteKey(REQUEST, b"digest", validate_only=validate_only), work
        )

    assert Reason.DEADLINE_OVER == caught.value.reason
    assert 1 == work.times
    assert (0, 0) == _counts(database, tables)


_DIE_BETWEEN = """
import os, sys
from kruispunt_directory.tables import shared
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database
from kruispunt_server.writes import Writes
from tests.server.test_writes import KEY, NOON, Work, call_of
database = Database.open(sys.argv[1])
work = Work(shared)
def die(connection):
    work(connection)
    os.kill(os.getpid(), 9)
Writes(database, shared, FixedClock(NOON)).run(call_of(), KEY, die)
"""


def test_a_process_killed_between_work_and_commit_leaves_nothing(
    writes: Writes, work: Work, database: Database, database_url: str, tables: SharedTables
) -> None:
    """The same request sent to another process takes effect."""
    killed = subprocess.run(
        [sys.executable, "-c", _DIE_BETWEEN, database_url],
        check=False,
        capture_output=True,
        env=dict(os.environ),
    )
    after_kill = _counts(database, tables)
    answer = writes.run(call_of(), KEY, work)

    assert -9 == killed.returncode, killed.stderr.decode()
    assert (0, 0) == after_kill
    assert b"answer" == answer
    assert (1, 1) == _counts(database, tables)
