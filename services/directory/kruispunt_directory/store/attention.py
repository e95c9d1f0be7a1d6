"""What institutions told, until when, and which of their dossiers want attention."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from kruispunt_directory.domain.attention import AttentionPosition
from kruispunt_directory.domain.coverage import Coverage
from kruispunt_directory.domain.dossier import Dossier
from kruispunt_directory.store.rows import columns, dossier_of
from kruispunt_directory.tables import DirectoryTables
from kruispunt_directory.tables_dossier import ENDED
from kruispunt_server.call import InstitutionKey
from kruispunt_server.database import Database


class AttentionReader:
    """Reads coverage and stale dossiers. None of it is on the hot path.

    Stale dossiers come in the order of their last confirmation, so that a page reads the institution's dossiers
    from there on until it is full, whatever the kind.
    """

    def __init__(self, database: Database, tables: DirectoryTables) -> None:
        self._database = database
        self._tables = tables.dossiers

    def coverage(self, institutions: Sequence[InstitutionKey]) -> list[Coverage]:
        """Return the coverage of each institution, in the order asked. At most 1000."""
        if not institutions:
            return []
        version, declared = self._tables.dossier_version, self._tables.synchronisation
        asked = sa.values(
            sa.column("sector", sa.SmallInteger), sa.column("institution", sa.SmallInteger), name="asked"
        ).data([(key.sector, key.institution) for key in institutions])
        keys = asked.cte()  # SQLite names the columns of VALUES only there
        statement = sa.select(
            keys.c.sector,
            keys.c.institution,
            _newest(version, version.c.recorded_at, keys),  # index: institution, recorded_at
            _last_declared(declared, keys),  # index: institution, declared_at
        )
        with self._database.reading() as connection:
            rows = {(row[0], row[1]): row for row in connection.execute(statement)}
        found = [rows[key.sector, key.institution] for key in institutions]
        return [Coverage(InstitutionKey(row[0], row[1]), row[2], row[3]) for row in found]

    def not_confirmed(
        self,
        institution: InstitutionKey,
        *,
        before: dt.datetime,
        today: dt.date,
        after: AttentionPosition | None,
        limit: int,
    ) -> list[Dossier]:
        """Return open dossiers last confirmed before an instant, longest waiting first."""
        table = self._tables.dossier
        # Index: institution, confirmed_at.
        return self._page(
            self._open_of(institution, today).where(table.c.confirmed_at < before), after, limit
        )

    def overlapping(
        self, institution: InstitutionKey, *, today: dt.date, after: AttentionPosition | None, limit: int
    ) -> list[Dossier]:
        """Return open dossiers that share days with another of the institution in the same capacity."""
        table = self._tables.dossier
        other = table.alias("other")
        shares = (
            sa.select(sa.literal(1))
            .where(
                other.c.person == table.c.person,
                other.c.sector == table.c.sector,
                other.c.institution == table.c.institution,
                other.c.capacity == table.c.capacity,
                other.c.dossier_id != table.c.dossier_id,
                sa.or_(table.c.end_day.is_(None), other.c.begin_day < table.c.end_day),
                sa.or_(other.c.end_day.is_(None), table.c.begin_day < other.c.end_day),
            )
            .exists()
        )
        return self._page(self._open_of(institution, today).where(shares), after, limit)

    def orphaned(
        self, institution: InstitutionKey, *, today: dt.date, after: AttentionPosition | None, limit: int
    ) -> list[Dossier]:
        """Return open dossiers on persons that died and under numbers that were cancelled."""
        table, number = self._tables.dossier, self._tables.number
        ended = (
            sa.select(sa.literal(1))
            .where(number.c.ssin == table.c.person, sa.text(f"number.{ENDED}"))
            .exists()
        )
        return self._page(self._open_of(institution, today).where(ended), after, limit)

    def in_capacities(
        self,
        institution: InstitutionKey,
        capacities: Iterable[int],
        *,
        today: dt.date,
        after: AttentionPosition | None,
        limit: int,
    ) -> list[Dossier]:
        """Return open dossiers in some capacities."""
        table = self._tables.dossier
        return self._page(
            self._open_of(institution, today).where(table.c.capacity.in_(list(capacities))), after, limit
        )

    def capacities_in_use(self, institution: InstitutionKey, *, today: dt.date) -> list[int]:
        """Return the capacities in which the institution has open dossiers."""
        open_ = self._open_of(institution, today).subquery()
        with self._database.reading() as connection:
            return list(connection.execute(sa.select(open_.c.capacity).distinct()).scalars())

    def _open_of(self, institution: InstitutionKey, today: dt.date) -> sa.Select[Any]:
        table = self._tables.dossier
        return sa.select(*columns(table)).where(
            table.c.sector == institution.sector,
            table.c.institution == institution.institution,
            table.c.begin_day <= today,
            sa.or_(table.c.end_day.is_(None), table.c.end_day > today),
        )

    def _page(self, statement: sa.Select[Any], after: AttentionPosition | None, limit: int) -> list[Dossier]:
        """Order by (confirmed_at, dossier), continue after a keyset position, and read."""
        table = self._tables.dossier
        order = (table.c.confirmed_at, table.c.dossier_id)  # index: institution, confirmed_at, dossier_id
        if after is not None:
            place = sa.tuple_(*after, types=[column.type for column in order])
            statement = statement.where(sa.tuple_(*order) > place)
        with self._database.reading() as connection:
            return [dossier_of(row) for row in connection.execute(statement.order_by(*order).limit(limit))]


def _newest(table: sa.Table, column: sa.Column[Any], keys: Any) -> sa.ScalarSelect[Any]:
    return (
        sa.select(sa.func.max(column, type_=column.type))
        .where(table.c.sector == keys.c.sector, table.c.institution == keys.c.institution)
        .scalar_subquery()
    )


def _last_declared(declared: sa.Table, keys: Any) -> sa.ScalarSelect[Any]:
    return (
        sa.select(declared.c.until_at)
        .where(declared.c.sector == keys.c.sector, declared.c.institution == keys.c.institution)
        .order_by(declared.c.declared_at.desc(), declared.c.declaration_id.desc())
        .limit(1)
        .scalar_subquery()
    )
