"""Everything ever recorded of a person, in the order of recording, page by page, on both databases."""

import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.identity.past import ANNA, BEA, DORA, NOBODY, Past, on

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.fact import Fact
from kruispunt_identity.domain.history import Version, VersionPage, VersionPlace
from kruispunt_identity.domain.identifier import ForeignIdentifier
from kruispunt_identity.domain.number import NumberEvent, Outcome, Register
from kruispunt_identity.domain.rights import EVERYTHING, View
from kruispunt_identity.domain.values import DataGroup, Gender, Name, Validity
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.database import Database


@pytest.fixture
def past(identity_database: Database, identity_tables: IdentityTables) -> Past:
    """Empty registers; the test runs once on each kind of database."""
    return Past(identity_database, identity_tables)


def versions(
    past: Past, ssin: Ssin, known_at: dt.datetime | None = None, view: View = EVERYTHING, limit: int = 100
) -> VersionPage:
    """Return the first page of a person's history."""
    return past.reader.versions(ssin, view, known_at=known_at, after=None, limit=limit)[1]


def told(version: Version) -> str:
    """Return a version in short."""
    entry = version.entry
    if isinstance(entry, NumberEvent):
        return f"{entry.kind.name} {'ANNA' if entry.ssin == ANNA else 'BEA'}"
    if isinstance(entry, ForeignIdentifier):
        return f"link {entry.version}"
    assert isinstance(entry, Fact)
    what = entry.value.family_name if isinstance(entry.value, Name) else entry.group.name
    return f"{what}{'' if entry.stands else ' closed'}{'' if version.visible else ' unseen'}"


def listed(page: VersionPage) -> list[str]:
    """Return the versions of a page in short."""
    return [told(version) for version in page.versions]


@pytest.fixture
def lived(past: Past) -> Past:
    """ANNA and BEA, each told of, corrected, retracted; joined and parted again."""
    past.register(ANNA, on(2, 1))
    past.register(BEA, on(2, 1))
    wrong = past.tell(ANNA, Name("Wrong"), on(2, 2))
    past.correct(wrong, Name("Right"), on(2, 10))
    gender = past.tell(BEA, Gender.FEMALE, on(2, 11))
    past.tell(BEA, Name("Bea"), on(2, 12), Validity(dt.date(2026, 1, 1)))
    past.link(ANNA, on(2, 20))
    past.replace(ANNA, BEA, on(3, 1))
    past.link(ANNA, on(3, 2), Validity(None, dt.date(2026, 3, 2)), version=2)
    past.take_back(gender, on(3, 10))
    past.split(ANNA, on(4, 1))
    return past


def test_history_of_the_joined_person(lived: Past) -> None:
    """While two numbers are one person, the history has what was recorded under both, closed or not."""
    assert [
        "REGISTERED ANNA",
        "REGISTERED BEA",
        "Wrong closed unseen",
        "Right",
        "GENDER closed unseen",
        "Bea",
        "link 1",
        "REPLACED ANNA",
        "link 2",
    ] == listed(versions(lived, ANNA, on(3, 15)))


def test_history_as_it_was_known(lived: Past) -> None:
    """What was recorded or closed after an instant is not in the history as of that instant."""
    assert ["REGISTERED ANNA", "Wrong"] == listed(versions(lived, ANNA, on(2, 5)))
    assert ["REGISTERED BEA", "GENDER", "Bea"] == listed(versions(lived, BEA, on(2, 28)))


def test_history_after_a_split(lived: Past) -> None:
    """After a split each person has its own history; that of the remaining says when the other came and went."""
    assert [
        "REGISTERED ANNA",
        "Wrong closed unseen",
        "Right",
        "link 1",
        "REPLACED ANNA",
        "link 2",
        "SPLIT ANNA",
    ] == listed(versions(lived, ANNA))
    assert ["REGISTERED BEA", "GENDER closed unseen", "Bea", "REPLACED ANNA", "SPLIT ANNA"] == listed(
        versions(lived, BEA)
    )


def test_visible_days_are_the_last_that_are_left(past: Past) -> None:
    """A fact that a later one parts in two shows the days after it."""
    past.register(ANNA, on(2, 1))
    past.tell(ANNA, Name("Long"), on(2, 2))
    past.tell(ANNA, Name("Short"), on(2, 3), Validity(dt.date(2026, 1, 1), dt.date(2026, 2, 1)))

    assert [
        None,
        Validity(dt.date(2026, 2, 1), None),
        Validity(dt.date(2026, 1, 1), dt.date(2026, 2, 1)),
    ] == [version.visible for version in versions(past, ANNA).versions]


def test_groups_that_are_not_shown_are_left_out(lived: Past) -> None:
    """Facts of other groups and foreign identifiers stay away; changes of numbers always come."""
    view = View(frozenset({DataGroup.GENDER}), identifiers=False)

    assert ["REGISTERED ANNA", "REGISTERED BEA", "GENDER closed unseen", "REPLACED ANNA"] == listed(
        versions(lived, ANNA, on(3, 15), view)
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12, deadline=None)
@given(size=st.integers(1, 10))
def test_pages_make_the_whole(lived: Past, size: int) -> None:
    """Pages of any size, one after the other, are the history: nothing twice, nothing left out."""
    whole = listed(versions(lived, ANNA, on(3, 15)))
    found: list[str] = []
    after = None
    more = True
    while more:
        _, page = lived.reader.versions(ANNA, EVERYTHING, known_at=on(3, 15), after=after, limit=size)
        found += listed(page)
        place = VersionPlace.read(VersionPlace(on(3, 15), page.versions[-1].key).written())
        assert on(3, 15) == place.instant
        after, more = place.key, page.more

    assert whole == found


def test_key_of_a_version_names_nobody(lived: Past) -> None:
    """A page token is readable: no number of a person stands in it."""
    for version in versions(lived, ANNA, on(3, 15)).versions:
        written = str(VersionPlace(on(3, 15), version.key).written())
        assert str(ANNA) not in written
        assert str(BEA) not in written


def test_what_the_national_register_says_comes_first(past: Past) -> None:
    """Facts of the national register have no instant of recording, and stand before all others."""
    past.national.add(DORA, "Dora")
    past.register(DORA, on(2, 1), Register.NATIONAL)
    resolved, page = past.reader.versions(DORA, EVERYTHING, known_at=None, after=None, limit=10)

    assert {"Dora", "BIRTH"} == set(listed(page)[:2])
    assert isinstance(page.versions[2].entry, NumberEvent)
    assert (Outcome.CURRENT, DORA) == (resolved.outcome, resolved.current)


def test_nobody_has_no_history(past: Past) -> None:
    """An unknown number has an empty page and is said to be unknown."""
    resolved, page = past.reader.versions(NOBODY, EVERYTHING, known_at=None, after=None, limit=10)

    assert (Outcome.UNKNOWN, None) == (resolved.outcome, resolved.current)
    assert ([], None) == (list(page.versions), page.latest)
