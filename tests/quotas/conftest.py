"""The directory and identity, running, whose participants have quotas."""

import dataclasses
from collections.abc import Mapping

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
from kruispunt_server.access.rights import Quota
from kruispunt_server.database import Database
from kruispunt_server.edge import MethodClass
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


def give_quotas(
    database: Database,
    tables: SharedTables,
    quotas: Mapping[str, Mapping[MethodClass, Quota]],
    grants: Mapping[str, Quota] | None = None,
) -> None:
    """Give participants and grants of the sandbox quotas, before anybody asked anything."""
    rights = rights_in(SANDBOX)
    grants = grants or {}
    changed = dataclasses.replace(
        rights,
        registrations=tuple(
            dataclasses.replace(one, quotas=quotas.get(one.participant.participant_id, one.quotas))
            for one in rights.registrations
        ),
        grants=tuple(
            dataclasses.replace(one, quota=grants.get(one.grant_id, one.quota)) for one in rights.grants
        ),
    )
    put_rights(database, tables, changed.in_order())
