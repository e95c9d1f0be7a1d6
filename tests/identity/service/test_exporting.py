"""ExportPersons: a selection by number, in chunks, resumable; on both databases."""

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from tests.identity.imports import Importer, importer_on, new_import_id, request, row, statement, wide_rows
from tests.identity.registers import bis

from kruispunt.identity.v1 import identity_service_pb2 as pb
from kruispunt.identity.v1 import person_pb2
from kruispunt.ssin import Ssin
from kruispunt_identity.domain.national import NoNationalRegister
from kruispunt_identity.servicer import exporting as servicer_module
from kruispunt_identity.servicer.exporting import ExportingServicer
from kruispunt_identity.servicer.guard import Guard
from kruispunt_identity.store import exporting
from kruispunt_identity.store.exporting import ExportReader
from kruispunt_identity.store.facts import FactStore
from kruispunt_identity.store.link_states import LinkStates
from kruispunt_identity.store.reading import PersonReader
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.database import Database
from kruispunt_server.errors import Reason, RegistryError

ANNA = Ssin.parse("85073003328")


@pytest.fixture
def importer(identity_database: Database, identity_tables: IdentityTables) -> Importer:
    """What fills the registers."""
    return importer_on(identity_database, identity_tables)


def chunks(importer: Importer, **criteria: Any) -> list[list[str]]:
    """Return the numbers of each message of an export."""
    registers = importer.registers
    database, tables = registers.database, registers.tables
    facts = FactStore(database, tables.persons)
    reader = PersonReader(
        database, registers.numbers, facts, LinkStates(database, tables), NoNationalRegister()
    )
    servicer = ExportingServicer(
        ExportReader(database, tables), reader, Guard(None, alone=True), registers.clock
    )
    answers = servicer.ExportPersons(pb.ExportPersonsRequest(**criteria), importer.new_call())
    return [[person.ssin for person in answer.persons] for answer in answers]


def exported(importer: Importer, **criteria: Any) -> list[str]:
    return [number for chunk in chunks(importer, **criteria) for number in chunk]


def born(ssin: Ssin, year: int) -> Any:
    one = row(ssin)
    one.facts[1].CopyFrom(statement(birth=person_pb2.Birth(date=Date(year=year))))
    return one


def test_everybody_comes_once_and_in_order(importer: Importer) -> None:
    """In messages of 500; whom it showed is noted for each."""
    rows = wide_rows(1100)
    for first in range(0, 1100, 500):
        importer.send(request(*rows[first : first + 500], first=first + 1))

    messages = chunks(importer)

    assert [500, 500, 100] == [len(message) for message in messages]
    assert sorted(each.ssin for each in rows) == [number for message in messages for number in message]
    assert {"exported"} == {look.result for look in importer.call.looks}
    assert sorted(int(each.ssin) for each in rows) == [look.person for look in importer.call.looks]


def test_an_export_goes_on_after_a_number(importer: Importer) -> None:
    """The last one that arrived; the number itself need not exist."""
    importer.send(request(row(bis(1)), row(bis(3)), row(bis(5))))

    assert [str(bis(5))] == exported(importer, after_ssin=str(bis(3)))
    assert [str(bis(3)), str(bis(5))] == exported(importer, after_ssin=str(bis(2)))
    assert [] == exported(importer, after_ssin=str(bis(5)))


def test_a_register_is_selected(importer: Importer) -> None:
    """BIS, RAD, or both if none is said; and the person is shown whole."""
    importer.send(request(row(bis(1)), row(ANNA, register=person_pb2.REGISTER_RAD)))

    assert [[str(ANNA)], [str(bis(1))], [str(bis(1)), str(ANNA)]] == [
        exported(importer, register=person_pb2.REGISTER_RAD),
        exported(importer, register=person_pb2.REGISTER_BIS),
        exported(importer),
    ]


def test_birth_years_are_selected(importer: Importer) -> None:
    """Both years included; who was born nobody knows when is in no selection by birth."""
    importer.send(request(born(bis(1), 1979), born(bis(3), 1980), born(bis(5), 1982), born(bis(7), 0)))
    a, b, c, d = (str(bis(number)) for number in (1, 3, 5, 7))

    assert [[b, c], [a, b], [b], [a, b, c, d]] == [
        exported(importer, born_from=1980),
        exported(importer, born_until=1980),
        exported(importer, born_from=1980, born_until=1981),
        exported(importer),
    ]


def test_changes_are_selected(importer: Importer) -> None:
    """From the very instant on."""
    clock = importer.registers.clock
    importer.send(request(row(bis(1))))
    clock.advance(dt.timedelta(hours=1))
    importer.send(request(row(bis(3)), import_id=new_import_id()))
    since, later = Timestamp(), Timestamp()
    since.FromDatetime(clock.now())
    clock.advance(dt.timedelta(hours=1))
    later.FromDatetime(clock.now())

    assert [str(bis(3))] == exported(importer, changed_since=since)
    assert [] == exported(importer, changed_since=later)


def test_what_was_recorded_just_before_the_last_export_comes_again(importer: Importer) -> None:
    """It may have been committed after that export had passed it."""
    importer.send(request(row(bis(1))))
    soon, late = Timestamp(), Timestamp()
    importer.registers.clock.advance(dt.timedelta(minutes=2))
    soon.FromDatetime(importer.registers.clock.now())
    importer.registers.clock.advance(dt.timedelta(seconds=1))
    late.FromDatetime(importer.registers.clock.now())

    assert [str(bis(1))] == exported(importer, changed_since=soon)
    assert [] == exported(importer, changed_since=late)


def test_a_replaced_number_comes_with_the_one_it_leads_to(importer: Importer) -> None:
    """Once; and what is seen of the person decides, not what is covered by it."""
    importer.send(request(born(bis(1), 1979), born(bis(3), 1985), row(bis(5))))
    importer.registers.clock.advance(dt.timedelta(hours=1))
    importer.registers.replace(bis(1), bis(3))

    assert [str(bis(3)), str(bis(5))] == exported(importer)
    assert [] == exported(importer, born_until=1979)
    assert [str(bis(3))] == exported(importer, born_from=1985)


def test_a_sparse_selection_is_found(importer: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many stretches of the register hold nobody."""
    monkeypatch.setattr(exporting, "_STRETCH", 7)
    rows = [*wide_rows(60), born(bis(1), 2001)]
    importer.send(request(*rows))

    assert [[str(bis(1))]] == chunks(importer, born_from=2001)
    assert sorted(each.ssin for each in rows) == exported(importer)


def test_a_long_search_is_heard_of(importer: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages without persons say that it goes on."""
    monkeypatch.setattr(exporting, "_STRETCH", 20)
    monkeypatch.setattr(servicer_module, "_SILENCE_S", -1.0)
    importer.send(request(*wide_rows(60), born(bis(1), 2001)))

    messages = chunks(importer, born_from=2001)

    assert [] in messages
    assert [str(bis(1))] == [number for message in messages for number in message]


def test_a_message_costs_few_statements(importer: Importer) -> None:
    """As many for 300 persons as for three."""
    importer.send(request(*wide_rows(300)))
    engine, statements = importer.registers.database.engine, []
    sa.event.listen(engine, "before_cursor_execute", lambda *each: statements.append(each[2]))

    exported(importer)
    whole = len(statements)
    exported(importer, after_ssin=wide_rows(300)[297].ssin)

    assert whole == len(statements) - whole
    assert whole <= 10


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ({"register": person_pb2.REGISTER_NATIONAL}, (Reason.FIELD_INVALID, "register")),
        ({"register": 9}, (Reason.CODE_UNKNOWN, "register")),
        ({"born_from": 1700}, (Reason.FIELD_INVALID, "born_from")),
        ({"born_until": 3000}, (Reason.FIELD_INVALID, "born_until")),
        ({"born_from": 1990, "born_until": 1980}, (Reason.FIELD_INVALID, "born_until")),
        ({"after_ssin": "12345678901"}, (Reason.NUMBER_MALFORMED, "after_ssin")),
        ({"valid_at": Date(year=2026)}, (Reason.DATE_INVALID, "valid_at")),
        ({"changed_since": Timestamp(seconds=1 << 34)}, (Reason.TIME_IN_FUTURE, "changed_since")),
    ],
)
def test_criteria_that_make_no_sense_are_refused(
    importer: Importer, criteria: dict[str, Any], expected: tuple[Reason, str]
) -> None:
    """Each with its reason and field."""
    with pytest.raises(RegistryError) as refusal:
        exported(importer, **criteria)

    assert expected == (refusal.value.reason, refusal.value.field)
