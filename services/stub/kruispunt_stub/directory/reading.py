"""Reading dossiers in memory: of one person, of many, as known now or at an instant."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from kruispunt.ssin import Ssin
from kruispunt_directory.domain.dividing import Version
from kruispunt_directory.domain.dossier import EVERYTHING, Dossier, DossierFilter
from kruispunt_directory.domain.number import NumberStatus, Resolution
from kruispunt_directory.store.places import Rows
from kruispunt_directory.store.rows import row_of
from kruispunt_stub.directory.numbers import MemoryNumbers
from kruispunt_stub.directory.rows import DirectoryRows


class MemoryReader:
    """Reads dossiers."""

    def __init__(self, rows: DirectoryRows) -> None:
        self._rows = rows
        self._numbers = MemoryNumbers(rows)

    def resolve(self, asked: Ssin, known_at: dt.datetime | None = None) -> Resolution:
        """Return where a number leads, or led as known at an instant."""
        with self._rows.memory.reading() as connection:
            return self._numbers.resolve(connection, asked, known_at)

    def resolve_all(self, asked: Sequence[int], known_at: dt.datetime | None = None) -> dict[int, Resolution]:
        """Return where each number leads, or led; those that nobody told of are left out."""
        with self._rows.memory.reading() as connection:
            return self._numbers.resolve_all(connection, asked, known_at)

    def list_open(self, asked: Ssin, *, valid_at: dt.date, limit: int) -> tuple[Resolution, Rows]:
        """Return where a number leads, and the person's dossiers open on a day; a cancelled number's too."""
        resolution = replace(self.resolve(asked), status=NumberStatus.ACTIVE)
        found = self._found([resolution.current], None, valid_at, EVERYTHING)
        return resolution, [row_of(each) for each in found][:limit]

    def list_page(
        self,
        person: Ssin,
        *,
        valid_at: dt.date | None,
        known_at: dt.datetime | None,
        narrowed: DossierFilter,
        after: Sequence[Any] | None,
        limit: int,
    ) -> Rows:
        """Return one page of a person's dossiers, after the listing key of the last row before it."""
        found = self._found([person], known_at, valid_at, narrowed)
        following = [each for each in found if after is None or _listing_key(each) > tuple(after)]
        return [row_of(each) for each in following][:limit]

    def list_of_many(
        self,
        persons: Sequence[int],
        *,
        valid_at: dt.date,
        known_at: dt.datetime | None,
        narrowed: DossierFilter,
    ) -> Rows:
        """Return the dossiers of many persons, by person and listing order."""
        return [row_of(each) for each in self._found(persons, known_at, valid_at, narrowed)]

    def dossiers_of(self, persons: Sequence[int], known_at: dt.datetime | None) -> dict[int, list[Dossier]]:
        """Return every dossier of many persons, of whatever period, by person and listing order."""
        found: dict[int, list[Dossier]] = defaultdict(list)
        for dossier in self._found(persons, known_at, None, EVERYTHING):
            found[int(dossier.person)].append(dossier)
        return found

    def _found(
        self,
        persons: Sequence[int],
        known_at: dt.datetime | None,
        valid_at: dt.date | None,
        narrowed: DossierFilter,
    ) -> list[Dossier]:
        wanted = set(map(int, persons))
        with self._rows.memory.reading():
            if known_at is None:
                states = [each for each in self._rows.dossiers.values() if int(each.person) in wanted]
            else:
                states = [
                    each for person in wanted for each in _then(self._rows.versions.get(person, ()), known_at)
                ]
        found = [
            each
            for each in states
            if (valid_at is None or each.period.holds(valid_at)) and _is_meant(each, narrowed)
        ]
        return sorted(found, key=lambda each: (each.person, *_listing_key(each)))


def _then(versions: Sequence[Version], known_at: dt.datetime) -> list[Dossier]:
    """Return what stood at an instant: of each dossier the last version recorded until then."""
    newest: dict[Any, Version] = {}
    for version in versions:
        dossier = version.dossier
        if dossier.recorded_at > known_at:
            continue
        kept = newest.get(dossier.dossier_id)
        if kept is None or kept.dossier.version <= dossier.version:
            newest[dossier.dossier_id] = version
    return [version.dossier for version in newest.values() if version.standing]


def _listing_key(dossier: Dossier) -> tuple[Any, ...]:
    key = dossier.institution
    return key.sector, key.institution, dossier.capacity, dossier.period.begin, dossier.phase


def _is_meant(dossier: Dossier, narrowed: DossierFilter) -> bool:
    pairs = (
        (narrowed.sector, dossier.institution.sector),
        (narrowed.institution, dossier.institution.institution),
        (narrowed.capacity, dossier.capacity),
        (narrowed.network_level, dossier.network_level),
    )
    return all(wanted is None or wanted == found for wanted, found in pairs)
