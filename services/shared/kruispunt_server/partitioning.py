"""Spread the rows of persons over hash partitions on PostgreSQL, or bring them together again.

For registers of many millions of persons: each index is then a small one of many, and a table is cleaned, copied and
moved a part at a time. Nothing else knows of it: names, columns, keys, triggers and rights are those of the tables as
the migrations made them, read from the database's own catalogue, and later migrations find the tables under their names.

Only tables can be spread whose every key holds the person, as PostgreSQL keeps uniqueness within a partition alone.
Such tables say so in the code, by `owned.owned_by`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from kruispunt_server import migrate

SCHEMA: Final = migrate.PARTS
MOST: Final = 1024
_PREPARER = postgresql.dialect().identifier_preparer  # type: ignore[no-untyped-call]
_quoted = _PREPARER.quote_identifier


class PartitioningError(Exception):
    """The tables cannot be spread; nothing was changed."""


def spread(url: str, tables: Mapping[str, str], partitions: int) -> dict[str, int]:
    """Rebuild tables with so many partitions, in one transaction; nobody else reads or writes them meanwhile.

    Args:
        url: of PostgreSQL itself, as the owner of the tables.
        tables: with the column of the person's number, as of `owned.owned`.
        partitions: of each table, at most 1024; 0: none.

    Returns:
        How many rows each table holds.

    Raises:
        PartitioningError: not PostgreSQL, another number, or a key of a table lacks the person.
        sqlalchemy.exc.OperationalError: somebody uses a table, or another process migrates.
    """
    if sa.make_url(url).get_backend_name() != "postgresql":
        raise PartitioningError("only PostgreSQL has partitions")
    if not 0 <= partitions <= MOST or partitions == 1:
        raise PartitioningError(f"between 2 and {MOST} partitions, or 0 for none")
    with migrate.alone_on(url) as connection, connection.begin():
        work = _Work(connection, tables, partitions)
        return work.carry_out()


@dataclass(frozen=True, slots=True)
class _Definition:
    """What of a table goes with it when it is rebuilt, as statements.

    Attributes:
        columns: in their order.
        keys: primary key and unique constraints.
        references: foreign keys of the table, and of others to it.
        indexes: those that belong to no constraint.
        triggers: ours.
        keeps_rows: one of those watches TRUNCATE.
        rights: of other roles.
    """

    columns: Sequence[str]
    keys: Sequence[str]
    references: Sequence[tuple[str, str, str]]
    indexes: Sequence[str]
    triggers: Sequence[str]
    keeps_rows: bool
    rights: Sequence[str]


class _Work:
    def __init__(self, connection: sa.Connection, tables: Mapping[str, str], partitions: int) -> None:
        self._connection = connection
        self._tables = tables
        self._partitions = partitions

    def carry_out(self) -> dict[str, int]:
        definitions = {}
        for table, column in self._tables.items():
            self._do(f"LOCK TABLE {_quoted(table)} IN ACCESS EXCLUSIVE MODE")
            definitions[table] = self._read(table, column)
        references = {
            name: (of, sentence) for each in definitions.values() for of, name, sentence in each.references
        }
        for name, (of, _) in references.items():
            self._do(f"ALTER TABLE {of} DROP CONSTRAINT {_quoted(name)}")
        if self._partitions:
            self._do(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
            self._connection.execute(sa.text(_REFUSING))
        rows = {table: self._rebuild(table, definitions[table]) for table in self._tables}
        for name, (of, sentence) in references.items():
            self._do(f"ALTER TABLE {of} ADD CONSTRAINT {_quoted(name)} {sentence}")
        if not self._partitions:
            self._do(f"DROP FUNCTION IF EXISTS {SCHEMA}.refuse()")
            self._do(f"DROP SCHEMA IF EXISTS {SCHEMA}")
        for table in self._tables:
            self._do(f"ANALYZE {_quoted(table)}")
        return rows

    def _rebuild(self, table: str, of: _Definition) -> int:
        name, draft = _quoted(table), _quoted(f"{table}_rebuilt")
        listed = ", ".join(map(_quoted, of.columns))
        parted = f"PARTITION BY HASH ({_quoted(self._tables[table])})" if self._partitions else ""
        self._do(
            f"CREATE TABLE {draft} (LIKE {name} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED "
            f"INCLUDING IDENTITY INCLUDING STORAGE INCLUDING COMPRESSION INCLUDING COMMENTS) {parted}"
        )
        # Of what stands now the parts may have the names that the new ones get.
        for place in range(self._partitions):
            self._do(
                f"CREATE TABLE {SCHEMA}.{_quoted(f'{table}_new_p{place}')} PARTITION OF {draft} "
                f"FOR VALUES WITH (MODULUS {self._partitions}, REMAINDER {place})"
            )
        moved = self._do(f"INSERT INTO {draft} ({listed}) SELECT {listed} FROM {name}")  # noqa: S608 - names of ours
        self._do(f"DROP TABLE {name}")
        self._do(f"ALTER TABLE {draft} RENAME TO {name}")
        for place in range(self._partitions):
            part = f"{SCHEMA}.{_quoted(f'{table}_new_p{place}')}"
            self._do(f"ALTER TABLE {part} RENAME TO {_quoted(f'{table}_p{place}')}")
            if of.keeps_rows:
                self._do(
                    f"CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {SCHEMA}.{_quoted(f'{table}_p{place}')} "
                    f"FOR EACH STATEMENT EXECUTE FUNCTION {SCHEMA}.refuse('{table}')"
                )
        for sentence in (*of.keys, *of.indexes, *of.triggers, *of.rights):
            self._do(sentence)
        return moved.rowcount

    def _read(self, table: str, column: str) -> _Definition:
        name = _quoted(table)
        kept: list[str] = []
        for constraint, sentence, columns in self._rows(_KEYS, table):
            if self._partitions and column not in columns:
                raise PartitioningError(f"{constraint} of {table} does not hold {column}")
            kept.append(f"ALTER TABLE {name} ADD CONSTRAINT {_quoted(constraint)} {sentence}")
        triggers = [(is_truncate, sentence) for is_truncate, sentence in self._rows(_TRIGGERS, table)]
        return _Definition(
            columns=[row[0] for row in self._rows(_COLUMNS, table)],
            keys=kept,
            references=[tuple(row) for row in self._rows(_REFERENCES, table)],
            indexes=[row[0].replace(" ON ONLY ", " ON ") for row in self._rows(_INDEXES, table)],
            triggers=[sentence for _, sentence in triggers],
            keeps_rows=any(is_truncate for is_truncate, _ in triggers),
            rights=[
                f"GRANT {right}{f' ({_quoted(of)})' if of else ''} ON {name} TO {role}"
                for right, of, role in self._rows(_RIGHTS, table)
            ],
        )

    def _rows(self, statement: sa.TextClause, table: str) -> Sequence[Any]:
        return self._connection.execute(statement, {"name": f"public.{_quoted(table)}"}).all()

    def _do(self, statement: str) -> sa.CursorResult[Any]:
        return self._connection.exec_driver_sql(statement)


# What watches TRUNCATE watches the table alone. The parts have a function of their own: a migration that takes the
# table's protection away knows nothing of parts.
_REFUSING = (
    f"CREATE OR REPLACE FUNCTION {SCHEMA}.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "RAISE EXCEPTION '% is append-only', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation', "
    "CONSTRAINT = TG_ARGV[0] || '_append_only'; END $$"
)
_COLUMNS = sa.text(
    "SELECT attname FROM pg_attribute WHERE attrelid = CAST(:name AS regclass) AND attnum > 0 AND NOT attisdropped "
    "AND attgenerated = '' ORDER BY attnum"
)
_KEYS = sa.text(
    "SELECT conname, pg_get_constraintdef(oid), ARRAY(SELECT CAST(attname AS text) FROM pg_attribute "
    "WHERE attrelid = conrelid AND attnum = ANY (conkey)) FROM pg_constraint "
    "WHERE conrelid = CAST(:name AS regclass) AND contype IN ('p', 'u') ORDER BY contype, conname"
)
_REFERENCES = sa.text(
    "SELECT CAST(conrelid AS regclass)::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE contype = 'f' AND conparentid = 0 "
    "AND CAST(:name AS regclass) IN (conrelid, confrelid) ORDER BY conname"
)
_INDEXES = sa.text(
    "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = CAST(:name AS regclass) "
    "AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u')) "
    "ORDER BY indexrelid"
)
# 32: it watches TRUNCATE.
_TRIGGERS = sa.text(
    "SELECT tgtype & 32 <> 0, pg_get_triggerdef(oid) FROM pg_trigger "
    "WHERE tgrelid = CAST(:name AS regclass) AND NOT tgisinternal ORDER BY tgname"
)
_RIGHTS = sa.text(
    "SELECT privilege_type, NULL::text, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END "
    "FROM pg_class, aclexplode(relacl) WHERE pg_class.oid = CAST(:name AS regclass) AND grantee <> relowner "
    "UNION ALL "
    "SELECT privilege_type, attname, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END "
    "FROM pg_attribute, aclexplode(attacl) WHERE attrelid = CAST(:name AS regclass)"
)
