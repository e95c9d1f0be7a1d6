"""A grant that asks for a dossier: identity asks the real directory before it tells anything."""

import dataclasses
import time

import pytest
from tests.access.conftest import change_grants
from tests.directory.service.conftest import PENSIONS, WELFARE
from tests.identity.together.conftest import Both
from tests.identity.together.test_following import SINCE, register

from kruispunt import NoDossier, NumberOutcome, Ssin
from kruispunt_server.access.rights import Grant

UNKNOWN = Ssin.parse("75460898095")


def asking_for_dossiers(grant: Grant) -> Grant:
    """Let institutions read only whom they have a dossier on."""
    wanted = grant.grant_id == "institutions-work"
    return dataclasses.replace(grant, requires_dossier=True) if wanted else grant


@pytest.fixture
def narrow(both: Both) -> Both:
    """Both services; identity asks for dossiers."""
    change_grants(both.identity.database, both.identity.tables.shared, asking_for_dossiers)
    both.identity.assembly.parts.rights._good_until = 0.0
    return both


def test_who_has_a_dossier_reads_and_nobody_else(narrow: Both) -> None:
    """One by one and in a batch of a thousand; the directory's log says for whom identity asked."""
    person = register(narrow.identity.client(PENSIONS))
    narrow.directory.client(WELFARE).register_dossier(person, capacity=2, phase=10, period=SINCE)
    welfare, pensions = (narrow.identity.client(name) for name in (WELFARE, PENSIONS))

    assert person == welfare.get_person(person).ssin
    for number in (person, UNKNOWN):
        with pytest.raises(NoDossier):
            pensions.get_person(number)
    answers = list(welfare.get_persons([person, UNKNOWN] * 500))

    assert [NumberOutcome.CURRENT, NumberOutcome.NO_DOSSIER] * 500 == [
        each.resolution.outcome for each in answers
    ]
    table = narrow.directory.tables.shared.access
    with narrow.directory.database.reading() as connection:
        rows = connection.execute(table.select().where(table.c.participant_id == "identity-service"))
        assert {("18/042", "clerk-7")} == {(row.legal_basis, row.end_user) for row in rows}


def test_a_dossier_that_is_removed_closes_the_door_within_seconds(narrow: Both) -> None:
    """What was found is remembered for two seconds, and no longer."""
    person = register(narrow.identity.client(PENSIONS))
    directory, welfare = narrow.directory.client(WELFARE), narrow.identity.client(WELFARE)
    dossier = directory.register_dossier(person, capacity=2, phase=10, period=SINCE).dossier
    assert person == welfare.get_person(person).ssin

    directory.close_dossier(
        person, dossier.dossier_id, end=SINCE.begin.replace(year=SINCE.begin.year + 1), etag=dossier.etag
    )
    latest = time.monotonic() + 5
    while time.monotonic() < latest:
        try:
            welfare.get_person(person)
        except NoDossier:
            return
        time.sleep(0.1)
    raise AssertionError("it was let in for five seconds")
