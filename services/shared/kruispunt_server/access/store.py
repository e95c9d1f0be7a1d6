"""Rights in the database: read as a whole, replaced as a whole, every difference in the change log."""

import uuid
from typing import Any, Final

import sqlalchemy as sa

from kruispunt_server.access.difference import Difference, RightsChange, differences
from kruispunt_server.access.rights import Grant, LegalBasis, Quota, Registration, Rights, Validity
from kruispunt_server.call import Call, InstitutionKey, Participant, Role
from kruispunt_server.change import Change
from kruispunt_server.changes import ChangeLog
from kruispunt_server.database import Database
from kruispunt_server.edge import MethodClass
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.tables import SharedTables
from kruispunt_server.tables_rights import RIGHTS_KINDS

_LOCK: Final = -2  # nor the code tables; no person's number
_KINDS: Final = dict(zip(Difference, RIGHTS_KINDS, strict=True))


class RightsStore:
    """Reads and replaces the rights.

    Args:
        database: where they are.
        tables: the shared tables.
    """

    def __init__(self, database: Database, tables: SharedTables) -> None:
        self._database = database
        self._tables = tables.rights
        self._version = database.hot(sa.select(self._tables.version.c.version))

    def version(self) -> int:
        """Return the version of the rights: one higher after each change.

        Raises:
            RegistryError: the database cannot be reached; UNAVAILABLE / STORE_UNAVAILABLE.
        """
        ((version,),) = self._version.rows()
        return int(version)

    def read(self) -> tuple[Rights, int]:
        """Return the rights and their version, of one moment; errors as of `version`."""
        with self._database.snapshot() as connection:
            return self._read(connection), self._version_in(connection)

    def replace(
        self,
        connection: sa.Connection,
        log: ChangeLog,
        call: Call,
        rights: Rights,
        *,
        request_id: uuid.UUID,
        expected: int | None = None,
    ) -> tuple[list[RightsChange], int]:
        """Make the rights exactly these; returns what that changed, and the version afterwards.

        Args:
            connection: one of `Database.writing`.
            log: where every difference goes.
            call: who changes them.
            rights: without faults.
            request_id: of the mutation.
            expected: the version that they must be; none: whichever.

        Raises:
            RegistryError: they changed since; ABORTED / ETAG_MISMATCH.
        """
        self._database.lock(connection, _LOCK)
        version = self._version_in(connection)
        if expected not in (None, version):
            raise RegistryError(Reason.ETAG_MISMATCH, "the rights changed since they were read", field="etag")
        changes = differences(self._read(connection), rights)
        if not changes:
            return [], version
        for table in (
            self._tables.certificate,
            self._tables.participant,
            self._tables.legal_basis,
            self._tables.grant,
        ):
            connection.execute(sa.delete(table))
        self._insert(connection, rights)
        connection.execute(sa.update(self._tables.version).values(version=version + 1))
        log.record(connection, call, [_change(each) for each in changes], request_id=request_id)
        return changes, version + 1

    def _version_in(self, connection: sa.Connection) -> int:
        return int(connection.execute(sa.select(self._tables.version.c.version)).scalar_one())

    def _read(self, connection: sa.Connection) -> Rights:
        participant, certificate = self._tables.participant, self._tables.certificate
        uris: dict[str, list[str]] = {}
        for row in connection.execute(sa.select(certificate).order_by(certificate.c.uri)):
            uris.setdefault(row.participant_id, []).append(row.uri)
        return Rights(
            tuple(
                _registration(row, uris.get(row.participant_id, []))
                for row in connection.execute(sa.select(participant).order_by(participant.c.participant_id))
            ),
            tuple(map(_legal_basis, self._all(connection, self._tables.legal_basis))),
            tuple(map(_grant, self._all(connection, self._tables.grant))),
        )

    @staticmethod
    def _all(connection: sa.Connection, table: sa.Table) -> sa.CursorResult[Any]:
        return connection.execute(sa.select(table).order_by(*table.primary_key))

    def _insert(self, connection: sa.Connection, rights: Rights) -> None:
        rows: list[tuple[sa.Table, list[dict[str, Any]]]] = [
            (self._tables.participant, [_participant_row(one) for one in rights.registrations]),
            (
                self._tables.certificate,
                [
                    {"uri": uri, "participant_id": one.participant.participant_id}
                    for one in rights.registrations
                    for uri in one.uris
                ],
            ),
            (self._tables.legal_basis, [_legal_basis_row(one) for one in rights.legal_bases]),
            (self._tables.grant, [_grant_row(one) for one in rights.grants]),
        ]
        for table, values in rows:
            if values:
                connection.execute(sa.insert(table), values)


def _change(one: RightsChange) -> Change:
    entry = {"entry": one.entry}
    return Change(
        person=None,
        kind=_KINDS[one.kind],
        before={**entry, **one.before} if one.before else None,
        after={**entry, **one.after} if one.after else None,
    )


def _registration(row: Any, uris: list[str]) -> Registration:
    institution = None if row.sector is None else InstitutionKey(row.sector, row.institution)
    roles = frozenset(Role(role) for role in _listed(row.roles))
    quotas = {}
    for said in _listed(row.quotas):
        kind, calls, seconds = said.split(":")
        quotas[MethodClass(kind)] = Quota(int(calls), int(seconds))
    return Registration(
        Participant(row.participant_id, roles, institution),
        tuple(uris),
        Validity(row.active_from, row.active_until),
        _listed(row.revoked_certificates),
        quotas,
    )


def _legal_basis(row: Any) -> LegalBasis:
    return LegalBasis(
        row.legal_basis, row.title, _listed(row.data_groups), Validity(row.valid_from, row.valid_until)
    )


def _grant(row: Any) -> Grant:
    quota = None if row.quota_calls is None else Quota(row.quota_calls, row.quota_seconds)
    return Grant(
        row.grant_id,
        _listed(row.participants),
        _listed(row.methods),
        row.legal_basis,
        _listed(row.data_groups),
        row.requires_dossier,
        row.shows_protected,
        Validity(row.valid_from, row.valid_until),
        quota,
    )


def _participant_row(one: Registration) -> dict[str, Any]:
    institution = one.participant.institution
    quotas = sorted(one.quotas.items())
    return {
        "participant_id": one.participant.participant_id,
        "roles": ",".join(sorted(one.participant.roles)),
        "sector": institution.sector if institution else None,
        "institution": institution.institution if institution else None,
        "active_from": one.validity.begin,
        "active_until": one.validity.end,
        "revoked_certificates": ",".join(one.revoked_certificates),
        "quotas": ",".join(f"{kind.value}:{quota.calls}:{quota.per_seconds}" for kind, quota in quotas),
    }


def _legal_basis_row(one: LegalBasis) -> dict[str, Any]:
    return {
        "legal_basis": one.legal_basis,
        "title": one.title,
        "data_groups": ",".join(one.data_groups),
        "valid_from": one.validity.begin,
        "valid_until": one.validity.end,
    }


def _grant_row(one: Grant) -> dict[str, Any]:
    return {
        "grant_id": one.grant_id,
        "participants": ",".join(one.participants),
        "methods": ",".join(one.methods),
        "legal_basis": one.legal_basis,
        "data_groups": ",".join(one.data_groups),
        "requires_dossier": one.requires_dossier,
        "shows_protected": one.shows_protected,
        "valid_from": one.validity.begin,
        "valid_until": one.validity.end,
        "quota_calls": one.quota.calls if one.quota else None,
        "quota_seconds": one.quota.per_seconds if one.quota else None,
    }


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()
