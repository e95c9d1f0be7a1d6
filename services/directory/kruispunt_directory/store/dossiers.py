"""Writing dossiers: opens the book of one institution on one person, and carries out what it plans.

Who writes under a number holds its lock, and that of the number it leads to. Whoever lets a number lead elsewhere
holds the locks of all numbers of the person: no dossier is written under a number that was replaced meanwhile.
"""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from kruispunt.ssin import Ssin
from kruispunt_directory.domain.book import DossierBook, Plan
from kruispunt_directory.domain.dividing import Undecided, Version
from kruispunt_directory.domain.dossier import Dossier
from kruispunt_directory.domain.number import Resolution
from kruispunt_directory.store.books import Books
from kruispunt_directory.store.numbers import NumberStore
from kruispunt_directory.store.rows import columns, columns_of, described, dossier_of, values_of
from kruispunt_directory.tables import DirectoryTables
from kruispunt_server.arrays import among, array
from kruispunt_server.bulk import bulk_insert_columns
from kruispunt_server.call import Call, InstitutionKey
from kruispunt_server.change import Change
from kruispunt_server.changes import ChangeLog
from kruispunt_server.clock import Clock
from kruispunt_server.database import Database
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.ids import new_id

_FEW = 3  # rows; more are written faster in bulk


class DossierStore:
    """Writes dossiers; every method runs inside the caller's transaction.

    A command costs five statements and the commit: number, book, row, version, change; the idempotency
    record around it two more.
    """

    def __init__(self, database: Database, tables: DirectoryTables, log: ChangeLog, clock: Clock) -> None:
        self._database = database
        self._tables = tables
        self._log = log
        self._clock = clock
        self.numbers = NumberStore(database, tables)
        # Built once: putting a statement together costs more than SQLite needs to run it.
        dossier = tables.dossiers.dossier
        version = tables.dossiers.dossier_version
        of_book: tuple[sa.BindParameter[Any], ...] = (
            sa.bindparam("of_person"),
            sa.bindparam("of_sector"),
            sa.bindparam("of_institution"),
        )
        # When the book was last changed, or a number of the person was, and with it each dossier that stands: one row
        # at least. A write is later than both: whose it is, when numbers are split, is told by the order.
        # Indexes: primary keys, ix_number_leading.
        number = tables.dossiers.number
        instants = sa.union_all(
            sa.select(version.c.recorded_at).where(
                *_equal((version.c.person, version.c.sector, version.c.institution), of_book)
            ),
            sa.select(number.c.recorded_at).where(number.c.ssin == of_book[0]),
            sa.select(number.c.recorded_at).where(
                number.c.current_ssin == of_book[0], number.c.next_ssin.is_not(None)
            ),
        ).subquery()
        latest = sa.select(
            sa.func.max(instants.c.recorded_at, type_=version.c.recorded_at.type).label("latest")
        ).subquery()
        standing = sa.and_(*_equal((dossier.c.person, dossier.c.sector, dossier.c.institution), of_book))
        self._select_book = sa.select(latest.c.latest, *columns(dossier)).select_from(
            latest.outerjoin(dossier, standing)
        )
        self._books = Books(database, tables)
        # Indexes: primary keys, by person.
        self._standing = sa.select(*columns(dossier)).where(
            among(dossier.c.person, "persons", database.dialect)
        )
        of_persons = among(version.c.person, "persons", database.dialect)
        self._history = sa.select(*columns(version), version.c.standing).where(of_persons)
        self._latest = sa.select(sa.func.max(version.c.recorded_at, type_=version.c.recorded_at.type)).where(
            of_persons
        )
        self._insert_dossier = sa.insert(dossier)
        self._insert_version = sa.insert(tables.dossiers.dossier_version)
        self._delete_dossier = sa.delete(dossier).where(
            dossier.c.person == sa.bindparam("of_person"), dossier.c.dossier_id == sa.bindparam("of_id")
        )

    def settle(self, transaction: sa.Connection, asked: Ssin) -> Resolution:
        """Return where a number leads, and keep it so until the transaction ends; nobody else writes this person."""
        self._database.lock(transaction, int(asked))
        resolution = self.numbers.resolve(transaction, asked)
        if resolution.is_replaced:
            self._database.lock(transaction, int(resolution.current))
        return resolution

    def settle_all(self, transaction: sa.Connection, asked: Sequence[Ssin]) -> dict[int, Resolution]:
        """Return where each of at most 1000 numbers leads, as `settle`; those that stand for themselves are left out.

        Raises:
            RegistryError: one of them was replaced or split off meanwhile; ABORTED / CONCURRENT_CHANGE.
        """
        leads_to = self.numbers.resolve_all(transaction, asked)
        self._database.lock_all(transaction, {*map(int, asked), *(int(e.current) for e in leads_to.values())})
        if self.numbers.resolve_all(transaction, asked) != leads_to:
            raise RegistryError(Reason.CONCURRENT_CHANGE, "a number was replaced meanwhile; send it again")
        return leads_to

    def open_book(self, transaction: sa.Connection, person: Ssin, institution: InstitutionKey) -> DossierBook:
        """Return the book of `institution` on `person`, whom `settle` has locked."""
        rows = transaction.execute(
            self._select_book,
            {
                "of_person": int(person),
                "of_sector": institution.sector,
                "of_institution": institution.institution,
            },
        ).all()
        standing = [dossier_of(row[1:]) for row in rows if row.person is not None]
        return DossierBook(person, institution, standing, self._clock.now(), rows[0].latest)

    def open_books(
        self, transaction: sa.Connection, persons: Collection[Ssin], institution: InstitutionKey
    ) -> dict[Ssin, DossierBook]:
        """Return the books of `institution` on up to 1000 persons, whom `settle_all` has locked; two statements."""
        standing, latest = self._books.read(transaction, persons, institution)
        now = self._clock.now()
        return {
            person: DossierBook(person, institution, standing.get(person, ()), now, latest.get(person))
            for person in persons
        }

    def carry_out(
        self, transaction: sa.Connection, call: Call, plans: Sequence[Plan], request_id: uuid.UUID
    ) -> None:
        """Write what commands planned: rows, versions, and one change per dossier for the journal.

        However many dossiers, a handful of statements. Of a dossier that several plans are about, in their order,
        every state becomes a version, and the last one stands.
        """
        gone = [before for plan in plans for before, _ in (*plan.removed, *plan.changed)]
        written = [
            after for plan in plans for after in (*(after for _, after in plan.changed), *plan.created)
        ]
        marks = [after for plan in plans for _, after in plan.removed]
        # A dossier that goes over to another number ends under the one that it stood under.
        marks += [
            replace(before, version=after.version, recorded_at=after.recorded_at)
            for plan in plans
            for before, after in plan.changed
            if before.person != after.person
        ]
        if gone:
            # Only the rows of the current state go: their versions stay.
            transaction.execute(
                self._delete_dossier,
                [{"of_person": int(each.person), "of_id": each.dossier_id} for each in gone],
            )
        self._insert(transaction, self._insert_dossier, _left(plans))
        self._insert(transaction, self._insert_version, written, standing=True)
        self._insert(transaction, self._insert_version, marks, standing=False)
        changes = [change for plan in plans for change in _changes_of(plan)]
        self._log.record(transaction, call, changes, request_id=request_id)

    @staticmethod
    def _insert(
        transaction: sa.Connection, statement: sa.Insert, states: Collection[Dossier], **more: bool
    ) -> None:
        if len(states) > _FEW:
            columns_ = columns_of(states) | {name: [value] * len(states) for name, value in more.items()}
            bulk_insert_columns(transaction, statement.table, columns_)  # type: ignore[arg-type]  # one of our tables
        elif states:
            transaction.execute(statement, [values_of(each) | more for each in states])

    def lock(self, transaction: sa.Connection, numbers: Iterable[Ssin]) -> None:
        """Let nobody else write under any of the numbers until the transaction ends."""
        self._database.lock_all(transaction, set(map(int, numbers)))

    def standing(self, transaction: sa.Connection, persons: Iterable[Ssin]) -> list[Dossier]:
        """Return every dossier of whatever institution and period that stands under one of the numbers."""
        return [dossier_of(row) for row in transaction.execute(self._standing, self._of_persons(persons))]

    def history(self, transaction: sa.Connection, persons: Iterable[Ssin]) -> list[Version]:
        """Return every state of every dossier that ever stood under one of the numbers."""
        rows = transaction.execute(self._history, self._of_persons(persons))
        return [Version(dossier_of(row[:-1]), row.standing) for row in rows]

    def latest(self, transaction: sa.Connection, persons: Iterable[Ssin]) -> dt.datetime | None:
        """Return when a dossier under one of the numbers was last changed; none: never."""
        latest: dt.datetime | None = transaction.scalar(self._latest, self._of_persons(persons))
        return latest

    def report_undecided(
        self,
        transaction: sa.Connection,
        call: Call,
        numbers: tuple[Ssin, Ssin],
        undecided: Sequence[Undecided],
        request_id: uuid.UUID,
    ) -> None:
        """Note in the journal which days stayed with the first of two numbers for want of a better reason."""
        remaining, other = map(int, numbers)
        changes = [
            Change(
                remaining,
                "dossier.undecided",
                None,
                {
                    "institution": str(each.institution),
                    "capacity": each.capacity,
                    "begin": each.period.begin.isoformat(),
                    "end": each.period.end.isoformat() if each.period.end else None,
                },
                other=other,
            )
            for each in undecided
        ]
        self._log.record(transaction, call, changes, request_id=request_id)

    def _of_persons(self, persons: Iterable[Ssin]) -> dict[str, Any]:
        return {"persons": array(sorted(map(int, set(persons))), self._database.dialect)}

    def current_of(self, asked: Sequence[Ssin]) -> dict[int, Ssin]:
        """Return, outside any transaction, the current number of those of at most 1000 that were replaced."""
        with self._database.reading() as connection:
            found = self.numbers.resolve_all(connection, asked)
        return {number: resolution.current for number, resolution in found.items()}

    def declare(self, transaction: sa.Connection, institution: InstitutionKey, until: dt.datetime) -> None:
        """Keep an institution's declaration that it has told everything up to `until`."""
        transaction.execute(
            sa.insert(self._tables.dossiers.synchronisation).values(
                sector=institution.sector,
                institution=institution.institution,
                declaration_id=new_id(),
                declared_at=self._clock.now(),
                until_at=until,
            )
        )


def _left(plans: Sequence[Plan]) -> Collection[Dossier]:
    """Return the states in which dossiers stand after all plans."""
    if len(plans) == 1:
        return [*(after for _, after in plans[0].changed), *plans[0].created]
    left: dict[uuid.UUID, Dossier] = {}
    for plan in plans:
        for before, _ in plan.removed:
            left.pop(before.dossier_id, None)
        for dossier in (*(after for _, after in plan.changed), *plan.created):
            left[dossier.dossier_id] = dossier
    return left.values()


def _changes_of(plan: Plan) -> list[Change]:
    """Return what the journal keeps of a plan, a change for each dossier."""
    changes: list[tuple[str, Dossier | None, Dossier | None]] = [
        *(("dossier.removed", before, None) for before, _ in plan.removed),
        *(("dossier.changed", before, after) for before, after in plan.changed),
        *(("dossier.created", None, created) for created in plan.created),
    ]
    told = []
    for kind, before, after in changes:
        concerned = after or before
        assert concerned is not None
        moved = before is not None and after is not None and before.person != after.person
        told.append(
            Change(
                int(concerned.person),
                kind,
                described(before) if before else None,
                described(after) if after else None,
                other=int(before.person) if before is not None and moved else None,
            )
        )
    return told


def _equal(
    columns_: Sequence[sa.ColumnElement[Any]], values: Sequence[sa.ColumnElement[Any]]
) -> list[sa.ColumnElement[bool]]:
    return [column == value for column, value in zip(columns_, values, strict=True)]
