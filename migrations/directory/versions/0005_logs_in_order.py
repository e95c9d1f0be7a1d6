"""Number the records of both logs as they are inserted, group changes by commit, encrypt what they say.

Revision: 0005
Follows: 0004

Both logs are built anew. What changes said before stays readable: it becomes a payload without a key.
"""

import uuid

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from kruispunt_server.append_only import keeping, letting_go, protecting, rising, unprotecting
from kruispunt_server.instant import Instant

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ENTRY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_STATE = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_SAID = ["recorded_at", "participant_id", "method", "end_user", "legal_basis", "case_reference"]
_ACCESS = ["access_id", *_SAID, "subject", "data_groups", "result"]
_CHANGE = ["change_id", *_SAID, "request_id", "commit_id", "subject", "kind", "key_id", "payload"]
_CHANGE_BEFORE = ["change_id", *_SAID, "request_id", "subject", "kind", "before_state", "after_state"]
_KINDS = {
    "recorded_at": Instant(),
    "participant_id": sa.String(64),
    "method": sa.String(128),
    "end_user": sa.String(64),
    "legal_basis": sa.String(64),
    "case_reference": sa.String(64),
    "subject": sa.LargeBinary(),
    "data_groups": sa.String(255),
    "result": sa.String(64),
    "kind": sa.String(64),
    "payload": sa.LargeBinary(),
    "before_state": _STATE,
    "after_state": _STATE,
}
_MAY_BE_ABSENT = {"key_id", "before_state", "after_state"}
_NOBODYS = {"end_user", "legal_basis", "case_reference", "subject"}


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    _log(dialect)
    for log, names, before in (("change", _CHANGE, _CHANGE_BEFORE), ("access", _ACCESS, _ACCESS)):
        _set_aside(log, dialect, unprotecting(dialect, log))
        _create(log, names, numbered=True)
        _copy_up(log, before, dialect)
        op.drop_table(f"{log}_before")
        for statement in keeping(dialect, log, ["entry_no", *names]):
            op.execute(statement)
    op.create_index("ix_access_subject", "access", ["subject", "entry_no"])


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    op.drop_index("ix_access_subject", "access")
    for log, names in (("change", _CHANGE_BEFORE), ("access", _ACCESS)):
        _set_aside(log, dialect, letting_go(dialect, log))
        _create(log, names, numbered=False)
        # Payloads cannot be read here.
        kept = [name for name in names if name not in ("before_state", "after_state")]
        listed = ", ".join(kept)
        op.execute(f"INSERT INTO {log} ({listed}) SELECT {listed} FROM {log}_before")
        op.drop_table(f"{log}_before")
        for statement in protecting(dialect, log, names):
            op.execute(statement)
    op.drop_table("log")
    if dialect == "postgresql":
        op.execute("DROP FUNCTION log_refuse()")


def _log(dialect: str) -> None:
    log = op.create_table(
        "log",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("log_id", sa.Uuid(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("kept_from", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("0 <= kept_from AND kept_from <= size", name=op.f("ck_log_kept_from")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_log")),
    )
    op.bulk_insert(
        log,
        [{"name": name, "log_id": uuid.uuid4(), "size": 0, "kept_from": 0} for name in ("change", "access")],
    )
    for statement in rising(dialect):
        op.execute(statement)


def _set_aside(log: str, dialect: str, unguarding: list[str]) -> None:
    """Rename a log and everything of it whose name its successor needs."""
    for statement in unguarding:
        op.execute(statement)
    op.drop_index(f"ix_{log}_unsealed", log)
    op.drop_index(f"uq_{log}_position", log)
    op.rename_table(log, f"{log}_before")
    if dialect == "postgresql":
        op.execute(f"ALTER INDEX pk_{log} RENAME TO pk_{log}_before")
        op.execute(f"ALTER INDEX IF EXISTS uq_{log}_{log}_id RENAME TO uq_{log}_{log}_id_before")
        op.execute(f"ALTER SEQUENCE IF EXISTS {log}_entry_no_seq RENAME TO {log}_entry_no_before_seq")


def _create(log: str, names: list[str], *, numbered: bool) -> None:
    columns: list[sa.Column] = [
        sa.Column(
            name,
            _KINDS.get(name, sa.Uuid()),
            nullable=name in _MAY_BE_ABSENT or (log == "change" and name in _NOBODYS),
        )
        for name in names
    ]
    key = f"{log}_id"
    if numbered:
        columns.insert(0, sa.Column("entry_no", _ENTRY, nullable=False, autoincrement=True))
        constraints = [
            sa.PrimaryKeyConstraint("entry_no", name=op.f(f"pk_{log}")),
            sa.UniqueConstraint(key, name=op.f(f"uq_{log}_{key}")),
        ]
    else:
        constraints = [sa.PrimaryKeyConstraint(key, name=op.f(f"pk_{log}"))]
    position = sa.Column("position", sa.BigInteger(), nullable=True)
    op.create_table(log, *columns, position, *constraints, sqlite_with_rowid=numbered)
    for name, column, sealed in (
        (f"ix_{log}_unsealed", "entry_no" if numbered else key, "position IS NULL"),
        (f"uq_{log}_position", "position", "position IS NOT NULL"),
    ):
        where = sa.text(sealed)
        unique = name.startswith("uq")
        op.create_index(name, log, [column], unique=unique, sqlite_where=where, postgresql_where=where)


def _copy_up(log: str, before: list[str], dialect: str) -> None:
    """Copy what there was, in the order in which it was made."""
    kept = [name for name in before if name not in ("before_state", "after_state")]
    into, values = ", ".join(kept), ", ".join(kept)
    if log == "change":
        into += ", commit_id, payload"
        values += ", request_id, "
        values += (
            "CAST(json_object('before', json(before_state), 'after', json(after_state)) AS BLOB)"
            if dialect == "sqlite"
            else "convert_to(jsonb_build_object('before', before_state, 'after', after_state)::text, 'UTF8')"
        )
    op.execute(f"INSERT INTO {log} ({into}) SELECT {values} FROM {log}_before ORDER BY {log}_id")
