"""The change log as a feed: commits after a position, everything as it stands, the digest of a day."""

import datetime as dt
import itertools
import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag

from kruispunt.merkle import CompactRange, leaf_hash
from kruispunt.ssin import Ssin
from kruispunt_identity.domain.number import NumberStatus, Register
from kruispunt_identity.domain.telling import (
    KINDS,
    PART,
    DayDigest,
    StandingNumber,
    ToldChange,
    ToldCommit,
    told_change,
)
from kruispunt_identity.domain.values import DataGroup
from kruispunt_identity.tables import IdentityTables
from kruispunt_identity.tables_person import PersonTables
from kruispunt_server.clock import Clock, brussels_bounds
from kruispunt_server.database import Database
from kruispunt_server.feeds.source import EntryUnreadableError
from kruispunt_server.sealing.heads import sealed_before
from kruispunt_server.subject_keys import SubjectKey, SubjectKeys
from kruispunt_server.tables import Instant

PAGE: Final = 500
_LOG: Final = "change"
# A call that was recorded before midnight may commit a minute after it, and be sealed a little later.
_LATEST_SEAL: Final = dt.timedelta(minutes=10)
# By how much the clocks of two hosts may differ: of who records, and of who signs heads.
_SKEW: Final = dt.timedelta(minutes=1)


class FeedStore:
    """Reads what the feed tells.

    Args:
        database: where the logs are.
        tables: of identity.
        keys: that make payloads readable.
        clock: says whether a day is over.
    """

    def __init__(self, database: Database, tables: IdentityTables, keys: SubjectKeys, clock: Clock) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        change, log = tables.shared.change, tables.shared.seals.log
        self._log = sa.select(log.c.log_id, log.c.size, log.c.kept_from).where(log.c.name == _LOG)
        self._bounds = database.hot(sa.select(log.c.size, log.c.kept_from).where(log.c.name == _LOG))
        # Index: uq_change_position.
        self._after = _told_columns(change).where(
            change.c.position > sa.bindparam("after"), change.c.position <= sa.bindparam("end")
        )
        self._sealed_before = sealed_before(tables.shared.seals.tree_head, _LOG)
        self._since = _first_since(change)
        self._day = _recorded_between(change)
        self._unsealed = _waiting(change)
        self._numbers = _numbers_as_they_stand(tables.persons)

    def log_id(self) -> str:
        """Return what tells this log apart from others."""
        with self._database.reading() as connection:
            log_id: uuid.UUID = connection.execute(self._log).one().log_id
            return log_id.hex

    def bounds(self) -> tuple[int, int]:
        """Return how many records are sealed, and from which position on they are kept."""
        ((size, kept_from),) = self._bounds.rows()
        return size, kept_from

    def read(self, after: int, end: int) -> tuple[list[ToldCommit], int]:
        """Return whole commits after a position, up to `end`, about a page of them; and up to where was read.

        Raises:
            EntryUnreadableError: one of them was altered.
        """
        with self._database.reading() as connection:
            statement = self._after.limit(PAGE + 1)
            rows: Sequence[Any] = connection.execute(statement, {"after": after, "end": end}).all()
            if len(rows) > PAGE:  # the last commit of the page may go on
                rows = self._whole(connection, list(rows), end)
            changes = self._told(connection, rows)
        position = rows[-1].position if rows else end
        return _commits(rows, changes), position

    def _whole(self, connection: sa.Connection, rows: list[Any], end: int) -> list[Any]:
        """Return rows up to the end of the commit that the page ends in.

        The records of a commit lie together: what lies beyond the first of another is not looked at.
        """
        commit_id = rows[PAGE - 1].commit_id
        while rows[-1].commit_id == commit_id:
            values = {"after": rows[-1].position, "end": end}
            following = connection.execute(self._after.limit(PAGE), values).all()
            if not following:
                return rows
            rows += following
        ends = next(at for at in range(PAGE, len(rows)) if rows[at].commit_id != commit_id)
        return rows[:ends]

    def before(self, instant: dt.datetime) -> int:
        """Return the position after which everything recorded at an instant or later follows."""
        with self._database.reading() as connection:
            base = connection.scalar(self._sealed_before, {"at": instant - _SKEW}) or 0
            first = connection.scalar(self._since, {"base": base, "at": instant})
        return self.bounds()[0] - 1 if first is None else int(first) - 1

    def numbers(self, after: int) -> list[StandingNumber]:
        """Return numbers as they stand, in ascending order, the next thousand after one."""
        with self._database.reading() as connection:
            return [_standing(row) for row in connection.execute(self._numbers, {"after": after})]

    def digest(self, day: dt.date) -> DayDigest:
        """Return count and root over the changes of persons and numbers recorded on a day in Brussels."""
        begin, end = brussels_bounds(day)
        tree, first, last = CompactRange(), 0, 0
        with self._database.snapshot() as connection:
            log = connection.execute(self._log).one()
            base = connection.scalar(self._sealed_before, {"at": begin - _SKEW}) or 0
            top = self._after_all(connection, end + _LATEST_SEAL) or log.size
            values = {"base": base, "top": top, "begin": begin, "end": end}
            for change in self._told_in_parts(connection, values):
                tree.append(leaf_hash(change.digest_text().encode()))
                first, last = (first if tree.size > 1 else change.position), change.position
            waits = connection.scalar(self._unsealed, {"end": end})
        complete = self._clock.now() >= end and waits is None
        return DayDigest(tree.size, first, last, tree.root(), complete, log.kept_from <= base)

    def _after_all(self, connection: sa.Connection, late: dt.datetime) -> int | None:
        """Return the position of the first record that was recorded at an instant or later; none: there is none.

        What was recorded well before it was committed before it, so it lies before it, however late it was sealed.
        """
        base = connection.scalar(self._sealed_before, {"at": late}) or 0
        position: int | None = connection.scalar(self._since, {"base": base, "at": late})
        return position

    def _told_in_parts(self, connection: sa.Connection, values: dict[str, Any]) -> Iterator[ToldChange]:
        rows = connection.execute(self._day, values)
        while part := rows.fetchmany(PAGE):
            yield from (change for change in self._told(connection, part) if change is not None)

    def _told(self, connection: sa.Connection, rows: Iterable[Any]) -> list[ToldChange | None]:
        """Return what is told of each row; none of those that the feed does not tell.

        Raises:
            EntryUnreadableError: a row, or its key, was altered.
        """
        concerned = [row if row.kind in KINDS else None for row in rows]
        keys = self._keys_of(connection, [row for row in concerned if row is not None and row.key_id])
        told: list[ToldChange | None] = []
        for row in concerned:
            if row is None:
                told.append(None)
                continue
            key = keys.get(row.key_id)
            try:
                said = json.loads(key.decrypt(row.change_id, row.payload)) if key is not None else {}
            except InvalidTag:
                raise EntryUnreadableError(row.position) from None
            told.append(told_change(row.position, row.change_id, row.kind, said))
        return told

    def _keys_of(self, connection: sa.Connection, rows: Sequence[Any]) -> dict[uuid.UUID, SubjectKey]:
        try:
            return self._keys.named(connection, [row.key_id for row in rows])
        except InvalidTag:
            for row in rows:  # find out whose
                try:
                    self._keys.named(connection, [row.key_id])
                except InvalidTag:
                    raise EntryUnreadableError(row.position) from None
            raise


def _told_columns(change: sa.Table) -> sa.Select[Any]:
    """Return what is read of changes, in their order."""
    names = ("position", "change_id", "commit_id", "recorded_at", "kind", "key_id", "payload")
    return sa.select(*(change.c[name] for name in names)).order_by(change.c.position)


def _first_since(change: sa.Table) -> sa.Select[Any]:
    """Return the first position from `base` on that was recorded at an instant or later. Index: uq_change_position."""
    return (
        sa.select(change.c.position)
        .where(
            change.c.position >= sa.bindparam("base"),
            change.c.recorded_at >= sa.bindparam("at", type_=Instant),
        )
        .order_by(change.c.position)
        .limit(1)
    )


def _recorded_between(change: sa.Table) -> sa.Select[Any]:
    """Return the changes recorded between two instants, within a stretch of positions. Index: uq_change_position."""
    return _told_columns(change).where(
        change.c.position >= sa.bindparam("base"),
        change.c.position < sa.bindparam("top"),
        change.c.recorded_at >= sa.bindparam("begin", type_=Instant),
        change.c.recorded_at < sa.bindparam("end", type_=Instant),
    )


def _waiting(change: sa.Table) -> sa.Select[Any]:
    """Return whether something recorded before an instant is not sealed yet. Index: ix_change_unsealed."""
    return (
        sa.select(sa.literal_column("1"))
        .where(change.c.position.is_(None), change.c.recorded_at < sa.bindparam("end", type_=Instant))
        .limit(1)
    )


def _numbers_as_they_stand(persons: PersonTables) -> sa.Select[Any]:
    """Return a part of a snapshot. Index: primary key.

    Facts stay under the number that they were told under; as for changes, those of the whole person count.
    Index: ix_number_root_ssin, then that of a number's facts.
    """
    number, fact = persons.number, persons.fact
    member = number.alias("member")
    deceased = (
        sa.select(sa.literal_column("1"))
        .select_from(member.join(fact, fact.c.ssin == member.c.ssin))
        .where(
            member.c.root_ssin == number.c.root_ssin,
            fact.c.data_group == int(DataGroup.DECEASE),
            fact.c.superseded_at.is_(None),
        )
        .limit(1)  # and not EXISTS, for which PostgreSQL may read all deceases there are
        .scalar_subquery()
        .is_not(None)
    )
    names = ("ssin", "status", "root_ssin", "replaced_by", "replaced_on", "register")
    return (
        sa.select(*(number.c[name] for name in names), deceased)
        .where(number.c.ssin > sa.bindparam("after"))
        .order_by(number.c.ssin)
        .limit(PART)
    )


def _commits(rows: Sequence[Any], changes: Sequence[ToldChange | None]) -> list[ToldCommit]:
    commits = []
    pairs = zip(rows, changes, strict=True)
    for _, group in itertools.groupby(pairs, key=lambda pair: pair[0].commit_id):
        members = list(group)
        told = tuple(change for _, change in members if change is not None)
        if told:
            commits.append(ToldCommit(members[0][0].recorded_at, told))
    return commits


def _standing(row: Any) -> StandingNumber:
    ssin, status, root, next_, replaced_on, register, deceased = row
    return StandingNumber(
        Ssin(ssin),
        NumberStatus(status),
        Ssin(root),
        Ssin(next_) if next_ else None,
        replaced_on,
        Register(register),
        bool(deceased),
    )
