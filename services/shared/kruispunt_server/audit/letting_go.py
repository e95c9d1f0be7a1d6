"""What the change log says of records that were let go, and whether the signed heads bear it out.

Whoever has full rights on the database can write such a record. But not signed heads: the first head over all that
was let go says when the youngest of it was sealed at the latest, and the head over the record itself until when it was
written. Between the two must lie as many days as the record says that records are kept.
"""

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from kruispunt_server.audit.exported_heads import ExportedHeads
from kruispunt_server.call import OPERATOR
from kruispunt_server.tables import SharedTables

KIND: Final = "journal.retained"
_LOGS: Final = ("change", "access")
_MOST_DAYS: Final = 1_000_000
_SKEW: Final = dt.timedelta(hours=1)
"""By how much the clocks of the operator's machine and of the one that seals may differ; retentions are days."""


@dataclass(frozen=True, slots=True)
class Rise:
    """One time that records of a log were let go.

    Attributes:
        kept_from: the first position that was kept.
        days: how old records had to be.
        at: when.
    """

    kept_from: int
    days: int
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class _Said:
    """What one record says.

    Attributes:
        position: of the record; none: it is not sealed yet.
        kept_from: of each log.
        rises: of each log; none: the record does not say.
    """

    position: int | None
    kept_from: Mapping[str, int]
    rises: Mapping[str, Rise]


def payload_of(kept_from: Mapping[str, int], rises: Mapping[str, Rise]) -> bytes:
    """Return what a record says: of each log what is kept, and under which retention it last rose."""
    under = {log: {"days": rise.days, "at": rise.at.isoformat()} for log, rise in sorted(rises.items())}
    return json.dumps({"after": dict(sorted(kept_from.items())), "under": under}).encode()


def last_rises(connection: sa.Connection, tables: SharedTables) -> dict[str, Rise]:
    """Return how each log last rose; nothing of one that never did.

    Every rise writes a record, which lies beyond all that it lets go: the last one is always there.
    """
    said = _last_said(connection, tables)
    return {} if said is None else dict(said.rises)


def said_kept_from(connection: sa.Connection, tables: SharedTables, log: str) -> int:
    """Return the first position of `log` that is kept, as the change log itself says; 0 if it says nothing."""
    said = _last_said(connection, tables)
    return 0 if said is None else said.kept_from.get(log, 0)


class LettingGo:
    """Compares the records that say what was let go of one log with the signed heads.

    Args:
        connection: in a snapshot.
        tables: the shared tables.
        log: "access" or "change".
        exported: heads that were kept elsewhere.
        least_days: the shortest retention that was ever set for the log; none: not known.

    Attributes:
        days: the shortest retention that a record names; none: nothing was let go.
    """

    def __init__(
        self,
        connection: sa.Connection,
        tables: SharedTables,
        log: str,
        exported: ExportedHeads | None,
        least_days: int | None,
    ) -> None:
        self.days: int | None = None
        self._connection = connection
        self._tables = tables
        self._log = log
        self._exported = exported
        self._least_days = least_days

    def faults(self) -> Iterator[tuple[int | None, str]]:
        """Yield position in the log, and what is wrong there."""
        for said in _all_said(self._connection, self._tables):
            kept_from = said.kept_from.get(self._log, 0)
            if not kept_from:
                continue
            rise = said.rises.get(self._log)
            if rise is None:
                yield kept_from - 1, "records up to here were let go, and nothing says under which retention"
                continue
            self.days = rise.days if self.days is None else min(self.days, rise.days)
            if self._least_days is not None and rise.days < self._least_days:
                yield (
                    kept_from - 1,
                    f"records up to here were let go under a retention of {rise.days} days: none was ever so short",
                )
            sealed_at = self._signed_at(self._log, kept_from)
            at = rise.at
            if said.position is not None:
                written_by = self._signed_at("change", said.position + 1)
                at = at if written_by is None else min(at, written_by)
            if sealed_at is None or at - sealed_at < dt.timedelta(days=rise.days) - _SKEW:
                yield (
                    kept_from - 1,
                    f"the record here was let go before it was {rise.days} days old, as its retention says it must be",
                )

    def _signed_at(self, log: str, size: int) -> dt.datetime | None:
        """Return when the first head over at least `size` records was signed; none: there is none."""
        head = self._tables.seals.tree_head
        # Index: primary key.
        row = self._connection.execute(
            sa.select(head.c.tree_size, head.c.signed_at)
            .where(head.c.log == log, head.c.tree_size >= size)
            .order_by(head.c.tree_size)
            .limit(1)
        ).one_or_none()
        found = [] if row is None else [(row.tree_size, row.signed_at)]
        if self._exported is not None:
            kept = next(self._exported.of(log, least_size=size), None)
            found += [] if kept is None else [(kept.note.tree_size, kept.note.signed_at)]
        return min(found)[1] if found else None


def _all_said(connection: sa.Connection, tables: SharedTables) -> Iterator[_Said]:
    change = tables.change
    # Reads the log once more, where nothing is indexed by kind: it is verified as a whole anyway.
    statement = (
        sa.select(change.c.position, change.c.payload)
        .where(change.c.kind == KIND, change.c.participant_id == OPERATOR)
        .order_by(change.c.entry_no)
    )
    for row in connection.execute(statement).all():
        yield _said(row)


def _last_said(connection: sa.Connection, tables: SharedTables) -> _Said | None:
    change = tables.change
    row = connection.execute(
        sa.select(change.c.position, change.c.payload)
        .where(change.c.kind == KIND, change.c.participant_id == OPERATOR)
        .order_by(change.c.entry_no.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else _said(row)


def _said(row: Any) -> _Said:
    """Read a record; what is not as we write it says nothing."""
    try:
        said = json.loads(bytes(row.payload))
        kept_from = {log: int(said["after"][log]) for log in _LOGS}
    except (ValueError, KeyError, TypeError):
        return _Said(row.position, {}, {})
    rises = {}
    for log, first in kept_from.items():
        try:
            under = said["under"][log]
            days, at = int(under["days"]), dt.datetime.fromisoformat(under["at"]).astimezone(dt.UTC)
            if 0 < days <= _MOST_DAYS:
                rises[log] = Rise(first, days, at)
        except (ValueError, KeyError, TypeError, OverflowError):
            continue
    return _Said(row.position, kept_from, rises)
