"""Keep why identity refuses the position up to which it was followed.

Revision: 0009
Follows: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("feed_cursor", sa.Column("refused_because", sa.String(length=32), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("feed_cursor") as feed_cursor:
        feed_cursor.drop_column("refused_because")
