"""What a replacement brings together, and what its undoing leaves to a person to decide."""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.fact import Fact
from kruispunt_identity.domain.picture import Picture, Visible
from kruispunt_identity.domain.values import DataGroup


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two facts that say different things of the same days; that of the number that stays will be seen."""

    group: DataGroup
    former: Fact
    next_: Fact


def conflicts(former: Picture, next_: Picture) -> list[Conflict]:
    """Return what two persons that become one contradict each other in, as both are seen now.

    By data group; each two facts once, however many days they share.
    """
    return [
        Conflict(group, mine, theirs)
        for group in DataGroup
        for mine, theirs in _meeting(former.of(group), next_.of(group))
        if mine.value != theirs.value
    ]


def undecided(facts: Iterable[Fact], returning: Collection[Ssin], since: dt.datetime) -> list[Fact]:
    """Return the facts of which a person must decide whether they belong to a number that is split off.

    They were told under the remaining numbers, since the replacement, by an institution that had told something under
    the number split off before: it may have followed the replacement, and meant the one or the other.

    Args:
        facts: every fact ever told under any number of the person.
        returning: the number split off, and those that lead to it.
        since: when it had been replaced.
    """
    facts = list(facts)
    knew = {
        fact.source for fact in facts if fact.registered_under in returning and not _told_since(fact, since)
    }
    return [
        fact
        for fact in facts
        if fact.stands
        and fact.registered_under not in returning
        and _told_since(fact, since)
        and fact.source in knew
    ]


def _told_since(fact: Fact, since: dt.datetime) -> bool:
    return fact.recorded_at is not None and fact.recorded_at >= since


def _meeting(former: Sequence[Visible], next_: Sequence[Visible]) -> list[tuple[Fact, Fact]]:
    """Return each two facts of two pictures that share a day, in their order.

    Of one picture no two pieces share a day: both are gone through once, side by side.
    """
    mine, theirs = _pieces(former), _pieces(next_)
    met: set[tuple[int, int]] = set()
    first = 0
    for begin, end, place in mine:
        while first < len(theirs) and theirs[first][1] <= begin:
            first += 1
        for other_begin, _, other in islice(theirs, first, None):
            if other_begin >= end:
                break
            met.add((place, other))
    return [(former[place].fact, next_[other].fact) for place, other in sorted(met)]


def _pieces(visible: Sequence[Visible]) -> list[tuple[dt.date, dt.date, int]]:
    """Return every piece, by its first day, with the place of its fact."""
    return sorted(
        (piece.begin or dt.date.min, piece.end or dt.date.max, place)
        for place, one in enumerate(visible)
        for piece in one.pieces
    )
