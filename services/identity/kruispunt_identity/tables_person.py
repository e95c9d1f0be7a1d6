"""Tables of the registers: numbers and what happened to them, facts, foreign identifiers.

Facts stand under the number that they were asserted under and never move; which person that is, `number` says.
Numbers are stored as whole numbers. Tables lead their primary key with the number, so that a person's rows lie
together and can be partitioned by it.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kruispunt_server.owned import owned_by
from kruispunt_server.tables import Instant


@dataclass(frozen=True)
class PersonTables:
    """The tables, by their glossary names.

    Attributes:
        number: every number there ever was, and where it leads.
        number_event: what happened to numbers, append-only.
        number_counter: the last sequence given out for each date prefix.
        fact: everything ever asserted; a row is closed once, never changed.
        foreign_identifier: every state of every link; a row is closed once, never changed.
        protection: every mark that a person is protected; a row is closed once, when it is lifted.
    """

    number: sa.Table
    number_event: sa.Table
    number_counter: sa.Table
    fact: sa.Table
    foreign_identifier: sa.Table
    protection: sa.Table


def person_tables(metadata: sa.MetaData) -> PersonTables:
    """Define the tables in `metadata`."""
    return PersonTables(
        number=_number(metadata),
        number_event=_number_event(metadata),
        number_counter=_number_counter(metadata),
        fact=_fact(metadata),
        foreign_identifier=_foreign_identifier(metadata),
        protection=_protection(metadata),
    )


def _number(metadata: sa.MetaData) -> sa.Table:
    # Two rules hold whoever writes: a number leads to one that stands (first foreign key), and to a higher one
    # (second foreign key and check), so that there is no way back.
    return sa.Table(
        "number",
        metadata,
        sa.Column("ssin", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("register", sa.SmallInteger, nullable=False),
        sa.Column("status", sa.SmallInteger, nullable=False),
        sa.Column("stands", sa.Boolean, nullable=False),  # false: it leads to another
        sa.Column("root_ssin", sa.BigInteger, nullable=False),
        sa.Column("root_stands", sa.Boolean, nullable=False),  # always true
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("replaced_by", sa.BigInteger),
        sa.Column("replaced_by_height", sa.Integer),
        sa.Column("reason", sa.SmallInteger),
        sa.Column("replaced_on", sa.Date),
        sa.Column("replaced_at", Instant),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("recorded_at", Instant, nullable=False),
        sa.UniqueConstraint("ssin", "stands"),
        sa.UniqueConstraint("ssin", "height"),
        sa.ForeignKeyConstraint(["root_ssin", "root_stands"], ["number.ssin", "number.stands"]),
        sa.ForeignKeyConstraint(
            ["replaced_by", "replaced_by_height"], ["number.ssin", "number.height"], onupdate="CASCADE"
        ),
        sa.CheckConstraint("root_stands", name="root_stands"),
        sa.CheckConstraint("stands = (root_ssin = ssin)", name="stands"),
        sa.CheckConstraint("stands = (replaced_by IS NULL)", name="replaced_by"),
        sa.CheckConstraint("(status = 2) = (NOT stands)", name="status"),
        sa.CheckConstraint("replaced_by_height IS NULL OR replaced_by_height > height", name="height"),
        sa.CheckConstraint("(replaced_by IS NULL) = (replaced_by_height IS NULL)", name="replaced_by_height"),
        # The numbers that lead to one.
        sa.Index("ix_number_root_ssin", "root_ssin"),
        # The numbers that were replaced by one: the foreign key, and a split.
        sa.Index("ix_number_replaced_by", "replaced_by"),
        info=owned_by("ssin"),
        sqlite_with_rowid=False,
    )


def _number_event(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "number_event",
        metadata,
        sa.Column("ssin", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("event_no", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.SmallInteger, nullable=False),
        sa.Column("other_ssin", sa.BigInteger),
        sa.Column("register", sa.SmallInteger, nullable=False),
        sa.Column("reason", sa.SmallInteger),
        sa.Column("effective_on", sa.Date, nullable=False),
        sa.Column("recorded_at", Instant, nullable=False),
        # Which numbers led to one at an instant.
        sa.Index("ix_number_event_other_ssin", "other_ssin"),
        info=owned_by("ssin"),
        sqlite_with_rowid=False,
    )


def _number_counter(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "number_counter",
        metadata,
        # `YYMMDD` with the month raised, and whether the century is the 21st.
        sa.Column("date_part", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("from_2000", sa.Boolean, primary_key=True),
        sa.Column("parity", sa.SmallInteger, primary_key=True, autoincrement=False),  # 0 any, 1 odd, 2 even
        sa.Column("last_sequence", sa.SmallInteger, nullable=False),
        sqlite_with_rowid=False,
    )


def _closing() -> list[sa.Column[Any]]:
    """When a row was recorded, and when it stopped standing."""
    return [
        sa.Column("recorded_at", Instant, nullable=False),
        sa.Column("superseded_at", Instant),
    ]


def _fact(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "fact",
        metadata,
        sa.Column("ssin", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("data_group", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("fact_id", sa.Uuid, primary_key=True),
        sa.Column("begin_day", sa.Date),
        sa.Column("end_day", sa.Date),
        sa.Column("sector", sa.SmallInteger, nullable=False),
        sa.Column("institution", sa.SmallInteger, nullable=False),
        sa.Column("evidence_kind", sa.SmallInteger),
        sa.Column("evidence_number", sa.String(40)),
        sa.Column("evidence_country", sa.String(2)),
        sa.Column("value", sa.Text, nullable=False),  # JSON, by data group
        *_closing(),
        sa.Column("superseded_by", sa.Uuid),
        sa.CheckConstraint("begin_day IS NULL OR end_day IS NULL OR begin_day < end_day", name="period"),
        sa.CheckConstraint("superseded_by IS NULL OR superseded_at IS NOT NULL", name="superseded_by"),
        info=owned_by("ssin"),
        sqlite_with_rowid=False,
    )


def _foreign_identifier(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "foreign_identifier",
        metadata,
        sa.Column("ssin", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("link_id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("scheme", sa.SmallInteger, nullable=False),
        sa.Column("identifier", sa.String(64), nullable=False),  # as written
        sa.Column("folded", sa.String(64), nullable=False),  # as compared
        sa.Column("begin_day", sa.Date),
        sa.Column("end_day", sa.Date),
        sa.Column("sector", sa.SmallInteger, nullable=False),
        sa.Column("institution", sa.SmallInteger, nullable=False),
        *_closing(),
        sa.CheckConstraint("begin_day IS NULL OR end_day IS NULL OR begin_day < end_day", name="period"),
        # FindPersonsByForeignIdentifier.
        sa.Index("ix_foreign_identifier_folded", "folded", "scheme", "country"),
        info=owned_by("ssin"),
        sqlite_with_rowid=False,
    )


def _protection(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "protection",
        metadata,
        sa.Column("ssin", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("protection_id", sa.Uuid, primary_key=True),
        sa.Column("begin_day", sa.Date, nullable=False),
        sa.Column("reference", sa.String(100), nullable=False),
        sa.Column("set_by", sa.String(64), nullable=False),
        *_closing(),
        sa.Column("lift_day", sa.Date),
        sa.Column("lift_reference", sa.String(100)),
        sa.Column("lifted_by", sa.String(64)),
        sa.CheckConstraint("lift_day IS NULL OR begin_day <= lift_day", name="period"),
        sa.CheckConstraint(
            "(superseded_at IS NULL) = (lift_day IS NULL) AND (superseded_at IS NULL) = (lifted_by IS NULL)",
            name="lifted",
        ),
        # One stands under a number at most; and whether one does.
        sa.Index(
            "ix_protection_standing",
            "ssin",
            unique=True,
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        ),
        info=owned_by("ssin"),
        sqlite_with_rowid=False,
    )
