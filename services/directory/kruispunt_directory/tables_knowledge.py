"""Tables of the code tables and rules: one per kind of entry, append-only.

A row is one revision of one entry; nothing is ever updated or deleted. What was known after write N are the rows
with `written_in` <= N, of each key the one with the highest `revision`.

Labels are columns, not JSON: the database then holds their length, and they can be read in plain SQL. Phases are JSON
text: they are read and written with their capacity only, and their history is its history.
"""

from dataclasses import dataclass

import sqlalchemy as sa

from kruispunt_server.tables import Instant


@dataclass(frozen=True)
class KnowledgeTables:
    """The tables, by their glossary names.

    Attributes:
        knowledge_revision: one row per write that changed something; `number` counts them from 1.
    """

    knowledge_revision: sa.Table
    sector: sa.Table
    institution: sa.Table
    capacity: sa.Table
    data_set: sa.Table
    deliberation: sa.Table
    availability: sa.Table
    authorisation: sa.Table


def knowledge_tables(metadata: sa.MetaData) -> KnowledgeTables:
    """Define the tables in `metadata`."""
    return KnowledgeTables(
        knowledge_revision=_knowledge_revision(metadata),
        sector=_table(metadata, "sector", [_code_key("code")], _label_columns()),
        institution=_table(
            metadata,
            "institution",
            [_code_key("sector"), _code_key("institution")],
            [
                *_label_columns(),
                sa.Column("enterprise_number", sa.String(10), nullable=False),
                sa.Column("network_level", sa.SmallInteger, nullable=False),
            ],
        ),
        # Sector -1: the capacity of every sector. A key has no NULL.
        capacity=_table(
            metadata,
            "capacity",
            [_code_key("sector"), _code_key("code")],
            [*_label_columns(), sa.Column("phases", sa.Text, nullable=False)],
        ),
        data_set=_table(
            metadata,
            "data_set",
            [sa.Column("code", sa.String(40), primary_key=True), _code_key("variant")],
            _label_columns(),
        ),
        deliberation=_table(
            metadata,
            "deliberation",
            [_identifier_key("deliberation_id")],
            [*_label_columns(), sa.Column("url", sa.String(300), nullable=False)],
        ),
        availability=_table(
            metadata,
            "availability",
            [_identifier_key("availability_id")],
            [
                *_data_set_columns(),
                _code("sector"),
                _code("institution", nullable=True),
                _code("capacity"),
                _code("from_phase"),
            ],
        ),
        authorisation=_table(
            metadata,
            "authorisation",
            [_identifier_key("authorisation_id")],
            [
                *_data_set_columns(),
                _code("consumer_sector"),
                _code("consumer_institution", nullable=True),
                _code("consumer_capacity"),
                _code("from_phase"),
                _code("supplier_sector", nullable=True),
                _code("supplier_institution", nullable=True),
                sa.Column("deliberation_id", sa.String(64), nullable=False),
            ],
        ),
    )


def _knowledge_revision(metadata: sa.MetaData) -> sa.Table:
    # The highest number is what every cache compares once a second: the end of the primary key's index.
    return sa.Table(
        "knowledge_revision",
        metadata,
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("recorded_at", Instant, nullable=False),
        sa.Column("participant_id", sa.String(64), nullable=False),
        sa.Column("request_id", sa.Uuid, nullable=False),
        # Which write an instant lies after: lists with `known_at`.
        sa.Index("ix_knowledge_revision_recorded_at", "recorded_at"),
    )


def _table(
    metadata: sa.MetaData, name: str, key: list[sa.Column[object]], fields: list[sa.Column[object]]
) -> sa.Table:
    # Read as a whole, when something changed: a few thousand rows, no index but the key.
    return sa.Table(
        name,
        metadata,
        *key,
        sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("written_in", sa.Integer, sa.ForeignKey("knowledge_revision.number"), nullable=False),
        sa.Column("recorded_at", Instant, nullable=False),
        sa.Column("begin_day", sa.Date, nullable=False),
        sa.Column("end_day", sa.Date, nullable=True),
        *fields,
        sa.CheckConstraint("end_day IS NULL OR begin_day < end_day", name="period"),
        sa.CheckConstraint("revision >= 1", name="revision"),
    )


def _code_key(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.SmallInteger, primary_key=True, autoincrement=False)


def _identifier_key(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.String(64), primary_key=True)


def _code(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.SmallInteger, nullable=nullable)


def _data_set_columns() -> list[sa.Column[object]]:
    return [sa.Column("data_set_code", sa.String(40), nullable=False), _code("data_set_variant")]


def _label_columns() -> list[sa.Column[object]]:
    """The name in four languages, and which of them are our own, such as "de,en"."""
    columns: list[sa.Column[object]] = [
        sa.Column(f"label_{language}", sa.String(200), nullable=False)
        for language in ("nl", "fr", "de", "en")
    ]
    return [*columns, sa.Column("own_translations", sa.String(16), nullable=False)]
