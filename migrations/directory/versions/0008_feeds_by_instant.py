"""Find signed heads by the instant at which they were signed, and notices by that at which they were recorded.

Revision: 0008
Follows: 0007
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_tree_head_signed_at", "tree_head", ["log", "signed_at", "tree_size"])
    op.create_index("ix_notice_recorded_at", "notice", ["recorded_at", "sector", "institution", "notice_no"])


def downgrade() -> None:
    op.drop_index("ix_notice_recorded_at", "notice")
    op.drop_index("ix_tree_head_signed_at", "tree_head")
