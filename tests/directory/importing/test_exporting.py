"""ExportDossiers: the dossiers of an institution by person, in chunks, resumable; on both databases."""

import datetime as dt
from typing import Any

import pytest
from tests.directory.importing.conftest import (
    ANNA,
    BEA,
    CAS,
    PENSIONS,
    Desk,
    date,
    new_import_id,
    numbers,
    request,
    row,
)

from kruispunt.directory.v1 import directory_service_pb2 as reading
from kruispunt.directory.v1 import dossier_service_pb2 as pb
from kruispunt_directory.servicer.exporting import ExportingServicer
from kruispunt_directory.store.exporting import ExportReader
from kruispunt_server.call import InstitutionKey, Participant, Role
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.wire import timestamp_message

WELFARE = Participant("welfare", frozenset({Role.SUPPLIER}), InstitutionKey(17, 1))


def exported(
    desk: Desk, participant: Participant = PENSIONS, **criteria: Any
) -> list[reading.ExportDossiersResponse]:
    """Return the messages of an export."""
    servicer = ExportingServicer(ExportReader(desk.database, desk.tables))
    call = desk.call(participant)
    return list(servicer.ExportDossiers(reading.ExportDossiersRequest(**criteria), call))


def brief(answers: list[reading.ExportDossiersResponse]) -> list[tuple[str, int, int]]:
    """Return (number, capacity, year of begin) of each dossier."""
    return [
        (each.ssin, each.capacity, each.period.begin.year) for answer in answers for each in answer.dossiers
    ]


def test_all_dossiers_of_the_institution_come_by_person(desk: Desk) -> None:
    """Open, closed and to come, in order; nobody else's."""
    desk.send(
        request(
            row(BEA, capacity=20),
            row(ANNA, "2030-01-01"),
            row(ANNA, "2020-01-01", "2021-01-01"),
            row(ANNA, capacity=1),
        )
    )
    desk.send(request(row(CAS, capacity=2), import_id=new_import_id()), call=desk.call(WELFARE))

    assert [
        (str(BEA), 20, 2020),
        (str(ANNA), 1, 2020),
        (str(ANNA), 100, 2020),
        (str(ANNA), 100, 2030),
    ] == brief(exported(desk))
    assert [(str(CAS), 2, 2020)] == brief(exported(desk, WELFARE))


def test_criteria_narrow(desk: Desk) -> None:
    """By day, by capacity, by when the state was recorded, and by the person after whom to go on."""
    desk.send(request(row(BEA, capacity=20), row(ANNA, "2020-01-01", "2021-01-01")))
    desk.clock.advance(dt.timedelta(hours=1))
    desk.send(request(row(ANNA, "2022-01-01"), first=3))

    assert [(str(BEA), 20, 2020), (str(ANNA), 100, 2020)] == brief(
        exported(desk, valid_at=date("2020-07-01"))
    )
    assert [(str(ANNA), 100, 2020), (str(ANNA), 100, 2022)] == brief(exported(desk, capacity=100))
    assert [(str(ANNA), 100, 2022)] == brief(
        exported(desk, changed_since=timestamp_message(desk.clock.now()))
    )
    assert [(str(ANNA), 100, 2020), (str(ANNA), 100, 2022)] == brief(exported(desk, after_ssin=str(BEA)))


def test_a_person_is_never_cut(desk: Desk) -> None:
    """Five hundred persons a message, all dossiers of each in it; `after_ssin` of the last goes on."""
    persons = numbers(501)
    rows = [each for person in persons for each in (row(person, capacity=20), row(person))]
    desk.send(request(*rows[:1000]), request(*rows[1000:], first=1001))

    answers = exported(desk)

    assert [1000, 2] == [len(answer.dossiers) for answer in answers]
    last = answers[0].dossiers[-1].ssin
    assert brief(answers[1:]) == brief(exported(desk, after_ssin=last))


def test_whose_dossiers_are_told_is_noted(desk: Desk) -> None:
    """Each person once a message."""
    desk.send(request(row(BEA, capacity=20), row(ANNA), row(ANNA, capacity=1)))
    servicer = ExportingServicer(ExportReader(desk.database, desk.tables))
    call = desk.call()

    list(servicer.ExportDossiers(reading.ExportDossiersRequest(), call))

    assert [(int(BEA), "exported"), (int(ANNA), "exported")] == [
        (look.person, look.result) for look in call.looks
    ]


def test_what_is_exported_is_imported_again(desk: Desk) -> None:
    """Every row is there already; in an empty directory every one is created as it was."""
    desk.send(
        request(row(BEA, capacity=20, source="intake"), row(ANNA, "2020-01-01", "2021-01-01", phase=20))
    )
    rows = [
        pb.DossierRow(
            ssin=each.ssin,
            institution=each.institution,
            capacity=each.capacity,
            phase=each.phase,
            period=each.period,
            network_level=each.network_level,
            source=each.source,
        )
        for answer in exported(desk)
        for each in answer.dossiers
    ]

    again = desk.send(request(*rows, import_id=new_import_id()))

    assert [3, 3] == [each.outcome for each in again]


@pytest.mark.parametrize(
    ("criteria", "reason", "field"),
    [
        ({"after_ssin": "12345678901"}, Reason.NUMBER_MALFORMED, "after_ssin"),
        ({"capacity": 1000}, Reason.FIELD_INVALID, "capacity"),
        ({"valid_at": {"year": 2026, "month": 2, "day": 30}}, Reason.DATE_INVALID, "valid_at"),
        ({"changed_since": {"seconds": 10**11}}, Reason.TIME_IN_FUTURE, "changed_since"),
    ],
)
def test_criteria_that_are_wrong_are_refused(
    desk: Desk, criteria: dict[str, Any], reason: Reason, field: str
) -> None:
    """Each with its field."""
    with pytest.raises(RegistryError) as refusal:
        exported(desk, **criteria)

    assert (reason, field) == (refusal.value.reason, refusal.value.field)
