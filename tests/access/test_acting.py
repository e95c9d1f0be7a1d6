"""A service of the registry acts for an institution: that one's rights decide, and both logs say who did it."""

import datetime as dt
from collections.abc import Callable

import grpc
import pytest
import sqlalchemy as sa
from tests.access.conftest import change_grants
from tests.directory.service.conftest import ADMINISTRATOR, AUDITOR, PENSIONS, PURPOSE, WELFARE, Directory

from kruispunt import ActingForbidden, GrantMissing, InstitutionRef, Period, RoleMissing, Ssin
from kruispunt_server.sealing import records

ANNA = Ssin.parse("85073003328")
SERVICE = "identity-service"
WELFARE_REF, PENSIONS_REF = InstitutionRef(17, 1), InstitutionRef(5, 1)
SINCE = Period(dt.date(2020, 1, 1))


def logged(directory: Directory, table: sa.Table) -> list[tuple[str, str | None]]:
    """Return (participant, via) of every record of a log that is about a person."""
    with directory.database.reading() as connection:
        rows = connection.execute(
            sa.select(table.c.participant_id, table.c.via).where(table.c.subject.is_not(None))
        )
        return [(row.participant_id, row.via) for row in rows]


def test_the_institutions_rights_decide(directory: Directory) -> None:
    """It writes as the institution does, which the service itself may not; both logs name both."""
    service = directory.client(SERVICE)

    with pytest.raises(RoleMissing):
        service.register_dossier(ANNA, capacity=2, phase=10, period=SINCE)
    answer = service.acting_for(WELFARE_REF).register_dossier(ANNA, capacity=2, phase=10, period=SINCE)

    assert WELFARE_REF == answer.dossier.institution
    assert [(WELFARE, SERVICE)] == logged(directory, directory.tables.shared.access)
    (look,) = directory.client(AUDITOR).list_access_records(participant=WELFARE)
    assert SERVICE == look.via
    assert [(WELFARE, SERVICE)] == logged(directory, directory.tables.shared.change)


def test_the_log_of_events_says_who_acted(directory: Directory) -> None:
    """Of a refusal of the institution; and of one who may not act for others, the names in the certificate."""
    service = directory.client(SERVICE)
    with pytest.raises(RoleMissing):
        service.acting_for(WELFARE_REF).get_rights()
    with pytest.raises(RoleMissing):
        directory.client(WELFARE).get_rights()
    with pytest.raises(ActingForbidden):
        directory.client(PENSIONS).acting_for(WELFARE_REF).get_own_rights()

    assert [
        ("ROLE_MISSING", WELFARE, SERVICE, None),
        ("ROLE_MISSING", WELFARE, None, None),
        ("ACTING_FORBIDDEN", None, None, ["spiffe://sandbox.kruispunt.example/institution/5/1"]),
    ] == [
        (line["reason"], line["participant"], line["via"], line["uris"])
        for line in directory.lines()
        if line["event"] == "call_refused"
    ]


def test_what_the_institution_may_not_its_servant_may_not(directory: Directory) -> None:
    """Although the service has grants of its own."""
    change_grants(
        directory.database,
        directory.tables.shared,
        lambda grant: grant if grant.grant_id != "institutions-work" else None,
    )
    directory.rights._good_until = 0.0
    service = directory.client(SERVICE)

    assert [] == list(service.list_dossiers(ANNA))
    with pytest.raises(GrantMissing):
        list(service.acting_for(WELFARE_REF).list_dossiers(ANNA))


@pytest.mark.parametrize("caller", [PENSIONS, ADMINISTRATOR])
def test_nobody_else_acts_for_others(directory: Directory, caller: str) -> None:
    """Not even for oneself, on methods about persons and on others."""
    client = directory.client(caller)

    with pytest.raises(ActingForbidden):
        list(client.acting_for(PENSIONS_REF).get_coverage())
    with pytest.raises(ActingForbidden):
        list(client.acting_for(PENSIONS_REF).list_dossiers(ANNA))


def test_an_institution_that_takes_no_part_cannot_be_acted_for(directory: Directory) -> None:
    """Nor one whose days are over."""
    with pytest.raises(ActingForbidden):
        list(directory.client(SERVICE).acting_for(InstitutionRef(999, 1)).list_dossiers(ANNA))


@pytest.mark.parametrize("named", ["17", "17/1/1", "a/b", "1000/1", ""])
def test_a_malformed_institution_is_refused(directory: Directory, named: str) -> None:
    """With the metadata key as the field."""
    refusal = _refusal(directory, (("kruispunt-on-behalf-of", named),))

    assert grpc.StatusCode.INVALID_ARGUMENT is refusal.code()


def test_two_institutions_at_once_are_refused(directory: Directory) -> None:
    """It is one, or nobody."""
    twice = (("kruispunt-on-behalf-of", "17/1"), ("kruispunt-on-behalf-of", "5/1"))

    assert grpc.StatusCode.INVALID_ARGUMENT is _refusal(directory, twice).code()


def test_a_record_of_an_act_for_another_is_sealed_with_it(directory: Directory) -> None:
    """The text that is hashed ends with the service, under a form of its own; without one it is what it always was."""
    service = directory.client(SERVICE)
    list(service.list_dossiers(ANNA))
    list(service.acting_for(WELFARE_REF).list_dossiers(ANNA))
    table = directory.tables.shared.access
    text = records.record_text(table, directory.database.dialect)

    with directory.database.reading() as connection:
        own, acted = connection.scalars(sa.select(text).order_by(table.c.entry_no)).all()
        columns = [table.c[name] for name in records.PARTS["access"]]
        rows = connection.execute(sa.select(*columns, table.c.via).order_by(table.c.entry_no)).all()

    assert ["access/1", "access/2"] == [each.split("\x1f")[0] for each in (own, acted)]
    assert (11, 12, SERVICE) == (len(own.split("\x1f")), len(acted.split("\x1f")), acted.split("\x1f")[-1])
    assert [own, acted] == [records.text_of("access", tuple(row[:-1]), row.via) for row in rows]
    assert [True, True, False] == [
        records.parts_in("access", each.encode()) for each in (own, acted, acted + "\x1f")
    ]


def _refusal(directory: Directory, more: tuple[tuple[str, str], ...]) -> grpc.Call:
    method: Callable[..., bytes] = directory.channel(SERVICE).unary_unary(
        "/kruispunt.directory.v1.DirectoryService/GetCoverage"
    )
    metadata = (
        ("kruispunt-legal-basis", PURPOSE.legal_basis),
        ("kruispunt-end-user", PURPOSE.end_user),
        ("kruispunt-case", PURPOSE.case),
        *more,
    )
    with pytest.raises(grpc.RpcError) as caught:
        method(b"", timeout=10, metadata=metadata)
    error: grpc.Call = caught.value
    return error
