"""Create the marks of protected persons, which are set and lifted and never changed otherwise.

Revision: 0009
Follows: 0008
"""

import sqlalchemy as sa
from alembic import op

from kruispunt_server.append_only import closing, unclosing
from kruispunt_server.tables import Instant

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_KEPT = ("ssin", "protection_id", "begin_day", "reference", "set_by", "recorded_at")


def upgrade() -> None:
    op.create_table(
        "protection",
        sa.Column("ssin", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("protection_id", sa.Uuid(), nullable=False),
        sa.Column("begin_day", sa.Date(), nullable=False),
        sa.Column("reference", sa.String(length=100), nullable=False),
        sa.Column("set_by", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("superseded_at", Instant(), nullable=True),
        sa.Column("lift_day", sa.Date(), nullable=True),
        sa.Column("lift_reference", sa.String(length=100), nullable=True),
        sa.Column("lifted_by", sa.String(length=64), nullable=True),
        sa.CheckConstraint("lift_day IS NULL OR begin_day <= lift_day", name=op.f("ck_protection_period")),
        sa.CheckConstraint(
            "(superseded_at IS NULL) = (lift_day IS NULL) AND (superseded_at IS NULL) = (lifted_by IS NULL)",
            name=op.f("ck_protection_lifted"),
        ),
        sa.PrimaryKeyConstraint("ssin", "protection_id", name=op.f("pk_protection")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_protection_standing",
        "protection",
        ["ssin"],
        unique=True,
        sqlite_where=sa.text("superseded_at IS NULL"),
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    for statement in closing(op.get_bind().dialect.name, "protection", _KEPT):
        op.execute(statement)


def downgrade() -> None:
    for statement in unclosing(op.get_bind().dialect.name, "protection"):
        op.execute(statement)
    op.drop_table("protection")
