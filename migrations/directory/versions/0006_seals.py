"""Create trees, signed heads, keys of subjects, and leases.

Revision: 0006
Follows: 0005
"""

import sqlalchemy as sa
from alembic import op

from kruispunt_server.append_only import freezing, thawing
from kruispunt_server.instant import Instant

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

HISTORIES = ("tree_head", "tree_key")


def upgrade() -> None:
    op.create_table(
        "tree_tile",
        sa.Column("log", sa.String(length=16), nullable=False),
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("tile_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("log", "level", "tile_no", name=op.f("pk_tree_tile")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tree_head",
        sa.Column("log", sa.String(length=16), nullable=False),
        sa.Column("tree_size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root_hash", sa.LargeBinary(), nullable=False),
        sa.Column("signed_at", Instant(), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("log", "tree_size", name=op.f("pk_tree_head")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tree_key",
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("first_used_at", Instant(), nullable=False),
        sa.Column("endorsed_by", sa.String(length=16), nullable=True),
        sa.Column("endorsement", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_tree_key")),
    )
    op.create_table(
        "subject_key",
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("destroyed_at", Instant(), nullable=True),
        sa.CheckConstraint(
            "(wrapped IS NULL) = (destroyed_at IS NOT NULL)", name=op.f("ck_subject_key_destroyed")
        ),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_subject_key")),
    )
    in_use = sa.text("destroyed_at IS NULL")
    op.create_index(
        "uq_subject_key_subject",
        "subject_key",
        ["subject"],
        unique=True,
        sqlite_where=in_use,
        postgresql_where=in_use,
    )
    op.create_index("ix_subject_key_subject", "subject_key", ["subject"], unique=False)
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("holder", sa.Uuid(), nullable=False),
        sa.Column("until_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    dialect = op.get_bind().dialect.name
    for history in HISTORIES:
        for statement in freezing(dialect, history):
            op.execute(statement)


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    for history in HISTORIES:
        for statement in thawing(dialect, history):
            op.execute(statement)
    for table in ("lease", "subject_key", "tree_key", "tree_head", "tree_tile"):
        op.drop_table(table)
