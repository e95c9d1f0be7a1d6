"""The rights file, applied by an operator at the database itself: how a registry gets its first administrator."""

import time
from pathlib import Path

from kruispunt.rights_file import RightsFile, RightsFileError, read_rights
from kruispunt_server.access.difference import RightsChange
from kruispunt_server.access.rights import Rights
from kruispunt_server.access.servicer import checked
from kruispunt_server.access.store import RightsStore
from kruispunt_server.call import OPERATOR, Call, Participant
from kruispunt_server.changes import nobodys_log
from kruispunt_server.clock import Clock
from kruispunt_server.database import Database
from kruispunt_server.errors import RegistryError
from kruispunt_server.ids import new_id
from kruispunt_server.tables import SharedTables


def rights_in(path: Path) -> Rights:
    """Return what a file declares, without faults.

    Raises:
        RightsFileError: anything in it is wrong: all faults at once.
    """
    return rights_of(read_rights(path))


def rights_of(file: RightsFile) -> Rights:
    """Return what a file that was read declares; errors as of `rights_in`."""
    try:
        return checked(file.message, "")
    except RegistryError as refusal:
        raise RightsFileError(file.faults(refusal.violations)) from None


def load_rights(database: Database, tables: SharedTables, clock: Clock, rights: Rights) -> list[RightsChange]:
    """Make the rights of a database exactly these, and return what that changed.

    Raises:
        RegistryError: the database cannot be reached; nothing was changed.
    """
    call = Call(
        "load-rights", Participant(OPERATOR, frozenset(), None), None, clock.now(), time.monotonic() + 60
    )
    with database.writing() as connection:
        changes, _ = RightsStore(database, tables).replace(
            connection, nobodys_log(database, tables, clock), call, rights, request_id=new_id()
        )
    return changes
