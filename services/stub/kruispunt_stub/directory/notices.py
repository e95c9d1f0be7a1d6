"""Notices in memory: numbered for each institution from 1 without gaps."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

from kruispunt_directory.domain.notices import Holding, Notice, NoticeState, ToldNotice
from kruispunt_server.call import InstitutionKey
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.ids import new_id
from kruispunt_stub.directory.rows import DirectoryRows
from kruispunt_stub.memory import Transaction


class MemoryNotices:
    """Writes and reads notices."""

    def __init__(self, rows: DirectoryRows) -> None:
        self._rows = rows

    def write(
        self,
        transaction: Transaction,  # noqa: ARG002 - as the stores over a database have it
        notices: Iterable[Notice],
        recorded_at: dt.datetime,
    ) -> None:
        """Number and write notices of one commit, in their order."""
        ordered = sorted(notices, key=lambda notice: notice.institution)
        for institution, group in groupby(ordered, key=lambda notice: notice.institution):
            state = self.state(institution)
            told = [
                ToldNotice(
                    state.last_no + place,
                    new_id(),
                    recorded_at,
                    notice.kind,
                    notice.ssin,
                    notice.current,
                    notice.changed_at,
                    notice.change_id,
                )
                for place, notice in enumerate(group, 1)
            ]
            self._rows.notices[institution] = (*self._of(institution), *told)
            self._rows.notice_states[institution] = replace(state, last_no=told[-1].notice_no)

    def state(self, institution: InstitutionKey) -> NoticeState:
        """Return how far an institution is told."""
        return self._rows.notice_states.get(institution) or NoticeState()

    def last_numbers(self) -> dict[InstitutionKey, int]:
        """Return the number of the last notice of every institution that has any."""
        with self._rows.memory.reading():
            return {key: state.last_no for key, state in self._rows.notice_states.items()}

    def latest(self) -> dt.datetime | None:
        """Return when the last notice of all was recorded; none: there is none."""
        with self._rows.memory.reading():
            instants = [told[-1].recorded_at for told in self._rows.notices.values() if told]
        return max(instants, default=None)

    def new_after(self, instant: dt.datetime) -> tuple[dict[InstitutionKey, int], dt.datetime]:
        """Return the number of the last notice of those who were told something after an instant, and when the last was."""
        with self._rows.memory.reading():
            last = {key: told[-1] for key, told in self._rows.notices.items() if told}
        new = {key: notice for key, notice in last.items() if notice.recorded_at > instant}
        latest = max((notice.recorded_at for notice in new.values()), default=instant)
        return {key: notice.notice_no for key, notice in new.items()}, latest

    def acknowledge(
        self, institution: InstitutionKey, up_to_no: int, *, validate_only: bool = False
    ) -> NoticeState:
        """Note that an institution has dealt with every notice up to a number; a lower one changes nothing.

        Raises:
            RegistryError: there is no such notice yet; OUT_OF_RANGE / POSITION_BEYOND_END.
        """
        with self._rows.memory.writing():
            state = self.state(institution)
            if up_to_no > state.last_no:
                raise RegistryError(
                    Reason.POSITION_BEYOND_END, "there is no such notice yet", field="up_to_no"
                )
            after = replace(state, acknowledged_no=max(up_to_no, state.acknowledged_no))
            if not validate_only:
                self._rows.notice_states[institution] = after
        return after

    def list_after(self, institution: InstitutionKey, after_no: int, limit: int) -> list[ToldNotice]:
        """Return about so many notices after a number, in order; those of one commit are never cut."""
        with self._rows.memory.reading():
            found = [notice for notice in self._of(institution) if notice.notice_no > after_no]
        end = limit
        while end < len(found) and found[end].recorded_at == found[end - 1].recorded_at:
            end += 1
        return found[:end]

    def last_before(self, institution: InstitutionKey, since: dt.datetime) -> int:
        """Return the number of the last notice recorded before an instant; 0: none, or none is kept."""
        with self._rows.memory.reading():
            numbers = [notice.notice_no for notice in self._of(institution) if notice.recorded_at < since]
        return max(numbers, default=0)

    def list_between(
        self, institution: InstitutionKey, since: dt.datetime, until: dt.datetime
    ) -> list[ToldNotice]:
        """Return the notices recorded from an instant on and before another, in order."""
        with self._rows.memory.reading():
            return [notice for notice in self._of(institution) if since <= notice.recorded_at < until]

    def list_holdings(self, institution: InstitutionKey, after: Holding | None, limit: int) -> list[Holding]:
        """Return the persons on whom an institution holds a dossier, in order of their numbers."""
        with self._rows.memory.reading():
            held = {
                (each.person, each.registered_under)
                for each in self._rows.dossiers.values()
                if each.institution == institution
            }
        place = None if after is None else (after.current, after.registered)
        following = sorted(pair for pair in held if place is None or pair > place)
        return [Holding(*pair) for pair in following[:limit]]

    def let_go(self, now: dt.datetime) -> None:
        """Keep none of the notices there are, as if they were older than what is kept: positions are too old then."""
        with self._rows.memory.writing():
            for institution, state in list(self._rows.notice_states.items()):
                self._rows.notices[institution] = ()
                gone = replace(state, kept_from=state.last_no + 1, let_go_until=now)
                self._rows.notice_states[institution] = gone

    def _of(self, institution: InstitutionKey) -> tuple[ToldNotice, ...]:
        told: tuple[ToldNotice, ...] = self._rows.notices.get(institution, ())
        return told
