"""Create searches made, decisions on pairs, work for people, imports, and cursors of jobs.

Revision: 0004
Follows: 0003
"""

import sqlalchemy as sa
from alembic import op

from kruispunt_server.append_only import freezing, thawing
from kruispunt_server.tables import Instant

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "search",
        sa.Column("search_id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.String(length=64), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("rules_version", sa.SmallInteger(), nullable=False),
        sa.Column("criteria_digest", sa.LargeBinary(), nullable=False),
        sa.Column("candidates", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("search_id", name=op.f("pk_search")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "distinct_pair",
        sa.Column("low_ssin", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("high_ssin", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.SmallInteger(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("participant_id", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.CheckConstraint("low_ssin < high_ssin", name=op.f("ck_distinct_pair_order")),
        sa.PrimaryKeyConstraint("low_ssin", "high_ssin", name=op.f("pk_distinct_pair")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_distinct_pair_high_ssin", "distinct_pair", ["high_ssin"], unique=False)
    op.create_table(
        "suspected_duplicate",
        sa.Column("low_ssin", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("high_ssin", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("grade", sa.SmallInteger(), nullable=False),
        sa.Column("log2_odds", sa.Float(), nullable=False),
        sa.Column("parts", sa.Text(), nullable=False),
        sa.Column("rules_version", sa.SmallInteger(), nullable=False),
        sa.Column("found_at", Instant(), nullable=False),
        sa.Column("settled_at", Instant(), nullable=True),
        sa.CheckConstraint("low_ssin < high_ssin", name=op.f("ck_suspected_duplicate_order")),
        sa.PrimaryKeyConstraint("low_ssin", "high_ssin", name=op.f("pk_suspected_duplicate")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_suspected_duplicate_high_ssin", "suspected_duplicate", ["high_ssin"], unique=False)
    op.create_index(
        "ix_suspected_duplicate_open",
        "suspected_duplicate",
        ["log2_odds", "low_ssin", "high_ssin"],
        unique=False,
        sqlite_where=sa.text("settled_at IS NULL"),
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.create_table(
        "import_row",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("row_number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("outcome", sa.SmallInteger(), nullable=False),
        sa.Column("ssin", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.SmallInteger(), nullable=True),
        sa.Column("field", sa.String(length=100), nullable=True),
        sa.Column("candidates", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("import_id", "row_number", name=op.f("pk_import_row")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "cursor",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("ssin", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_cursor")),
        sqlite_with_rowid=False,
    )
    for statement in freezing(op.get_bind().dialect.name, "search"):
        op.execute(statement)


def downgrade() -> None:
    for statement in thawing(op.get_bind().dialect.name, "search"):
        op.execute(statement)
    op.drop_table("cursor")
    op.drop_table("import_row")
    op.drop_table("suspected_duplicate")
    op.drop_table("distinct_pair")
    op.drop_table("search")
