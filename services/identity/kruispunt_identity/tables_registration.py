"""Tables around registration: searches made, decisions on pairs, work for people, imports, and where jobs stand."""

from dataclasses import dataclass

import sqlalchemy as sa

from kruispunt_server.tables import Instant


@dataclass(frozen=True)
class RegistrationTables:
    """The tables, by their glossary names.

    Attributes:
        search: every search, with whom it showed; append-only.
        distinct_pair: two numbers that somebody decided are two persons.
        suspected_duplicate: two numbers that may be one person, as a sweep found them.
        import_row: what became of each row of each import.
        cursor: how far a job has come.
    """

    search: sa.Table
    distinct_pair: sa.Table
    suspected_duplicate: sa.Table
    import_row: sa.Table
    cursor: sa.Table


def registration_tables(metadata: sa.MetaData) -> RegistrationTables:
    """Define the tables in `metadata`."""
    return RegistrationTables(
        search=_search(metadata),
        distinct_pair=_distinct_pair(metadata),
        suspected_duplicate=_suspected_duplicate(metadata),
        import_row=_import_row(metadata),
        cursor=_cursor(metadata),
    )


def _search(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "search",
        metadata,
        sa.Column("search_id", sa.Uuid, primary_key=True),
        sa.Column("participant_id", sa.String(64), nullable=False),
        sa.Column("made_at", Instant, nullable=False),
        sa.Column("rules_version", sa.SmallInteger, nullable=False),
        sa.Column(
            "criteria_digest", sa.LargeBinary, nullable=False
        ),  # keyed, 16 bytes: not the criteria themselves
        sa.Column("candidates", sa.Text, nullable=False),  # JSON: [[number, grade, log2 odds], …], best first
        sqlite_with_rowid=False,
    )


def _pair() -> list[sa.Column[int]]:
    return [
        sa.Column("low_ssin", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("high_ssin", sa.BigInteger, primary_key=True, autoincrement=False),
    ]


def _distinct_pair(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "distinct_pair",
        metadata,
        *_pair(),
        sa.Column("reason", sa.SmallInteger, nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("participant_id", sa.String(64), nullable=False),
        sa.Column("recorded_at", Instant, nullable=False),
        sa.CheckConstraint("low_ssin < high_ssin", name="order"),
        # The pairs of the larger number; those of the smaller are in the key.
        sa.Index("ix_distinct_pair_high_ssin", "high_ssin"),
        sqlite_with_rowid=False,
    )


def _suspected_duplicate(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "suspected_duplicate",
        metadata,
        *_pair(),
        sa.Column("grade", sa.SmallInteger, nullable=False),
        sa.Column("log2_odds", sa.Float, nullable=False),
        sa.Column("parts", sa.Text, nullable=False),  # JSON: [[field, level, weight], …]
        sa.Column("rules_version", sa.SmallInteger, nullable=False),
        sa.Column("found_at", Instant, nullable=False),
        sa.Column("settled_at", Instant),  # absent: somebody has to decide
        sa.CheckConstraint("low_ssin < high_ssin", name="order"),
        sa.Index("ix_suspected_duplicate_high_ssin", "high_ssin"),
        # ListSuspectedDuplicates, best first: read backward.
        sa.Index(
            "ix_suspected_duplicate_open",
            "log2_odds",
            "low_ssin",
            "high_ssin",
            sqlite_where=sa.text("settled_at IS NULL"),
            postgresql_where=sa.text("settled_at IS NULL"),
        ),
        sqlite_with_rowid=False,
    )


def _import_row(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "import_row",
        metadata,
        sa.Column("import_id", sa.Uuid, primary_key=True),
        sa.Column("row_number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("outcome", sa.SmallInteger, nullable=False),
        sa.Column("ssin", sa.BigInteger),
        sa.Column("reason", sa.SmallInteger),  # number of the error reason in the contract
        sa.Column("field", sa.String(100)),
        sa.Column("candidates", sa.Text),  # JSON: [number, …], best first
        sqlite_with_rowid=False,
    )


def _cursor(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "cursor",
        metadata,
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("changed_at", Instant, nullable=False),
        sa.Column("ssin", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
