"""Keep from where on a snapshot must make up for changes that could not be read.

Revision: 0012
Follows: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("feed_cursor", sa.Column("unread_position", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("feed_cursor", "unread_position")
