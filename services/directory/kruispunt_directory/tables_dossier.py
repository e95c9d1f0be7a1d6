"""Tables of the reference directory: dossiers, their versions, numbers, and declarations of completeness.

Person-owned tables lead their primary key with the person, so that a person's rows lie together and can be
partitioned by person. Numbers are stored as whole numbers.
"""

from dataclasses import dataclass

import sqlalchemy as sa

from kruispunt_server.owned import owned_by
from kruispunt_server.tables import Instant


@dataclass(frozen=True)
class DossierTables:
    """The tables, by their glossary names.

    Attributes:
        dossier: what stands now, one row per dossier.
        dossier_version: every state there ever was, append-only; `standing` false marks the end of a dossier.
        number: projection of identity's chains: number to current number.
        number_step: every replacement that was carried out here; a row is closed once, by the split that undid it.
        number_version: where numbers led earlier, append-only; a number without a row stood for itself.
        synchronisation: an institution declares up to when it has told everything, append-only.
        import_row: what became of each row of each import.
    """

    dossier: sa.Table
    dossier_version: sa.Table
    number: sa.Table
    number_step: sa.Table
    number_version: sa.Table
    synchronisation: sa.Table
    import_row: sa.Table


def dossier_tables(metadata: sa.MetaData) -> DossierTables:
    """Define the tables in `metadata`."""
    return DossierTables(
        dossier=_dossier(metadata),
        dossier_version=_dossier_version(metadata),
        number=_number(metadata),
        number_step=_number_step(metadata),
        number_version=_number_version(metadata),
        synchronisation=_synchronisation(metadata),
        import_row=_import_row(metadata),
    )


def _state_columns() -> list[sa.Column[object]]:
    """What a dossier and each of its versions say."""
    return [
        sa.Column("dossier_id", sa.Uuid, nullable=False),
        sa.Column("registered_under", sa.BigInteger, nullable=False),
        sa.Column("end_day", sa.Date, nullable=True),
        sa.Column("network_level", sa.SmallInteger, nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("recorded_at", Instant, nullable=False),
        sa.Column("confirmed_at", Instant, nullable=False),
    ]


def _dossier(metadata: sa.MetaData) -> sa.Table:
    # The key is the order in which dossiers are listed, so that "all of one person" is one range in order.
    return sa.Table(
        "dossier",
        metadata,
        sa.Column("person", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("sector", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("institution", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("capacity", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("begin_day", sa.Date, primary_key=True),
        sa.Column("phase", sa.SmallInteger, primary_key=True, autoincrement=False),
        *_state_columns(),
        sa.CheckConstraint("end_day IS NULL OR begin_day < end_day", name="period"),
        sa.UniqueConstraint("person", "dossier_id"),
        # Dossiers of one institution by the time of their last confirmation: ListStaleDossiers.
        sa.Index(
            "ix_dossier_institution_confirmed_at", "sector", "institution", "confirmed_at", "dossier_id"
        ),
        # Persons on whom an institution holds a dossier: the snapshot of WatchNotices.
        sa.Index("ix_dossier_institution_person", "sector", "institution", "person", "registered_under"),
        info=owned_by("person"),
        sqlite_with_rowid=False,
    )


def _dossier_version(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "dossier_version",
        metadata,
        sa.Column("person", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("dossier_id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sector", sa.SmallInteger, nullable=False),
        sa.Column("institution", sa.SmallInteger, nullable=False),
        sa.Column("capacity", sa.SmallInteger, nullable=False),
        sa.Column("begin_day", sa.Date, nullable=False),
        sa.Column("phase", sa.SmallInteger, nullable=False),
        *[column for column in _state_columns() if column.name not in ("dossier_id", "version")],
        sa.Column("standing", sa.Boolean, nullable=False),
        # The last change of each institution: GetCoverage.
        sa.Index("ix_dossier_version_institution_recorded_at", "sector", "institution", "recorded_at"),
        info=owned_by("person"),
        sqlite_with_rowid=False,
    )


# Numbers under which nothing can go on: cancelled (3), deceased (4). As text, so that the planner knows the index.
ENDED = "status IN (3, 4)"
# Numbers that were replaced.
LEADING = "next_ssin IS NOT NULL"


def _number(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "number",
        metadata,
        sa.Column("ssin", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("current_ssin", sa.BigInteger, nullable=False),
        sa.Column("status", sa.SmallInteger, nullable=False),
        sa.Column("replaced_on", sa.Date, nullable=True),
        sa.Column("recorded_at", Instant, nullable=False),
        sa.Column("next_ssin", sa.BigInteger),  # the next step; absent: it was not replaced
        sa.Column("deceased", sa.Boolean),  # absent: not told
        sa.Column("register", sa.SmallInteger),  # absent: not told
        # Orphaned dossiers: ListStaleDossiers.
        sa.Index("ix_number_ended", "ssin", sqlite_where=sa.text(ENDED), postgresql_where=sa.text(ENDED)),
        # The numbers that lead to one.
        sa.Index(
            "ix_number_leading",
            "current_ssin",
            sqlite_where=sa.text(LEADING),
            postgresql_where=sa.text(LEADING),
        ),
        info=owned_by("ssin"),
        sqlite_with_rowid=False,
    )


def _number_step(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "number_step",
        metadata,
        sa.Column("former_ssin", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("recorded_at", Instant, primary_key=True),
        sa.Column("next_ssin", sa.BigInteger, nullable=False),
        sa.Column("superseded_at", Instant),  # absent: it stands
        # What was ever joined to a number: a split.
        sa.Index("ix_number_step_next_ssin", "next_ssin"),
        info=owned_by("former_ssin"),
        sqlite_with_rowid=False,
    )


def _number_version(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "number_version",
        metadata,
        sa.Column("ssin", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("recorded_at", Instant, primary_key=True),
        sa.Column("current_ssin", sa.BigInteger, nullable=False),
        sa.Column("status", sa.SmallInteger, nullable=False),
        sa.Column("replaced_on", sa.Date),
        info=owned_by("ssin"),
        sqlite_with_rowid=False,
    )


def _synchronisation(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "synchronisation",
        metadata,
        sa.Column("sector", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("institution", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("declaration_id", sa.Uuid, primary_key=True),
        sa.Column("declared_at", Instant, nullable=False),
        sa.Column("until_at", Instant, nullable=False),
        # The last declaration of each institution: GetCoverage.
        sa.Index("ix_synchronisation_institution_declared_at", "sector", "institution", "declared_at"),
    )


def _import_row(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "import_row",
        metadata,
        sa.Column("import_id", sa.Uuid, primary_key=True),
        sa.Column("row_number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("outcome", sa.SmallInteger, nullable=False),
        sa.Column("person", sa.BigInteger),  # of a refused row: whom it was about, if that is known
        sa.Column("dossier_id", sa.Uuid),
        sa.Column("reason", sa.SmallInteger),  # number of the error reason in the contract
        sa.Column("field", sa.String(100)),
        sa.Column("remarks", sa.SmallInteger),  # bits of `registering.Remark`; absent: none
        sqlite_with_rowid=False,
    )
