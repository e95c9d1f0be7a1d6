"""What stands on persons, for a look ahead."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kruispunt.ssin import Ssin
from kruispunt_directory.domain.dossier import Dossier
from kruispunt_directory.domain.number import Resolution

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    from kruispunt_directory.store.cursors import CursorStore
    from kruispunt_directory.store.dossiers import DossierStore
    from kruispunt_server.database import Database


class ImpactReader:
    """Reads the dossiers of persons, outside any transaction."""

    def __init__(self, database: "Database", dossiers: "DossierStore", cursors: "CursorStore") -> None:
        self._database = database
        self._dossiers = dossiers
        self._cursors = cursors

    def resolve(self, asked: Ssin) -> Resolution:
        """Return where a number leads."""
        with self._database.reading() as connection:
            return self._dossiers.numbers.resolve(connection, asked)

    def standing(self, persons: Iterable[Ssin]) -> list[Dossier]:
        """Return the dossiers that stand under numbers, by institution, capacity and begin."""
        with self._database.reading() as connection:
            found = self._dossiers.standing(connection, persons)
        return sorted(
            found, key=lambda each: (each.institution, each.capacity, each.period.begin, each.phase)
        )

    def follows(self) -> bool:
        """Return whether the registers are followed: where replaced numbers lead is known."""
        return self._cursors.find() is not None
