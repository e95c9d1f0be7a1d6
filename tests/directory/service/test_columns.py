"""Dossiers column by column, from the values of either driver."""

import datetime as dt
import uuid

from kruispunt._columns import persons_in
from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt.period import Period
from kruispunt_directory.messages.columns import write_columns

NAME = uuid.UUID("0193f1a2-0000-7000-8000-000000000001")


def test_values_of_both_drivers_are_the_same_columns() -> None:
    """Days before 1970 and open ends, identifiers as text and instants as whole numbers."""
    instant = dt.datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=dt.UTC)
    common = (85073003328, 1234567, 17, 1, 2, 10)
    of_postgresql = (*common, dt.date(1969, 12, 31), None, 1, "intake", NAME, 3, instant, instant)
    of_sqlite = (*common, "1969-12-31", None, 1, "intake", NAME.hex, 3, -1, -1)
    answers = []
    for row in (of_postgresql, of_sqlite):
        answer = pb.ResolveDossiersResponse(persons=[pb.PersonDossiers(asked_ssin="85073003328", status=1)])  # type: ignore[arg-type]
        write_columns(answer.columns, [0], [row])
        answers.append(answer)

    assert answers[0] == answers[1]
    assert ([-1], [2_147_483_647], [-1]) == (
        list(answers[0].columns.begin),
        list(answers[0].columns.end),
        list(answers[0].columns.record_time),
    )
    ((dossier,),) = (each.dossiers for each in persons_in(answers[0]))
    assert (str(NAME), "85073003328", "00001234567", Period(dt.date(1969, 12, 31)), instant, "3") == (
        dossier.dossier_id,
        str(dossier.ssin),
        str(dossier.registered_ssin),
        dossier.period,
        dossier.record_time,
        dossier.etag,
    )
