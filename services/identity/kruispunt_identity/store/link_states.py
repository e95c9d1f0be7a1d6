"""Foreign identifiers, read: every state of the links of some numbers, and who a foreign identifier is linked to."""

import datetime as dt
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.identifier import ForeignIdentifier, IdentifierKey, Scheme
from kruispunt_identity.domain.values import Validity
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.arrays import among, array
from kruispunt_server.call import InstitutionKey
from kruispunt_server.database import Database
from kruispunt_server.tables import Instant

_COLUMNS = (
    "ssin",
    "link_id",
    "version",
    "country",
    "scheme",
    "identifier",
    "begin_day",
    "end_day",
    "sector",
    "institution",
    "recorded_at",
)


class LinkStates:
    """Reads foreign identifiers; every method takes the running connection."""

    def __init__(self, database: Database, tables: IdentityTables) -> None:
        self._dialect = database.dialect
        table = tables.persons.foreign_identifier
        recorded, closed = table.c.recorded_at, table.c.superseded_at
        self._known_at = sa.bindparam("known_at", type_=Instant)
        standing = (closed.is_(None), sa.true())
        known = (sa.or_(closed.is_(None), closed > self._known_at), recorded <= self._known_at)
        # Index: primary key.
        of_numbers = (
            sa.select(*[table.c[name] for name in _COLUMNS])
            .where(among(table.c.ssin, "numbers", self._dialect))
            .order_by(table.c.recorded_at, table.c.link_id, table.c.version)
        )
        # By (whether an instant is given, whether closed states come too).
        states = {
            (False, False): of_numbers.where(*standing),
            (False, True): of_numbers,
            (True, False): of_numbers.where(*known),
            (True, True): of_numbers.where(known[1]),
        }
        self._of = {which: database.hot(statement) for which, statement in states.items()}
        day = sa.bindparam("day", type_=sa.Date)
        # Index: ix_foreign_identifier_folded.
        linked = (
            sa.select(table.c.ssin)
            .distinct()
            .where(
                table.c.folded == sa.bindparam("folded"),
                table.c.scheme == sa.bindparam("scheme"),
                table.c.country == sa.bindparam("country"),
                sa.or_(table.c.begin_day.is_(None), table.c.begin_day <= day),
                sa.or_(table.c.end_day.is_(None), table.c.end_day > day),
            )
            .order_by(table.c.ssin)
            .limit(sa.bindparam("most", type_=sa.Integer))
        )
        self._linked = {False: linked.where(*standing), True: linked.where(*known)}

    def of(
        self,
        connection: sa.Connection,
        numbers: Collection[Ssin],
        known_at: dt.datetime | None = None,
        *,
        history: bool = False,
    ) -> list[ForeignIdentifier]:
        """Return the states of the links of some numbers, of whatever validity, in the order of recording.

        Args:
            connection: the running one.
            numbers: of one person or many.
            known_at: what stood then; none: what stands.
            history: whether states that were replaced by a later one come too.
        """
        if not numbers:
            return []
        values = self._values({"numbers": array(sorted(numbers), self._dialect)}, known_at)
        rows = self._of[known_at is not None, history].rows_on(connection, **values)
        return [_identifier_of(row) for row in rows]

    def linked(
        self,
        connection: sa.Connection,
        key: IdentifierKey,
        *,
        day: dt.date,
        known_at: dt.datetime | None,
        most: int,
    ) -> list[Ssin]:
        """Return the numbers that a foreign identifier is linked to on a day, in order, `most` at most."""
        values = {"folded": key.folded, "scheme": int(key.scheme), "country": key.country}
        statement = self._linked[known_at is not None]
        rows = connection.execute(statement, self._values({**values, "day": day, "most": most}, known_at))
        return [Ssin(row.ssin) for row in rows]

    @staticmethod
    def _values(values: dict[str, Any], known_at: dt.datetime | None) -> dict[str, Any]:
        return values if known_at is None else {**values, "known_at": known_at}


def _identifier_of(row: Any) -> ForeignIdentifier:
    ssin, link_id, version, country, scheme, identifier, begin, end, sector, institution, recorded_at = row
    return ForeignIdentifier(
        link_id=link_id,
        registered_under=Ssin(ssin),
        key=IdentifierKey(country, Scheme(scheme), identifier),
        validity=Validity(begin, end),
        source=InstitutionKey(sector, institution),
        version=version,
        recorded_at=recorded_at,
    )
