"""Grants that would both decide a call are found, as comparing all with all finds them, and without doing so."""

import datetime as dt
import heapq
import itertools
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.access.drawn import BASES, DAYS, PATTERNS

from kruispunt_server.access import overlaps
from kruispunt_server.access.catalogue import METHODS, methods_of
from kruispunt_server.access.overlaps import overlapping
from kruispunt_server.access.rights import ANY, Grant, Validity

validities = st.builds(
    lambda one, span, open_end: Validity(
        one, None if open_end or one is None else one + dt.timedelta(days=span)
    ),
    st.none() | st.sampled_from(DAYS),
    st.integers(1, 3),
    st.booleans(),
)
grants = st.builds(
    Grant,
    st.just("g"),
    st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=2).map(tuple),
    st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=2).map(tuple),
    st.sampled_from([*BASES, ANY]),
    st.just(("name",)),
    validity=validities,
)


def meet(one: Grant, other: Grant) -> set[str]:
    """Return the participants of whom two grants would decide the same call."""
    methods = [
        {method for pattern in grant.methods for method in methods_of(pattern)} for grant in (one, other)
    ]
    same_basis = one.legal_basis == other.legal_basis or ANY in (one.legal_basis, other.legal_basis)
    if not same_basis or not methods[0] & methods[1] or not one.validity.overlaps(other.validity):
        return set()
    return set(one.participants) & set(other.participants)


@settings(max_examples=300, deadline=None)
@given(st.lists(grants, max_size=12))
def test_what_comparing_all_with_all_finds_is_found(drawn: list[Grant]) -> None:
    """The same pairs, each once, in order, with a participant that they share."""
    found = overlapping(drawn)

    assert [
        (first, second)
        for first, second in itertools.combinations(range(len(drawn)), 2)
        if meet(drawn[first], drawn[second])
    ] == [(first, second) for first, second, _ in found]
    assert all(name in meet(drawn[first], drawn[second]) for first, second, name in found)


class CountingDay(dt.date):
    """A day that counts how often days are compared."""

    compared = 0

    def __lt__(self, other: dt.date) -> bool:
        """As days are."""
        CountingDay.compared += 1
        return super().__lt__(other)

    def __le__(self, other: dt.date) -> bool:
        """As days are."""
        CountingDay.compared += 1
        return super().__le__(other)


def successive(count: int) -> list[Grant]:
    """Return grants of one participant, one after the other, each over a whole service."""
    days = [CountingDay.fromordinal(730_000 + number) for number in range(count + 1)]
    return [
        Grant(
            f"g{number}",
            ("a",),
            ("DirectoryService/*",),
            BASES[0],
            ("name",),
            validity=Validity(days[number], days[number + 1]),
        )
        for number in range(count)
    ]


def test_of_successive_grants_each_is_compared_with_its_neighbours_only() -> None:
    """Ten times as many grants cost some ten times as much, not a hundred times: by days compared, not by a clock."""
    compared = []
    for count in (200, 2000):
        drawn = successive(count)
        CountingDay.compared = 0
        assert [] == overlapping(drawn)
        compared.append(CountingDay.compared)

    assert 200 < compared[0]
    assert compared[1] < 15 * compared[0]


def test_of_very_many_pairs_enough_are_found() -> None:
    """Five hundred grants that all meet each other: a thousand pairs of 124,750."""
    together = [
        Grant(f"g{number}", ("a",), tuple(f"{service}/*" for service in METHODS), BASES[0], ("name",))
        for number in range(500)
    ]

    assert 1000 == len(overlapping(together))


def test_grants_of_very_many_participants_are_compared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has the same grants is no reason to compare them again, nor is each method that they share."""
    counted: Counter[str] = Counter()

    def read(pattern: str) -> tuple[str, ...]:
        counted["read"] += 1
        return methods_of(pattern)

    def push(heap: list[Any], item: Any) -> None:
        counted["pushed"] += 1
        heap.append(item)  # all of them are in force for ever

    monkeypatch.setattr(overlaps, "methods_of", read)
    monkeypatch.setattr(heapq, "heappush", push)
    everybody = tuple(f"p{number}" for number in range(200))
    drawn = [
        Grant(f"g{number}", everybody, ("IdentityService/*",), BASES[0], ("name",)) for number in range(5)
    ]

    assert 10 == len(overlapping(drawn))
    assert {"read": 5, "pushed": 5} == counted
