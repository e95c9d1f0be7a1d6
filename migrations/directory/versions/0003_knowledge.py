"""Create the code tables and the rules.

Revision: 0003
Follows: 0002
"""

import sqlalchemy as sa
from alembic import op

from kruispunt_server.tables import Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "knowledge_revision",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("participant_id", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_knowledge_revision")),
    )
    op.create_index("ix_knowledge_revision_recorded_at", "knowledge_revision", ["recorded_at"], unique=False)
    op.create_table(
        "authorisation",
        sa.Column("authorisation_id", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("written_in", sa.Integer(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("begin_day", sa.Date(), nullable=False),
        sa.Column("end_day", sa.Date(), nullable=True),
        sa.Column("data_set_code", sa.String(length=40), nullable=False),
        sa.Column("data_set_variant", sa.SmallInteger(), nullable=False),
        sa.Column("consumer_sector", sa.SmallInteger(), nullable=False),
        sa.Column("consumer_institution", sa.SmallInteger(), nullable=True),
        sa.Column("consumer_capacity", sa.SmallInteger(), nullable=False),
        sa.Column("from_phase", sa.SmallInteger(), nullable=False),
        sa.Column("supplier_sector", sa.SmallInteger(), nullable=True),
        sa.Column("supplier_institution", sa.SmallInteger(), nullable=True),
        sa.Column("deliberation_id", sa.String(length=64), nullable=False),
        sa.CheckConstraint("end_day IS NULL OR begin_day < end_day", name=op.f("ck_authorisation_period")),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_authorisation_revision")),
        sa.ForeignKeyConstraint(
            ["written_in"], ["knowledge_revision.number"], name=op.f("fk_authorisation_written_in")
        ),
        sa.PrimaryKeyConstraint("authorisation_id", "revision", name=op.f("pk_authorisation")),
    )
    op.create_table(
        "availability",
        sa.Column("availability_id", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("written_in", sa.Integer(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("begin_day", sa.Date(), nullable=False),
        sa.Column("end_day", sa.Date(), nullable=True),
        sa.Column("data_set_code", sa.String(length=40), nullable=False),
        sa.Column("data_set_variant", sa.SmallInteger(), nullable=False),
        sa.Column("sector", sa.SmallInteger(), nullable=False),
        sa.Column("institution", sa.SmallInteger(), nullable=True),
        sa.Column("capacity", sa.SmallInteger(), nullable=False),
        sa.Column("from_phase", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint("end_day IS NULL OR begin_day < end_day", name=op.f("ck_availability_period")),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_availability_revision")),
        sa.ForeignKeyConstraint(
            ["written_in"], ["knowledge_revision.number"], name=op.f("fk_availability_written_in")
        ),
        sa.PrimaryKeyConstraint("availability_id", "revision", name=op.f("pk_availability")),
    )
    op.create_table(
        "capacity",
        sa.Column("sector", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("written_in", sa.Integer(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("begin_day", sa.Date(), nullable=False),
        sa.Column("end_day", sa.Date(), nullable=True),
        sa.Column("label_nl", sa.String(length=200), nullable=False),
        sa.Column("label_fr", sa.String(length=200), nullable=False),
        sa.Column("label_de", sa.String(length=200), nullable=False),
        sa.Column("label_en", sa.String(length=200), nullable=False),
        sa.Column("own_translations", sa.String(length=16), nullable=False),
        sa.Column("phases", sa.Text(), nullable=False),
        sa.CheckConstraint("end_day IS NULL OR begin_day < end_day", name=op.f("ck_capacity_period")),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_capacity_revision")),
        sa.ForeignKeyConstraint(
            ["written_in"], ["knowledge_revision.number"], name=op.f("fk_capacity_written_in")
        ),
        sa.PrimaryKeyConstraint("sector", "code", "revision", name=op.f("pk_capacity")),
    )
    op.create_table(
        "data_set",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("variant", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("written_in", sa.Integer(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("begin_day", sa.Date(), nullable=False),
        sa.Column("end_day", sa.Date(), nullable=True),
        sa.Column("label_nl", sa.String(length=200), nullable=False),
        sa.Column("label_fr", sa.String(length=200), nullable=False),
        sa.Column("label_de", sa.String(length=200), nullable=False),
        sa.Column("label_en", sa.String(length=200), nullable=False),
        sa.Column("own_translations", sa.String(length=16), nullable=False),
        sa.CheckConstraint("end_day IS NULL OR begin_day < end_day", name=op.f("ck_data_set_period")),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_data_set_revision")),
        sa.ForeignKeyConstraint(
            ["written_in"], ["knowledge_revision.number"], name=op.f("fk_data_set_written_in")
        ),
        sa.PrimaryKeyConstraint("code", "variant", "revision", name=op.f("pk_data_set")),
    )
    op.create_table(
        "deliberation",
        sa.Column("deliberation_id", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("written_in", sa.Integer(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("begin_day", sa.Date(), nullable=False),
        sa.Column("end_day", sa.Date(), nullable=True),
        sa.Column("label_nl", sa.String(length=200), nullable=False),
        sa.Column("label_fr", sa.String(length=200), nullable=False),
        sa.Column("label_de", sa.String(length=200), nullable=False),
        sa.Column("label_en", sa.String(length=200), nullable=False),
        sa.Column("own_translations", sa.String(length=16), nullable=False),
        sa.Column("url", sa.String(length=300), nullable=False),
        sa.CheckConstraint("end_day IS NULL OR begin_day < end_day", name=op.f("ck_deliberation_period")),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_deliberation_revision")),
        sa.ForeignKeyConstraint(
            ["written_in"], ["knowledge_revision.number"], name=op.f("fk_deliberation_written_in")
        ),
        sa.PrimaryKeyConstraint("deliberation_id", "revision", name=op.f("pk_deliberation")),
    )
    op.create_table(
        "institution",
        sa.Column("sector", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("institution", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("written_in", sa.Integer(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("begin_day", sa.Date(), nullable=False),
        sa.Column("end_day", sa.Date(), nullable=True),
        sa.Column("label_nl", sa.String(length=200), nullable=False),
        sa.Column("label_fr", sa.String(length=200), nullable=False),
        sa.Column("label_de", sa.String(length=200), nullable=False),
        sa.Column("label_en", sa.String(length=200), nullable=False),
        sa.Column("own_translations", sa.String(length=16), nullable=False),
        sa.Column("enterprise_number", sa.String(length=10), nullable=False),
        sa.Column("network_level", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint("end_day IS NULL OR begin_day < end_day", name=op.f("ck_institution_period")),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_institution_revision")),
        sa.ForeignKeyConstraint(
            ["written_in"], ["knowledge_revision.number"], name=op.f("fk_institution_written_in")
        ),
        sa.PrimaryKeyConstraint("sector", "institution", "revision", name=op.f("pk_institution")),
    )
    op.create_table(
        "sector",
        sa.Column("code", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("written_in", sa.Integer(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("begin_day", sa.Date(), nullable=False),
        sa.Column("end_day", sa.Date(), nullable=True),
        sa.Column("label_nl", sa.String(length=200), nullable=False),
        sa.Column("label_fr", sa.String(length=200), nullable=False),
        sa.Column("label_de", sa.String(length=200), nullable=False),
        sa.Column("label_en", sa.String(length=200), nullable=False),
        sa.Column("own_translations", sa.String(length=16), nullable=False),
        sa.CheckConstraint("end_day IS NULL OR begin_day < end_day", name=op.f("ck_sector_period")),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_sector_revision")),
        sa.ForeignKeyConstraint(
            ["written_in"], ["knowledge_revision.number"], name=op.f("fk_sector_written_in")
        ),
        sa.PrimaryKeyConstraint("code", "revision", name=op.f("pk_sector")),
    )


def downgrade() -> None:
    op.drop_table("sector")
    op.drop_table("institution")
    op.drop_table("deliberation")
    op.drop_table("data_set")
    op.drop_table("capacity")
    op.drop_table("availability")
    op.drop_table("authorisation")
    op.drop_table("knowledge_revision")
