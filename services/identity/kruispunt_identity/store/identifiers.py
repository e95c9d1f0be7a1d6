"""Foreign identifiers in the database: linked, ended, looked up both ways."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

import sqlalchemy as sa

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.identifier import ForeignIdentifier, IdentifierKey, Scheme
from kruispunt_identity.domain.values import Validity
from kruispunt_identity.tables_person import PersonTables
from kruispunt_server.arrays import among, array
from kruispunt_server.bulk import bulk_insert
from kruispunt_server.call import InstitutionKey
from kruispunt_server.database import Database

_COLUMNS: Final = (
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
_BULK_FROM = 20


class IdentifierStore:
    """Reads and writes links; every method runs on the caller's connection."""

    def __init__(self, database: Database, tables: PersonTables) -> None:
        self._database = database
        self._table = table = tables.foreign_identifier
        columns = [table.c[name] for name in _COLUMNS]
        known_at = sa.bindparam("known_at", type_=table.c.recorded_at.type)
        standing = table.c.superseded_at.is_(None)
        known = sa.and_(
            table.c.recorded_at <= known_at,
            sa.or_(table.c.superseded_at.is_(None), table.c.superseded_at > known_at),
        )
        # Primary key, by number.
        of_numbers = sa.select(*columns).where(among(table.c.ssin, "numbers", database.dialect))
        self._select_standing, self._select_known = of_numbers.where(standing), of_numbers.where(known)
        self._select_all = of_numbers
        self._select_all_known = of_numbers.where(table.c.recorded_at <= known_at)
        # Index: ix_foreign_identifier_folded.
        of_key = sa.select(*columns).where(
            table.c.folded == sa.bindparam("of_folded"),
            table.c.scheme == sa.bindparam("of_scheme"),
            table.c.country == sa.bindparam("of_country"),
        )
        self._find_standing, self._find_known = of_key.where(standing), of_key.where(known)
        self._insert = sa.insert(table)
        self._close = (
            sa.update(table)
            .where(
                table.c.ssin == sa.bindparam("of_ssin"),
                table.c.link_id == sa.bindparam("of_id"),
                table.c.version == sa.bindparam("of_version"),
            )
            .values(superseded_at=sa.bindparam("at"))
        )

    def of(
        self,
        connection: sa.Connection,
        numbers: Iterable[int],
        valid_at: dt.date | None = None,
        known_at: dt.datetime | None = None,
        *,
        history: bool = False,
    ) -> list[ForeignIdentifier]:
        """Return the links of `numbers`, in one statement.

        Args:
            connection: any.
            numbers: those of one person or of many.
            valid_at: only links that hold on this day. None: all.
            known_at: as they stood then. None: now.
            history: whether every state of every link comes, and not only the one that stands.

        Returns:
            Links, in the order of recording, of one instant by identifier.
        """
        parameters: dict[str, Any] = {"numbers": array(list(numbers), self._database.dialect)}
        if known_at is None:
            statement = self._select_all if history else self._select_standing
        else:
            statement = self._select_all_known if history else self._select_known
            parameters["known_at"] = known_at
        return _read(connection.execute(statement, parameters), valid_at)

    def find(
        self,
        connection: sa.Connection,
        key: IdentifierKey,
        valid_at: dt.date | None = None,
        known_at: dt.datetime | None = None,
    ) -> list[Ssin]:
        """Return the numbers that a key is linked to, each once, in order; days and instants as of `of`."""
        return sorted({link.registered_under for link in self.links(connection, key, valid_at, known_at)})

    def links(
        self,
        connection: sa.Connection,
        key: IdentifierKey,
        valid_at: dt.date | None = None,
        known_at: dt.datetime | None = None,
    ) -> list[ForeignIdentifier]:
        """Return the links of a key, whoever they are of; days, instants and order as of `of`."""
        parameters: dict[str, Any] = {
            "of_folded": key.folded,
            "of_scheme": int(key.scheme),
            "of_country": key.country,
        }
        if known_at is None:
            return _read(connection.execute(self._find_standing, parameters), valid_at)
        parameters["known_at"] = known_at
        return _read(connection.execute(self._find_known, parameters), valid_at)

    def lock(self, connection: sa.Connection, keys: Iterable[IdentifierKey]) -> None:
        """Let nobody else link these keys until the transaction ends; whoever links one takes this first."""
        for key in sorted({_lock_of(key) for key in keys}):
            self._database.lock(connection, key)

    def link(self, connection: sa.Connection, links: Iterable[ForeignIdentifier]) -> None:
        """Write new links, few or many; whether a key is taken, the caller asks before.

        Raises:
            sqlalchemy.exc.IntegrityError: a link was written before.
        """
        rows = [_row(link) for link in links]
        if len(rows) >= _BULK_FROM:
            bulk_insert(connection, self._table, rows)
        elif rows:
            connection.execute(self._insert, rows)

    def change(self, connection: sa.Connection, before: ForeignIdentifier, after: ForeignIdentifier) -> None:
        """Write the next state of a link in place of the one that stands.

        Raises:
            sqlalchemy.exc.IntegrityError: `before` stands no more; the caller locks the person, and knows.
        """
        connection.execute(
            self._close,
            {
                "of_ssin": int(before.registered_under),
                "of_id": before.link_id,
                "of_version": before.version,
                "at": after.recorded_at,
            },
        )
        connection.execute(self._insert, _row(after))


def described(link: ForeignIdentifier) -> Mapping[str, Any]:
    """Return a link for the journal: which one, of what scheme, when; never the identifier itself."""
    return {
        "link_id": str(link.link_id),
        "country": link.key.country,
        "scheme": link.key.scheme.name.lower(),
        "begin": link.validity.begin.isoformat() if link.validity.begin else None,
        "end": link.validity.end.isoformat() if link.validity.end else None,
        "source": str(link.source),
        "version": link.version,
    }


def _read(rows: Iterable[Any], valid_at: dt.date | None) -> list[ForeignIdentifier]:
    links = [_link_of(row) for row in rows]
    if valid_at is not None:
        links = [link for link in links if link.validity.holds(valid_at)]
    links.sort(key=lambda link: (link.recorded_at, link.link_id, link.version))
    return links


def _link_of(row: Any) -> ForeignIdentifier:
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


def _row(link: ForeignIdentifier) -> dict[str, Any]:
    return {
        "ssin": int(link.registered_under),
        "link_id": link.link_id,
        "version": link.version,
        "country": link.key.country,
        "scheme": int(link.key.scheme),
        "identifier": link.key.identifier,
        "folded": link.key.folded,
        "begin_day": link.validity.begin,
        "end_day": link.validity.end,
        "sector": link.source.sector,
        "institution": link.source.institution,
        "recorded_at": link.recorded_at,
    }


def _lock_of(key: IdentifierKey) -> int:
    """Return what two writers of one key meet on: a signed 64-bit number."""
    said = f"foreign_identifier|{key.country}|{int(key.scheme)}|{key.folded}".encode()
    return int.from_bytes(hashlib.blake2b(said, digest_size=8).digest(), signed=True)
