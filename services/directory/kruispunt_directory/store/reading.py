"""Reading dossiers: of one person, of many, and those of an institution that want attention.

The hot reads, "open on a day, known now" and "of whatever period, known now", are compiled once and run on the
driver's own cursor: one round trip, no transaction. Everything else is plain SQLAlchemy Core.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from kruispunt.ssin import Ssin
from kruispunt_directory.domain.dossier import Dossier, DossierFilter
from kruispunt_directory.domain.number import NumberStatus, Resolution, Verification
from kruispunt_directory.store.numbers import NumberStore
from kruispunt_directory.store.places import Rows
from kruispunt_directory.store.rows import LISTING_KEY, columns, dossier_of
from kruispunt_directory.tables import DirectoryTables
from kruispunt_directory.tables_dossier import DossierTables
from kruispunt_server.arrays import among, array
from kruispunt_server.database import Database


class DossierReader:
    """Reads dossiers."""

    def __init__(self, database: Database, tables: DirectoryTables) -> None:
        self._database = database
        self._tables = tables.dossiers
        self._numbers = NumberStore(database, tables)
        table = self._tables.dossier
        day = sa.bindparam("day", type_=sa.Date)
        self._open_of_one = database.hot(_open_of_one(self._tables, day))
        # Index: primary key, once per person.
        self._open_of_many = database.hot(
            sa.select(*columns(table))
            .where(
                among(table.c.person, "persons", database.dialect),
                *_open_on(table, day),
            )
            .order_by(table.c.person, *_listing_order(table))
        )

        # Index: primary key, once per person.
        self._all_of_many = database.hot(
            sa.select(*columns(table))
            .where(among(table.c.person, "persons", database.dialect))
            .order_by(table.c.person, *_listing_order(table))
        )

    def resolve(self, asked: Ssin, known_at: dt.datetime | None = None) -> Resolution:
        """Return where a number leads, or led as known at an instant."""
        if known_at is None:
            return self._numbers.resolve_now(asked)
        with self._database.reading() as connection:
            return self._numbers.resolve(connection, asked, known_at)

    def resolve_all(self, asked: Sequence[int], known_at: dt.datetime | None = None) -> dict[int, Resolution]:
        """Return where each of at most 1000 numbers leads, or led; those that nobody told of are left out."""
        if known_at is None:
            return self._numbers.resolve_all_now(asked)
        with self._database.reading() as connection:
            return self._numbers.resolve_all(connection, asked, known_at)

    def list_open(self, asked: Ssin, *, valid_at: dt.date, limit: int) -> tuple[Resolution, Rows]:
        """Return where a number leads, and the person's dossiers open on a day as known now.

        Whether the current number is cancelled is not looked at: what is held under it is listed all the same.

        Returns:
            0 to `limit` rows in the order of `DossierRow`, by (sector, institution, capacity, begin).
        """
        rows = self._open_of_one.rows(person=int(asked), day=self._day(valid_at), limit=limit)
        current, replaced_on, person, *_ = rows[0]
        if current is None:
            resolution = Resolution(asked, asked)
        else:
            day = dt.date.fromisoformat(replaced_on) if isinstance(replaced_on, str) else replaced_on
            resolution = Resolution(asked, Ssin(current), NumberStatus.ACTIVE, day, Verification.REGISTER)
        return resolution, [] if person is None else [row[2:] for row in rows]

    def list_open_of_many(self, persons: Sequence[int], *, valid_at: dt.date) -> Rows:
        """Return the dossiers of up to 1000 persons open on a day as known now, by person and listing order."""
        return self._open_of_many.rows(
            persons=array(persons, self._database.dialect), day=self._day(valid_at)
        )

    def list_page(
        self,
        person: Ssin,
        *,
        valid_at: dt.date | None,
        known_at: dt.datetime | None,
        narrowed: DossierFilter,
        after: Sequence[Any] | None,
        limit: int,
    ) -> Rows:
        """Return one page of a person's dossiers.

        Args:
            person: current number.
            valid_at: open on that day; none for every period.
            known_at: as recorded at that instant; none for now.
            narrowed: which ones.
            after: listing key of the last row before the page: (sector, institution, capacity, begin, phase).
            limit: rows at most.
        """
        source = self._states(known_at, lambda table: table.c.person == int(person))
        statement = sa.select(*columns(source)).where(
            source.c.person == int(person), *_narrow(source, narrowed)
        )
        if valid_at is not None:
            statement = statement.where(*_open_on(source, valid_at))
        if after is not None:
            key = sa.tuple_(*_listing_order(source))
            statement = statement.where(
                key > sa.tuple_(*after, types=[column.type for column in _listing_order(source)])
            )
        with self._database.reading() as connection:
            return connection.execute(statement.order_by(*_listing_order(source)).limit(limit)).all()

    def list_of_many(
        self,
        persons: Sequence[int],
        *,
        valid_at: dt.date,
        known_at: dt.datetime | None,
        narrowed: DossierFilter,
    ) -> Rows:
        """Return the dossiers of up to 1000 persons, by person and listing order."""
        if known_at is None and narrowed.is_open:
            return self.list_open_of_many(persons, valid_at=valid_at)
        dialect = self._database.dialect
        source = self._states(known_at, lambda table: among(table.c.person, "persons", dialect))
        statement = (
            sa.select(*columns(source))
            .where(
                among(source.c.person, "persons", dialect),
                *_open_on(source, valid_at),
                *_narrow(source, narrowed),
            )
            .order_by(source.c.person, *_listing_order(source))
        )
        with self._database.reading() as connection:
            return connection.execute(statement, {"persons": array(persons, dialect)}).all()

    def dossiers_of(self, persons: Sequence[int], known_at: dt.datetime | None) -> dict[int, list[Dossier]]:
        """Return every dossier of up to 1000 persons, of whatever period, by person and listing order."""
        found: dict[int, list[Dossier]] = defaultdict(list)
        asked = array(persons, self._database.dialect)
        rows = (
            self._all_of_many.typed_rows(persons=asked)
            if known_at is None
            else self._all_as_known(asked, known_at)
        )
        for row in rows:
            found[row[0]].append(dossier_of(row))
        return found

    def _all_as_known(self, asked: Any, known_at: dt.datetime) -> Rows:
        dialect = self._database.dialect
        source = self._states(known_at, lambda table: among(table.c.person, "persons", dialect))
        statement = (
            sa.select(*columns(source))
            .where(among(source.c.person, "persons", dialect))
            .order_by(source.c.person, *_listing_order(source))
        )
        with self._database.reading() as connection:
            return connection.execute(statement, {"persons": asked}).all()

    def _states(self, known_at: dt.datetime | None, of_persons: Any) -> sa.FromClause:
        """Return what stands now, or what stood at an instant: the last version recorded until then."""
        if known_at is None:
            return self._tables.dossier
        version = self._tables.dossier_version
        newest = (
            sa.func.row_number()
            .over(partition_by=(version.c.person, version.c.dossier_id), order_by=version.c.version.desc())
            .label("newest")
        )
        # Index: primary key, by person.
        known = (
            sa.select(*columns(version), version.c.standing, newest)
            .where(of_persons(version), version.c.recorded_at <= known_at)
            .subquery()
        )
        return sa.select(*columns(known)).where(known.c.newest == 1, known.c.standing.is_(True)).subquery()

    def _day(self, day: dt.date) -> Any:
        # The driver's own type: SQLite keeps dates as ISO text.
        return day if self._database.dialect == "postgresql" else day.isoformat()


def _open_of_one(tables: DossierTables, day: sa.BindParameter[Any]) -> sa.Select[Any]:
    """One row at least: where the number leads, and with it each dossier that is open.

    Indexes: primary keys of `number` and `dossier`.
    """
    table, number = tables.dossier, tables.number
    asked = sa.select(sa.cast(sa.bindparam("person"), sa.BigInteger).label("ssin")).subquery("asked")
    source = asked.outerjoin(number, number.c.ssin == asked.c.ssin).outerjoin(
        table,
        sa.and_(
            table.c.person == sa.func.coalesce(number.c.current_ssin, asked.c.ssin), *_open_on(table, day)
        ),
    )
    return (
        sa.select(number.c.current_ssin, number.c.replaced_on, *columns(table))
        .select_from(source)
        .order_by(*_listing_order(table))
        .limit(sa.bindparam("limit", type_=sa.Integer))
    )


def _listing_order(source: sa.FromClause) -> list[sa.ColumnElement[Any]]:
    return [source.c[name] for name in LISTING_KEY]


def _open_on(source: sa.FromClause, day: Any) -> list[sa.ColumnElement[bool]]:
    return [source.c.begin_day <= day, sa.or_(source.c.end_day.is_(None), source.c.end_day > day)]


def _narrow(source: sa.FromClause, narrowed: DossierFilter) -> list[sa.ColumnElement[bool]]:
    wanted = {
        "sector": narrowed.sector,
        "institution": narrowed.institution,
        "capacity": narrowed.capacity,
        "network_level": narrowed.network_level,
    }
    return [source.c[name] == int(value) for name, value in wanted.items() if value is not None]
