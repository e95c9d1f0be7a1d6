"""ImportDossiers: an outcome per row, each row once, nothing half-written; on both databases."""

import datetime as dt
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.directory.importing.conftest import (
    ANNA,
    BEA,
    CAS,
    GONE,
    IMPORT_ID,
    PENSIONS,
    PERSONS,
    Desk,
    Registers,
    date,
    desk_on,
    new_import_id,
    numbers,
    request,
    requests,
    row,
)

from kruispunt.common.v1 import values_pb2
from kruispunt.common.v1.error_reason_pb2 import ErrorReason
from kruispunt.directory.v1 import dossier_pb2
from kruispunt.directory.v1 import dossier_service_pb2 as pb
from kruispunt.ssin import Ssin
from kruispunt_directory.store.importing import ImportRows
from kruispunt_directory.tables import DirectoryTables, directory_tables
from kruispunt_server.call import InstitutionKey, Participant, Role
from kruispunt_server.database import Database
from kruispunt_server.errors import Reason, RegistryError

CREATED, EXTENDED, UNCHANGED, REFUSED = 1, 2, 3, 4
WELFARE = Participant("welfare", frozenset({Role.SUPPLIER}), InstitutionKey(17, 1))


def told(results: list[pb.DossierRowResult]) -> list[tuple[int, str, str, str]]:
    """Return (outcome, current number, reason, field) of each row."""
    return [
        (
            each.outcome,
            each.current_ssin,
            ErrorReason.Name(each.reason).removeprefix("ERROR_REASON_") if each.reason else "",
            each.field,
        )
        for each in results
    ]


def refusal_of(desk: Desk, *sent: pb.ImportDossiersRequest, call: Any = None) -> tuple[Reason, str]:
    with pytest.raises(RegistryError) as refusal:
        desk.send(*sent, call=call)
    return refusal.value.reason, refusal.value.field


def test_everything_of_a_row_is_there(desk: Desk) -> None:
    """The dossier, its version, the outcome, and a change in the journal under the name of the import."""
    results = desk.send(request(row(ANNA, source="intake", phase=20)))

    assert [(CREATED, str(ANNA), "", "")] == told(results)
    assert [1, 1, 1, 1] == desk.written()
    ((kind, said),) = desk.changes()
    assert ("dossier.created", int(ANNA), results[0].dossier_id, "intake", 20) == (
        kind,
        said["person"],
        said["after"]["dossier_id"],
        said["after"]["source"],
        said["after"]["phase"],
    )
    with desk.database.reading() as connection:
        change = desk.tables.shared.change
        kept = connection.execute(
            sa.select(change.c.request_id, change.c.end_user, change.c.participant_id).where(
                change.c.kind == "dossier.created"
            )
        ).one()
    assert (uuid.UUID(IMPORT_ID), "clerk", "pensions") == tuple(kept)


def test_rows_on_one_person_see_those_before(desk: Desk) -> None:
    """Within a request and over requests: the second extends the first, the third joins both, the fourth is there."""
    results = desk.send(
        request(row(ANNA, "2020-01-01", "2021-01-01"), row(ANNA, "2022-01-01", "2023-01-01")),
        request(row(ANNA, "2020-06-01", "2022-06-01"), row(ANNA, "2022-06-01", "2022-08-01"), first=3),
    )

    assert [CREATED, CREATED, EXTENDED, UNCHANGED] == [each.outcome for each in results]
    assert {results[0].dossier_id} == {each.dossier_id for each in results[2:]}
    assert [values_pb2.WARNING_REASON_ALREADY_REGISTERED] == list(results[3].warnings)
    assert [1, 4, 4, 4] == desk.written()


def test_a_row_that_is_wrong_stops_nobody(desk: Desk) -> None:
    """Each has its own reason and path within the row; the others are registered."""
    other = values_pb2.InstitutionRef(sector=17, institution=1)
    results = desk.send(
        request(
            row("12345678901"),
            row(""),
            row(BEA, institution=other),
            row(BEA, capacity=1000),
            row(BEA, capacity=999, phase=1),
            row(BEA, capacity=7),
            row(BEA, phase=15),
            row(BEA, "2021-01-01", "2020-01-01"),
            pb.DossierRow(ssin=str(BEA), capacity=100),
            row(BEA, source="Desk 1"),
            row(BEA, network_level=9),
            row(BEA, claim=dossier_pb2.PersonClaim(sex=7)),
            row(ANNA, phase=10),
            row(ANNA, phase=20),
        )
    )

    assert [
        (REFUSED, "", "NUMBER_MALFORMED", "ssin"),
        (REFUSED, "", "FIELD_REQUIRED", "ssin"),
        (REFUSED, "", "NOT_OWN_INSTITUTION", "institution"),
        (REFUSED, "", "FIELD_INVALID", "capacity"),
        (REFUSED, "", "PHASE_UNKNOWN", "phase"),
        (REFUSED, "", "CAPACITY_UNKNOWN", "capacity"),
        (REFUSED, "", "PHASE_UNKNOWN", "phase"),
        (REFUSED, "", "PERIOD_INVERTED", "period"),
        (REFUSED, "", "FIELD_REQUIRED", "period.begin"),
        (REFUSED, "", "FIELD_INVALID", "source"),
        (REFUSED, "", "FIELD_INVALID", "network_level"),
        (REFUSED, "", "FIELD_INVALID", "claim.sex"),
        (CREATED, str(ANNA), "", ""),
        (REFUSED, "", "PHASE_OVERLAP", "period"),
    ] == told(results)
    assert list(range(1, 15)) == [each.row for each in results]
    assert all(bool(each.message) == (each.outcome == REFUSED) for each in results)
    assert [1, 1, 14, 1] == desk.written()


def test_the_registers_are_asked_once_for_all_rows(
    database: Database, directory_tables: DirectoryTables
) -> None:
    """Each number once, and for what is claimed only where something is; each row is judged by the answer on it."""
    registers = Registers(PERSONS)
    desk = desk_on(database, directory_tables, registers)
    (stranger,) = numbers(1)
    peeters, maes = (dossier_pb2.PersonClaim(family_name=name) for name in ("Peeters", "Maes"))

    results = desk.send(
        request(
            row(ANNA, claim=peeters),
            row(ANNA, "2010-01-01", "2011-01-01", claim=maes),
            row(BEA),
            row(CAS),
            row(GONE),
            row(stranger),
        )
    )

    assert [(5, 1)] == registers.asked
    assert [
        (CREATED, str(ANNA), "", ""),
        (REFUSED, "", "CLAIM_DISAGREES", "claim.family_name"),
        (CREATED, str(BEA), "", ""),
        (CREATED, str(CAS), "", ""),
        (REFUSED, "", "NUMBER_CANCELLED", "ssin"),
        (REFUSED, "", "PERSON_UNKNOWN", "ssin"),
    ] == told(results)
    assert [values_pb2.WARNING_REASON_NUMBER_REPLACED] == list(results[3].warnings)


def test_who_guesses_a_birth_date_by_rows_is_counted(
    database: Database, directory_tables: DirectoryTables
) -> None:
    """A dry run tries a thousand in one request and writes nothing: each wrong one counts as a look-up in vain."""
    registers = Registers(PERSONS)
    desk = desk_on(database, directory_tables, registers)
    guessed = [dt.date(1985, 1, 1) + dt.timedelta(days=day) for day in range(365)]
    claims = [dossier_pb2.PersonClaim(birth_date=date(str(day))) for day in guessed]
    call = desk.call()

    results = desk.send(request(*(row(claim=claim) for claim in claims), validate_only=True), call=call)

    assert [dt.date(1985, 7, 30)] == [
        day for day, each in zip(guessed, results, strict=True) if each.outcome != REFUSED
    ]
    assert [(1, 1)] == registers.asked
    assert 364 == call.misses


def test_registers_that_cannot_be_asked_stop_the_request(
    database: Database, directory_tables: DirectoryTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it is written; sent again, all of it is."""
    registers = Registers(PERSONS)
    desk = desk_on(database, directory_tables, registers)

    def silent(*_: Any) -> Any:
        raise RegistryError(Reason.REGISTER_UNAVAILABLE, "not now")

    with monkeypatch.context() as patch:
        patch.setattr(registers, "find_many", silent)
        assert (Reason.REGISTER_UNAVAILABLE, "") == refusal_of(desk, request(row(ANNA), row(BEA)))
    assert [0, 0, 0, 0] == desk.written()
    assert [CREATED, CREATED] == [each.outcome for each in desk.send(request(row(ANNA), row(BEA)))]


def test_a_row_is_registered_once(desk: Desk) -> None:
    """Sent again it gets its first outcome, whatever became of the dossier meanwhile; rows after it go on."""
    rows = (row(ANNA), row("12345678901"), row(ANNA), row(BEA, phase=77))
    first = desk.send(request(*rows))
    desk.remove(ANNA)

    again = desk.send(request(*rows), request(row(CAS), first=5))

    assert told(first) == told(again[:4])
    assert [each.dossier_id for each in first] == [each.dossier_id for each in again[:4]]
    assert [list(each.warnings) for each in first] == [list(each.warnings) for each in again[:4]]
    assert [False] * 4 == [each.repeated for each in first]
    assert [True] * 4 + [False] == [each.repeated for each in again]
    # Anna's was removed in between: a version more, and a change.
    assert [1, 3, 5, 3] == desk.written()


def test_rows_come_without_a_gap(desk: Desk) -> None:
    """In one stream each request goes on where the one before ended; a later stream begins no further than that."""
    assert (Reason.FIELD_INVALID, "first_row") == refusal_of(desk, request(row()), request(row(), first=3))
    assert (Reason.FIELD_INVALID, "first_row") == refusal_of(desk, request(row(), first=3))
    assert (Reason.FIELD_INVALID, "first_row") == refusal_of(desk, request(row(), first=0))
    assert [CREATED] == [each.outcome for each in desk.send(request(row(BEA), first=2))]


def test_one_stream_is_one_import(desk: Desk) -> None:
    """Neither another import nor a dry run begins in the middle of it, and no request has over 1000 rows."""
    begin = request(row())

    assert (Reason.FIELD_INVALID, "import_id") == refusal_of(
        desk, begin, request(row(), first=2, import_id=new_import_id())
    )
    assert (Reason.FIELD_INVALID, "validate_only") == refusal_of(
        desk, begin, request(row(), first=2, validate_only=True)
    )
    assert (Reason.FIELD_INVALID, "import_id") == refusal_of(desk, request(import_id="mine"))
    assert (Reason.TOO_MANY_ELEMENTS, "rows") == refusal_of(desk, request(*[row()] * 1001))


def test_two_participants_may_choose_one_import_id(desk: Desk) -> None:
    """As for files of the same content: each has its own import, and learns nothing of the other's."""
    (one,) = desk.send(request(row()))
    (other,) = desk.send(request(row(capacity=2)), call=desk.call(WELFARE))

    assert [pb.DOSSIER_ROW_OUTCOME_CREATED, pb.DOSSIER_ROW_OUTCOME_CREATED] == [one.outcome, other.outcome]
    assert [False, False] == [one.repeated, other.repeated]
    assert one.dossier_id != other.dossier_id


def test_who_acts_for_no_institution_imports_nothing(desk: Desk) -> None:
    """As of a dossier alone."""
    nobody = Participant("nobody", frozenset({Role.SUPPLIER}), None)

    assert Reason.NOT_OWN_INSTITUTION is refusal_of(desk, request(row()), call=desk.call(nobody))[0]


def test_a_dry_run_tells_the_same_and_leaves_nothing(desk: Desk) -> None:
    """Rows of a request see those before them; afterwards everything is as it was."""
    everything = desk.tables.metadata.sorted_tables
    rows = (row(ANNA, "2020-01-01", "2021-01-01"), row(ANNA, "2020-06-01"), row("12345678901"), row(BEA))
    before = desk.rows(*everything)

    dry = desk.send(request(*rows, validate_only=True), request(row(CAS), first=5, validate_only=True))

    assert before == desk.rows(*everything)
    assert told(dry[:4]) == told(desk.send(request(*rows)))
    assert [CREATED, EXTENDED, REFUSED, CREATED, CREATED] == [each.outcome for each in dry]


def test_whose_dossiers_are_told_is_noted(desk: Desk) -> None:
    """Of rows that were written, checked, repeated and refused; a malformed number is nobody's."""
    rows = (row(ANNA), row("12345678901"), row(BEA, capacity=7))
    looks = []
    for sent in (request(*rows, validate_only=True), request(*rows), request(*rows)):
        call = desk.call()
        desk.send(sent, call=call)
        looks.append([(look.person, look.result) for look in call.looks])

    assert [
        [(int(ANNA), "validated"), (int(BEA), "CAPACITY_UNKNOWN")],
        [(int(ANNA), "written"), (int(BEA), "CAPACITY_UNKNOWN")],
        [(int(ANNA), "found"), (int(BEA), "CAPACITY_UNKNOWN")],
    ] == looks


def test_what_is_written_is_known_from_then_on(desk: Desk) -> None:
    """A stream may last an hour; its rows are recorded when they come, not when it began."""

    def sent() -> Iterator[pb.ImportDossiersRequest]:
        yield request(row(ANNA))
        desk.clock.advance(dt.timedelta(minutes=20))
        yield request(row(BEA), first=2)

    list(desk.importing.ImportDossiers(sent(), desk.call()))

    dossier, change = desk.tables.dossiers.dossier, desk.tables.shared.change
    with desk.database.reading() as connection:
        for recorded in (
            sa.select(dossier.c.recorded_at),
            sa.select(change.c.recorded_at).where(change.c.kind == "dossier.created"),
        ):
            found = sorted(connection.execute(recorded).scalars())
            assert [desk.clock.now() - dt.timedelta(minutes=20), desk.clock.now()] == found


def test_a_late_request_leaves_nothing(desk: Desk) -> None:
    """Who gave up finds the rows not registered."""
    call = desk.call()
    call.deadline = 0.0

    assert Reason.DEADLINE_OVER is refusal_of(desk, request(row()), call=call)[0]
    assert [0, 0, 0, 0] == desk.written()


def test_a_fault_leaves_nothing_of_its_request(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests before it stay; sent again, the import goes on."""
    sent = [request(row(ANNA)), request(row(BEA), row(CAS), first=2)]
    keep = ImportRows.keep

    def broken(self: ImportRows, connection: Any, import_id: uuid.UUID, results: Any) -> None:
        if results[0].row == 2:
            raise ZeroDivisionError
        keep(self, connection, import_id, results)

    with monkeypatch.context() as patch:
        patch.setattr(ImportRows, "keep", broken)
        with pytest.raises(ZeroDivisionError):
            desk.send(*sent)
    assert [1, 1, 1, 1] == desk.written()

    assert [True, False, False] == [each.repeated for each in desk.send(*sent)]
    assert [3, 3, 3, 3] == desk.written()


def test_imports_of_the_same_persons_at_once_lose_nothing(
    database: Database, directory_tables: DirectoryTables
) -> None:
    """Of two institutions and in opposite orders, beside a caller who registers one by one."""
    persons = numbers(40)
    desk = desk_on(database, directory_tables)
    together = threading.Barrier(3)

    def imported(participant: Participant, capacity: int, mine: list[Ssin]) -> set[int]:
        rows = [row(person, capacity=capacity) for person in mine]
        together.wait(30)
        results = desk.send(*requests(rows, 10, import_id=new_import_id()), call=desk.call(participant))
        return {each.outcome for each in results}

    def alone() -> set[int]:
        together.wait(30)
        return {int(desk.register(row(person, "2021-01-01")).outcome) for person in persons[::3]}

    with ThreadPoolExecutor(3) as threads:
        waiting = [
            threads.submit(imported, PENSIONS, 100, persons),
            threads.submit(imported, WELFARE, 2, persons[::-1]),
            threads.submit(alone),
        ]
        pensions, welfare, single = (each.result(60) for each in waiting)

    assert {CREATED} == welfare
    assert pensions | single <= {CREATED, EXTENDED, UNCHANGED}
    assert 80 == desk.written()[0]


def test_two_streams_of_one_import_do_it_once(database: Database, directory_tables: DirectoryTables) -> None:
    """As when a caller gave up waiting, and sends again what still goes on: the same dossiers are told twice."""
    desk = desk_on(database, directory_tables)
    together = threading.Barrier(2)

    def run(_: int) -> list[str]:
        together.wait(30)
        return [each.dossier_id for each in desk.send(*requests(map(row, numbers(40)), 20))]

    with ThreadPoolExecutor(2) as threads:
        one, other = threads.map(run, range(2))

    assert one == other
    assert [40, 40, 40, 40] == desk.written()


def test_an_import_goes_on_after_kill_9(
    database_url: str, database: Database, directory_tables: DirectoryTables
) -> None:
    """A server killed before a commit: what was answered stays, the rest is registered by sending all of it again."""
    desk = desk_on(database, directory_tables)
    killed = subprocess.run(
        [sys.executable, "-m", "tests.directory.importing.test_importing", database_url],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (-signal.SIGKILL, "1\n2\n") == (killed.returncode, killed.stdout), killed.stderr
    assert [40, 40, 40, 40] == desk.written()

    again = desk.send(*_kill_requests())

    assert [True] * 40 + [False] * 60 == [each.repeated for each in again]
    assert [CREATED] * 100 == [each.outcome for each in again]
    assert 100 == len({each.dossier_id for each in again})
    assert [100, 100, 100, 100] == desk.written()


def _kill_requests() -> list[pb.ImportDossiersRequest]:
    return requests(map(row, numbers(100)), 20)


def _import_until_killed(url: str) -> None:
    """Import as a server does, and die by SIGKILL in the third transaction, with everything written but the commit."""
    keep = ImportRows.keep

    def dying(self: ImportRows, connection: Any, import_id: uuid.UUID, results: Any) -> None:
        keep(self, connection, import_id, results)
        if results[0].row == 41:
            os.kill(os.getpid(), signal.SIGKILL)

    ImportRows.keep = dying  # type: ignore[method-assign]
    desk = desk_on(Database.open(url), directory_tables(), codes=False)
    for answered, _ in enumerate(desk.importing.ImportDossiers(iter(_kill_requests()), desk.call()), 1):
        print(answered, flush=True)  # noqa: T201 - what the test waits for


if __name__ == "__main__":
    _import_until_killed(sys.argv[1])
