"""The notices of each institution, as the hub reads them."""

import datetime as dt
import itertools
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Final

from kruispunt.directory.v1 import notice_service_pb2 as pb
from kruispunt.ssin import Ssin
from kruispunt_directory.domain.notices import Holding
from kruispunt_directory.messages.notices import put_batch, put_holding
from kruispunt_server.call import Call, InstitutionKey
from kruispunt_server.feeds.source import Entry, Key, Page, Part
from kruispunt_server.wire import timestamp_message

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    from kruispunt_directory.store.notices import NoticeStore

_PAGE: Final = 200
_PART: Final = 1000
_FEW: Final = 20  # institutions that are asked for one by one
_EVER: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class NoticeSource:
    """A feed for each institution; positions are the numbers of its notices."""

    name = "notices"
    data_groups = "notice"

    def __init__(self, store: "NoticeStore", log_id: str) -> None:
        self._store = store
        self._log_id = log_id
        self._told_at: dt.datetime | None = None  # up to then `news` has told

    def log_id(self, key: Key) -> str:
        """Return what tells an institution's notices apart from another's, and from those of another registry."""
        return f"{self._log_id}/{_institution(key)}"

    def key_of(self, call: Call) -> Key:
        """Return the caller's institution.

        Raises:
            RegistryError: it has none; PERMISSION_DENIED / NOT_OWN_INSTITUTION.
        """
        return call.participant.own_institution()

    def ends(self, keys: Collection[Key]) -> Mapping[Key, int]:
        """Return the number of the last notice of each."""
        if len(keys) <= _FEW:
            return {key: self._store.state(_institution(key)).last_no for key in keys}
        found = self._store.last_numbers()
        return {key: found.get(_institution(key), 0) for key in keys}

    def news(self) -> Mapping[Key, int]:
        """Return the number of the last notice of those who were told something since this was last asked."""
        if self._told_at is None:
            self._told_at = self._store.latest() or _EVER
            return {}
        ends, self._told_at = self._store.new_after(self._told_at)
        return dict(ends.items())

    def before_all(self, key: Key) -> int:
        """Return the number before the first that is kept."""
        return self._store.state(_institution(key)).kept_from - 1

    def is_whole(self, key: Key) -> bool:
        """Return whether the first notice is still kept."""
        return self.before_all(key) == 0

    def before(self, key: Key, instant: dt.datetime) -> int | None:
        """Return the number of the last notice recorded before an instant; none: not all since are kept."""
        last = self._store.last_before(_institution(key), instant)
        state = self._store.state(_institution(key))  # asked last: none was let go before it
        return max(last, state.kept_from - 1) if state.keeps_since(instant) else None

    def acknowledged(self, key: Key) -> int | None:
        """Return up to which the institution acknowledged."""
        state = self._store.state(_institution(key))
        return max(state.acknowledged_no, state.kept_from - 1)

    def read(self, key: Key, after: int, end: int) -> Page:
        """Return notices; those of one commit are one entry."""
        found = self._store.list_after(_institution(key), after, _PAGE)
        entries = []
        for _, group in itertools.groupby(found, key=lambda notice: notice.recorded_at):
            batch = list(group)
            persons = sorted({int(number) for notice in batch for number in (notice.ssin, notice.current)})
            entries.append(Entry(batch[-1].notice_no, persons, batch))
        return Page(entries, found[-1].notice_no if found else end)

    def snapshot(self, key: Key, place: str) -> Part:
        """Return the next thousand persons on whom the institution holds a dossier."""
        after = None
        if place:
            current, registered = place.split("/")
            after = Holding(Ssin(int(current)), Ssin(int(registered)))
        holdings = self._store.list_holdings(_institution(key), after, _PART)
        following = None
        if len(holdings) == _PART:
            following = f"{int(holdings[-1].current)}/{int(holdings[-1].registered)}"
        persons = sorted({int(number) for each in holdings for number in (each.current, each.registered)})
        return Part(persons, holdings, following)

    def message(self, entry: Entry, resume_token: str) -> bytes:
        """Return the notices of one commit as a message."""
        assert isinstance(entry.content, list)
        message = pb.WatchNoticesResponse(resume_token=resume_token, position=entry.position)
        put_batch(message.notices, entry.content)
        return message.SerializeToString()

    def snapshot_message(self, part: Part, position: int, resume_token: str) -> bytes:
        """Return a part of the snapshot as a message."""
        assert isinstance(part.content, list)
        message = pb.WatchNoticesResponse(resume_token=resume_token, position=position)
        message.snapshot.last = part.place is None
        for holding in part.content:
            put_holding(message.snapshot.holdings.add(), holding)
        return message.SerializeToString()

    def heartbeat(self, position: int, resume_token: str, told_until: dt.datetime) -> bytes:
        """Return a sign of life as a message."""
        message = pb.WatchNoticesResponse(resume_token=resume_token, position=position)
        message.heartbeat.told_until.CopyFrom(timestamp_message(told_until))
        return message.SerializeToString()


def _institution(key: Key) -> InstitutionKey:
    assert isinstance(key, InstitutionKey), "made by `key_of`"
    return key
