"""Days of rights begin and end at midnight in Brussels: at 23:00 UTC in winter and at 22:00 UTC in summer."""

import dataclasses
import datetime as dt
from typing import Any, cast

import pytest
from tests.access.test_explaining import Store
from tests.access.test_widening import BASIS, GRANT, OFFICE

from kruispunt_server.access.book import RightsBook
from kruispunt_server.access.rights import Rights, Validity
from kruispunt_server.call import InstitutionKey
from kruispunt_server.clock import FixedClock
from kruispunt_server.errors import Reason, RegistryError

WINTER = Validity(dt.date(2026, 1, 15), dt.date(2026, 2, 15))
SUMMER = Validity(dt.date(2026, 7, 15), dt.date(2026, 8, 15))
# Its first day is in winter and its last in summer, both on nights in which the clocks change.
ACROSS = Validity(dt.date(2026, 3, 29), dt.date(2026, 10, 26))
MOMENT = dt.timedelta(microseconds=1)


def utc(year: int, month: int, day: int, hour: int) -> dt.datetime:
    """Return an instant."""
    return dt.datetime(year, month, day, hour, tzinfo=dt.UTC)


BORDERS = [
    (WINTER, utc(2026, 1, 14, 23), utc(2026, 2, 14, 23)),
    (SUMMER, utc(2026, 7, 14, 22), utc(2026, 8, 14, 22)),
    (ACROSS, utc(2026, 3, 28, 23), utc(2026, 10, 25, 23)),
]


def book(rights: Rights, instant: dt.datetime) -> RightsBook:
    """Return the rights as calls meet them at an instant."""
    return RightsBook(cast("Any", Store(rights)), FixedClock(instant))


@pytest.mark.parametrize(("validity", "begin", "end"), BORDERS)
def test_a_participant_connects_from_its_first_midnight_to_its_last(
    validity: Validity, begin: dt.datetime, end: dt.datetime
) -> None:
    """By certificate, name and institution alike."""
    rights = Rights((dataclasses.replace(OFFICE, validity=validity),))

    def known(instant: dt.datetime) -> set[bool]:
        met = book(rights, instant)
        found = (met.by_uri(OFFICE.uris[0]), met.by_id("office"), met.by_institution(InstitutionKey(5, 1)))
        return {one is not None for one in found}

    assert [{False}, {True}, {True}, {False}] == [
        known(instant) for instant in (begin - MOMENT, begin, end - MOMENT, end)
    ]


@pytest.mark.parametrize("part", ["grant", "legal basis"])
@pytest.mark.parametrize(("validity", "begin", "end"), BORDERS)
def test_a_grant_and_a_legal_basis_hold_from_midnight_to_midnight(
    validity: Validity, begin: dt.datetime, end: dt.datetime, part: str
) -> None:
    """Each of them alone lets a call in or not; a moment earlier and later is another day."""
    always = Validity()
    rights = Rights(
        (dataclasses.replace(OFFICE, validity=always),),
        (dataclasses.replace(BASIS, validity=validity if part == "legal basis" else always),),
        (dataclasses.replace(GRANT, validity=validity if part == "grant" else always),),
    )

    def decision(instant: dt.datetime) -> str:
        try:
            return (
                book(rights, instant)
                .right_of(OFFICE.participant, "IdentityService/GetPerson", "18/042")
                .grant_id
            )
        except RegistryError as refusal:
            return refusal.reason.label

    expired = Reason.GRANT_EXPIRED.label
    assert [expired, "read", "read", expired] == [
        decision(instant) for instant in (begin - MOMENT, begin, end - MOMENT, end)
    ]
