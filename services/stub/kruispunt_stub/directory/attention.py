"""What institutions told, until when, and which of their dossiers want attention, in memory."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence

from kruispunt_directory.domain.attention import AttentionPosition
from kruispunt_directory.domain.coverage import Coverage
from kruispunt_directory.domain.dossier import Dossier
from kruispunt_directory.domain.number import NumberStatus
from kruispunt_server.call import InstitutionKey
from kruispunt_stub.directory.rows import DirectoryRows

_ENDED = frozenset({NumberStatus.CANCELLED, NumberStatus.DECEASED})


class MemoryAttention:
    """Reads coverage and stale dossiers, these in the order of their last confirmation."""

    def __init__(self, rows: DirectoryRows) -> None:
        self._rows = rows

    def coverage(self, institutions: Sequence[InstitutionKey]) -> list[Coverage]:
        """Return the coverage of each institution, in the order asked."""
        return [
            Coverage(key, self._last_change(key), self._rows.declarations.get(key)) for key in institutions
        ]

    def _last_change(self, institution: InstitutionKey) -> dt.datetime | None:
        instants = [
            version.dossier.recorded_at
            for versions in self._rows.versions.values()
            for version in versions
            if version.dossier.institution == institution
        ]
        return max(instants, default=None)

    def not_confirmed(
        self,
        institution: InstitutionKey,
        *,
        before: dt.datetime,
        today: dt.date,
        after: AttentionPosition | None,
        limit: int,
    ) -> list[Dossier]:
        """Return open dossiers that were last confirmed before an instant."""
        return self._page(institution, today, after, limit, lambda each: each.confirmed_at < before)

    def overlapping(
        self, institution: InstitutionKey, *, today: dt.date, after: AttentionPosition | None, limit: int
    ) -> list[Dossier]:
        """Return open dossiers that share days with another of the institution in the same capacity."""
        return self._page(institution, today, after, limit, self._shares_days)

    def orphaned(
        self, institution: InstitutionKey, *, today: dt.date, after: AttentionPosition | None, limit: int
    ) -> list[Dossier]:
        """Return open dossiers on persons that died and under numbers that were cancelled."""
        numbers = self._rows.numbers
        return self._page(
            institution,
            today,
            after,
            limit,
            lambda each: each.person in numbers and numbers[each.person].status in _ENDED,
        )

    def in_capacities(
        self,
        institution: InstitutionKey,
        capacities: Iterable[int],
        *,
        today: dt.date,
        after: AttentionPosition | None,
        limit: int,
    ) -> list[Dossier]:
        """Return open dossiers in some capacities."""
        wanted = frozenset(capacities)
        return self._page(institution, today, after, limit, lambda each: each.capacity in wanted)

    def capacities_in_use(self, institution: InstitutionKey, *, today: dt.date) -> list[int]:
        """Return the capacities in which the institution has open dossiers."""
        return sorted({each.capacity for each in self._open(institution, today)})

    def _open(self, institution: InstitutionKey, today: dt.date) -> list[Dossier]:
        with self._rows.memory.reading():
            return [
                each
                for each in self._rows.dossiers.values()
                if each.institution == institution and each.period.holds(today)
            ]

    def _page(
        self,
        institution: InstitutionKey,
        today: dt.date,
        after: AttentionPosition | None,
        limit: int,
        is_meant: Callable[[Dossier], bool],
    ) -> list[Dossier]:
        found = sorted(filter(is_meant, self._open(institution, today)), key=AttentionPosition.of)
        return [each for each in found if after is None or AttentionPosition.of(each) > after][:limit]

    def _shares_days(self, dossier: Dossier) -> bool:
        return any(
            (other.person, other.institution, other.capacity)
            == (dossier.person, dossier.institution, dossier.capacity)
            and other.dossier_id != dossier.dossier_id
            and (dossier.period.end is None or other.period.begin < dossier.period.end)
            and (other.period.end is None or dossier.period.begin < other.period.end)
            for other in self._rows.dossiers.values()
        )
