"""Tables that both services have, and the two ways of storing that every table shares.

Instants are UTC and zone-aware in Python; SQLite keeps them as whole microseconds since 1970, so that they
compare as they follow one another. Every constraint has a name, or no migration could ever drop it.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


class Instant(sa.types.TypeDecorator[dt.datetime]):
    """A moment: zone-aware UTC `datetime` here, `timestamptz` on PostgreSQL, microseconds since 1970 on SQLite."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """Choose the column type."""
        return dialect.type_descriptor(sa.BigInteger() if dialect.name == "sqlite" else self.impl_instance)

    def process_bind_param(self, value: dt.datetime | None, dialect: sa.Dialect) -> Any:
        """Store; refuses a datetime without zone, which would mean another moment on another machine."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant has a time zone")
        return (value - _EPOCH) // _MICROSECOND if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> dt.datetime | None:
        """Load, in UTC."""
        if value is None:
            return None
        loaded: dt.datetime = _EPOCH + value * _MICROSECOND if dialect.name == "sqlite" else value
        return loaded.astimezone(dt.UTC)


def new_metadata() -> sa.MetaData:
    """Return empty metadata in which constraints are named by convention."""
    return sa.MetaData(naming_convention=NAMING)


def state() -> sa.types.TypeEngine[Any]:
    """Return the type of a state as JSON; absent is SQL's NULL, never JSON's."""
    return sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


@dataclass(frozen=True)
class SharedTables:
    """The tables, by their glossary names.

    Attributes:
        participant: who may connect.
        certificate: which certificate name is which participant.
        idempotency: mutations that were answered, so that a repeated one gets the same answer.
        change: every mutation, append-only.
        access: every look at a person, append-only.
    """

    participant: sa.Table
    certificate: sa.Table
    idempotency: sa.Table
    change: sa.Table
    access: sa.Table


def shared_tables(metadata: sa.MetaData) -> SharedTables:
    """Define the tables in `metadata`."""
    return SharedTables(
        participant=_participant(metadata),
        certificate=_certificate(metadata),
        idempotency=_idempotency(metadata),
        change=_change(metadata),
        access=_access(metadata),
    )


def _participant(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "participant",
        metadata,
        sa.Column("participant_id", sa.String(64), primary_key=True),
        sa.Column("roles", sa.Text, nullable=False),  # comma separated, in order
        sa.Column("sector", sa.SmallInteger),
        sa.Column("institution", sa.SmallInteger),
        sa.Column("active_from", sa.Date),
        sa.Column("active_until", sa.Date),
        sa.CheckConstraint("(sector IS NULL) = (institution IS NULL)", name="institution"),
    )


def _certificate(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "certificate",
        metadata,
        sa.Column("uri", sa.String(255), primary_key=True),
        # The certificates of one participant, when its list is replaced.
        sa.Column(
            "participant_id",
            sa.String(64),
            sa.ForeignKey("participant.participant_id", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
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
        sa.Column(f"{name}_id", sa.Uuid, primary_key=True),
        sa.Column("recorded_at", Instant, nullable=False),
        sa.Column("participant_id", sa.String(64), nullable=False),
        sa.Column("method", sa.String(128), nullable=False),
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
            f"{name}_id",
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
        sa.Column("end_user", sa.String(64)),  # with its two neighbours: absent where no person is concerned
        sa.Column("legal_basis", sa.String(64)),
        sa.Column("case_reference", sa.String(64)),
        sa.Column("request_id", sa.Uuid, nullable=False),
        sa.Column("subject", sa.LargeBinary),  # pseudonym, 16 bytes
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("before_state", state()),
        sa.Column("after_state", state()),
        *_position("change"),
        sqlite_with_rowid=False,
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
        sqlite_with_rowid=False,
    )
