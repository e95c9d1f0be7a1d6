"""Find signed heads by the instant at which they were signed.

Revision: 0007
Follows: 0006
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_tree_head_signed_at", "tree_head", ["log", "signed_at", "tree_size"])


def downgrade() -> None:
    op.drop_index("ix_tree_head_signed_at", "tree_head")
