"""What the directory knows about numbers: where a number leads."""

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
        self._one = found.where(number.c.ssin == sa.bindparam("ssin"))
        self._many = found.where(among(number.c.ssin, "ssins", database.dialect))

    def resolve(self, connection: sa.Connection, asked: Ssin) -> Resolution:
        """Return where `asked` leads."""
        row = connection.execute(self._one, {"ssin": int(asked)}).one_or_none()
        return Resolution(asked, asked) if row is None else _resolution(row)

    def resolve_all(self, connection: sa.Connection, asked: Sequence[int]) -> dict[int, Resolution]:
        """Return where each of at most 1000 numbers leads; those that stand for themselves are left out."""
        rows = connection.execute(self._many, {"ssins": array(asked, self._database.dialect)})
        return {row.ssin: _resolution(row) for row in rows}


def _resolution(row: Any) -> Resolution:
    ssin, current, status, replaced_on = row
    return Resolution(
        Ssin(ssin),
        Ssin(current),
        NumberStatus(status),
        replaced_on,
        Verification.REGISTER,
    )
