"""Persons who may be the one searched for, by the numbers that stand for them now."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.number import Outcome
from kruispunt_identity.matching.grade import Grade
from kruispunt_identity.matching.profile import MatchProfile
from kruispunt_identity.store.person_search import Hit, PersonSearch, weak_criterion

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    import sqlalchemy as sa

    from kruispunt_identity.store.numbers import NumberStore
    from kruispunt_server.database import Database

MOST_SHOWN = 50
"""Candidates at most, in any answer. Source: domain.md §3."""

_COMPARED = 80


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may be the person searched for.

    Attributes:
        ssin: the number that stands for the person now.
        found_under: the number that the facts stand under by which the person was found.
        hit: grade and score.
        protected: whether the person is protected.
    """

    ssin: Ssin = field(repr=False)
    found_under: Ssin = field(repr=False)
    hit: Hit
    protected: bool = False

    @property
    def grade(self) -> Grade:
        """How likely it is the person searched for."""
        return self.hit.grade

    @property
    def by_former_name(self) -> bool:
        """Whether an old name, or a fact under a former number, was the one that matched."""
        return self.hit.old_name or self.found_under != self.ssin


@dataclass(frozen=True, slots=True)
class Candidates:
    """What a search came to.

    Attributes:
        ranked: every person worth showing, once, most likely first.
        too_weak: the criterion that lets too many persons through, if the search must be refused for it; else empty.
        rules_version: of the rules that ranked.
    """

    ranked: tuple[Candidate, ...] = field(repr=False)
    too_weak: str
    rules_version: int

    def strong(self) -> list[Candidate]:
        """Return those who are rather the person than not."""
        return [each for each in self.ranked if each.grade is Grade.STRONG]

    def possible(self) -> list[Candidate]:
        """Return those who may well be the person, the strong ones included."""
        return [each for each in self.ranked if each.grade >= Grade.POSSIBLE]


class CandidateSearch:
    """Searches, and maps what it finds to persons as they stand. Safe to share between threads."""

    def __init__(self, database: "Database", search: PersonSearch, numbers: "NumberStore") -> None:
        self._database = database
        self._search = search
        self._numbers = numbers

    def look(self, query: MatchProfile, year_tolerance: int = 1) -> Candidates:
        """Return the candidates as they stand now, outside any transaction."""
        with self._database.snapshot() as connection:
            return self.find(connection, query, year_tolerance)

    def find(self, connection: "sa.Connection", query: MatchProfile, year_tolerance: int = 1) -> Candidates:
        """Return the candidates that `connection` sees; cancelled numbers are left out.

        A person who is found under several numbers is there once, by the likeliest.
        """
        found = self._search.find(connection, query, year_tolerance=year_tolerance, limit=_COMPARED)
        leads = self._numbers.resolve_many(connection, [Ssin(hit.ssin) for hit in found.hits])
        persons: dict[Ssin, Candidate] = {}
        for hit in found.hits:
            under = current = Ssin(hit.ssin)
            resolved = leads.get(hit.ssin)
            protected = resolved is not None and resolved.protected
            if resolved is not None:
                if resolved.outcome is Outcome.CANCELLED or resolved.current is None:
                    continue
                current = resolved.current
            persons.setdefault(current, Candidate(current, under, hit, protected))
        ranked = tuple(persons.values())
        return Candidates(ranked, _too_weak(query, ranked, truncated=found.truncated), found.rules_version)


def _too_weak(query: MatchProfile, ranked: tuple[Candidate, ...], *, truncated: bool) -> str:
    """Return the criterion for which a search is refused, if it is.

    Refused is a search that more persons fit than may be shown, and one with criteria left open of which nobody
    stands out among more than could be compared: a list of those would tell who is registered, and help nobody.
    """
    fitting = sum(each.grade >= Grade.POSSIBLE for each in ranked)
    if fitting > MOST_SHOWN:
        return weak_criterion(query)
    left_open = not query.birth[2] or not any(name.given for name in query.names)
    too_many = truncated or len(ranked) > MOST_SHOWN
    return weak_criterion(query) if left_open and too_many and not fitting else ""
