"""What the directory knows about numbers: where a number leads."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from kruispunt.ssin import Ssin
from kruispunt_directory.domain.number import NumberStatus, Resolution, Verification
from kruispunt_directory.tables import DirectoryTables
from kruispunt_server.arrays import among, array
from kruispunt_server.database import Database


class NumberStore:
    """Reads the projection of identity's chains. A number that is not in it stands for itself."""

    def __init__(self, database: Database, tables: DirectoryTables) -> None:
        self._database = database
        number = tables.dossiers.number
        current = number.alias("current")
        found = sa.select(
            number.c.ssin,
            number.c.current_ssin,
            # A number that the projection does not hold stands for itself.
            sa.func.coalesce(current.c.status, int(NumberStatus.ACTIVE)),
            number.c.replaced_on,
        ).select_from(number.outerjoin(current, current.c.ssin == number.c.current_ssin))
        version = tables.dossiers.number_version
        latest = (
            sa.func.row_number()
            .over(partition_by=version.c.ssin, order_by=version.c.recorded_at.desc())
            .label("latest")
        )
        # Index: primary key.
        then = (
            sa.select(version.c.ssin, version.c.current_ssin, version.c.status, version.c.replaced_on, latest)
            .where(
                among(version.c.ssin, "ssins", database.dialect),
                version.c.recorded_at <= sa.bindparam("at", type_=version.c.recorded_at.type),
            )
            .subquery()
        )
        self._then = sa.select(then).where(then.c.latest == 1)
        # Indexes: primary key, twice.
        self._one = database.hot(found.where(number.c.ssin == sa.bindparam("ssin")))
        self._many = database.hot(found.where(among(number.c.ssin, "ssins", database.dialect)))

    def resolve_now(self, asked: Ssin) -> Resolution:
        """Return where `asked` leads."""
        return _only(self._one.typed_rows(ssin=int(asked)), asked)

    def resolve_all_now(self, asked: Sequence[int]) -> dict[int, Resolution]:
        """Return where each of at most 1000 numbers leads; those that nobody told of are left out."""
        return _by_number(self._many.typed_rows(ssins=array(asked, self._database.dialect)))

    def resolve(
        self, connection: sa.Connection, asked: Ssin, known_at: dt.datetime | None = None
    ) -> Resolution:
        """Return where `asked` leads, or led as known at an instant."""
        if known_at is not None:
            return self.resolve_all(connection, [asked], known_at).get(int(asked), Resolution(asked, asked))
        return _only(self._one.rows_on(connection, ssin=int(asked)), asked)

    def resolve_all(
        self, connection: sa.Connection, asked: Sequence[int], known_at: dt.datetime | None = None
    ) -> dict[int, Resolution]:
        """Return where each of at most 1000 numbers leads, or led; those that nobody told of are left out."""
        ssins = array(asked, self._database.dialect)
        found = _by_number(self._many.rows_on(connection, ssins=ssins))
        if known_at is None or not found:
            return found
        # What has no version by then stood for itself.
        current = {int(number): Ssin(number) for number in found}
        replaced_on: dict[int, dt.date] = {}
        for row in connection.execute(self._then, {"ssins": ssins, "at": known_at}):
            current[row.ssin], replaced_on[row.ssin] = Ssin(row.current_ssin), row.replaced_on
        roots = array(sorted(set(current.values())), self._database.dialect)
        status = {
            row.ssin: NumberStatus(row.status)
            for row in connection.execute(self._then, {"ssins": roots, "at": known_at})
        }
        return {
            number: Resolution(
                Ssin(number),
                root,
                status.get(int(root), NumberStatus.ACTIVE),
                replaced_on.get(number),
                Verification.REGISTER,
            )
            for number, root in current.items()
        }


def _only(rows: Sequence[Any], asked: Ssin) -> Resolution:
    return _resolution(rows[0]) if rows else Resolution(asked, asked)


def _by_number(rows: Sequence[Any]) -> dict[int, Resolution]:
    return {row[0]: _resolution(row) for row in rows}


def _resolution(row: Any) -> Resolution:
    ssin, current, status, replaced_on = row
    return Resolution(
        Ssin(ssin),
        Ssin(current),
        NumberStatus(status),
        replaced_on,
        Verification.REGISTER,
    )
