"""Grants that would both decide the same call."""

import datetime as dt
import heapq
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from kruispunt_server.access.catalogue import methods_of
from kruispunt_server.access.rights import ANY, Grant

_MOST_PAIRS: Final = 1000


def overlapping(grants: Sequence[Grant]) -> list[tuple[int, int, str]]:
    """Return pairs of grants that would both decide the same call; each once, in order, by their places.

    Of n grants it costs n log n, and as much as there are pairs; after a thousand pairs it has found enough.
    Participants with the same grants, and methods of the same grants, are walked along once.

    Returns:
        The place of the earlier one, that of the later one, and a participant that they share.
    """
    found: dict[tuple[int, int], str] = {}
    for places, name in _holders(grants).items():
        for pair in _pairs(grants, places):
            found.setdefault(pair, name)
            if len(found) >= _MOST_PAIRS:
                return _in_order(found)
    return _in_order(found)


def _in_order(found: dict[tuple[int, int], str]) -> list[tuple[int, int, str]]:
    return [(*pair, name) for pair, name in sorted(found.items())]


def _holders(grants: Sequence[Grant]) -> dict[tuple[int, ...], str]:
    """Return which grants, by place, some participant has together, if several; and the first such participant."""
    held: dict[str, list[int]] = defaultdict(list)
    for place, grant in enumerate(grants):
        for name in dict.fromkeys(grant.participants):
            held[name].append(place)
    holders: dict[tuple[int, ...], str] = {}
    for name, places in held.items():
        if len(places) > 1:
            holders.setdefault(tuple(places), name)
    return holders


def _pairs(grants: Sequence[Grant], places: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Walk along the days, method by method: who is still in force when another begins meets it."""
    by_method: dict[str, list[int]] = defaultdict(list)
    for place in sorted(places, key=lambda each: grants[each].validity.begin or dt.date.min):
        for method in {method for pattern in grants[place].methods for method in methods_of(pattern)}:
            by_method[method].append(place)
    for following in dict.fromkeys(map(tuple, by_method.values())):
        in_force: dict[str, list[tuple[dt.date, int]]] = defaultdict(
            list
        )  # by legal basis, the first to end first
        for place in following:
            grant = grants[place]
            begin, end = grant.validity.begin or dt.date.min, grant.validity.end or dt.date.max
            met = list(in_force) if grant.legal_basis == ANY else [grant.legal_basis, ANY]
            for legal_basis in met:
                others = in_force[legal_basis]
                while others and others[0][0] <= begin:
                    heapq.heappop(others)
                if not others:
                    del in_force[legal_basis]
                for _, other in others:
                    yield min(place, other), max(place, other)
            heapq.heappush(in_force[grant.legal_basis], (end, place))
