"""Notices: numbered for each institution from 1 without gaps, kept until they are acknowledged, and longer."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from kruispunt.ssin import Ssin
from kruispunt_directory.domain.notices import Holding, Notice, NoticeKind, NoticeState, ToldNotice
from kruispunt_directory.tables import DirectoryTables
from kruispunt_server.bulk import bulk_insert
from kruispunt_server.call import InstitutionKey
from kruispunt_server.database import Database
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.ids import new_ids
from kruispunt_server.tables import Instant

_STEP = 1000
_TOLD = ("notice_no", "notice_id", "recorded_at", "kind", "ssin", "current_ssin", "changed_at", "change_id")


@dataclass(frozen=True, slots=True)
class LetGo:
    """What became of notices that are old enough to be deleted.

    Attributes:
        deleted: how many were, now.
        unacknowledged: how many stay, because their institutions have not acknowledged them.
    """

    deleted: int
    unacknowledged: int


class NoticeStore:
    """Writes and reads notices."""

    def __init__(self, database: Database, tables: DirectoryTables) -> None:
        self._database = database
        self._notice, self._state = tables.following.notice, tables.following.notice_state
        self._dossier = tables.dossiers.dossier
        insert = postgresql.insert if database.dialect == "postgresql" else sqlite.insert
        self._begin = (
            insert(self._state).values(last_no=0, acknowledged_no=0, kept_from=1).on_conflict_do_nothing()
        )
        mine = sa.and_(
            self._state.c.sector == sa.bindparam("of_sector"),
            self._state.c.institution == sa.bindparam("of_institution"),
        )
        self._of = sa.select(
            self._state.c.last_no,
            self._state.c.acknowledged_no,
            self._state.c.kept_from,
            self._state.c.let_go_until,
        ).where(mine)
        told = sa.select(*(self._notice.c[name] for name in _TOLD)).where(
            self._notice.c.sector == sa.bindparam("of_sector"),
            self._notice.c.institution == sa.bindparam("of_institution"),
        )
        self._told_in_order = told.order_by(self._notice.c.notice_no)
        # Made once: when much is told, it is asked a thousand times a second. Index: primary key.
        self._after = self._told_in_order.where(self._notice.c.notice_no > sa.bindparam("after")).limit(
            sa.bindparam("most")
        )
        self._set = sa.update(self._state).where(mine)
        self._all = sa.select(self._state.c.sector, self._state.c.institution, self._state.c.last_no)
        notice = self._notice
        # Index: ix_notice_recorded_at, of both.
        last = sa.func.max(notice.c.recorded_at, type_=Instant)
        self._latest = sa.select(last)
        # By sums: to group by the columns SQLite would enter another index once for each institution.
        whose = (notice.c.sector + 0, notice.c.institution + 0)
        self._new = (
            sa.select(*whose, sa.func.max(notice.c.notice_no), last)
            .where(notice.c.recorded_at > sa.bindparam("after", type_=Instant))
            .group_by(*whose)
        )

    def write(self, transaction: sa.Connection, notices: Iterable[Notice], recorded_at: dt.datetime) -> None:
        """Number and write notices of one commit, in their order.

        Institutions are locked in order until the transaction ends: numbers become visible as they follow.
        """
        ordered = sorted(notices, key=lambda notice: notice.institution)
        rows: list[dict[str, Any]] = []
        for institution, group in groupby(ordered, key=lambda notice: notice.institution):
            last_no = self._locked(transaction, institution).last_no
            numbered = [
                {"notice_no": last_no + place, "recorded_at": recorded_at, **_values(notice)}
                for place, notice in enumerate(group, 1)
            ]
            transaction.execute(self._set.values(last_no=last_no + len(numbered)), _key(institution))
            rows += numbered
        for row, notice_id in zip(rows, new_ids(len(rows)), strict=True):
            row["notice_id"] = notice_id
        bulk_insert(transaction, self._notice, rows)

    def state(self, institution: InstitutionKey) -> NoticeState:
        """Return how far an institution is told."""
        with self._database.reading() as connection:
            row = connection.execute(self._of, _key(institution)).one_or_none()
        return NoticeState() if row is None else NoticeState(*row)

    def last_numbers(self) -> dict[InstitutionKey, int]:
        """Return the number of the last notice of every institution that has any."""
        with self._database.reading() as connection:
            rows = connection.execute(self._all)
            return {InstitutionKey(sector, institution): last_no for sector, institution, last_no in rows}

    def latest(self) -> dt.datetime | None:
        """Return when the last notice of all was recorded; none: there is none."""
        with self._database.reading() as connection:
            latest: dt.datetime | None = connection.scalar(self._latest)
            return latest

    def new_after(self, instant: dt.datetime) -> tuple[dict[InstitutionKey, int], dt.datetime]:
        """Return the number of the last notice of those who were told something after an instant, and when the last was.

        Nothing is recorded later with an earlier instant: one follower at a time writes notices, each commit with an
        instant after that of the commit before it.
        """
        with self._database.reading() as connection:
            rows = connection.execute(self._new, {"after": instant}).all()
        ends = {InstitutionKey(sector, institution): last_no for sector, institution, last_no, _ in rows}
        return ends, max((row[3] for row in rows), default=instant)

    def acknowledge(
        self, institution: InstitutionKey, up_to_no: int, *, validate_only: bool = False
    ) -> NoticeState:
        """Note that an institution has dealt with every notice up to a number; a lower one changes nothing.

        Args:
            institution: whose.
            up_to_no: number of the last notice that it dealt with.
            validate_only: whether to check only, and answer as if done.

        Raises:
            RegistryError: there is no such notice yet; OUT_OF_RANGE / POSITION_BEYOND_END.
        """
        with self._database.writing() as transaction:
            state = self._locked(transaction, institution)
            if up_to_no > state.last_no:
                raise RegistryError(
                    Reason.POSITION_BEYOND_END, "there is no such notice yet", field="up_to_no"
                )
            acknowledged_no = max(up_to_no, state.acknowledged_no)
            if acknowledged_no > state.acknowledged_no and not validate_only:
                transaction.execute(self._set.values(acknowledged_no=acknowledged_no), _key(institution))
        return replace(state, acknowledged_no=acknowledged_no)

    def list_after(self, institution: InstitutionKey, after_no: int, limit: int) -> list[ToldNotice]:
        """Return the notices after a number, in order.

        Args:
            institution: whose.
            after_no: number of the last one before; 0 for the first.
            limit: notices at most, about: those of one commit are never cut.
        """
        with self._database.reading() as connection:
            values = {**_key(institution), "after": after_no, "most": limit}
            found = [_told(row) for row in connection.execute(self._after, values)]
            if len(found) == limit:  # the last commit may be cut
                found += self._told(
                    connection,
                    institution,
                    self._notice.c.notice_no > found[-1].notice_no,
                    # Index: institution, recorded_at.
                    self._notice.c.recorded_at == found[-1].recorded_at,
                )
        return found

    def last_before(self, institution: InstitutionKey, since: dt.datetime) -> int:
        """Return the number of the last notice recorded before an instant; 0: none, or none is kept."""
        table = self._notice
        # Index: institution, recorded_at.
        statement = (
            sa.select(table.c.notice_no)
            .where(*self._mine(institution), table.c.recorded_at < since)
            .order_by(table.c.recorded_at.desc(), table.c.notice_no.desc())
            .limit(1)
        )
        with self._database.reading() as connection:
            return connection.scalar(statement) or 0

    def list_between(
        self, institution: InstitutionKey, since: dt.datetime, until: dt.datetime
    ) -> list[ToldNotice]:
        """Return the notices recorded from an instant on and before another, in order."""
        table = self._notice
        with self._database.reading() as connection:
            # Index: institution, recorded_at.
            return self._told(
                connection, institution, table.c.recorded_at >= since, table.c.recorded_at < until
            )

    def list_holdings(self, institution: InstitutionKey, after: Holding | None, limit: int) -> list[Holding]:
        """Return the persons on whom an institution holds a dossier, in order of their numbers."""
        table = self._dossier
        order = (table.c.person, table.c.registered_under)
        # Index: institution, person, registered_under.
        statement = (
            sa.select(*order)
            .where(table.c.sector == institution.sector, table.c.institution == institution.institution)
            .distinct()
            .order_by(*order)
            .limit(limit)
        )
        if after is not None:
            place = (int(after.current), int(after.registered))
            statement = statement.where(
                sa.tuple_(*order) > sa.tuple_(*place, types=[column.type for column in order])
            )
        with self._database.reading() as connection:
            return [Holding(Ssin(person), Ssin(under)) for person, under in connection.execute(statement)]

    def let_go(self, before: dt.datetime) -> LetGo:
        """Delete acknowledged notices recorded before an instant. Safe to interrupt and repeat.

        Each institution's are let go of in transactions of their own, a thousand at a time.

        Raises:
            RegistryError: the store cannot be used; STORE_UNAVAILABLE. What was deleted stays so.
        """
        with self._database.reading() as connection:
            institutions = [
                InstitutionKey(*row)
                for row in connection.execute(sa.select(self._state.c.sector, self._state.c.institution))
            ]
        deleted = unacknowledged = 0
        for institution in sorted(institutions):
            last, acknowledged = (
                self.last_before(institution, before),
                self.state(institution).acknowledged_no,
            )
            while (count := self._delete_step(institution, min(last, acknowledged))) > 0:
                deleted += count
            unacknowledged += max(last - acknowledged, 0)
        return LetGo(deleted, unacknowledged)

    def _delete_step(self, institution: InstitutionKey, upper: int) -> int:
        table = self._notice
        with self._database.writing() as transaction:
            state = self._locked(transaction, institution)
            first = transaction.scalar(
                sa.select(sa.func.min(table.c.notice_no)).where(*self._mine(institution))
            )
            if first is None or first > upper:
                return 0
            last = min(first + _STEP - 1, upper)
            if state.kept_from <= last:
                # Index: primary key. Notices are numbered as they are recorded: none before it is younger.
                until = transaction.scalar(
                    sa.select(table.c.recorded_at).where(*self._mine(institution), table.c.notice_no == last)
                )
                transaction.execute(
                    self._set.values(kept_from=last + 1, let_go_until=until), _key(institution)
                )
            done = transaction.execute(
                sa.delete(table)
                .where(*self._mine(institution), table.c.notice_no <= last)
                .execution_options(preserve_rowcount=True)
            )
        return done.rowcount

    def _locked(self, transaction: sa.Connection, institution: InstitutionKey) -> NoticeState:
        """Return the state of an institution, made if it has none, and keep it until the transaction ends."""
        key = {"sector": institution.sector, "institution": institution.institution}
        transaction.execute(self._begin, key)
        row = transaction.execute(self._of.with_for_update(), _key(institution)).one()
        return NoticeState(*row)

    def _mine(self, institution: InstitutionKey) -> list[sa.ColumnElement[bool]]:
        return [
            self._notice.c.sector == institution.sector,
            self._notice.c.institution == institution.institution,
        ]

    def _told(
        self, connection: sa.Connection, institution: InstitutionKey, *conditions: sa.ColumnElement[bool]
    ) -> list[ToldNotice]:
        rows = connection.execute(self._told_in_order.where(*conditions), _key(institution))
        return [_told(row) for row in rows]


def _told(row: Sequence[Any]) -> ToldNotice:
    number, notice_id, recorded_at, kind, ssin, current, changed_at, change_id = row
    return ToldNotice(
        number, notice_id, recorded_at, NoticeKind(kind), Ssin(ssin), Ssin(current), changed_at, change_id
    )


def _key(institution: InstitutionKey) -> dict[str, int]:
    return {"of_sector": institution.sector, "of_institution": institution.institution}


def _values(notice: Notice) -> dict[str, Any]:
    return {
        "sector": notice.institution.sector,
        "institution": notice.institution.institution,
        "kind": int(notice.kind),
        "ssin": int(notice.ssin),
        "current_ssin": int(notice.current),
        "changed_at": notice.changed_at,
        "change_id": notice.change_id,
    }
