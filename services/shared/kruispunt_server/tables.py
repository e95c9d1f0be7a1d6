"""Tables that both services have.

Every constraint has a name, or no migration could ever drop it.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kruispunt_server.instant import Instant
from kruispunt_server.tables_rights import ABOUT_RIGHTS, RightsTables, rights_tables
from kruispunt_server.tables_seal import SealTables, seal_tables

__all__ = ["Instant", "SharedTables", "new_metadata", "shared_tables"]

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def new_metadata() -> sa.MetaData:
    """Return empty metadata in which constraints are named by convention."""
    return sa.MetaData(naming_convention=NAMING)


@dataclass(frozen=True)
class SharedTables:
    """The tables, by their glossary names.

    Attributes:
        rights: who may connect, and who may obtain what.
        idempotency: mutations that were answered, so that a repeated one gets the same answer.
        change: every mutation, append-only.
        access: every look at a person, append-only.
        seals: what proves that neither log was altered.
        lease: which process does what only one may do at a time.
    """

    rights: RightsTables
    idempotency: sa.Table
    change: sa.Table
    access: sa.Table
    seals: SealTables
    lease: sa.Table


def shared_tables(metadata: sa.MetaData) -> SharedTables:
    """Define the tables in `metadata`."""
    return SharedTables(
        rights=rights_tables(metadata),
        idempotency=_idempotency(metadata),
        change=_change(metadata),
        access=_access(metadata),
        seals=seal_tables(metadata),
        lease=_lease(metadata),
    )


def _idempotency(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "idempotency",
        metadata,
        sa.Column("participant_id", sa.String(64), primary_key=True),
        sa.Column("request_id", sa.Uuid, primary_key=True),
        sa.Column("method", sa.String(128), nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("response", sa.LargeBinary, nullable=False),
        sa.Column("recorded_at", Instant, nullable=False),
        sqlite_with_rowid=False,
    )


def _log_columns(name: str) -> list[sa.Column[Any]]:
    """What both logs say: which record, when, who, and in which method."""
    return [
        # Drawn when the row is inserted, under the locks of its transaction: of two changes of one person the later
        # has the higher number, whatever the clocks say. Not the order of commits, which the sealer finds.
        sa.Column("entry_no", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column(f"{name}_id", sa.Uuid, nullable=False, unique=True),
        sa.Column("recorded_at", Instant, nullable=False),
        sa.Column("participant_id", sa.String(64), nullable=False),
        sa.Column("method", sa.String(128), nullable=False),
        # The service of the registry that did it for the participant; absent: it did it itself.
        sa.Column("via", sa.String(64)),
    ]


def _position(name: str) -> list[sa.schema.SchemaItem]:
    """The place in the sealed log, given once by the sealer, and the indexes by which it works.

    Both indexes leave rows out, so that an insert maintains one of them only.
    """
    position = sa.Column("position", sa.BigInteger)
    return [
        position,
        # Rows the sealer has still to place, in the order they were made.
        sa.Index(
            f"ix_{name}_unsealed",
            "entry_no",
            sqlite_where=sa.text("position IS NULL"),
            postgresql_where=sa.text("position IS NULL"),
        ),
        # Feeds and proofs, by position.
        sa.Index(
            f"uq_{name}_position",
            "position",
            unique=True,
            sqlite_where=sa.text("position IS NOT NULL"),
            postgresql_where=sa.text("position IS NOT NULL"),
        ),
    ]


def _change(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "change",
        metadata,
        *_log_columns("change"),
        # With its two neighbours: absent where nobody said why; of an operator, the user of the operating system.
        sa.Column("end_user", sa.String(64)),
        sa.Column("legal_basis", sa.String(64)),
        sa.Column("case_reference", sa.String(64)),
        sa.Column("request_id", sa.Uuid, nullable=False),
        sa.Column("commit_id", sa.Uuid, nullable=False),  # the same for all that one transaction changed
        sa.Column("subject", sa.LargeBinary),  # pseudonym, 16 bytes
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column(
            "key_id", sa.Uuid
        ),  # of `subject_key`; absent: the payload is not encrypted, it is nobody's
        sa.Column("payload", sa.LargeBinary, nullable=False),
        *_position("change"),
        # Who changed which rights: ListRightsChanges.
        sa.Index(
            "ix_change_rights",
            "entry_no",
            sqlite_where=sa.text(ABOUT_RIGHTS),
            postgresql_where=sa.text(ABOUT_RIGHTS),
        ),
        implicit_returning=False,
    )


def _access(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "access",
        metadata,
        *_log_columns("access"),
        sa.Column("end_user", sa.String(64), nullable=False),
        sa.Column("legal_basis", sa.String(64), nullable=False),
        sa.Column("case_reference", sa.String(64), nullable=False),
        sa.Column("subject", sa.LargeBinary, nullable=False),  # pseudonym, 16 bytes
        sa.Column("data_groups", sa.String(255), nullable=False),
        sa.Column("result", sa.String(64), nullable=False),
        *_position("access"),
        # Who looked at a person: ListAccessRecords.
        sa.Index("ix_access_subject", "subject", "entry_no"),
        implicit_returning=False,
    )


def _lease(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "lease",
        metadata,
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("holder", sa.Uuid, nullable=False),
        sa.Column("until_at", Instant, nullable=False),
    )
