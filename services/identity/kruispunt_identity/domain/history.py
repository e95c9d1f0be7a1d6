"""The history of a person: facts, changes of numbers, states of foreign identifiers, in the order of recording.

A person's history is read whole, as the days on which a fact is seen follow from all facts; a page is cut out of it by
the key of the last version before.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.fact import Fact
from kruispunt_identity.domain.identifier import ForeignIdentifier
from kruispunt_identity.domain.lineage import Lineage
from kruispunt_identity.domain.number import NumberEvent
from kruispunt_identity.domain.picture import paint
from kruispunt_identity.domain.protection import Protection
from kruispunt_identity.domain.rights import View
from kruispunt_identity.domain.values import Validity

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_NEVER = -1  # when the national register recorded what it says

Entry = Fact | NumberEvent | ForeignIdentifier | Protection
VersionKey = tuple[int, int, str]
"""Where a version stands: microseconds since 1970, kind, and what sets it apart from others; never a number."""


@dataclass(frozen=True, slots=True)
class Version:
    """One entry of a history.

    Attributes:
        key: where it stands.
        visible: of a fact: the days on which it is seen; the last ones, where a later fact parts them.
    """

    key: VersionKey
    entry: Entry
    visible: Validity | None = None


@dataclass(frozen=True, slots=True)
class VersionPage:
    """A page of a history.

    Attributes:
        versions: in the order of recording; what the national register says, without instant, comes first.
        more: whether others follow.
        latest: when the latest version of the whole history was recorded; none if nothing was.
        others: numbers of other persons that stand in changes of numbers on the page: split off, or split off from.
    """

    versions: Sequence[Version]
    more: bool
    latest: dt.datetime | None
    others: frozenset[Ssin]


@dataclass(frozen=True, slots=True)
class VersionPlace:
    """Where a page of a history ended: the whole history is as known at `instant`."""

    instant: dt.datetime
    key: VersionKey

    @classmethod
    def read(cls, written: Sequence[str | int | None]) -> Self:
        """Read what `written` gave."""
        instant, microseconds, kind, rest = written
        return cls(
            dt.datetime.fromisoformat(str(instant)), (int(microseconds or 0), int(kind or 0), str(rest))
        )

    def written(self) -> list[str | int | None]:
        """Return the place as plain values."""
        return [self.instant.isoformat(), *self.key]


@dataclass(slots=True)
class History:
    """Everything recorded of one person.

    Attributes:
        events: by instant, then number, then in order.
        links: every state.
        facts: those too that were corrected or retracted.
        marks: that the person is protected, those too that were lifted.
    """

    lineage: Lineage
    events: list[NumberEvent]
    links: list[ForeignIdentifier]
    facts: list[Fact]
    marks: list[Protection]

    def page(self, view: View, after: VersionKey | None, limit: int) -> VersionPage:
        """Return the page that follows a key; what `view` does not show is left out."""
        versions = sorted(self._versions(view), key=lambda version: version.key)
        following = [version for version in versions if after is None or version.key > after]
        shown = following[:limit]
        return VersionPage(shown, len(following) > limit, self._latest(), self._others_in(shown))

    def _others_in(self, versions: Sequence[Version]) -> frozenset[Ssin]:
        events = [version.entry for version in versions if isinstance(version.entry, NumberEvent)]
        named = {number for event in events for number in (event.ssin, event.other) if number is not None}
        return frozenset(named - set(self.lineage.numbers))

    def _versions(self, view: View) -> Iterator[Version]:
        for position, event in enumerate(self.events if view.numbers else ()):
            yield Version((_microseconds(event.recorded_at), 0, f"{position:09}"), event)
        picture = paint(self.facts, self.lineage)
        visible = {one.fact.fact_id: one.pieces[-1] for one in picture.visible}
        for fact in self.facts:
            if fact.group in view.shown:
                key = (_microseconds(fact.recorded_at), 1, str(fact.fact_id))
                yield Version(key, fact, visible.get(fact.fact_id))
        for link in self.links if view.identifiers else ():
            yield Version((_microseconds(link.recorded_at), 2, f"{link.link_id}/{link.version:09}"), link)

        for mark in self.marks if view.shows_protected else ():
            yield Version((_microseconds(mark.recorded_at), 3, str(mark.protection_id)), mark)

    def _latest(self) -> dt.datetime | None:
        instants = [event.recorded_at for event in self.events] + [link.recorded_at for link in self.links]
        for fact in self.facts:
            instants += [instant for instant in (fact.recorded_at, fact.superseded_at) if instant is not None]
        instants += [at for mark in self.marks for at in (mark.recorded_at, mark.lifted_at) if at is not None]
        return max(instants, default=None)


def _microseconds(instant: dt.datetime | None) -> int:
    return _NEVER if instant is None else (instant - _EPOCH) // _MICROSECOND
