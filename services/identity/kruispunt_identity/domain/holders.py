"""Who holds a dossier on a person: what identity asks before somebody writes of them.

Identity keeps no dossiers. The directory does, and is asked through its client (directory_client.py).
"""

from collections.abc import Sequence
from typing import Protocol

from kruispunt.ssin import Ssin
from kruispunt_server.call import Call, InstitutionKey


class DossierHolders(Protocol):
    """Where dossiers are kept.

    `numbers` are all numbers of one person, unless said otherwise, so that a dossier is found whichever of them it
    stands under. The methods wait for a network: never to be called inside a transaction. All raise RegistryError: the
    directory cannot be asked now, UNAVAILABLE / DIRECTORY_UNAVAILABLE; the caller gave up, DEADLINE_EXCEEDED /
    DEADLINE_OVER.
    """

    def holds(self, call: Call, institution: InstitutionKey, numbers: Sequence[Ssin]) -> bool:
        """Return whether `institution` has a dossier on the person that is open today."""
        ...

    def held_among(self, call: Call, institution: InstitutionKey, numbers: Sequence[Ssin]) -> frozenset[Ssin]:
        """Return those numbers under which `institution` has a dossier open today.

        The numbers are up to 10,000, of whichever persons. What was found may be a few seconds old.
        """
        ...

    def institutions(self, call: Call, numbers: Sequence[Ssin]) -> list[InstitutionKey]:
        """Return every institution with a dossier on the person that is open today, each once, in order."""
        ...
