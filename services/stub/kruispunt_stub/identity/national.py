"""The national register in memory: the persons that a test is given."""

from collections.abc import Sequence

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.national import NationalPerson
from kruispunt_identity.matching.profile import MatchProfile
from kruispunt_identity.national.documents import Document, person_of, profile_of


class MemoryNational:
    """Knows the persons of documents as `kruispunt-identity load-national` takes them."""

    def __init__(self) -> None:
        self._documents: dict[int, Document] = {}

    def add(self, document: Document) -> tuple[Ssin, MatchProfile]:
        """Take a person in; returns number and what a search compares by.

        Raises:
            DocumentError: a value of the wrong form.
        """
        ssin = person_of(document).ssin
        self._documents[int(ssin)] = document
        return ssin, profile_of(document)

    def find_many(self, numbers: Sequence[Ssin]) -> dict[Ssin, NationalPerson]:
        """Return those of many persons whom the register knows."""
        known = [number for number in numbers if int(number) in self._documents]
        return {number: person_of(self._documents[int(number)]) for number in known}

    def profiles(self, numbers: Sequence[int]) -> dict[int, MatchProfile]:
        """Return what a search compares persons by; unknown numbers are left out."""
        known = [number for number in numbers if int(number) in self._documents]
        return {int(number): profile_of(self._documents[int(number)]) for number in known}

    def walk(self, after: int, size: int) -> list[NationalPerson]:
        """Return the next persons by number, at most `size` with a number above `after`."""
        numbers = sorted(number for number in self._documents if number > after)[:size]
        return [person_of(self._documents[number]) for number in numbers]
