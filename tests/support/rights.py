"""Rights for tests: those of the sandbox, in the database of a server; and what a call may whom nothing is withheld from."""

from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from tests.support.calls import call_of

from kruispunt_server.access.catalogue import DATA_GROUPS
from kruispunt_server.access.loading import rights_in
from kruispunt_server.access.rights import Rights
from kruispunt_server.access.store import RightsStore
from kruispunt_server.call import Right
from kruispunt_server.changes import ChangeLog
from kruispunt_server.database import Database
from kruispunt_server.ids import new_id
from kruispunt_server.tables import SharedTables

SANDBOX = Path(str(files("kruispunt_server") / "data" / "sandbox_rights.yaml"))
IDENTIFYING = Right("test", frozenset({"name", "birth", "gender", "number"}))
"""Of one who may know who somebody is, and no more."""
NOTHING = Right("test", frozenset({"number"}))
"""Of one who may know that there is somebody, and no more."""
EVERYTHING = Right("test", frozenset(DATA_GROUPS), shows_protected=True)


class _NoLog:
    """Keeps the change log of tests free of what they are not about."""

    def record(self, *_: Any, **__: Any) -> list[Any]:
        return []


def put_rights(database: Database, tables: SharedTables, rights: Rights) -> None:
    """Give a database rights, as if it had always had them."""
    with database.writing() as connection:
        RightsStore(database, tables).replace(
            connection, cast("ChangeLog", _NoLog()), call_of(), rights, request_id=new_id()
        )


def load_sandbox(database: Database, tables: SharedTables) -> None:
    """Give a database the rights of the sandbox."""
    put_rights(database, tables, rights_in(SANDBOX))


def make_other(database: Database, tables: SharedTables, participant_id: str, **values: Any) -> None:
    """Change columns of a participant, as an administrator does who applies other rights."""
    participant, version = tables.rights.participant, tables.rights.version
    with database.writing() as connection:
        connection.execute(
            sa.update(participant).where(participant.c.participant_id == participant_id).values(**values)
        )
        connection.execute(sa.update(version).values(version=version.c.version + 1))


class EverybodyMay:
    """Stands in for the rights where something else is tried: every call may everything."""

    def right_of(self, participant: object, method: str, legal_basis: str) -> Right:  # noqa: ARG002
        """Return everything."""
        return EVERYTHING
