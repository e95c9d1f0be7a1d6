"""Dossiers of one institution, by person, a stretch at a time."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from kruispunt_directory.store.rows import LISTING_KEY, columns
from kruispunt_directory.tables import DirectoryTables
from kruispunt_server.call import InstitutionKey
from kruispunt_server.database import Database

_PERSONS: Final = 500
# What was recorded so long before `changed_since` comes too: it may have been committed after it.
_MARGIN: Final = dt.timedelta(minutes=2)
_EARLIEST: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which dossiers of an institution are wanted; what is given narrows.

    Attributes:
        valid_at: open on that day.
        capacity: 0 to 999.
        changed_since: whose state was recorded then or later.
    """

    valid_at: dt.date | None = None
    capacity: int | None = None
    changed_since: dt.datetime | None = None


class ExportReader:
    """Walks along the persons on whom an institution holds dossiers."""

    def __init__(self, database: Database, tables: DirectoryTables) -> None:
        self._database = database
        self._table = tables.dossiers.dossier

    def stretch(
        self, institution: InstitutionKey, selection: Selection, after: int
    ) -> tuple[list[Any], int | None]:
        """Return the dossiers wanted on the next persons, and up to whom it looked.

        Args:
            institution: whose dossiers.
            selection: which.
            after: persons above this number only.

        Returns:
            0 or more rows in the order of `DossierRow`, by person, capacity, begin and phase, all of one person or none;
            and the number after which to go on, none at the end.
        """
        table = self._table
        own = (table.c.sector == institution.sector, table.c.institution == institution.institution)
        # Index: ix_dossier_institution_person.
        walk = (
            sa.select(table.c.person)
            .where(*own, table.c.person > after)
            .distinct()
            .order_by(table.c.person)
            .limit(_PERSONS)
        )
        with self._database.reading() as connection:
            persons = list(connection.execute(walk).scalars())
            if not persons:
                return [], None
            # Index: ix_dossier_institution_person.
            rows = connection.execute(
                sa.select(*columns(table))
                .where(*own, table.c.person.between(persons[0], persons[-1]), *self._wanted(selection))
                .order_by(table.c.person, *(table.c[name] for name in LISTING_KEY))
            )
            return list(rows), persons[-1] if len(persons) == _PERSONS else None

    def _wanted(self, selection: Selection) -> list[sa.ColumnElement[bool]]:
        table, wanted = self._table, []
        if selection.valid_at is not None:
            wanted.append(table.c.begin_day <= selection.valid_at)
            wanted.append(sa.or_(table.c.end_day.is_(None), table.c.end_day > selection.valid_at))
        if selection.capacity is not None:
            wanted.append(table.c.capacity == selection.capacity)
        if selection.changed_since is not None:
            wanted.append(table.c.recorded_at >= max(selection.changed_since, _EARLIEST) - _MARGIN)
        return wanted
