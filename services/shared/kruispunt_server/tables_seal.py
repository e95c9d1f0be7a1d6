"""What proves that the logs were not altered: positions, trees, signed heads; and the keys that make states readable."""

from dataclasses import dataclass

import sqlalchemy as sa

from kruispunt_server.instant import Instant


@dataclass(frozen=True)
class SealTables:
    """The tables, by their glossary names.

    Attributes:
        log: one row for each log: how many records are sealed, and from which position on they are kept.
        tree_tile: hashes of a log's tree, 256 to a row.
        tree_head: every signed head, append-only.
        tree_key: every public key that heads were signed with, append-only.
        subject_key: the keys that states in the change log are encrypted with, one or more for each subject.
    """

    log: sa.Table
    tree_tile: sa.Table
    tree_head: sa.Table
    tree_key: sa.Table
    subject_key: sa.Table


def seal_tables(metadata: sa.MetaData) -> SealTables:
    """Define the tables in `metadata`."""
    return SealTables(
        log=_log(metadata),
        tree_tile=_tree_tile(metadata),
        tree_head=_tree_head(metadata),
        tree_key=_tree_key(metadata),
        subject_key=_subject_key(metadata),
    )


def _log(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "log",
        metadata,
        sa.Column("name", sa.String(16), primary_key=True),  # "change" or "access"
        sa.Column("log_id", sa.Uuid, nullable=False),  # tells the logs of two registries apart
        sa.Column("size", sa.BigInteger, nullable=False),  # sealed records: the next position
        sa.Column(
            "kept_from", sa.BigInteger, nullable=False
        ),  # records below it may be deleted; their hashes stay
        sa.CheckConstraint("0 <= kept_from AND kept_from <= size", name="kept_from"),
    )


def _tree_tile(metadata: sa.MetaData) -> sa.Table:
    # Level 0 holds the leaf hashes; a hash of level n + 1 is the root over one full tile of level n.
    return sa.Table(
        "tree_tile",
        metadata,
        sa.Column("log", sa.String(16), primary_key=True),
        sa.Column("level", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("tile_no", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("hashes", sa.LargeBinary, nullable=False),  # 1 to 256 of 32 bytes
        sqlite_with_rowid=False,
    )


def _tree_head(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "tree_head",
        metadata,
        sa.Column("log", sa.String(16), primary_key=True),
        sa.Column("tree_size", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("root_hash", sa.LargeBinary, nullable=False),
        sa.Column("signed_at", Instant, nullable=False),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        # How large a log was at an instant: where a feed begins that is read from a date on.
        sa.Index("ix_tree_head_signed_at", "log", "signed_at", "tree_size"),
        sqlite_with_rowid=False,
    )


def _tree_key(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "tree_key",
        metadata,
        sa.Column("key_id", sa.String(16), primary_key=True),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("first_used_at", Instant, nullable=False),
        # The key before it vouches for it; absent: the first one.
        sa.Column("endorsed_by", sa.String(16)),
        sa.Column("endorsement", sa.LargeBinary),
    )


def _subject_key(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "subject_key",
        metadata,
        sa.Column("key_id", sa.Uuid, primary_key=True),
        sa.Column("subject", sa.LargeBinary, nullable=False),  # pseudonym, 16 bytes
        sa.Column(
            "wrapped", sa.LargeBinary
        ),  # encrypted with a key of the operator's secret; absent: destroyed
        sa.Column("made_at", Instant, nullable=False),
        sa.Column("destroyed_at", Instant),
        sa.CheckConstraint("(wrapped IS NULL) = (destroyed_at IS NOT NULL)", name="destroyed"),
        # The key of a subject: at most one is in use.
        sa.Index(
            "uq_subject_key_subject",
            "subject",
            unique=True,
            sqlite_where=sa.text("destroyed_at IS NULL"),
            postgresql_where=sa.text("destroyed_at IS NULL"),
        ),
        # All keys that a subject ever had: erasure.
        sa.Index("ix_subject_key_subject", "subject"),
    )
