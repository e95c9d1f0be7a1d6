"""Writing dossiers in memory: opens the book of an institution on a person, and carries out what it plans."""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace

from kruispunt.ssin import Ssin
from kruispunt_directory.domain.book import DossierBook, Plan
from kruispunt_directory.domain.dividing import Undecided, Version
from kruispunt_directory.domain.dossier import Dossier
from kruispunt_directory.domain.number import Resolution
from kruispunt_server.call import Call, InstitutionKey
from kruispunt_server.clock import Clock
from kruispunt_stub.directory.numbers import MemoryNumbers
from kruispunt_stub.directory.rows import DirectoryRows
from kruispunt_stub.memory import Transaction


class MemoryDossiers:
    """Writes dossiers; every method runs inside the caller's transaction."""

    def __init__(self, rows: DirectoryRows, clock: Clock) -> None:
        self._rows = rows
        self._clock = clock
        self.numbers = MemoryNumbers(rows)

    def settle(self, transaction: Transaction, asked: Ssin) -> Resolution:
        """Return where a number leads."""
        return self.numbers.resolve(transaction, asked)

    def settle_all(self, transaction: Transaction, asked: Sequence[Ssin]) -> dict[int, Resolution]:
        """Return where each number leads; those that stand for themselves are left out."""
        return self.numbers.resolve_all(transaction, asked)

    def open_book(self, transaction: Transaction, person: Ssin, institution: InstitutionKey) -> DossierBook:
        """Return the book of `institution` on `person`."""
        standing = [each for each in self.standing(transaction, [person]) if each.institution == institution]
        return DossierBook(
            person, institution, standing, self._clock.now(), self._latest(person, institution)
        )

    def _latest(self, person: Ssin, institution: InstitutionKey) -> dt.datetime | None:
        """Return when the book was last changed, or a number of the person was."""
        instants = [
            version.dossier.recorded_at
            for version in self._rows.versions.get(person, ())
            if version.dossier.institution == institution
        ]
        instants += [
            self._rows.number_instants[state.ssin]
            for state in self._rows.numbers.values()
            if state.ssin == person or (state.current == person and state.next_ is not None)
        ]
        return max(instants, default=None)

    def carry_out(
        self, transaction: Transaction, call: Call, plans: Sequence[Plan], request_id: uuid.UUID
    ) -> None:
        """Write what commands planned."""
        del transaction, call, request_id  # there is no journal here
        for plan in plans:
            for before, _ in (*plan.removed, *plan.changed):
                del self._rows.dossiers[before.dossier_id]
            for before, after in plan.changed:
                if before.person != after.person:
                    # A dossier that goes over to another number ends under the one that it stood under.
                    mark = replace(before, version=after.version, recorded_at=after.recorded_at)
                    self._keep(Version(mark, standing=False))
            for _, after in plan.removed:
                self._keep(Version(after, standing=False))
            for after in (*(after for _, after in plan.changed), *plan.created):
                self._rows.dossiers[after.dossier_id] = after
                self._keep(Version(after, standing=True))

    def _keep(self, version: Version) -> None:
        person = version.dossier.person
        self._rows.versions[person] = (*self._rows.versions.get(person, ()), version)

    def lock(self, transaction: Transaction, numbers: Iterable[Ssin]) -> None:
        """Do nothing: whoever writes holds everything."""

    def standing(self, transaction: Transaction, persons: Iterable[Ssin]) -> list[Dossier]:  # noqa: ARG002
        """Return every dossier of whatever institution and period that stands under one of the numbers."""
        wanted = set(persons)
        return [each for each in self._rows.dossiers.values() if each.person in wanted]

    def history(self, transaction: Transaction, persons: Iterable[Ssin]) -> list[Version]:  # noqa: ARG002
        """Return every state of every dossier that ever stood under one of the numbers."""
        return [version for person in set(persons) for version in self._rows.versions.get(person, ())]

    def latest(self, transaction: Transaction, persons: Iterable[Ssin]) -> dt.datetime | None:
        """Return when a dossier under one of the numbers was last changed; none: never."""
        history = self.history(transaction, persons)
        return max((version.dossier.recorded_at for version in history), default=None)

    def report_undecided(
        self,
        transaction: Transaction,
        call: Call,
        numbers: tuple[Ssin, Ssin],
        undecided: Sequence[Undecided],
        request_id: uuid.UUID,
    ) -> None:
        """Do nothing: there is no journal here."""

    def current_of(self, asked: Sequence[Ssin]) -> dict[int, Ssin]:
        """Return the current number of those that were told of."""
        with self._rows.memory.reading() as connection:
            found = self.numbers.resolve_all(connection, asked)
        return {number: resolution.current for number, resolution in found.items()}

    def declare(self, transaction: Transaction, institution: InstitutionKey, until: dt.datetime) -> None:  # noqa: ARG002
        """Keep an institution's declaration that it has told everything up to `until`."""
        self._rows.declarations[institution] = until
