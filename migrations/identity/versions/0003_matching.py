"""Create what the person search looks up.

Revision: 0003
Follows: 0002
"""

import sqlalchemy as sa
from alembic import op

from kruispunt_server.tables import Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "match_generation",
        sa.Column("generation", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("rules_version", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("built_to", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("generation", name=op.f("pk_match_generation")),
    )
    op.create_index(
        "uq_match_generation_active",
        "match_generation",
        ["state"],
        unique=True,
        sqlite_where=sa.text("state = 2"),
        postgresql_where=sa.text("state = 2"),
    )
    op.create_table(
        "match_key",
        sa.Column("generation", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ssin", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("generation", "key", "ssin", name=op.f("pk_match_key")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "match_profile",
        sa.Column("ssin", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("names", sa.Text(), nullable=True),
        sa.Column("letters", sa.Text(), nullable=True),
        sa.Column("birth", sa.Integer(), nullable=True),
        sa.Column("gender", sa.SmallInteger(), nullable=True),
        sa.Column("countries", sa.String(length=255), nullable=True),
        sa.Column("generation", sa.SmallInteger(), nullable=False),
        sa.Column("keys", sa.LargeBinary(), nullable=False),
        sa.Column("next_generation", sa.SmallInteger(), nullable=True),
        sa.Column("next_keys", sa.LargeBinary(), nullable=True),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("ssin", name=op.f("pk_match_profile")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_match_profile_changed_at", "match_profile", ["changed_at", "ssin"], unique=False)
    op.create_table(
        "match_frequency",
        sa.Column("part", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("persons", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("part", "code", name=op.f("pk_match_frequency")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("match_frequency")
    op.drop_table("match_profile")
    op.drop_table("match_key")
    op.drop_table("match_generation")
