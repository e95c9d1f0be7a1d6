"""The books of one institution on many persons at once: what `DossierStore.open_book` reads of one."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from kruispunt.ssin import Ssin
from kruispunt_directory.domain.dossier import Dossier
from kruispunt_directory.store.rows import columns, dossier_of
from kruispunt_directory.tables import DirectoryTables
from kruispunt_server.arrays import among, array
from kruispunt_server.call import InstitutionKey
from kruispunt_server.database import Database


class Books:
    """Reads books, by arrays of persons."""

    def __init__(self, database: Database, tables: DirectoryTables) -> None:
        self._dialect = database.dialect
        dossier, version = tables.dossiers.dossier, tables.dossiers.dossier_version
        number = tables.dossiers.number

        def of_book(table: sa.Table) -> tuple[sa.ColumnElement[bool], ...]:
            return (
                among(table.c.person, "persons", database.dialect),
                # Sums, so that no index but that by person can be meant: those by institution lead to all of its
                # dossiers, and while a table fills for the first time no planner knows that there are so many.
                table.c.sector + 0 == sa.bindparam("of_sector"),
                table.c.institution + 0 == sa.bindparam("of_institution"),
            )

        # Indexes: primary keys, by person.
        self._standing = sa.select(*columns(dossier)).where(*of_book(dossier))
        # When each book was last changed, or a number of its person was. Indexes: primary keys, ix_number_leading.
        recorded = sa.union_all(
            sa.select(version.c.person, version.c.recorded_at).where(*of_book(version)),
            sa.select(number.c.ssin, number.c.recorded_at).where(
                among(number.c.ssin, "persons", database.dialect)
            ),
            sa.select(number.c.current_ssin, number.c.recorded_at).where(
                among(number.c.current_ssin, "persons", database.dialect), number.c.next_ssin.is_not(None)
            ),
        ).subquery()
        latest = sa.func.max(recorded.c.recorded_at, type_=version.c.recorded_at.type)
        self._latest = sa.select(recorded.c.person, latest).group_by(recorded.c.person)

    def read(
        self, transaction: sa.Connection, persons: Collection[Ssin], institution: InstitutionKey
    ) -> tuple[Mapping[Ssin, Sequence[Dossier]], Mapping[Ssin, dt.datetime]]:
        """Return the standing dossiers by person, and when the book or a number of the person last changed."""
        asked: dict[str, Any] = {
            "persons": array(sorted(persons), self._dialect),
            "of_sector": institution.sector,
            "of_institution": institution.institution,
        }
        standing: dict[Ssin, list[Dossier]] = defaultdict(list)
        for row in transaction.execute(self._standing, asked):
            dossier = dossier_of(row)
            standing[dossier.person].append(dossier)
        latest = {Ssin(person): instant for person, instant in transaction.execute(self._latest, asked)}
        return standing, latest
