"""Find the changes of rights in the change log without reading all of it.

Revision: 0014
Follows: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_RIGHTS = sa.text("kind IN ('rights.added', 'rights.changed', 'rights.removed')")


def upgrade() -> None:
    # Reads the log once; on PostgreSQL without keeping writers waiting.
    if op.get_bind().dialect.name == "postgresql":
        with op.get_context().autocommit_block():
            # Left behind, and invalid, by a migration that was broken off.
            op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_change_rights")
            op.create_index(
                "ix_change_rights",
                "change",
                ["entry_no"],
                postgresql_where=_RIGHTS,
                postgresql_concurrently=True,
            )
    else:
        op.create_index("ix_change_rights", "change", ["entry_no"], sqlite_where=_RIGHTS)


def downgrade() -> None:
    op.drop_index("ix_change_rights", "change")
