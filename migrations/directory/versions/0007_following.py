"""Create how far the registers are followed, where numbers led earlier, and notices.

Revision: 0007
Follows: 0006
"""

import sqlalchemy as sa
from alembic import op

from kruispunt_server.append_only import closing, freezing, handing_out, thawing, unclosing, withholding
from kruispunt_server.instant import Instant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KEPT = (
    "OLD.notice_no >= (SELECT kept_from FROM notice_state "
    "WHERE notice_state.sector = OLD.sector AND notice_state.institution = OLD.institution)"
)
STEP = ("former_ssin", "recorded_at", "next_ssin")
LEADING = sa.text("next_ssin IS NOT NULL")


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    op.add_column("number", sa.Column("next_ssin", sa.BigInteger(), nullable=True))
    op.add_column("number", sa.Column("deceased", sa.Boolean(), nullable=True))
    op.add_column("number", sa.Column("register", sa.SmallInteger(), nullable=True))
    op.create_index(
        "ix_number_leading", "number", ["current_ssin"], sqlite_where=LEADING, postgresql_where=LEADING
    )
    op.create_index(
        "ix_dossier_institution_person",
        "dossier",
        ["sector", "institution", "person", "registered_under"],
    )
    op.create_table(
        "number_step",
        sa.Column("former_ssin", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("next_ssin", sa.BigInteger(), nullable=False),
        sa.Column("superseded_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("former_ssin", "recorded_at", name=op.f("pk_number_step")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_number_step_next_ssin", "number_step", ["next_ssin"])
    op.create_table(
        "number_version",
        sa.Column("ssin", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("current_ssin", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("replaced_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("ssin", "recorded_at", name=op.f("pk_number_version")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "feed_cursor",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("resume_token", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("applied_at", Instant(), nullable=False),
        sa.Column("told_until", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_feed_cursor")),
    )
    op.create_table(
        "notice",
        sa.Column("sector", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("institution", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("notice_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("ssin", sa.BigInteger(), nullable=False),
        sa.Column("current_ssin", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("change_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("sector", "institution", "notice_no", name=op.f("pk_notice")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_notice_institution_recorded_at",
        "notice",
        ["sector", "institution", "recorded_at", "notice_no"],
    )
    op.create_table(
        "notice_state",
        sa.Column("sector", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("institution", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("last_no", sa.BigInteger(), nullable=False),
        sa.Column("acknowledged_no", sa.BigInteger(), nullable=False),
        sa.Column("kept_from", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("acknowledged_no <= last_no", name=op.f("ck_notice_state_acknowledged_no")),
        sa.CheckConstraint(
            "0 < kept_from AND kept_from <= acknowledged_no + 1", name=op.f("ck_notice_state_kept_from")
        ),
        sa.PrimaryKeyConstraint("sector", "institution", name=op.f("pk_notice_state")),
        sqlite_with_rowid=False,
    )
    for statement in (
        *freezing(dialect, "number_version"),
        *closing(dialect, "number_step", STEP),
        *withholding(dialect, "notice", KEPT),
    ):
        op.execute(statement)


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    for statement in (
        *handing_out(dialect, "notice"),
        *unclosing(dialect, "number_step"),
        *thawing(dialect, "number_version"),
    ):
        op.execute(statement)
    for table in ("notice_state", "notice", "feed_cursor", "number_version", "number_step"):
        op.drop_table(table)
    op.drop_index("ix_dossier_institution_person", "dossier")
    op.drop_index("ix_number_leading", "number")
    with op.batch_alter_table("number") as number:
        for column in ("register", "deceased", "next_ssin"):
            number.drop_column(column)
