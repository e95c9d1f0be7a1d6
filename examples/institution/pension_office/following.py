"""Following the notices: what happened to the persons on whom the office has a file."""

import datetime as dt
from collections.abc import Iterator

from kruispunt import DirectoryClient, IdentityClient
from kruispunt.facts import DataGroup, Decease
from kruispunt.feeds import UNACKNOWLEDGED, FeedStart
from kruispunt.notices import Notice, NoticeKind, ToldNotices
from pension_office.office import Office

_RENUMBERING = frozenset({NoticeKind.NUMBER_REPLACED, NoticeKind.NUMBER_SPLIT})


class Follower:
    """Deals with notices, each at least once: what was dealt with is acknowledged afterwards.

    Args:
        office: whose files they concern.
        directory: tells them.
        identity: says what a notice does not.
    """

    def __init__(self, office: Office, directory: DirectoryClient, identity: IdentityClient) -> None:
        self._office = office
        self._directory = directory
        self._identity = identity

    def follow(self, start: FeedStart = UNACKNOWLEDGED) -> Iterator[ToldNotices]:
        """Deal with what is told, for ever; yields each item when it has been dealt with and acknowledged.

        Where the position is no longer kept, what may have been missed is made up for: every number is asked for anew.
        """
        for item in self._directory.watch_notices(start, start_over=True):
            if item.holdings:
                self._office.renumber_all()
            for notice in item.notices:
                self._deal_with(notice)
            if item.notices:
                self._directory.acknowledge_notices(item.notices[-1].notice_no)
            yield item

    def _deal_with(self, notice: Notice) -> None:
        if notice.kind in _RENUMBERING:
            self._office.renumber(notice.ssin, notice.current)
        if notice.kind is NoticeKind.DECEASED:
            day = self._day_of_decease(notice)
            if day is not None:
                self._office.stop(notice.current, day + dt.timedelta(days=1))

    def _day_of_decease(self, notice: Notice) -> dt.date | None:
        """Ask what the notice does not say; none: not known to the day, and somebody has to look."""
        person = self._identity.get_person(notice.current, data_groups=[DataGroup.DECEASE])
        for fact in person.facts:
            if isinstance(fact.value, Decease) and fact.value.date.day:
                died = fact.value.date
                return dt.date(died.year, died.month, died.day)
        return None
