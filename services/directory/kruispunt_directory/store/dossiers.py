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
        # Built once: putting a statement together costs more than SQLite needs to run it.
        dossier = tables.dossiers.dossier
        self._select_book = sa.select(*columns(dossier)).where(
            dossier.c.person == sa.bindparam("of_person"),
            dossier.c.sector == sa.bindparam("of_sector"),
            dossier.c.institution == sa.bindparam("of_institution"),
        )
        self._insert_dossier = sa.insert(dossier)
        self._insert_version = sa.insert(tables.dossiers.dossier_version)
        self._delete_dossier = sa.delete(dossier).where(
            dossier.c.person == sa.bindparam("of_person"), dossier.c.dossier_id == sa.bindparam("of_id")
        )

    def open_book(self, transaction: sa.Connection, person: Ssin, institution: InstitutionKey) -> DossierBook:
        """Return the book of `institution` on `person`; nobody else writes this person until the transaction ends."""
        self._database.lock(transaction, int(person))
        rows = transaction.execute(
            self._select_book,
            {
                "of_person": int(person),
                "of_sector": institution.sector,
                "of_institution": institution.institution,
            },
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
        transaction.execute(self._insert_dossier, values_of(dossier))
        self._version(transaction, dossier, standing=True)

    def _version(self, transaction: sa.Connection, dossier: Dossier, *, standing: bool) -> None:
        transaction.execute(self._insert_version, {**values_of(dossier), "standing": standing})

    def _delete(self, transaction: sa.Connection, dossier: Dossier) -> None:
        # Only the row of the current state goes: its versions stay.
        transaction.execute(
            self._delete_dossier, {"of_person": int(dossier.person), "of_id": dossier.dossier_id}
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
