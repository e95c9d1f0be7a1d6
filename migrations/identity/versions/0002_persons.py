"""Create numbers, what happened to them, facts and foreign identifiers.

Revision: 0002
Follows: 0001
"""

import sqlalchemy as sa
from alembic import op

from kruispunt_server.append_only import closing, freezing, thawing, unclosing
from kruispunt_server.tables import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

CLOSED = {
    "fact": (
        "ssin",
        "data_group",
        "fact_id",
        "begin_day",
        "end_day",
        "sector",
        "institution",
        "evidence_kind",
        "evidence_number",
        "evidence_country",
        "value",
        "recorded_at",
    ),
    "foreign_identifier": (
        "ssin",
        "link_id",
        "version",
        "country",
        "scheme",
        "identifier",
        "folded",
        "begin_day",
        "end_day",
        "sector",
        "institution",
        "recorded_at",
    ),
}


def upgrade() -> None:
    op.create_table(
        "number",
        sa.Column("ssin", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("register", sa.SmallInteger(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("stands", sa.Boolean(), nullable=False),
        sa.Column("root_ssin", sa.BigInteger(), nullable=False),
        sa.Column("root_stands", sa.Boolean(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("replaced_by", sa.BigInteger(), nullable=True),
        sa.Column("replaced_by_height", sa.Integer(), nullable=True),
        sa.Column("reason", sa.SmallInteger(), nullable=True),
        sa.Column("replaced_on", sa.Date(), nullable=True),
        sa.Column("replaced_at", Instant(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "(replaced_by IS NULL) = (replaced_by_height IS NULL)", name=op.f("ck_number_replaced_by_height")
        ),
        sa.CheckConstraint("(status = 2) = (NOT stands)", name=op.f("ck_number_status")),
        sa.CheckConstraint(
            "replaced_by_height IS NULL OR replaced_by_height > height", name=op.f("ck_number_height")
        ),
        sa.CheckConstraint("root_stands", name=op.f("ck_number_root_stands")),
        sa.CheckConstraint("stands = (replaced_by IS NULL)", name=op.f("ck_number_replaced_by")),
        sa.CheckConstraint("stands = (root_ssin = ssin)", name=op.f("ck_number_stands")),
        sa.ForeignKeyConstraint(
            ["replaced_by", "replaced_by_height"],
            ["number.ssin", "number.height"],
            name=op.f("fk_number_replaced_by_replaced_by_height"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["root_ssin", "root_stands"],
            ["number.ssin", "number.stands"],
            name=op.f("fk_number_root_ssin_root_stands"),
        ),
        sa.PrimaryKeyConstraint("ssin", name=op.f("pk_number")),
        sa.UniqueConstraint("ssin", "height", name=op.f("uq_number_ssin_height")),
        sa.UniqueConstraint("ssin", "stands", name=op.f("uq_number_ssin_stands")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_number_replaced_by", "number", ["replaced_by"], unique=False)
    op.create_index("ix_number_root_ssin", "number", ["root_ssin"], unique=False)
    op.create_table(
        "number_event",
        sa.Column("ssin", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("other_ssin", sa.BigInteger(), nullable=True),
        sa.Column("register", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.SmallInteger(), nullable=True),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("ssin", "event_no", name=op.f("pk_number_event")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_number_event_other_ssin", "number_event", ["other_ssin"], unique=False)
    op.create_table(
        "number_counter",
        sa.Column("date_part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("from_2000", sa.Boolean(), nullable=False),
        sa.Column("parity", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("last_sequence", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("date_part", "from_2000", "parity", name=op.f("pk_number_counter")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "fact",
        sa.Column("ssin", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("data_group", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("fact_id", sa.Uuid(), nullable=False),
        sa.Column("begin_day", sa.Date(), nullable=True),
        sa.Column("end_day", sa.Date(), nullable=True),
        sa.Column("sector", sa.SmallInteger(), nullable=False),
        sa.Column("institution", sa.SmallInteger(), nullable=False),
        sa.Column("evidence_kind", sa.SmallInteger(), nullable=True),
        sa.Column("evidence_number", sa.String(length=40), nullable=True),
        sa.Column("evidence_country", sa.String(length=2), nullable=True),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("superseded_at", Instant(), nullable=True),
        sa.Column("superseded_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "begin_day IS NULL OR end_day IS NULL OR begin_day < end_day", name=op.f("ck_fact_period")
        ),
        sa.CheckConstraint(
            "superseded_by IS NULL OR superseded_at IS NOT NULL", name=op.f("ck_fact_superseded_by")
        ),
        sa.PrimaryKeyConstraint("ssin", "data_group", "fact_id", name=op.f("pk_fact")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "foreign_identifier",
        sa.Column("ssin", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("link_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("scheme", sa.SmallInteger(), nullable=False),
        sa.Column("identifier", sa.String(length=64), nullable=False),
        sa.Column("folded", sa.String(length=64), nullable=False),
        sa.Column("begin_day", sa.Date(), nullable=True),
        sa.Column("end_day", sa.Date(), nullable=True),
        sa.Column("sector", sa.SmallInteger(), nullable=False),
        sa.Column("institution", sa.SmallInteger(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("superseded_at", Instant(), nullable=True),
        sa.CheckConstraint(
            "begin_day IS NULL OR end_day IS NULL OR begin_day < end_day",
            name=op.f("ck_foreign_identifier_period"),
        ),
        sa.PrimaryKeyConstraint("ssin", "link_id", "version", name=op.f("pk_foreign_identifier")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_foreign_identifier_folded", "foreign_identifier", ["folded", "scheme", "country"], unique=False
    )
    dialect = op.get_bind().dialect.name
    for table, columns in CLOSED.items():
        for statement in closing(dialect, table, columns):
            op.execute(statement)
    for statement in freezing(dialect, "number_event"):
        op.execute(statement)


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    for statement in thawing(dialect, "number_event"):
        op.execute(statement)
    for table in CLOSED:
        for statement in unclosing(dialect, table):
            op.execute(statement)
    op.drop_table("foreign_identifier")
    op.drop_table("fact")
    op.drop_table("number_counter")
    op.drop_table("number_event")
    op.drop_table("number")
