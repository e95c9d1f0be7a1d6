"""What the server's own role may do on PostgreSQL: write the journal, and not rewrite it.

Triggers refuse it already; but who owns the tables can drop them. So the server connects as a role that owns nothing,
and is not started as one that does.
"""

import os
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from kruispunt_server.database import ALLOW_UNSAFE, Database, UnsafeDatabaseError
from kruispunt_server.tables import SharedTables

# Of each table that proves something: the columns that the server may update. It may delete from none of them.
_GUARDED: Final = {
    "change": ("position",),
    "access": ("position",),
    "log": ("size",),
    "tree_head": (),
    "tree_key": (),
    "subject_key": (),
}
# The rows of `log` are there from the beginning.
_INSERTED: Final = frozenset(_GUARDED) - {"log"}
_PREPARER = postgresql.dialect().identifier_preparer  # type: ignore[no-untyped-call]


def granting(tables: SharedTables, role: str) -> list[str]:
    """Return the statements that let `role` serve; run by the owner of the tables, again after every migration.

    Args:
        tables: the shared tables, in the metadata of their service.
        role: that exists; what it had on these tables before is taken from it.
    """
    to = _PREPARER.quote_identifier(role)
    statements = [
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {to}",
        f"GRANT SELECT ON alembic_version TO {to}",
    ]
    for table in tables.change.metadata.sorted_tables:
        name = _PREPARER.quote_identifier(table.name)
        statements += [
            f"REVOKE ALL ON {name} FROM {to}",
            f"GRANT {_privileges(table.name)} ON {name} TO {to}",
        ]
    return statements


def _privileges(table: str) -> str:
    if table not in _GUARDED:
        return "SELECT, INSERT, UPDATE, DELETE"
    granted = ["SELECT"]
    granted += ["INSERT"] if table in _INSERTED else []
    granted += [f"UPDATE ({', '.join(_GUARDED[table])})"] if _GUARDED[table] else []
    return ", ".join(granted)


def grant(database: Database, tables: SharedTables, role: str) -> None:
    """Let `role` serve, in one transaction.

    Raises:
        sqlalchemy.exc.ProgrammingError: there is no such role, or the database was not opened by the owner.
    """
    with database.writing() as connection:
        for statement in granting(tables, role):
            connection.exec_driver_sql(statement)


def too_much(database: Database, tables: SharedTables) -> list[str]:
    """Return what the connected role may do to the journal and should not, such as "DELETE on change"; on SQLite nothing."""
    if database.dialect != "postgresql":
        return []
    with database.reading() as connection:
        return [
            f"{what} on {name}"
            for name, columns in _GUARDED.items()
            for what in _held(connection, tables.change.metadata.tables[name], columns)
        ]


def _held(connection: sa.Connection, table: sa.Table, updated: tuple[str, ...]) -> list[str]:
    guarded = [column.name for column in table.columns if column.name not in updated]
    name = _PREPARER.quote_identifier(table.name)
    rights = [sa.func.has_table_privilege(name, right) for right in ("DELETE", "TRUNCATE", "TRIGGER")]
    updates = sa.or_(*(sa.func.has_column_privilege(name, column, "UPDATE") for column in guarded))
    owner = sa.func.pg_has_role(
        sa.select(sa.literal_column("relowner"))
        .select_from(sa.text("pg_class"))
        .where(sa.literal_column("oid") == sa.cast(name, postgresql.REGCLASS))
        .scalar_subquery(),
        "MEMBER",
    )
    row = connection.execute(sa.select(*rights, updates, owner)).one()
    names = ("DELETE", "TRUNCATE", "TRIGGER", "UPDATE", "ownership")
    return [what for what, held in zip(names, row, strict=True) if held]


def refuse_too_much(database: Database, tables: SharedTables) -> None:
    """Refuse a role that could rewrite the journal, unless KRUISPUNT_ALLOW_UNSAFE_POSTGRES=1.

    Raises:
        UnsafeDatabaseError: with what it may do.
    """
    if os.environ.get(ALLOW_UNSAFE) == "1":
        return
    held = too_much(database, tables)
    if held:
        raise UnsafeDatabaseError(
            f"the role that the server connects as could rewrite the journal ({', '.join(held)}): let it connect as "
            "one that owns nothing, made with `audit grant --role`"
        )
