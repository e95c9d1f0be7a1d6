"""The directory and identity, running, with the rights of the sandbox or others."""

import dataclasses
from collections.abc import Callable

from tests.directory.service.conftest import directory, sandbox_pki
from tests.identity.conftest import (
    identity_partitioned_url,
    identity_pooled_url,
    identity_postgres_url,
    identity_sqlite_url,
    identity_url,
)
from tests.identity.service.conftest import identity
from tests.support.rights import SANDBOX, put_rights

from kruispunt_server.access.loading import rights_in
from kruispunt_server.access.rights import Grant, Rights
from kruispunt_server.database import Database
from kruispunt_server.tables import SharedTables

__all__ = [
    "directory",
    "identity",
    "identity_partitioned_url",
    "identity_pooled_url",
    "identity_postgres_url",
    "identity_sqlite_url",
    "identity_url",
    "sandbox_pki",
]


def change_grants(
    database: Database, tables: SharedTables, change: Callable[[Grant], Grant | None]
) -> Rights:
    """Change or drop grants of the sandbox one by one, and return the rights as they are now."""
    rights = rights_in(SANDBOX)
    changed = [each for grant in rights.grants if (each := change(grant)) is not None]
    now = dataclasses.replace(rights, grants=tuple(changed)).in_order()
    put_rights(database, tables, now)
    return now
