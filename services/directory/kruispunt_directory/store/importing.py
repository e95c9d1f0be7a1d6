"""Dossiers by the thousand: a transaction per request, its books read at once and its rows written in bulk."""

import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from kruispunt.ssin import Ssin
from kruispunt_directory.domain.book import Plan
from kruispunt_directory.domain.claim import RegisteredPerson
from kruispunt_directory.domain.importing import ImportRow, RowOutcome, RowResult, refused, registered
from kruispunt_directory.domain.number import Resolution
from kruispunt_directory.domain.registering import RegistrationRules, Remark
from kruispunt_directory.store.dossiers import DossierStore
from kruispunt_directory.tables import DirectoryTables
from kruispunt_server.call import Call
from kruispunt_server.database import Database
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.importing import ImportJob, KeptRows

_COLUMNS: Final = ("outcome", "person", "dossier_id", "reason", "field", "remarks")
_ATTEMPTS: Final = 3
# So many requests at once in one database: each locks up to a thousand numbers, and the lock table of PostgreSQL holds
# some 7,000 by default. Negative: persons' numbers, which are locked too, are not.
_TURNS: Final = 4
_FIRST_TURN: Final = -100


class _Undone(Exception):  # noqa: N818 - not an error
    """Carries the outcomes of a dry run out of the transaction that it undoes."""

    def __init__(self, results: list[RowResult]) -> None:
        super().__init__()
        self.results = results


class ImportRows(KeptRows[RowResult]):
    """Keeps what became of rows.

    Args:
        database: where to.
        tables: of the directory.
        reasons: the number by which each reason is kept.
    """

    def __init__(self, database: Database, tables: DirectoryTables, reasons: Mapping[Reason, int]) -> None:
        super().__init__(database, tables.dossiers.import_row, _COLUMNS, reasons)

    def _row(self, result: RowResult) -> tuple[Any, ...]:
        return (
            result.row,
            int(result.outcome),
            None if result.person is None else int(result.person),
            result.dossier_id,
            None if result.reason is None else self._numbers[result.reason],
            result.field or None,
            int(result.remarks) or None,
        )

    def _result(self, row: int, outcome: int, person: int | None, *rest: Any) -> RowResult:
        dossier_id, reason, field, remarks = rest
        return RowResult(
            row,
            RowOutcome(outcome),
            repeated=True,
            person=None if person is None else Ssin(person),
            dossier_id=dossier_id,
            reason=None if reason is None else self._reasons[reason],
            field=field or "",
            remarks=Remark(remarks or 0),
        )


class ImportStore:
    """Registers dossiers, many at a time.

    Args:
        database: of the directory.
        tables: all of them.
        dossiers: writes what rows plan.
        reasons: the number by which each reason is kept.
    """

    def __init__(
        self,
        database: Database,
        tables: DirectoryTables,
        dossiers: DossierStore,
        reasons: Mapping[Reason, int],
    ) -> None:
        self._database = database
        self._dossiers = dossiers
        self._rows = ImportRows(database, tables, reasons)

    def recorded(self, import_id: uuid.UUID, first: int, last: int) -> dict[int, RowResult]:
        """Return what became of rows that were sent before, so that they need not be read again."""
        with self._database.reading() as connection:
            return self._rows.recorded(connection, import_id, first, last)

    def take_over(
        self,
        call: Call,
        job: ImportJob,
        first: int,
        rows: Sequence[ImportRow | RowResult],
        rules: RegistrationRules,
        known: Mapping[Ssin, RegisteredPerson],
    ) -> list[RowResult]:
        """Register rows in one transaction, each once however often it is sent, in their order.

        Args:
            call: who imports, why, since when and until when; its `now` becomes the instant of recording.
            job: which import it is.
            first: number of the first row; the others follow without a gap.
            rows: at most 1000, as they were read; those that were refused already have their outcome.
            rules: what they are judged by.
            known: what identity says of each number; empty if it was not asked.

        Returns:
            An outcome for each row, in their order.

        Raises:
            RegistryError: rows before the first are missing, INVALID_ARGUMENT / FIELD_INVALID; the caller gave up, DEADLINE_EXCEEDED / DEADLINE_OVER;
                others write the same persons all the time, ABORTED / CONCURRENT_CHANGE; UNAVAILABLE /
                STORE_UNAVAILABLE. Nothing of the request was written then.
        """
        for attempt in range(_ATTEMPTS):
            try:
                with self._database.writing() as connection:
                    results = self._take_over(connection, call, job, first, rows, rules, known)
                    _end(call, job, results)
                    return results
            except _Undone as undone:
                return undone.results
            except RegistryError as error:
                # A number was replaced meanwhile, or of two that waited for each other this one gave way.
                if error.reason is not Reason.CONCURRENT_CHANGE or attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError

    def _take_over(
        self,
        connection: sa.Connection,
        call: Call,
        job: ImportJob,
        first: int,
        rows: Sequence[ImportRow | RowResult],
        rules: RegistrationRules,
        known: Mapping[Ssin, RegisteredPerson],
    ) -> list[RowResult]:
        self._database.lock(connection, _FIRST_TURN - job.import_id.int % _TURNS)
        self._rows.begin(connection, job, first)
        recorded = self._rows.recorded(connection, job.kept_as, first, first + len(rows) - 1)
        fresh = [row for row in rows if row.row not in recorded]
        results = {row.row: row for row in fresh if isinstance(row, RowResult)}
        wanted = [row for row in fresh if isinstance(row, ImportRow)]
        plans = self._judge(connection, wanted, rules, known, results)
        self._dossiers.carry_out(connection, call, plans, job.import_id)
        self._rows.keep(connection, job.kept_as, [results[row.row] for row in fresh])
        return [recorded.get(row.row) or results[row.row] for row in rows]

    def _judge(
        self,
        connection: sa.Connection,
        rows: Sequence[ImportRow],
        rules: RegistrationRules,
        known: Mapping[Ssin, RegisteredPerson],
        results: dict[int, RowResult],
    ) -> list[Plan]:
        """Judge rows in their order, each by what stands after those before it; returns what is written."""
        asked = sorted({row.said.asked for row in rows})
        leads_to = self._dossiers.settle_all(connection, asked)
        resolutions = {number: leads_to.get(number) or Resolution(number, number) for number in asked}
        persons = {resolution.current for resolution in resolutions.values()}
        books = self._dossiers.open_books(connection, persons, rules.institution) if persons else {}
        plans = []
        for row in rows:
            resolution = resolutions[row.said.asked]
            book = books[resolution.current]
            try:
                done = rules.register(row.said, resolution, known.get(row.said.asked), book)
            except RegistryError as error:
                results[row.row] = refused(row.row, error, resolution.current)
                continue
            book.take(done.plan)
            plans.append(done.plan)
            results[row.row] = registered(row.row, done)
        return plans


def _end(call: Call, job: ImportJob, results: list[RowResult]) -> None:
    """Let the transaction commit, or raise: too late, or a dry run."""
    if time.monotonic() > call.deadline:
        raise RegistryError(Reason.DEADLINE_OVER, "the deadline passed; the rows were not registered")
    if job.validate_only:
        raise _Undone(results)
