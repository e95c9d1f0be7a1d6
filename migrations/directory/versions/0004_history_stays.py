"""Refuse every change and deletion in the histories: dossiers, declarations, code tables.

Revision: 0004
Follows: 0003
"""

from alembic import op

from kruispunt_server.append_only import freezing, thawing

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

HISTORIES = (
    "dossier_version",
    "synchronisation",
    "knowledge_revision",
    "sector",
    "institution",
    "capacity",
    "data_set",
    "deliberation",
    "availability",
    "authorisation",
)


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    for history in HISTORIES:
        for statement in freezing(dialect, history):
            op.execute(statement)


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    for history in HISTORIES:
        for statement in thawing(dialect, history):
            op.execute(statement)
