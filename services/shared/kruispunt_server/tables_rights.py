"""Tables of the rights: who may connect, and who may obtain what. Read and replaced as a whole."""

from dataclasses import dataclass

import sqlalchemy as sa

RIGHTS_KINDS = ("rights.added", "rights.changed", "rights.removed")
"""What the change log calls the changes of rights."""

ABOUT_RIGHTS = f"kind IN ({', '.join(repr(kind) for kind in RIGHTS_KINDS)})"
"""Which rows of the change log are about rights: written the same in index and query, or SQLite does not know it again."""


@dataclass(frozen=True)
class RightsTables:
    """The tables, by their glossary names. Lists are texts, comma separated, in the order given.

    Attributes:
        participant: who may connect.
        certificate: which certificate name is which participant.
        legal_basis: deliberations, as far as the registry itself goes by them.
        grant: who may call what under which legal basis.
        version: one row: how often the rights changed.
    """

    participant: sa.Table
    certificate: sa.Table
    legal_basis: sa.Table
    grant: sa.Table
    version: sa.Table


def rights_tables(metadata: sa.MetaData) -> RightsTables:
    """Define the tables in `metadata`."""
    return RightsTables(
        participant=_participant(metadata),
        certificate=_certificate(metadata),
        legal_basis=_legal_basis(metadata),
        grant=_grant(metadata),
        version=sa.Table(
            "rights_version",
            metadata,
            sa.Column("one", sa.SmallInteger, primary_key=True, autoincrement=False),
            sa.Column("version", sa.BigInteger, nullable=False),
            sa.CheckConstraint("one = 1", name="one"),
        ),
    )


def _participant(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "participant",
        metadata,
        sa.Column("participant_id", sa.String(64), primary_key=True),
        sa.Column("roles", sa.Text, nullable=False),  # in order of name
        sa.Column("sector", sa.SmallInteger),
        sa.Column("institution", sa.SmallInteger),
        sa.Column("active_from", sa.Date),
        sa.Column("active_until", sa.Date),
        sa.Column("revoked_certificates", sa.Text, nullable=False, server_default=""),
        sa.Column("quotas", sa.Text, nullable=False, server_default=""),  # "reads:100:1,searches:10:60"
        sa.CheckConstraint("(sector IS NULL) = (institution IS NULL)", name="institution"),
    )


def _certificate(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "certificate",
        metadata,
        sa.Column("uri", sa.String(255), primary_key=True),
        sa.Column(
            "participant_id",
            sa.String(64),
            sa.ForeignKey("participant.participant_id", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
    )


def _legal_basis(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "legal_basis",
        metadata,
        sa.Column("legal_basis", sa.String(64), primary_key=True),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("data_groups", sa.Text, nullable=False),
        sa.Column("valid_from", sa.Date),
        sa.Column("valid_until", sa.Date),
    )


def _grant(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "access_grant",
        metadata,
        sa.Column("grant_id", sa.String(64), primary_key=True),
        sa.Column("participants", sa.Text, nullable=False),
        sa.Column("methods", sa.Text, nullable=False),
        sa.Column("legal_basis", sa.String(64), nullable=False),
        sa.Column("data_groups", sa.Text, nullable=False),
        sa.Column("requires_dossier", sa.Boolean, nullable=False),
        sa.Column("shows_protected", sa.Boolean, nullable=False),
        sa.Column("valid_from", sa.Date),
        sa.Column("valid_until", sa.Date),
        sa.Column("quota_calls", sa.Integer),
        sa.Column("quota_seconds", sa.Integer),
        sa.CheckConstraint("(quota_calls IS NULL) = (quota_seconds IS NULL)", name="quota"),
    )
