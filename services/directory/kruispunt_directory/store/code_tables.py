"""Writes code tables from a file into the database, as the registry itself."""

import time
from collections.abc import Sequence

from kruispunt_directory.domain.knowledge import Entry
from kruispunt_directory.domain.knowledge_writes import WriteCounts
from kruispunt_directory.store.knowledge import KnowledgeStore
from kruispunt_directory.tables import DirectoryTables
from kruispunt_server.call import Call, Participant, Role
from kruispunt_server.changes import nobodys_log
from kruispunt_server.clock import Clock
from kruispunt_server.database import Database
from kruispunt_server.ids import new_id

_REGISTRY = Participant("registry", frozenset({Role.ADMINISTRATOR}), None)
_METHOD = "kruispunt-directory/load-code-tables"
_PATIENCE_S = 600.0


def load_into(
    database: Database,
    tables: DirectoryTables,
    clock: Clock,
    entries: Sequence[Entry],
    *,
    only_new: bool = False,
) -> WriteCounts:
    """Write all entries in one transaction, in the name of the participant "registry"; again: nothing changes.

    Args:
        database: migrated.
        tables: of the directory.
        clock: says when.
        entries: any number; they may refer to each other and to what stands.
        only_new: leave alone whatever stands under its key already, though it says something else: for a
            load at every start, which must not take an operator's own revisions back.

    Raises:
        RegistryError: as of `KnowledgeStore.write`, with `entries[i]` counted from 0; STORE_UNAVAILABLE.
    """
    # Code tables concern no person: no pseudonym is made, so its key does not matter.
    store = KnowledgeStore(database, tables, nobodys_log(database, tables.shared, clock), clock)
    call = Call(_METHOD, _REGISTRY, None, clock.now(), time.monotonic() + _PATIENCE_S)
    if only_new:
        known = store.latest()
        entries = [entry for entry in entries if known.find(entry) is None]
    with database.writing() as connection:
        return store.write(connection, call, entries, new_id())
