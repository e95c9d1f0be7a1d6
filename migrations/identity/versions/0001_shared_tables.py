"""Create participants, idempotency records and the two logs.

Revision: 0001
Follows: None
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from kruispunt_server.append_only import protecting, unprotecting
from kruispunt_server.tables import Instant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_STATE = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_CHANGE = (
    "change_id",
    "recorded_at",
    "participant_id",
    "method",
    "end_user",
    "legal_basis",
    "case_reference",
    "request_id",
    "subject",
    "kind",
    "before_state",
    "after_state",
)
_ACCESS = (
    "access_id",
    "recorded_at",
    "participant_id",
    "method",
    "end_user",
    "legal_basis",
    "case_reference",
    "subject",
    "data_groups",
    "result",
)


def upgrade() -> None:
    op.create_table(
        "access",
        sa.Column("access_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("participant_id", sa.String(length=64), nullable=False),
        sa.Column("method", sa.String(length=128), nullable=False),
        sa.Column("end_user", sa.String(length=64), nullable=False),
        sa.Column("legal_basis", sa.String(length=64), nullable=False),
        sa.Column("case_reference", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("data_groups", sa.String(length=255), nullable=False),
        sa.Column("result", sa.String(length=64), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("access_id", name=op.f("pk_access")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_access_unsealed",
        "access",
        ["access_id"],
        unique=False,
        sqlite_where=sa.text("position IS NULL"),
        postgresql_where=sa.text("position IS NULL"),
    )
    op.create_index(
        "uq_access_position",
        "access",
        ["position"],
        unique=True,
        sqlite_where=sa.text("position IS NOT NULL"),
        postgresql_where=sa.text("position IS NOT NULL"),
    )
    op.create_table(
        "change",
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("participant_id", sa.String(length=64), nullable=False),
        sa.Column("method", sa.String(length=128), nullable=False),
        sa.Column("end_user", sa.String(length=64), nullable=True),
        sa.Column("legal_basis", sa.String(length=64), nullable=True),
        sa.Column("case_reference", sa.String(length=64), nullable=True),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.LargeBinary(), nullable=True),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("before_state", _STATE, nullable=True),
        sa.Column("after_state", _STATE, nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("change_id", name=op.f("pk_change")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_change_unsealed",
        "change",
        ["change_id"],
        unique=False,
        sqlite_where=sa.text("position IS NULL"),
        postgresql_where=sa.text("position IS NULL"),
    )
    op.create_index(
        "uq_change_position",
        "change",
        ["position"],
        unique=True,
        sqlite_where=sa.text("position IS NOT NULL"),
        postgresql_where=sa.text("position IS NOT NULL"),
    )
    op.create_table(
        "idempotency",
        sa.Column("participant_id", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("method", sa.String(length=128), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("response", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("participant_id", "request_id", name=op.f("pk_idempotency")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "participant",
        sa.Column("participant_id", sa.String(length=64), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("sector", sa.SmallInteger(), nullable=True),
        sa.Column("institution", sa.SmallInteger(), nullable=True),
        sa.Column("active_from", sa.Date(), nullable=True),
        sa.Column("active_until", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "(sector IS NULL) = (institution IS NULL)", name=op.f("ck_participant_institution")
        ),
        sa.PrimaryKeyConstraint("participant_id", name=op.f("pk_participant")),
    )
    op.create_table(
        "certificate",
        sa.Column("uri", sa.String(length=255), nullable=False),
        sa.Column("participant_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.participant_id"],
            name=op.f("fk_certificate_participant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("uri", name=op.f("pk_certificate")),
    )
    op.create_index(op.f("ix_certificate_participant_id"), "certificate", ["participant_id"], unique=False)
    dialect = op.get_bind().dialect.name
    for statement in [*protecting(dialect, "change", _CHANGE), *protecting(dialect, "access", _ACCESS)]:
        op.execute(statement)


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    for statement in [*unprotecting(dialect, "change"), *unprotecting(dialect, "access")]:
        op.execute(statement)
    op.drop_table("certificate")
    op.drop_table("participant")
    op.drop_table("idempotency")
    op.drop_table("change")
    op.drop_table("access")
