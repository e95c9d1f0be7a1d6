"""Keep up to which instant notices were let go, so that days after it are known to be whole.

Revision: 0011
Follows: 0010
"""

import sqlalchemy as sa
from alembic import op

from kruispunt_server.instant import Instant

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# What was let go before was recorded no later than the first that was kept. Where nothing was kept it is not known.
_BOUND = """
UPDATE notice_state SET let_go_until = (
    SELECT min(notice.recorded_at) FROM notice
    WHERE notice.sector = notice_state.sector AND notice.institution = notice_state.institution
) WHERE kept_from > 1
"""


def upgrade() -> None:
    op.add_column("notice_state", sa.Column("let_go_until", Instant(), nullable=True))
    op.execute(_BOUND)


def downgrade() -> None:
    op.drop_column("notice_state", "let_go_until")
