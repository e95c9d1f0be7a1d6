"""Who changed which rights, and when: read out of the change log."""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from kruispunt_server.access.difference import Difference, Facts, RightsChange
from kruispunt_server.database import Database
from kruispunt_server.tables import SharedTables
from kruispunt_server.tables_rights import ABOUT_RIGHTS, RIGHTS_KINDS

_LEAST_READ: Final = 200  # at a time: a page of one that concerns few is no statement for every two records
_DIFFERENCES: Final = dict(zip(RIGHTS_KINDS, Difference, strict=True))
_SHOWN: Final = (
    "entry_no",
    "change_id",
    "recorded_at",
    "participant_id",
    "via",
    "method",
    "end_user",
    "legal_basis",
    "case_reference",
    "commit_id",
    "kind",
    "payload",
    "position",
)


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """Which changes are meant; what is given narrows.

    Attributes:
        participant_id: concerned: its entry, or a grant that names it.
        legal_basis: concerned: its entry, or a grant under it.
        changed_by: who made them.
        begin: recorded then or later.
        end: recorded before.
    """

    participant_id: str = ""
    legal_basis: str = ""
    changed_by: str = ""
    begin: dt.datetime | None = None
    end: dt.datetime | None = None

    def concerns(self, change: RightsChange) -> bool:
        """Return whether a change is about the participant and the legal basis that are meant."""
        return _names(change, "participants", self.participant_id) and _names(
            change, "legal_bases", self.legal_basis
        )


@dataclass(frozen=True, slots=True)
class Recorded:
    """One record.

    Attributes:
        row: what the log says of it, by column.
        change: what changed.
    """

    row: Any
    change: RightsChange


class RightsHistory:
    """Reads changes of rights.

    Args:
        database: where the log is.
        tables: the shared tables.
        most_read: records looked at for one page, whoever they concern.
    """

    def __init__(self, database: Database, tables: SharedTables, most_read: int = 5000) -> None:
        self._database = database
        self._change = tables.change
        self._most_read = most_read

    def page(
        self, narrowed: ChangeFilter, *, before: int | None, limit: int
    ) -> tuple[list[Recorded], int | None]:
        """Return changes, latest first, and before which entry the next page begins; none: there is none.

        Args:
            narrowed: which are meant.
            before: only those before this `entry_no`; none: all.
            limit: at most.
        """
        found: list[Recorded] = []
        read = 0
        at_once = max(limit + 1, min(_LEAST_READ, self._most_read))
        with self._database.reading() as connection:
            while read < self._most_read:
                rows = connection.execute(self._statement(narrowed, before).limit(at_once)).all()
                for row in rows:
                    if len(found) == limit:
                        return found, before
                    record = Recorded(row, _change_of(row))
                    if narrowed.concerns(record.change):
                        found.append(record)
                    before = row.entry_no
                if len(rows) < at_once:
                    return found, None
                read += len(rows)
        return found, before

    def _statement(self, narrowed: ChangeFilter, before: int | None) -> sa.Select[Any]:
        """Return the records, latest first. Index: ix_change_rights."""
        change = self._change
        statement = sa.select(*(change.c[name] for name in _SHOWN)).where(sa.text(ABOUT_RIGHTS))
        if narrowed.changed_by:
            statement = statement.where(change.c.participant_id == narrowed.changed_by)
        if narrowed.begin is not None:
            statement = statement.where(change.c.recorded_at >= narrowed.begin)
        if narrowed.end is not None:
            statement = statement.where(change.c.recorded_at < narrowed.end)
        if before is not None:
            statement = statement.where(change.c.entry_no < before)
        return statement.order_by(change.c.entry_no.desc())


def _change_of(row: Any) -> RightsChange:
    said = json.loads(bytes(row.payload))
    before, after = said.get("before", {}), said.get("after", {})
    entry = (before or after)["entry"]
    return RightsChange(_DIFFERENCES[row.kind], entry, _facts(before), _facts(after))


def _facts(said: dict[str, Any]) -> Facts:
    return {key: value for key, value in said.items() if key != "entry"}


def _names(change: RightsChange, part: str, name: str) -> bool:
    """Return whether a change is about an entry of a part of the file, or about a grant that names it."""
    if not name or change.entry == f"{part}.{name}":
        return True
    return change.entry.startswith("grants.") and name in _named(change, part)


def _named(change: RightsChange, part: str) -> Iterator[str]:
    for facts in (change.before, change.after):
        said = facts.get("participants" if part == "participants" else "legal_basis", [])
        yield from said if isinstance(said, list) else [said]
