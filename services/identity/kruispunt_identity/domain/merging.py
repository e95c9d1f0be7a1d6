"""What a replacement brings together, and what its undoing leaves to a person to decide."""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.fact import Fact
from kruispunt_identity.domain.picture import Picture, Visible
from kruispunt_identity.domain.values import DataGroup, Validity


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
        Conflict(mine.fact.group, mine.fact, theirs.fact)
        for mine in former.visible
        for theirs in next_.of(mine.fact.group)
        if mine.fact.value != theirs.fact.value and _meet(mine, theirs)
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


def _meet(one: Visible, other: Visible) -> bool:
    return any(_overlap(mine, theirs) for mine in one.pieces for theirs in other.pieces)


def _overlap(one: Validity, other: Validity) -> bool:
    return _begins_before_end(one, other) and _begins_before_end(other, one)


def _begins_before_end(one: Validity, other: Validity) -> bool:
    return one.begin is None or other.end is None or one.begin < other.end
