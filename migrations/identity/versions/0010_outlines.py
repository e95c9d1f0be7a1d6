"""Index what the first comparison of a search reads, on SQLite.

Safe on a live table: nothing else changes. PostgreSQL was measured to use its primary key all the same.

Revision: 0010
Follows: 0009
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

NAME = "ix_match_profile_outline"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.create_index(NAME, "match_profile", ["ssin", "letters", "birth"], unique=False)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index(NAME, table_name="match_profile")
