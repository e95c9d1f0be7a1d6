"""Tables of the person search: keyed hashes that lead to numbers, and what a candidate is compared by.

A row stands under the number that the facts were registered under; a replaced number keeps its own, so that a
replacement and its undoing rewrite nothing here.
"""

from dataclasses import dataclass

import sqlalchemy as sa

from kruispunt_server.owned import owned_by
from kruispunt_server.tables import Instant


@dataclass(frozen=True)
class MatchingTables:
    """The tables, by their glossary names.

    Attributes:
        match_generation: one pepper and one version of the rules; keys of two generations never meet.
        match_key: keyed hash to number.
        match_profile: what a candidate is compared by; of a national person only its keys, to replace them by.
        match_frequency: how many persons share a name's code, for the weight of rarity.
    """

    match_generation: sa.Table
    match_key: sa.Table
    match_profile: sa.Table
    match_frequency: sa.Table


def matching_tables(metadata: sa.MetaData) -> MatchingTables:
    """Define the tables in `metadata`."""
    return MatchingTables(
        match_generation=_match_generation(metadata),
        match_key=_match_key(metadata),
        match_profile=_match_profile(metadata),
        match_frequency=_match_frequency(metadata),
    )


def _match_generation(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "match_generation",
        metadata,
        sa.Column("generation", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("rules_version", sa.SmallInteger, nullable=False),
        sa.Column("state", sa.SmallInteger, nullable=False),  # 1 building, 2 active, 3 retired
        sa.Column("made_at", Instant, nullable=False),
        # The last number whose keys are written while it is built, or removed after it retired: where an
        # interrupted rebuild or purge goes on.
        sa.Column("built_to", sa.BigInteger, nullable=False),
        # At most one generation answers searches.
        sa.Index(
            "uq_match_generation_active",
            "state",
            unique=True,
            sqlite_where=sa.text("state = 2"),
            postgresql_where=sa.text("state = 2"),
        ),
    )


def _match_key(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "match_key",
        metadata,
        sa.Column("generation", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("key", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("ssin", sa.BigInteger, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )


def _match_profile(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "match_profile",
        metadata,
        sa.Column("ssin", sa.BigInteger, primary_key=True, autoincrement=False),
        # Names as registered, JSON: [[family, [given, …]], …], the current one first. Absent: asked elsewhere.
        sa.Column("names", sa.Text),
        # Letters a to z of all names, for the first comparison of many candidates.
        sa.Column("letters", sa.Text),
        sa.Column("birth", sa.Integer),  # YYYYMMDD, unknown parts 0
        sa.Column("gender", sa.SmallInteger),
        sa.Column("countries", sa.String(255)),  # ISO codes, comma separated, in order
        # The keys that stand, eight bytes each, by generation: what a change takes away again.
        sa.Column("generation", sa.SmallInteger, nullable=False),
        sa.Column("keys", sa.LargeBinary, nullable=False),
        sa.Column("next_generation", sa.SmallInteger),  # while another generation is built
        sa.Column("next_keys", sa.LargeBinary),
        sa.Column("changed_at", Instant, nullable=False),
        # New and changed persons, for the sweep.
        sa.Index("ix_match_profile_changed_at", "changed_at", "ssin"),
        # The first comparison reads a thousand rows, and of each only this: a quarter of the pages of whole rows.
        # PostgreSQL goes by the primary key all the same, and is as fast.
        sa.Index("ix_match_profile_outline", "ssin", "letters", "birth", info={"only_on": "sqlite"}).ddl_if(
            dialect="sqlite"
        ),
        info=owned_by("ssin"),
        sqlite_with_rowid=False,
    )


def _match_frequency(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "match_frequency",
        metadata,
        sa.Column("part", sa.SmallInteger, primary_key=True, autoincrement=False),  # 1 family, 2 given, 0 all
        sa.Column("code", sa.String(16), primary_key=True),
        sa.Column("persons", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
