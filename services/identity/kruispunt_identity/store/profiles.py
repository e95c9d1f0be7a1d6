"""What a person is found by, drawn from facts: every name they ever had here, and what tells namesakes apart."""

import datetime as dt
from collections.abc import Iterable
from typing import Final

from kruispunt_identity.domain.fact import Fact
from kruispunt_identity.domain.values import (
    Address,
    Birth,
    DataGroup,
    Gender,
    Name,
    Nationalities,
    PartialDate,
)
from kruispunt_identity.matching.profile import MatchName, MatchProfile

MATCHED: Final = frozenset(
    {
        DataGroup.NAME,
        DataGroup.BIRTH,
        DataGroup.GENDER,
        DataGroup.NATIONALITIES,
        DataGroup.RESIDENTIAL_ADDRESS,
    }
)
"""Groups whose change changes what a person is found by."""


_NEVER: Final = dt.datetime.min.replace(tzinfo=dt.UTC)


def profile_of(facts: Iterable[Fact]) -> MatchProfile:
    """Return what the person under one number is found by.

    Args:
        facts: all that were ever told under the number, those that were corrected or retracted too: who searches by a
            name that was once registered is to find the person.

    Returns:
        The names, that which is seen today first and each once; none if no name was ever told. Birth and gender as
        they stand; countries of every birth, nationality and residence that stands.
    """
    names: dict[Name, None] = {}
    birth: Birth | None = None
    gender: Gender | None = None
    countries: set[str] = set()
    for fact in sorted(facts, key=_rank, reverse=True):
        value = fact.value
        if isinstance(value, Name):
            names[value] = None
        elif not fact.stands:
            continue
        elif isinstance(value, Birth):
            birth = birth or value
            if value.place is not None:
                countries.add(value.place.country)
        elif isinstance(value, Gender):
            gender = value if gender is None else gender
        elif isinstance(value, Nationalities):
            countries.update(value.countries)
        elif isinstance(value, Address) and fact.group is DataGroup.RESIDENTIAL_ADDRESS:
            countries.add(value.country)
    date = PartialDate() if birth is None else birth.date
    return MatchProfile(
        names=tuple(MatchName(name.family_name, name.given_names) for name in names),
        birth=(date.year, date.month, date.day),
        gender=int(gender or 0),
        countries=frozenset(countries - {""}),
    )


def _rank(fact: Fact) -> tuple[bool, bool, bool, dt.datetime, int]:
    """What stands before what does not, what is still true before what was, the later before the earlier."""
    recorded = fact.recorded_at
    return (
        fact.stands,
        fact.validity.end is None,
        recorded is not None,
        _NEVER if recorded is None else recorded,
        fact.fact_id.int,
    )
