"""Create legal bases and grants; participants get quotas and revoked certificates; logs say who acted for whom.

Revision: 0010
Follows: 0009
"""

import sqlalchemy as sa
from alembic import op

from kruispunt_server.append_only import keeping, letting_go

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_COMMON = ["recorded_at", "participant_id", "method", "end_user", "legal_basis", "case_reference"]
_LOGS = {
    "change": [
        "entry_no",
        "change_id",
        *_COMMON,
        "request_id",
        "commit_id",
        "subject",
        "kind",
        "key_id",
        "payload",
    ],
    "access": ["entry_no", "access_id", *_COMMON, "subject", "data_groups", "result"],
}


def upgrade() -> None:
    op.add_column(
        "participant", sa.Column("revoked_certificates", sa.Text(), server_default="", nullable=False)
    )
    op.add_column("participant", sa.Column("quotas", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "legal_basis",
        sa.Column("legal_basis", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("data_groups", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("legal_basis", name=op.f("pk_legal_basis")),
    )
    op.create_table(
        "access_grant",
        sa.Column("grant_id", sa.String(length=64), nullable=False),
        sa.Column("participants", sa.Text(), nullable=False),
        sa.Column("methods", sa.Text(), nullable=False),
        sa.Column("legal_basis", sa.String(length=64), nullable=False),
        sa.Column("data_groups", sa.Text(), nullable=False),
        sa.Column("requires_dossier", sa.Boolean(), nullable=False),
        sa.Column("shows_protected", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("quota_calls", sa.Integer(), nullable=True),
        sa.Column("quota_seconds", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(quota_calls IS NULL) = (quota_seconds IS NULL)", name=op.f("ck_access_grant_quota")
        ),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_access_grant")),
    )
    version = op.create_table(
        "rights_version",
        sa.Column("one", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("one = 1", name=op.f("ck_rights_version_one")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_rights_version")),
    )
    op.bulk_insert(version, [{"one": 1, "version": 0}])
    for log, columns in _LOGS.items():
        _regard(log, [*columns, "via"])


def _regard(log: str, columns: list[str]) -> None:
    """Give a log the column `via` and triggers that keep it, too, as it is."""
    dialect = op.get_bind().dialect.name
    for statement in letting_go(dialect, log):
        op.execute(statement)
    op.add_column(log, sa.Column("via", sa.String(length=64), nullable=True))
    for statement in keeping(dialect, log, columns):
        op.execute(statement)


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    for log, columns in _LOGS.items():
        for statement in letting_go(dialect, log):
            op.execute(statement)
        op.drop_column(log, "via")
        for statement in keeping(dialect, log, columns):
            op.execute(statement)
    for table in ("rights_version", "access_grant", "legal_basis"):
        op.drop_table(table)
    op.drop_column("participant", "quotas")
    op.drop_column("participant", "revoked_certificates")
