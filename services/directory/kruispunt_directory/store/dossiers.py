"""Writing dossiers: opens the book of one institution on one person, and carries out what it plans."""

import datetime as dt
import uuid
from collections.abc import Iterable

import sqlalchemy as sa

from kruispunt.ssin import Ssin
from kruispunt_directory.domain.book import DossierBook, Plan
from kruispunt_directory.domain.dossier import Dossier
from kruispunt_directory.store.numbers import NumberStore
from kruispunt_directory.store.rows import columns, described, dossier_of, values_of
from kruispunt_directory.tables import DirectoryTables
from kruispunt_server.call import Call, InstitutionKey
from kruispunt_server.clock import Clock
from kruispunt_server.database import Database
from kruispunt_server.journal import record_change
from kruispunt_server.keys import Pseudonyms


class DossierStore:
    """Writes dossiers; every method runs inside the caller's transaction.

    A command costs five statements and the commit: number, book, row, version, change; the idempotency
    record around it two more.
    """

    def __init__(
        self, database: Database, tables: DirectoryTables, pseudonyms: Pseudonyms, clock: Clock
    ) -> None:
        self._database = database
        self._tables = tables
        self._pseudonyms = pseudonyms
        self._clock = clock
        self.numbers = NumberStore(database, tables)

    def open_book(self, transaction: sa.Connection, person: Ssin, institution: InstitutionKey) -> DossierBook:
        """Return the book of `institution` on `person`; nobody else writes this person until the transaction ends."""
        self._database.lock(transaction, int(person))
        table = self._tables.dossiers.dossier
        rows = transaction.execute(
            sa.select(*columns(table)).where(
                table.c.person == int(person),
                table.c.sector == institution.sector,
                table.c.institution == institution.institution,
            )
        )
        return DossierBook(person, institution, map(dossier_of, rows), self._clock.now())

    def carry_out(self, transaction: sa.Connection, call: Call, plan: Plan, request_id: uuid.UUID) -> None:
        """Write what a command planned: rows, versions, and one change per dossier for the journal."""
        for before, after in plan.removed:
            self._delete(transaction, before)
            self._journal(transaction, call, "dossier.removed", before, None, request_id)
            self._version(transaction, after, standing=False)
        for before, after in plan.changed:
            self._delete(transaction, before)
            self._insert(transaction, after)
            self._journal(transaction, call, "dossier.changed", before, after, request_id)
        for created in plan.created:
            self._insert(transaction, created)
            self._journal(transaction, call, "dossier.created", None, created, request_id)

    def declare(self, transaction: sa.Connection, institution: InstitutionKey, until: dt.datetime) -> None:
        """Keep an institution's declaration that it has told everything up to `until`."""
        transaction.execute(
            sa.insert(self._tables.dossiers.synchronisation).values(
                sector=institution.sector,
                institution=institution.institution,
                declared_at=self._clock.now(),
                until_at=until,
            )
        )

    def _insert(self, transaction: sa.Connection, dossier: Dossier) -> None:
        transaction.execute(sa.insert(self._tables.dossiers.dossier), values_of(dossier))
        self._version(transaction, dossier, standing=True)

    def _version(self, transaction: sa.Connection, dossier: Dossier, *, standing: bool) -> None:
        transaction.execute(
            sa.insert(self._tables.dossiers.dossier_version), {**values_of(dossier), "standing": standing}
        )

    def _delete(self, transaction: sa.Connection, dossier: Dossier) -> None:
        # Only the row of the current state goes: its versions stay.
        table = self._tables.dossiers.dossier
        transaction.execute(
            sa.delete(table).where(
                table.c.person == int(dossier.person), table.c.dossier_id == dossier.dossier_id
            )
        )

    def _journal(
        self,
        transaction: sa.Connection,
        call: Call,
        kind: str,
        before: Dossier | None,
        after: Dossier | None,
        request_id: uuid.UUID,
    ) -> None:
        concerned: Iterable[Dossier] = (dossier for dossier in (after, before) if dossier is not None)
        record_change(
            transaction,
            self._tables.shared,
            self._pseudonyms,
            call,
            person=int(next(iter(concerned)).person),
            kind=kind,
            before=dict(described(before)) if before else None,
            after=dict(described(after)) if after else None,
            request_id=request_id,
        )
