"""ImportPersons: an outcome per row, each row once, nothing half-written; on both databases."""

import datetime as dt
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from google.type.date_pb2 import Date
from tests.identity.imports import (
    IMPORT_ID,
    REGISTRAR,
    Importer,
    importer_on,
    new_import_id,
    request,
    row,
    statement,
    wide_rows,
)
from tests.identity.registers import bis
from tests.support.calls import said_in, subject_keys

from kruispunt.common.v1.error_reason_pb2 import ErrorReason
from kruispunt.identity.v1 import person_pb2
from kruispunt.identity.v1 import registration_service_pb2 as pb
from kruispunt.ssin import Ssin
from kruispunt_identity.store.import_rows import ImportRows
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.call import InstitutionKey, Participant, Role
from kruispunt_server.database import Database
from kruispunt_server.errors import Reason, RegistryError

ANNA = Ssin.parse("85073003328")
IMPORTED, REPEATED, REFUSED, CANDIDATES = 1, 2, 3, 4


@pytest.fixture
def importer(identity_database: Database, identity_tables: IdentityTables) -> Importer:
    """The servicer on empty registers."""
    return importer_on(identity_database, identity_tables)


def count(importer: Importer, *tables: sa.Table) -> list[int]:
    with importer.registers.database.reading() as connection:
        return [connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0 for table in tables]


def told(results: list[pb.RowResult]) -> list[tuple[int, str, str, str]]:
    """Return (outcome, number, reason, field) of each row."""
    return [
        (
            each.outcome,
            each.ssin,
            ErrorReason.Name(each.reason).removeprefix("ERROR_REASON_") if each.reason else "",
            each.field,
        )
        for each in results
    ]


def refusal_of(importer: Importer, *requests: pb.ImportPersonsRequest) -> tuple[Reason, str]:
    with pytest.raises(RegistryError) as refusal:
        importer.send(*requests)
    return refusal.value.reason, refusal.value.field


def test_everything_of_a_row_is_there(importer: Importer) -> None:
    """Number, event, facts, identifier, search keys, the outcome, and a change in the journal."""
    passport = pb.ImportIdentifier(
        key=person_pb2.IdentifierKey(
            country="MA", scheme=person_pb2.IDENTIFIER_SCHEME_PASSPORT, identifier="AB 1"
        )
    )

    results = importer.send(request(row(bis(1), identifiers=[passport])))

    tables = importer.registers.tables
    assert [(IMPORTED, str(bis(1)), "", "")] == told(results)
    assert [1, 1, 3, 1, 1, 1, 1] == count(
        importer,
        tables.persons.number,
        tables.persons.number_event,
        tables.persons.fact,
        tables.persons.foreign_identifier,
        tables.matching.match_profile,
        tables.registration.import_row,
        tables.shared.change,
    )
    with importer.registers.database.reading() as connection:
        change = connection.execute(sa.select(tables.shared.change)).one()
        facts = connection.execute(sa.select(tables.persons.fact)).all()
        keys = connection.execute(sa.select(tables.matching.match_key.c.ssin)).scalars().all()
    with importer.registers.database.reading() as connection:
        keys_of = subject_keys(importer.registers.database, tables.shared, importer.registers.clock)
        said = said_in(connection, keys_of, change)
    assert ("person.imported", int(bis(1)), False, uuid.UUID(IMPORT_ID)) == (
        change.kind,
        said["person"],
        "before" in said,
        change.request_id,
    )
    groups = {1: "name", 2: "birth", 4: "gender"}
    assert {groups[fact.data_group]: str(fact.fact_id) for fact in facts} == said["after"]["facts"]
    assert {(25, 1)} == {(fact.sector, fact.institution) for fact in facts}
    assert {int(bis(1))} == set(keys)


def test_rows_without_a_number_get_one(importer: Importer) -> None:
    """From the counter of their birth date and gender, beside numbers that rows bring along."""
    results = importer.send(request(row(), row(bis(1)), row(family="Janssens")))

    assert [
        (IMPORTED, str(bis(3)), "", ""),
        (IMPORTED, str(bis(1)), "", ""),
        (IMPORTED, str(bis(5)), "", ""),
    ] == told(results)


def test_a_row_that_is_wrong_stops_nobody(importer: Importer) -> None:
    """Each has its own reason and path within the row; the others are imported."""
    nameless = pb.ImportRow(ssin=str(bis(5)), facts=[statement(birth=person_pb2.Birth(date=Date(year=1980)))])
    twice = row(bis(5))
    twice.facts.add().CopyFrom(twice.facts[0])
    unborn = row(bis(5))
    unborn.facts[1].value.birth.date.CopyFrom(Date(year=1980, month=2, day=30))
    crowded = row(bis(5), identifiers=[pb.ImportIdentifier()] * 21)
    keyless = row(bis(5), identifiers=[pb.ImportIdentifier()])

    results = importer.send(
        request(
            row("12345678901"),
            row(ANNA),
            row(bis(7), register=person_pb2.REGISTER_RAD),
            row(register=person_pb2.REGISTER_RAD),
            row(ANNA, register=person_pb2.REGISTER_NATIONAL),
            row(bis(5), register=9),
            row(bis(5), family="Peeters\u202e"),
            nameless,
            twice,
            unborn,
            crowded,
            keyless,
            row(bis(1)),
            row(bis(1)),
            row(ANNA, register=person_pb2.REGISTER_RAD),
        )
    )

    assert [
        (REFUSED, "", "NUMBER_MALFORMED", "ssin"),
        (REFUSED, "", "FIELD_INVALID", "ssin"),
        (REFUSED, "", "FIELD_INVALID", "ssin"),
        (REFUSED, "", "FIELD_REQUIRED", "ssin"),
        (REFUSED, "", "FIELD_INVALID", "register"),
        (REFUSED, "", "CODE_UNKNOWN", "register"),
        (REFUSED, "", "TEXT_FORBIDDEN", "facts[0].value.name.family_name"),
        (REFUSED, "", "MINIMUM_DATA_MISSING", "facts"),
        (REFUSED, "", "FIELD_INVALID", "facts[3].value"),
        (REFUSED, "", "DATE_INVALID", "facts[1].value.birth.date"),
        (REFUSED, "", "TOO_MANY_ELEMENTS", "identifiers"),
        (REFUSED, "", "FIELD_REQUIRED", "identifiers[0].key.country"),
        (IMPORTED, str(bis(1)), "", ""),
        (REFUSED, "", "NUMBER_TAKEN", "ssin"),
        (IMPORTED, str(ANNA), "", ""),
    ] == told(results)
    assert list(range(1, 16)) == [each.row for each in results]
    assert [2, 6] == count(
        importer, importer.registers.tables.persons.number, importer.registers.tables.persons.fact
    )


def test_a_number_that_is_in_use_is_refused(importer: Importer) -> None:
    """By an earlier import, whatever its data; nothing of the row is written."""
    importer.send(request(row(bis(1))))

    results = importer.send(request(row(bis(1)), row(bis(3)), import_id=new_import_id()))

    assert [(REFUSED, "", "NUMBER_TAKEN", "ssin"), (IMPORTED, str(bis(3)), "", "")] == told(results)
    assert [2, 6] == count(
        importer, importer.registers.tables.persons.number, importer.registers.tables.persons.fact
    )


def test_a_person_of_the_national_register_is_not_taken_over(
    identity_database: Database, identity_tables: IdentityTables
) -> None:
    """Nobody has two records of one number: MoveToRegister does that."""
    importer = importer_on(identity_database, identity_tables, ANNA)

    assert [(REFUSED, "", "NUMBER_TAKEN", "ssin")] == told(
        importer.send(request(row(ANNA, register=person_pb2.REGISTER_RAD)))
    )


def test_an_identifier_belongs_to_one_person_at_a_time(importer: Importer) -> None:
    """Overlapping days clash, with earlier rows of the request and with links that stand; others do not."""

    def linked(text: str, begin: int | None, end: int | None) -> pb.ImportIdentifier:
        return pb.ImportIdentifier(
            key=person_pb2.IdentifierKey(
                country="FR", scheme=person_pb2.IDENTIFIER_SCHEME_TAX_NUMBER, identifier=text
            ),
            validity=person_pb2.Validity(
                begin=Date(year=begin, month=1, day=1) if begin else None,
                end=Date(year=end, month=1, day=1) if end else None,
            ),
        )

    first = importer.send(
        request(
            row(bis(1), identifiers=[linked("AB-1", 2010, 2020)]),
            row(bis(3), identifiers=[linked("zz9", None, None), linked("a b 1", 2019, None)]),
            row(bis(5), identifiers=[linked("ab1", 2020, None)]),
        )
    )
    second = importer.send(
        request(
            row(bis(7), identifiers=[linked("AB.1", 2015, 2016)]),
            row(bis(9), identifiers=[linked("AB1", None, 2010)]),
            row(bis(11), identifiers=[linked("Q", None, 2010), linked("q", 2009, None)]),
            import_id=new_import_id(),
        )
    )

    assert [
        (IMPORTED, str(bis(1)), "", ""),
        (REFUSED, "", "IDENTIFIER_TAKEN", "identifiers[1].key"),
        (IMPORTED, str(bis(5)), "", ""),
        (REFUSED, "", "IDENTIFIER_TAKEN", "identifiers[0].key"),
        (IMPORTED, str(bis(9)), "", ""),
        (REFUSED, "", "IDENTIFIER_TAKEN", "identifiers[1].key"),
    ] == told(first + second)


def test_a_row_is_imported_once(importer: Importer) -> None:
    """Sent again it gets its first outcome: the number that was given out, or why it was refused."""
    rows = (row(), row("12345678901"), row(bis(1)))
    importer.send(request(*rows))

    again = importer.send(request(*rows), request(row(bis(9)), first=4))

    assert [
        (REPEATED, str(bis(3)), "", ""),
        (REFUSED, "", "NUMBER_MALFORMED", "ssin"),
        (REPEATED, str(bis(1)), "", ""),
        (IMPORTED, str(bis(9)), "", ""),
    ] == told(again)
    assert [3] == count(importer, importer.registers.tables.persons.number)


def test_rows_come_without_a_gap(importer: Importer) -> None:
    """In one stream each request goes on where the one before ended; a later stream begins no further than that."""
    assert (Reason.FIELD_INVALID, "first_row") == refusal_of(
        importer, request(row(bis(1))), request(row(bis(3)), first=3)
    )
    assert (Reason.FIELD_INVALID, "first_row") == refusal_of(importer, request(row(bis(3)), first=3))
    assert (Reason.FIELD_INVALID, "first_row") == refusal_of(importer, request(row(bis(3)), first=0))
    assert [(IMPORTED, str(bis(3)), "", "")] == told(importer.send(request(row(bis(3)), first=2)))


def test_one_stream_is_one_import(importer: Importer) -> None:
    """Neither another import nor a dry run begins in the middle of it."""
    begin = request(row(bis(1)))

    assert (Reason.FIELD_INVALID, "import_id") == refusal_of(
        importer, begin, request(row(bis(3)), first=2, import_id=new_import_id())
    )
    assert (Reason.FIELD_INVALID, "validate_only") == refusal_of(
        importer, begin, request(row(bis(3)), first=2, validate_only=True)
    )
    assert (Reason.FIELD_INVALID, "import_id") == refusal_of(importer, request(import_id="mine"))
    assert (Reason.TOO_MANY_ELEMENTS, "rows") == refusal_of(importer, request(*[row()] * 501))


def test_two_participants_may_choose_one_import_id(importer: Importer) -> None:
    """As for files of the same content: each has its own import, and learns nothing of the other's."""
    importer.send(request(row(bis(1))))
    importer.new_call(Participant("other", frozenset({Role.REGISTRAR}), InstitutionKey(25, 1)))
    (result,) = importer.send(request(row(bis(1))))

    assert [(REFUSED, "", "NUMBER_TAKEN", "ssin")] == told([result])


def test_a_dry_run_tells_the_same_and_leaves_nothing(importer: Importer) -> None:
    """A number taken twice is noticed over requests; numbers that would be given out are not told."""
    everything = importer.registers.tables.metadata.sorted_tables
    rows = (row(bis(1)), row(), row("12345678901"))
    before = count(importer, *everything)

    dry = importer.send(request(*rows, validate_only=True), request(row(bis(1)), first=4, validate_only=True))

    assert before == count(importer, *everything)
    assert [
        (IMPORTED, str(bis(1)), "", ""),
        (IMPORTED, "", "", ""),
        (REFUSED, "", "NUMBER_MALFORMED", "ssin"),
        (REFUSED, "", "NUMBER_TAKEN", "ssin"),
    ] == told(dry)
    assert [(IMPORTED, str(bis(1))), (IMPORTED, str(bis(3)))] == [
        each[:2] for each in told(importer.send(request(*rows)))[:2]
    ]


def test_duplicates_are_searched_for_if_asked(importer: Importer) -> None:
    """Of rows without a number, among those who are there and among the rows before; a number of one's own is kept."""
    importer.send(request(row(bis(1))))

    results = importer.send(
        request(
            row(),
            row(family="Vandenbroucke", given="Wilhelmina"),
            row(family="Vandenbroucke", given="Wilhelmina"),
            row(bis(7)),
            import_id=new_import_id(),
            search_duplicates=True,
        )
    )

    found, new, again, own = results
    assert [CANDIDATES, IMPORTED, CANDIDATES, IMPORTED] == [each.outcome for each in results]
    assert str(bis(1)) in found.candidate_ssins
    assert [new.ssin] == list(again.candidate_ssins)
    assert (str(bis(7)), "") == (own.ssin, found.ssin)


def test_the_outcome_of_a_search_is_kept(importer: Importer) -> None:
    """Sent again, the candidates are those of the first time."""
    importer.send(request(row(bis(1))))
    sent = request(row(), import_id=new_import_id(), search_duplicates=True)

    assert importer.send(sent) == importer.send(sent)


def test_whose_numbers_are_told_is_noted(importer: Importer) -> None:
    """Those imported, repeated and found as candidates; a row that is refused shows nobody."""
    importer.send(request(row(bis(1)), row("12345678901")))
    written = [(look.person, look.result) for look in importer.call.looks]
    importer.new_call()
    importer.send(request(row(bis(1))))
    repeated = [(look.person, look.result) for look in importer.call.looks]

    assert ([(int(bis(1)), "written")], [(int(bis(1)), "found")]) == (written, repeated)


def test_what_is_written_is_known_from_then_on(importer: Importer) -> None:
    """A stream may last an hour; its rows are recorded when they come, not when it began."""
    clock = importer.registers.clock

    def requests() -> Any:
        yield request(row(bis(1)))
        clock.advance(dt.timedelta(minutes=20))
        yield request(row(bis(3)), first=2)

    list(importer.stream(requests()))

    number = importer.registers.tables.persons.number
    with importer.registers.database.reading() as connection:
        recorded = connection.execute(sa.select(number.c.recorded_at).order_by(number.c.ssin)).scalars().all()
    assert [clock.now() - dt.timedelta(minutes=20), clock.now()] == sorted(recorded)


def test_a_late_request_leaves_nothing(importer: Importer) -> None:
    """Who gave up finds the rows not imported."""
    importer.call.deadline = 0.0

    assert Reason.DEADLINE_OVER is refusal_of(importer, request(row(bis(1))))[0]
    assert [0] == count(importer, importer.registers.tables.persons.number)


def test_a_fault_leaves_nothing_of_its_request(importer: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests before it stay; sent again, the import goes on."""
    requests = [request(row(bis(1))), request(row(bis(3)), row(), first=2)]
    keep: Callable[..., None] = ImportRows.keep

    def broken(self: ImportRows, connection: Any, import_id: uuid.UUID, results: Any) -> None:
        if results[0].row == 2:
            raise ZeroDivisionError
        keep(self, connection, import_id, results)

    with monkeypatch.context() as patch:
        patch.setattr(ImportRows, "keep", broken)
        with pytest.raises(ZeroDivisionError):
            importer.send(*requests)
    persons = importer.registers.tables.persons
    assert [1, 3] == count(importer, persons.number, persons.fact)

    again = importer.send(*requests)
    assert [REPEATED, IMPORTED, IMPORTED] == [each.outcome for each in again]


def test_two_imports_of_the_same_numbers_share_them_out(
    identity_database: Database, identity_tables: IdentityTables
) -> None:
    """At the same time, in opposite orders: each number is one person's, and the other import is told so."""
    numbers = [bis(2 * position + 1) for position in range(60)]
    together = threading.Barrier(2)

    def run(mine: list[Ssin]) -> list[pb.RowResult]:
        importer, import_id = importer_on(identity_database, identity_tables), new_import_id()
        together.wait(30)
        return importer.send(
            *[
                request(*map(row, mine[at : at + 10]), first=at + 1, import_id=import_id)
                for at in range(0, 60, 10)
            ]
        )

    with ThreadPoolExecutor(2) as threads:
        one, other = threads.map(run, [numbers, numbers[::-1]])

    outcomes = [each.outcome for each in (*one, *other)]
    assert (60, 60) == (outcomes.count(IMPORTED), outcomes.count(REFUSED))
    assert {str(number) for number in numbers} == {each.ssin for each in (*one, *other)} - {""}
    persons, importer = identity_tables.persons, importer_on(identity_database, identity_tables)
    assert [60, 180] == count(importer, persons.number, persons.fact)


def test_two_streams_of_one_import_do_it_once(
    identity_database: Database, identity_tables: IdentityTables
) -> None:
    """As when a caller gave up waiting, and sends again what still goes on: the same numbers are told twice."""
    together = threading.Barrier(2)

    def run(_: int) -> list[pb.RowResult]:
        importer = importer_on(identity_database, identity_tables)
        together.wait(30)
        return importer.send(request(*[row()] * 20), request(*[row()] * 20, first=21))

    with ThreadPoolExecutor(2) as threads:
        one, other = threads.map(run, range(2))

    assert [each.ssin for each in one] == [each.ssin for each in other]
    assert 40 == len({each.ssin for each in one})
    assert [40] == count(importer_on(identity_database, identity_tables), identity_tables.persons.number)


def test_an_import_goes_on_after_kill_9(
    identity_url: str, identity_database: Database, identity_tables: IdentityTables
) -> None:
    """A server killed before a commit: what was answered stays, the rest is imported by sending all of it again."""
    killed = subprocess.run(
        [sys.executable, "-m", "tests.identity.service.test_importing", identity_url],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    importer = importer_on(identity_database, identity_tables)
    persons = importer.registers.tables.persons
    assert (-signal.SIGKILL, "1\n2\n") == (killed.returncode, killed.stdout), killed.stderr
    assert [40, 240] == count(importer, persons.number, persons.fact)

    again = importer.send(*_kill_requests())

    assert [REPEATED] * 40 + [IMPORTED] * 60 == [each.outcome for each in again]
    assert 100 == len({each.ssin for each in again})
    assert [100, 600] == count(importer, persons.number, persons.fact)


def _kill_requests() -> list[pb.ImportPersonsRequest]:
    rows = [*wide_rows(50), *wide_rows(50, numbered=False)]
    return [request(*rows[at : at + 20], first=at + 1) for at in range(0, 100, 20)]


def _import_until_killed(url: str) -> None:
    """Import as a server does, and die by SIGKILL in the third transaction, with everything written but the commit."""
    keep = ImportRows.keep

    def dying(self: ImportRows, connection: Any, import_id: uuid.UUID, results: Any) -> None:
        keep(self, connection, import_id, results)
        if results[0].row == 41:
            os.kill(os.getpid(), signal.SIGKILL)

    ImportRows.keep = dying  # type: ignore[method-assign]
    from kruispunt_identity.tables import identity_tables

    importer = importer_on(Database.open(url), identity_tables())
    for answered, _ in enumerate(importer.stream(_kill_requests()), 1):
        print(answered, flush=True)  # noqa: T201 - what the test waits for


if __name__ == "__main__":
    assert REGISTRAR.institution is not None
    _import_until_killed(sys.argv[1])
