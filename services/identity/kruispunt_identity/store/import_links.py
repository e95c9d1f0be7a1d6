"""Foreign identifiers of imported persons, in bulk."""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.identifier import IdentifierKey
from kruispunt_identity.domain.importing import ImportRow, Link
from kruispunt_identity.domain.linking import overlap
from kruispunt_identity.domain.number import Outcome
from kruispunt_identity.domain.values import Validity
from kruispunt_identity.store.identifiers import lock_of
from kruispunt_identity.store.numbers import NumberStore
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.bulk import bulk_insert
from kruispunt_server.call import InstitutionKey
from kruispunt_server.database import Database
from kruispunt_server.ids import new_id

_Key = tuple[str, int, str]


class ImportLinks:
    """Finds identifiers that are linked already, and links the others."""

    def __init__(self, database: Database, tables: IdentityTables, numbers: NumberStore) -> None:
        self._database = database
        self._numbers = numbers
        self._table = table = tables.persons.foreign_identifier
        # Index: ix_foreign_identifier_folded.
        self._standing = sa.select(
            table.c.ssin, table.c.country, table.c.scheme, table.c.folded, table.c.begin_day, table.c.end_day
        ).where(_among_texts(table.c.folded, "folded", database.dialect), table.c.superseded_at.is_(None))

    def clashes(self, connection: sa.Connection, rows: Sequence[ImportRow]) -> Mapping[int, int]:
        """Return, by row, the place of its first identifier that is linked to another person in a part of its days.

        Others that link the same identifiers wait until this transaction ends. Rows of one request may clash too: the
        first of them keeps the identifier.
        """
        asked = {link.key for row in rows for link in row.links}
        if not asked:
            return {}
        for lock in sorted(map(lock_of, asked)):
            self._database.lock(connection, lock)
        held = self._held(connection, {key.folded for key in asked})
        clashes = {}
        for row in rows:
            place = _first_clash(row.links, held)
            if place is not None:
                clashes[row.row] = place
                continue
            for link in row.links:
                held[_key(link.key)].append(link.validity)
        return clashes

    def add(
        self,
        connection: sa.Connection,
        persons: Iterable[tuple[Ssin, ImportRow]],
        source: InstitutionKey,
        now: dt.datetime,
    ) -> None:
        """Link the identifiers of every row, which `clashes` has passed."""
        values = [
            {
                "ssin": int(ssin),
                "link_id": new_id(),
                "version": 1,
                "country": link.key.country,
                "scheme": int(link.key.scheme),
                "identifier": link.key.identifier,
                "folded": link.key.folded,
                "begin_day": link.validity.begin,
                "end_day": link.validity.end,
                "sector": source.sector,
                "institution": source.institution,
                "recorded_at": now,
            }
            for ssin, row in persons
            for link in row.links
        ]
        bulk_insert(connection, self._table, values)

    def _held(self, connection: sa.Connection, folded: Iterable[str]) -> defaultdict[_Key, list[Validity]]:
        texts: Any = sorted(folded)
        if self._database.dialect == "sqlite":
            texts = json.dumps(texts)
        rows = connection.execute(self._standing, {"folded": texts}).all()
        leads = self._numbers.resolve_many(connection, [Ssin(row.ssin) for row in rows])
        held: defaultdict[_Key, list[Validity]] = defaultdict(list)
        for ssin, country, scheme, text, begin, end in rows:
            if leads[ssin].outcome is not Outcome.CANCELLED:  # who leads to nobody holds nothing
                held[country, scheme, text].append(Validity(begin, end))
        return held


def _key(key: IdentifierKey) -> _Key:
    return key.country, int(key.scheme), key.folded


def _first_clash(links: Sequence[Link], held: Mapping[_Key, list[Validity]]) -> int | None:
    own: defaultdict[_Key, list[Validity]] = defaultdict(list)
    for place, link in enumerate(links):
        key = _key(link.key)
        if any(overlap(link.validity, other) for other in (*held.get(key, ()), *own[key])):
            return place
        own[key].append(link.validity)
    return None


def _among_texts(column: sa.ColumnElement[Any], name: str, dialect: str) -> sa.ColumnElement[bool]:
    """Return the condition that `column` is one of the texts bound to `name`; as `kruispunt_server.arrays`."""
    if dialect == "postgresql":
        return column == sa.any_(sa.bindparam(name, type_=sa.ARRAY(sa.String)))
    each = sa.func.json_each(sa.bindparam(name, type_=sa.Text)).table_valued("value")
    return column.in_(sa.select(each.c.value))
