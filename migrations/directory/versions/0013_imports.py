"""Create what became of each row of each import.

Revision: 0013
Follows: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "import_row",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("row_number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("outcome", sa.SmallInteger(), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=True),
        sa.Column("dossier_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.SmallInteger(), nullable=True),
        sa.Column("field", sa.String(length=100), nullable=True),
        sa.Column("remarks", sa.SmallInteger(), nullable=True),
        sa.PrimaryKeyConstraint("import_id", "row_number", name=op.f("pk_import_row")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("import_row")
