"""The rights file, applied by an operator at the database itself: how a registry gets its first administrator."""

import time
from pathlib import Path

from kruispunt.rights_file import RightsFileError, read_rights
from kruispunt_server.access.difference import RightsChange
from kruispunt_server.access.judging import judged
from kruispunt_server.access.rights import Rights
from kruispunt_server.access.store import RightsStore
from kruispunt_server.call import OPERATOR, Call, Participant, Purpose
from kruispunt_server.changes import nobodys_log
from kruispunt_server.clock import Clock
from kruispunt_server.database import Database
from kruispunt_server.ids import new_id
from kruispunt_server.tables import SharedTables


def rights_in(path: Path) -> Rights:
    """Return what a file declares, without faults.

    Raises:
        RightsFileError: anything in it is wrong: all faults at once, of form and of sense.
    """
    try:
        file, malformed = read_rights(path), None
    except RightsFileError as error:
        if error.file is None:
            raise
        file, malformed = error.file, error
    rights, faults = judged(file.message)
    if faults:
        raise file.refused([(fault.path, fault.sentence) for fault in faults])
    if malformed is not None:
        raise malformed
    return rights.in_order()


def load_rights(
    database: Database, tables: SharedTables, clock: Clock, rights: Rights, *, user: str = ""
) -> list[RightsChange]:
    """Make the rights of a database exactly these, and return what that changed.

    Args:
        database: opened.
        tables: the shared tables.
        clock: says when.
        rights: without faults.
        user: of the operating system who does it, for the change log only; empty: not known.

    Raises:
        RegistryError: the database cannot be reached; nothing was changed.
    """
    purpose = Purpose("", user, "") if user else None
    call = Call(
        "load-rights", Participant(OPERATOR, frozenset(), None), purpose, clock.now(), time.monotonic() + 60
    )
    with database.writing() as connection:
        changes, _ = RightsStore(database, tables).replace(
            connection, nobodys_log(database, tables, clock), call, rights, request_id=new_id()
        )
    return changes
