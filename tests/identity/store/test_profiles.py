"""What a person is found by."""

import datetime as dt
import uuid

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.fact import Fact
from kruispunt_identity.domain.values import (
    ALWAYS,
    Address,
    Birth,
    DataGroup,
    Gender,
    Name,
    Nationalities,
    PartialDate,
    Place,
    Validity,
    Value,
)
from kruispunt_identity.matching.profile import MatchName, MatchProfile
from kruispunt_identity.store.profiles import profile_of
from kruispunt_server.call import InstitutionKey

NOON = dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
ANNA = Ssin.parse("75460898095")


def fact(
    group: DataGroup,
    value: Value,
    hour: int = 0,
    *,
    validity: Validity = ALWAYS,
    closed: bool = False,
) -> Fact:
    return Fact(
        fact_id=uuid.UUID(int=hour + 1),
        registered_under=ANNA,
        group=group,
        value=value,
        validity=validity,
        source=InstitutionKey(5, 1),
        evidence=None,
        recorded_at=NOON + hour * HOUR,
        superseded_at=NOON + 9 * HOUR if closed else None,
    )


def test_profile_has_every_name_and_what_stands() -> None:
    """The name that is true first, then those of the past, those taken back last; each once."""
    past = Validity(None, dt.date(2020, 1, 1))
    facts = [
        fact(DataGroup.NAME, Name("Wrong"), 4, closed=True),
        fact(DataGroup.NAME, Name("Peeters", ("Anna", "Maria")), 0),
        fact(DataGroup.NAME, Name("Janssens"), 3, validity=past),
        fact(DataGroup.NAME, Name("Peeters", ("Anna", "Maria")), 2, closed=True),
        fact(DataGroup.BIRTH, Birth(PartialDate(1980, 4), Place("MA")), 0),
        fact(DataGroup.BIRTH, Birth(PartialDate(1981, 4)), 1, closed=True),
        fact(DataGroup.GENDER, Gender.MALE, 0),
        fact(DataGroup.GENDER, Gender.FEMALE, 1),
        fact(DataGroup.NATIONALITIES, Nationalities(("FR", "MA")), 0),
        fact(DataGroup.NATIONALITIES, Nationalities(("US",)), 1, closed=True),
        fact(DataGroup.RESIDENTIAL_ADDRESS, Address("ES"), 0),
        fact(DataGroup.CONTACT_ADDRESS, Address("BE"), 0),
    ]

    assert MatchProfile(
        names=(
            MatchName("Peeters", ("Anna", "Maria")),
            MatchName("Janssens", ()),
            MatchName("Wrong", ()),
        ),
        birth=(1980, 4, 0),
        gender=2,
        countries=frozenset({"MA", "FR", "ES"}),
    ) == profile_of(facts)


def test_profile_of_little_is_open() -> None:
    """What is not known is nothing, not a guess."""
    assert MatchProfile((MatchName("Peeters", ()),), (0, 0, 0)) == profile_of(
        [fact(DataGroup.NAME, Name("Peeters"))]
    )
    assert MatchProfile((), (0, 0, 0)) == profile_of([])
