"""Persons taken over from another system: a transaction per request, its rows in bulk."""

import datetime as dt
import time
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.fact import Fact, Statement
from kruispunt_identity.domain.importing import ImportRow, RowOutcome, RowResult, refused
from kruispunt_identity.domain.number import Register
from kruispunt_identity.domain.registration import name_and_birth
from kruispunt_identity.domain.values import DataGroup, Gender, PartialDate
from kruispunt_identity.matching.profile import MatchProfile
from kruispunt_identity.store.candidates import CandidateSearch
from kruispunt_identity.store.facts import FactStore
from kruispunt_identity.store.import_links import ImportLinks
from kruispunt_identity.store.import_rows import ImportRows
from kruispunt_identity.store.issuing import NumberIssuer
from kruispunt_identity.store.matching import MatchStore
from kruispunt_identity.store.numbers import NumberStore
from kruispunt_identity.store.profiles import profile_of
from kruispunt_identity.store.told import told_of_facts
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.call import Call, InstitutionKey
from kruispunt_server.change import Change
from kruispunt_server.changes import ChangeLog
from kruispunt_server.database import Database, constraint_of
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.ids import new_ids

_KIND = "person.imported"
_REGISTERS = {register: register.name.lower() for register in Register}
_GROUPS = {group: group.name.lower() for group in DataGroup}
_ATTEMPTS = 3
_NO_ID = uuid.UUID(int=0)
_NUMBER_TAKEN = ("pk_number", "number.ssin")


@dataclass(frozen=True, slots=True)
class Import:
    """What all rows of a request have in common.

    Attributes:
        import_id: names the import, as the caller does.
        kept_as: names it among the imports of all participants.
        source: who asserts the facts.
        validate_only: check only; nothing stays.
        search_duplicates: look for candidates of rows without a number.
    """

    import_id: uuid.UUID
    kept_as: uuid.UUID
    source: InstitutionKey
    validate_only: bool = False
    search_duplicates: bool = False


@dataclass(slots=True)
class _Taken:
    """What one transaction takes over."""

    results: dict[int, RowResult]
    persons: list[tuple[Ssin, ImportRow]] = field(default_factory=list)

    def refuse(self, row: ImportRow, reason: Reason, sentence: str, path: str) -> None:
        self.results[row.row] = refused(row.row, RegistryError(reason, sentence, field=path))


class _Undone(Exception):  # noqa: N818 - not an error
    """Carries the outcomes of a dry run out of the transaction that it undoes."""

    def __init__(self, results: list[RowResult]) -> None:
        super().__init__()
        self.results = results


class ImportStore:
    """Takes persons over.

    Args:
        database: of identity.
        tables: all of them.
        numbers: of persons.
        match_store: what persons are found by.
        candidates: looks whether a person is there already.
        log: of changes.
        reasons: the number by which each reason is kept.
    """

    def __init__(
        self,
        database: Database,
        tables: IdentityTables,
        numbers: NumberStore,
        match_store: MatchStore,
        candidates: CandidateSearch,
        log: ChangeLog,
        reasons: Mapping[Reason, int],
    ) -> None:
        self._database = database
        self._shared = tables.shared
        self._numbers = numbers
        self._match_store = match_store
        self._candidates = candidates
        self._log = log
        self._rows = ImportRows(database, tables, reasons)
        self._issuer = NumberIssuer(database, tables)
        self._facts = FactStore(database, tables.persons)
        self._links = ImportLinks(database, tables, numbers)

    def recorded(self, import_id: uuid.UUID, first: int, last: int) -> dict[int, RowResult]:
        """Return what became of rows that were sent before, so that they need not be read again."""
        with self._database.reading() as connection:
            return self._rows.recorded(connection, import_id, first, last)

    def protected(self, numbers: Collection[Ssin]) -> frozenset[Ssin]:
        """Return those of some numbers whose person is protected."""
        with self._database.reading() as connection:
            return self._numbers.protections.among(connection, numbers)

    def take_over(
        self, call: Call, job: Import, first: int, rows: Sequence[ImportRow | RowResult]
    ) -> list[RowResult]:
        """Take rows over in one transaction, each once however often it is sent.

        Args:
            call: who imports, why, since when and until when; its `now` becomes the instant of recording.
            job: what they have in common.
            first: number of the first row; the others follow without a gap.
            rows: as they were read; those that were refused already have their outcome.

        Returns:
            An outcome for each row, in their order.

        Raises:
            RegistryError: rows before the first are missing, INVALID_ARGUMENT / FIELD_INVALID; the caller gave up, DEADLINE_EXCEEDED / DEADLINE_OVER;
                UNAVAILABLE / STORE_UNAVAILABLE. Nothing of the request was written then.
        """
        for _ in range(_ATTEMPTS):
            try:
                # Rows that were committed already are known by import and number.
                return self._database.transact(
                    lambda connection: self._ended(connection, call, job, first, rows), keyed=True
                )
            except _Undone as undone:
                return undone.results
            except sa.exc.IntegrityError as error:
                if constraint_of(error) not in _NUMBER_TAKEN:
                    raise
                # The number was given to somebody else meanwhile: look again.
        raise RegistryError(Reason.CONCURRENT_CHANGE, "others register the same numbers", retry_after_s=0.0)

    def _ended(
        self,
        connection: sa.Connection,
        call: Call,
        job: Import,
        first: int,
        rows: Sequence[ImportRow | RowResult],
    ) -> list[RowResult]:
        results = self._take_over(connection, call, job, first, rows)
        _end(call, job, results)
        return results

    def _take_over(
        self,
        connection: sa.Connection,
        call: Call,
        job: Import,
        first: int,
        rows: Sequence[ImportRow | RowResult],
    ) -> list[RowResult]:
        self._rows.begin(connection, job, first)
        recorded = self._rows.recorded(connection, job.kept_as, first, first + len(rows) - 1)
        fresh = [row for row in rows if row.row not in recorded]
        taken = _Taken({row.row: row for row in fresh if isinstance(row, RowResult)})
        wanted = [row for row in fresh if isinstance(row, ImportRow)]
        wanted = self._with_free_numbers(connection, taken, wanted)
        wanted = self._with_free_links(connection, taken, wanted)
        # Numbers that rows bring along first: none of them must be given to a row without.
        numbered = [(row.ssin, row) for row in wanted if row.ssin is not None]
        self._take(connection, taken, numbered, call.now)
        numberless = [row for row in wanted if row.ssin is None]
        found: set[Ssin] = set()
        if job.search_duplicates:
            found = self._take_unless_known(connection, taken, numberless, call.now)
        else:
            self._take_with_new_numbers(connection, taken, numberless, call.now)
        self._write(connection, call, job, taken.persons, found)
        self._rows.keep(connection, job.kept_as, [taken.results[row.row] for row in fresh])
        return [recorded.get(row.row) or taken.results[row.row] for row in rows]

    def _with_free_numbers(
        self, connection: sa.Connection, taken: _Taken, rows: list[ImportRow]
    ) -> list[ImportRow]:
        """Return the rows whose number nobody has, of equal ones the first; refuse the others."""
        used: set[int] = set(
            self._numbers.find_many(connection, {row.ssin for row in rows if row.ssin is not None})
        )
        free = []
        for row in rows:
            if row.ssin is not None and row.ssin in used:
                taken.refuse(row, Reason.NUMBER_TAKEN, "the number is in use", "ssin")
                continue
            if row.ssin is not None:
                used.add(row.ssin)
            free.append(row)
        return free

    def _with_free_links(
        self, connection: sa.Connection, taken: _Taken, rows: list[ImportRow]
    ) -> list[ImportRow]:
        """Return the rows whose foreign identifiers nobody has; refuse the others."""
        clashes = self._links.clashes(connection, rows)
        for row in rows:
            if row.row in clashes:
                path = f"identifiers[{clashes[row.row]}].key"
                taken.refuse(row, Reason.IDENTIFIER_TAKEN, "the identifier is another person's then", path)
        return [row for row in rows if row.row not in clashes]

    def _take(
        self,
        connection: sa.Connection,
        taken: _Taken,
        rows: Sequence[tuple[Ssin, ImportRow]],
        now: dt.datetime,
    ) -> None:
        """Write the numbers of rows down, and note the rows as imported."""
        # In order, so that two imports of the same numbers do not wait for each other.
        self._numbers.insert_many(connection, sorted((ssin, row.register) for ssin, row in rows), now)
        for ssin, row in rows:
            taken.persons.append((ssin, row))
            taken.results[row.row] = RowResult(row.row, RowOutcome.IMPORTED, ssin)

    def _take_with_new_numbers(
        self, connection: sa.Connection, taken: _Taken, rows: list[ImportRow], now: dt.datetime
    ) -> None:
        """Take rows under numbers from the counters; refuse those for which none is left."""
        if not rows:
            return
        try:
            given = self._issuer.allocate_many(connection, [_birth_of(row) for row in rows])
        except RegistryError as error:
            if error.reason is not Reason.NUMBERS_EXHAUSTED:
                raise
            if len(rows) == 1:
                taken.results[rows[0].row] = refused(rows[0].row, error)
                return
            for row in rows:  # one by one, to find whose
                self._take_with_new_numbers(connection, taken, [row], now)
            return
        self._take(connection, taken, list(zip(given, rows, strict=True)), now)

    def _take_unless_known(
        self, connection: sa.Connection, taken: _Taken, rows: list[ImportRow], now: dt.datetime
    ) -> set[Ssin]:
        """Take the rows of which the search finds nobody; each is found by those after it.

        Returns the numbers that were given out; their search keys are written already.
        """
        profiles = [_profile_of(row) for row in rows]
        locks = {lock for profile in profiles for lock in self._match_store.locks_of(profile)}
        for lock in sorted(locks):
            self._database.lock(connection, lock)
        written = set()
        for row, profile in zip(rows, profiles, strict=True):
            strong = self._candidates.find(connection, profile).strong()
            if strong:
                numbers = tuple(each.ssin for each in strong)
                taken.results[row.row] = RowResult(row.row, RowOutcome.CANDIDATES, candidates=numbers)
                continue
            self._take_with_new_numbers(connection, taken, [row], now)
            ssin = taken.results[row.row].ssin
            if ssin is not None:
                self._match_store.write(connection, ssin, profile)
                written.add(ssin)
        return written

    def _write(
        self,
        connection: sa.Connection,
        call: Call,
        job: Import,
        persons: list[tuple[Ssin, ImportRow]],
        found: set[Ssin],
    ) -> None:
        """Write everything of the persons but their numbers; search keys of `found` are there already."""
        if not persons:
            return
        ids = iter(new_ids(sum(len(row.statements) for _, row in persons)))
        facts = {
            ssin: [_fact(next(ids), ssin, each, job.source, call.now) for each in row.statements]
            for ssin, row in persons
        }
        self._facts.add_many(connection, [fact for told in facts.values() for fact in told])
        self._links.add(connection, persons, job.source, call.now)
        profiles = [(ssin, profile_of(told)) for ssin, told in facts.items() if ssin not in found]
        self._match_store.write_many(connection, profiles)
        source = str(job.source)
        changes = [
            Change(
                ssin,
                _KIND,
                None,
                _told(row, facts[ssin], source),
                told={
                    **told_of_facts(facts[ssin], job.source, facts[ssin]),
                    "register": int(row.register),
                },
            )
            for ssin, row in persons
        ]
        self._log.record(connection, call, changes, request_id=job.import_id)


def _end(call: Call, job: Import, results: list[RowResult]) -> None:
    """Let the transaction commit, or raise: too late, or a dry run."""
    if time.monotonic() > call.deadline:
        raise RegistryError(Reason.DEADLINE_OVER, "the deadline passed; the rows were not imported")
    if job.validate_only:
        raise _Undone(results)


def _birth_of(row: ImportRow) -> tuple[PartialDate, Gender]:
    _, birth, gender = name_and_birth(row.statements)
    return birth.date, gender


def _told(row: ImportRow, facts: Sequence[Fact], source: str) -> dict[str, Any]:
    """Return for the journal which facts there are; what they say stands in the facts, which never change."""
    return {
        "register": _REGISTERS[row.register],
        "source": source,
        "facts": {_GROUPS[fact.group]: str(fact.fact_id) for fact in facts},
        "links": len(row.links),
    }


def _profile_of(row: ImportRow) -> MatchProfile:
    nobody = InstitutionKey(0, 0)
    return profile_of([_fact(_NO_ID, Ssin(0), each, nobody, None) for each in row.statements])


def _fact(
    fact_id: uuid.UUID, ssin: Ssin, said: Statement, source: InstitutionKey, now: dt.datetime | None
) -> Fact:
    return Fact(fact_id, ssin, said.group, said.value, said.validity, source, said.evidence, now)
