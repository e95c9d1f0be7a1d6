"""Writing of foreign identifiers; they are read through store/link_states.py."""

import hashlib
from typing import Any

import sqlalchemy as sa

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.identifier import ForeignIdentifier, IdentifierKey
from kruispunt_identity.domain.linking import overlap
from kruispunt_identity.domain.number import Outcome
from kruispunt_identity.domain.values import Validity
from kruispunt_identity.store.numbers import NumberStore
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.database import Database


class IdentifierStore:
    """Writes links; every method runs on the caller's connection, with the person locked."""

    def __init__(self, database: Database, tables: IdentityTables, numbers: NumberStore) -> None:
        self._database = database
        self._numbers = numbers
        table = tables.persons.foreign_identifier
        # Index: ix_foreign_identifier_folded.
        self._select_holders = sa.select(table.c.ssin, table.c.begin_day, table.c.end_day).where(
            table.c.folded == sa.bindparam("of_folded"),
            table.c.scheme == sa.bindparam("of_scheme"),
            table.c.country == sa.bindparam("of_country"),
            table.c.superseded_at.is_(None),
        )
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

    def holders(self, connection: sa.Connection, key: IdentifierKey, validity: Validity) -> set[Ssin]:
        """Return the numbers that a key is linked to in a part of a period, until the transaction ends the only ones.

        Numbers that were cancelled lead to nobody, and hold nothing.
        """
        self._database.lock(connection, lock_of(key))
        rows = connection.execute(
            self._select_holders,
            {"of_folded": key.folded, "of_scheme": int(key.scheme), "of_country": key.country},
        )
        holding = {Ssin(ssin) for ssin, begin, end in rows if overlap(validity, Validity(begin, end))}
        leads = self._numbers.resolve_many(connection, sorted(holding))
        return {ssin for ssin in holding if leads[int(ssin)].outcome is not Outcome.CANCELLED}

    def link(self, connection: sa.Connection, link: ForeignIdentifier) -> None:
        """Write a new link; whether the key is taken, the caller has asked `holders`."""
        connection.execute(self._insert, _row(link))

    def change(self, connection: sa.Connection, before: ForeignIdentifier, after: ForeignIdentifier) -> None:
        """Write the next state of a link in place of the one that stands.

        Raises:
            sqlalchemy.exc.IntegrityError: `before` stands no more.
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


def lock_of(key: IdentifierKey) -> int:
    """Return what two writers of one key meet on: a signed 64-bit number, for `Database.lock`."""
    said = f"{key.country}|{int(key.scheme)}|{key.folded}".encode()
    return int.from_bytes(hashlib.blake2b(said, digest_size=8).digest(), signed=True)


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
