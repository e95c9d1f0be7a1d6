"""The picture of a person: which facts a reader sees on which days.

Facts are painted one over the other, per data group: a later one covers an earlier one on its days and leaves it to be
seen on the others. Facts that were corrected or retracted are not painted.
"""

import datetime as dt
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from kruispunt_identity.domain.fact import Fact
from kruispunt_identity.domain.lineage import Lineage
from kruispunt_identity.domain.values import ALWAYS, SUPPLEMENTARY, TIMELESS, DataGroup, Validity

_BEFORE_ALL, _AFTER_ALL = dt.date.min, dt.date.max
_NEVER_RECORDED = dt.datetime.min.replace(tzinfo=dt.UTC)

Days = tuple[dt.date, dt.date]
_begin_of: Final = itemgetter(0)
_end_of: Final = itemgetter(1)


@dataclass(frozen=True, slots=True)
class Visible:
    """A fact that is seen, and the days on which it is: 1 or more pieces of its validity, in order, never touching."""

    fact: Fact
    pieces: tuple[Validity, ...]

    def piece(self, day: dt.date) -> Validity | None:
        """Return the piece that `day` belongs to; none if the fact is not seen then."""
        return next((piece for piece in self.pieces if piece.holds(day)), None)


@dataclass(frozen=True, slots=True)
class Picture:
    """All that is seen of a person.

    Attributes:
        visible: by data group, then by the first day on which each is seen.
    """

    visible: tuple[Visible, ...]

    def on(self, day: dt.date) -> list[tuple[Fact, Validity]]:
        """Return what is seen on a day, with the piece it belongs to: of each group one fact at most, by group."""
        found = ((one.fact, one.piece(day)) for one in self.visible)
        return [(fact, piece) for fact, piece in found if piece is not None]

    def of(self, group: DataGroup) -> tuple[Visible, ...]:
        """Return what is seen of one group, by the first day on which each is seen."""
        return tuple(one for one in self.visible if one.fact.group is group)


def paint(facts: Iterable[Fact], lineage: Lineage) -> Picture:
    """Paint the facts of a person.

    From the bottom to the top: by the number that owned the fact when it was recorded (`Lineage.owner`, in the order
    of `Lineage.depth`), then by the instant of recording, then by identifier. Of one number, what the national
    register says covers what was ever written here, but for the supplementary groups, where ours covers it.
    A fact of a timeless group covers the others whole.

    Args:
        facts: told under the numbers of the lineage; those that do not stand are passed over.
        lineage: as it stood when the facts did.

    Raises:
        KeyError: a fact was told under a number of somebody else.
    """
    of_group: defaultdict[DataGroup, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.stands:
            of_group[fact.group].append(fact)
    visible: list[Visible] = []
    for group in sorted(of_group):
        from_bottom = sorted(of_group[group], key=lambda fact: _height(fact, lineage))
        visible += sorted(_seen(from_bottom), key=lambda one: one.pieces[0].begin or _BEFORE_ALL)
    return Picture(tuple(visible))


def _height(fact: Fact, lineage: Lineage) -> tuple[Any, ...]:
    if fact.recorded_at is None:
        layer = 0 if fact.group in SUPPLEMENTARY else 2
        return lineage.depth(fact.registered_under), layer, _NEVER_RECORDED, fact.fact_id
    owner = lineage.owner(fact.registered_under, fact.recorded_at)
    return lineage.depth(owner), 1, fact.recorded_at, fact.fact_id


def _seen(from_bottom: Sequence[Fact]) -> list[Visible]:
    """Go down from the top: a fact is seen on those of its days that nothing above has taken.

    The free days are in order and never touch, so those that a fact meets lie together: of thousands of facts, each a
    day long, each costs one look.
    """
    free: list[Days] = [(_BEFORE_ALL, _AFTER_ALL)]
    seen = []
    for fact in reversed(from_bottom):
        validity = ALWAYS if fact.group in TIMELESS else fact.validity
        begin, end = validity.begin or _BEFORE_ALL, validity.end or _AFTER_ALL
        first = bisect_right(free, begin, key=_end_of)
        met = free[first : bisect_left(free, end, lo=first, key=_begin_of)]
        if met:
            pieces = [(max(low, begin), min(high, end)) for low, high in met]
            seen.append(Visible(fact, tuple(_validity(piece) for piece in pieces)))
            free[first : first + len(met)] = [rest for span in met for rest in _outside(span, (begin, end))]
        if not free:
            break
    return seen


def _outside(span: Days, taken: Days) -> list[Days]:
    """Return what is left of `span` before and after `taken`."""
    parts = ((span[0], min(span[1], taken[0])), (max(span[0], taken[1]), span[1]))
    return [part for part in parts if part[0] < part[1]]


def _validity(days: Days) -> Validity:
    begin, end = days
    return Validity(None if begin == _BEFORE_ALL else begin, None if end == _AFTER_ALL else end)
