"""The office awards and ends pensions, whatever the registry and the way to it do."""

import datetime as dt

import pytest
from conftest import ANNA, BEA, Place

from kruispunt.errors import DeadlineExceeded, GrantMissing
from kruispunt.testing import Registry

SINCE, UNTIL = dt.date(2026, 1, 1), dt.date(2026, 2, 1)


def test_an_award_is_told_to_the_directory(place: Place) -> None:
    """There is a file, and the directory knows that there is one."""
    file = place.office.award(ANNA.ssin, SINCE)
    (dossier,) = place.directory.list_dossiers(ANNA.ssin)

    assert (ANNA.ssin, SINCE, None, True) == (file.ssin, file.begin, file.until, file.told)
    assert (100, 20, SINCE, None) == (
        dossier.capacity,
        dossier.phase,
        dossier.period.begin,
        dossier.period.end,
    )


def test_a_pension_that_ends_is_closed(place: Place) -> None:
    """From the day after, the directory lists no dossier."""
    place.office.award(ANNA.ssin, SINCE)
    place.office.stop(ANNA.ssin, UNTIL)

    assert [UNTIL] == [each.until for each in place.cabinet.all()]
    assert [] == list(place.directory.list_dossiers(ANNA.ssin, valid_at=UNTIL))


def test_a_registry_that_is_away_is_told_later(place: Place, kruispunt_registry: Registry) -> None:
    """The file is kept; once the registry is back it is told, and only once however often it was sent."""
    kruispunt_registry.faults.slow(60, times=None, method="RegisterDossier")
    slow = kruispunt_registry.directory("institution-5-1", timeout_s=0.3)
    place.office._directory = slow
    with pytest.raises(DeadlineExceeded):
        place.office.award(ANNA.ssin, SINCE)
    kruispunt_registry.faults.clear()
    place.office._directory = place.directory

    assert [False] == [each.told for each in place.cabinet.all()]
    assert 1 == place.office.catch_up()
    assert 0 == place.office.catch_up()
    assert 1 == len(list(place.directory.list_dossiers(ANNA.ssin)))


def test_a_flaky_registry_is_no_matter(place: Place, kruispunt_registry: Registry) -> None:
    """Twice unavailable, and the same request is sent again by itself."""
    kruispunt_registry.faults.unavailable(times=2, method="RegisterDossier")
    place.office.award(ANNA.ssin, SINCE)
    sent = kruispunt_registry.calls.of("RegisterDossier")

    assert ["UNAVAILABLE", "UNAVAILABLE", "OK"] == [call.status for call in sent]
    assert 1 == len({call.request.request_id for call in sent})


def test_an_award_under_a_replaced_number_goes_to_the_current_one(
    place: Place, kruispunt_registry: Registry
) -> None:
    """Who was awarded under an old number has a file under the one that stands."""
    kruispunt_registry.replace_number(BEA.ssin, ANNA.ssin)
    file = place.office.award(BEA.ssin, SINCE)

    assert ANNA.ssin == file.ssin


def test_files_are_renumbered_in_one_go(place: Place, kruispunt_registry: Registry) -> None:
    """Whatever happened to numbers meanwhile, asking for all of them brings the files in line."""
    place.office.award(BEA.ssin, SINCE)
    kruispunt_registry.replace_number(BEA.ssin, ANNA.ssin)

    assert 1 == place.office.renumber_all()
    assert [ANNA.ssin] == [each.ssin for each in place.cabinet.all()]
    assert 0 == place.office.renumber_all()


def test_a_missing_grant_is_told_to_whoever_asked(place: Place, kruispunt_registry: Registry) -> None:
    """A refusal is no reason to try again: the file stays untold, and somebody has to see to the grant."""
    kruispunt_registry.faults.denied(method="RegisterDossier")
    with pytest.raises(GrantMissing):
        place.office.award(ANNA.ssin, SINCE)

    assert 1 == len(kruispunt_registry.calls.of("RegisterDossier"))


def test_every_call_says_why(place: Place, kruispunt_registry: Registry) -> None:
    """No call goes out without purpose and deadline."""
    place.office.award(ANNA.ssin, SINCE)
    place.office.stop(ANNA.ssin, UNTIL)

    assert all(call.purpose and call.timed for call in kruispunt_registry.calls)
