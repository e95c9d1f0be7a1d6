"""${message}

One change, named by a sentence. Both directions, and both are tested on both databases.
Safe on a live table: the code before and after this revision runs beside it. Otherwise split into
add (nullable or with a server default) -> backfill in batches -> constrain -> drop, one revision each.
On PostgreSQL build an index on a large table with postgresql_concurrently in an autocommit_block.
Every constraint has its name. The tables as they were then are written out here; never import them.

Revision: ${up_revision}
Follows: ${down_revision | comma,n}
"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
