"""Create dossiers, their versions, numbers and declarations of completeness.

Revision: 0002
Follows: 0001
"""

import sqlalchemy as sa
from alembic import op

from kruispunt_server.tables import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dossier",
        sa.Column("person", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sector", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("institution", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("capacity", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("begin_day", sa.Date(), nullable=False),
        sa.Column("phase", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.Column("registered_under", sa.BigInteger(), nullable=False),
        sa.Column("end_day", sa.Date(), nullable=True),
        sa.Column("network_level", sa.SmallInteger(), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("confirmed_at", Instant(), nullable=False),
        sa.CheckConstraint("end_day IS NULL OR begin_day < end_day", name=op.f("ck_dossier_period")),
        sa.PrimaryKeyConstraint(
            "person", "sector", "institution", "capacity", "begin_day", "phase", name=op.f("pk_dossier")
        ),
        sa.UniqueConstraint("person", "dossier_id", name=op.f("uq_dossier_person_dossier_id")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_dossier_institution_confirmed_at",
        "dossier",
        ["sector", "institution", "confirmed_at", "dossier_id"],
        unique=False,
    )
    op.create_table(
        "dossier_version",
        sa.Column("person", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sector", sa.SmallInteger(), nullable=False),
        sa.Column("institution", sa.SmallInteger(), nullable=False),
        sa.Column("capacity", sa.SmallInteger(), nullable=False),
        sa.Column("begin_day", sa.Date(), nullable=False),
        sa.Column("phase", sa.SmallInteger(), nullable=False),
        sa.Column("registered_under", sa.BigInteger(), nullable=False),
        sa.Column("end_day", sa.Date(), nullable=True),
        sa.Column("network_level", sa.SmallInteger(), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("confirmed_at", Instant(), nullable=False),
        sa.Column("standing", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("person", "dossier_id", "version", name=op.f("pk_dossier_version")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_dossier_version_institution_recorded_at",
        "dossier_version",
        ["sector", "institution", "recorded_at"],
        unique=False,
    )
    op.create_table(
        "number",
        sa.Column("ssin", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("current_ssin", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("replaced_on", sa.Date(), nullable=True),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("ssin", name=op.f("pk_number")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_number_ended",
        "number",
        ["ssin"],
        unique=False,
        sqlite_where=sa.text("status IN (3, 4)"),
        postgresql_where=sa.text("status IN (3, 4)"),
    )
    op.create_table(
        "synchronisation",
        sa.Column("sector", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("institution", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("declaration_id", sa.Uuid(), nullable=False),
        sa.Column("declared_at", Instant(), nullable=False),
        sa.Column("until_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("sector", "institution", "declaration_id", name=op.f("pk_synchronisation")),
    )
    op.create_index(
        "ix_synchronisation_institution_declared_at",
        "synchronisation",
        ["sector", "institution", "declared_at"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_table("synchronisation")
    op.drop_table("number")
    op.drop_table("dossier_version")
    op.drop_table("dossier")
