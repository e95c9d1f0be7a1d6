"""Every table of the directory server."""

from dataclasses import dataclass

import sqlalchemy as sa

from kruispunt_directory.tables_dossier import DossierTables, dossier_tables
from kruispunt_directory.tables_following import FollowingTables, following_tables
from kruispunt_directory.tables_knowledge import KnowledgeTables, knowledge_tables
from kruispunt_server.tables import SharedTables, new_metadata, shared_tables

metadata = new_metadata()
shared = shared_tables(metadata)
dossiers = dossier_tables(metadata)
knowledge = knowledge_tables(metadata)
following = following_tables(metadata)


@dataclass(frozen=True)
class DirectoryTables:
    """The tables by theme.

    Attributes:
        metadata: all of them, for migrations.
        shared: participants, idempotency and the two logs.
        dossiers: who holds a dossier on whom.
        knowledge: what institutions, sectors and codes there are, and who may have what.
        following: how far the registers were followed, and what institutions are told because of it.
    """

    metadata: sa.MetaData
    shared: SharedTables
    dossiers: DossierTables
    knowledge: KnowledgeTables
    following: FollowingTables


def directory_tables() -> DirectoryTables:
    """Return every table."""
    return DirectoryTables(
        metadata=metadata, shared=shared, dossiers=dossiers, knowledge=knowledge, following=following
    )
