"""Tables of following the registers: how far, and what institutions are told because of it."""

from dataclasses import dataclass

import sqlalchemy as sa

from kruispunt_server.tables import Instant


@dataclass(frozen=True)
class FollowingTables:
    """The tables, by their glossary names.

    Attributes:
        feed_cursor: how far a feed was followed, one row for each.
        notice: what institutions were told, append-only but for what is acknowledged and no longer kept.
        notice_state: one row for each institution that was ever told anything: the last number, and how far it is
            acknowledged and kept.
    """

    feed_cursor: sa.Table
    notice: sa.Table
    notice_state: sa.Table


def following_tables(metadata: sa.MetaData) -> FollowingTables:
    """Define the tables in `metadata`."""
    return FollowingTables(
        feed_cursor=_feed_cursor(metadata),
        notice=_notice(metadata),
        notice_state=_notice_state(metadata),
    )


def _feed_cursor(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "feed_cursor",
        metadata,
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("resume_token", sa.Text, nullable=False),  # empty: goes on with a snapshot
        sa.Column("position", sa.BigInteger, nullable=False),  # of the last change applied; -1: none
        sa.Column("applied_at", Instant, nullable=False),  # of the last effects, here; only grows
        # Up to then everything was applied; absent: the first snapshot is not complete.
        sa.Column("told_until", Instant),
        sa.Column(
            "refused_because", sa.String(32)
        ),  # reason why the feed does not take the token; absent: it does
        # Of the first commit that could not be read and no snapshot has made up for; absent: there is none.
        sa.Column("unread_position", sa.BigInteger),
    )


def _institution() -> list[sa.Column[int]]:
    return [
        sa.Column("sector", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("institution", sa.SmallInteger, primary_key=True, autoincrement=False),
    ]


def _notice(metadata: sa.MetaData) -> sa.Table:
    # The key is the order in which an institution is told.
    return sa.Table(
        "notice",
        metadata,
        *_institution(),
        sa.Column("notice_no", sa.BigInteger, primary_key=True, autoincrement=False),  # from 1, without gaps
        sa.Column("notice_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.SmallInteger, nullable=False),
        sa.Column("ssin", sa.BigInteger, nullable=False),
        sa.Column("current_ssin", sa.BigInteger, nullable=False),
        sa.Column("changed_at", Instant, nullable=False),
        sa.Column("recorded_at", Instant, nullable=False),  # the same for all of one commit, and of no other
        sa.Column("change_id", sa.Uuid),  # absent: a snapshot showed the change
        # From an instant on, and the digest of a day.
        sa.Index("ix_notice_institution_recorded_at", "sector", "institution", "recorded_at", "notice_no"),
        # What is new to anybody: asked ten times a second.
        sa.Index("ix_notice_recorded_at", "recorded_at", "sector", "institution", "notice_no"),
        sqlite_with_rowid=False,
    )


def _notice_state(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "notice_state",
        metadata,
        *_institution(),
        sa.Column("last_no", sa.BigInteger, nullable=False),
        sa.Column("acknowledged_no", sa.BigInteger, nullable=False),
        sa.Column("kept_from", sa.BigInteger, nullable=False),  # notices below it may be deleted
        # When the last of them was recorded; absent: there are none, or it is not known.
        sa.Column("let_go_until", Instant),
        sa.CheckConstraint("acknowledged_no <= last_no", name="acknowledged_no"),
        sa.CheckConstraint("0 < kept_from AND kept_from <= acknowledged_no + 1", name="kept_from"),
        sqlite_with_rowid=False,
    )
