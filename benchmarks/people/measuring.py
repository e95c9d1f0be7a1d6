"""How well searches answer: recall by class of error and by language, precision by grade, false alarms, time."""

import gc
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from benchmarks.people.searches import Search
from benchmarks.people.stores import FIRST_NUMBER, TABLES, NoNationalRegister, Register
from kruispunt_identity.matching.grade import Grade
from kruispunt_identity.matching.score import Matcher
from kruispunt_identity.matching.weights import Weights, shipped_weights
from kruispunt_identity.store.match_frequencies import load_frequencies
from kruispunt_identity.store.person_search import Found, PersonSearch

_COLLECT_AFTER = 20_000  # objects; as kruispunt_server.worker


@dataclass(frozen=True, slots=True)
class Answer:
    """One search and what came back.

    Attributes:
        search: what was asked.
        rank: place of the person meant, from 1; 0: not found.
        grades: of the hits, in order.
        took_s: seconds.
    """

    search: Search
    rank: int
    grades: tuple[Grade, ...]
    took_s: float


@dataclass
class Tally:
    """Recall of one class."""

    searches: int = 0
    first: int = 0
    five: int = 0

    def add(self, rank: int) -> None:
        """Count one search."""
        self.searches += 1
        self.first += rank == 1
        self.five += 1 <= rank <= 5

    def figures(self) -> dict[str, Any]:
        """Return shares of 1."""
        return {
            "recall_1": round(self.first / self.searches, 4),
            "recall_5": round(self.five / self.searches, 4),
            "searches": self.searches,
        }


@dataclass
class Report:
    """Everything measured of one register."""

    overall: Tally = field(default_factory=Tally)
    by_error: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    by_group: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    flagged: dict[Grade, int] = field(default_factory=lambda: defaultdict(int))
    alarms: dict[Grade, int] = field(default_factory=lambda: defaultdict(int))
    hits: dict[Grade, int] = field(default_factory=lambda: defaultdict(int))
    right: dict[Grade, int] = field(default_factory=lambda: defaultdict(int))
    new: int = 0
    times_s: list[float] = field(default_factory=list)

    def quantile_ms(self, share: float) -> float:
        """Return the time within which this share of the searches was answered."""
        ordered = sorted(self.times_s)
        return round(ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000, 2)

    def summary(self) -> dict[str, Any]:
        """Return the overall figures."""
        return {
            **self.overall.figures(),
            "new": self.new,
            "precision": {
                grade.name.lower(): round(self.right[grade] / self.hits[grade], 4)
                for grade in reversed(Grade)
                if self.hits[grade]
            },
            "flagged": {
                grade.name.lower(): round(self.flagged[grade] / self.overall.searches, 4)
                for grade in (Grade.STRONG, Grade.POSSIBLE)
            },
            "false_alarms": {
                grade.name.lower(): round(self.alarms[grade] / max(self.new, 1), 4)
                for grade in (Grade.STRONG, Grade.POSSIBLE)
            },
            "p50_ms": self.quantile_ms(0.5),
            "p99_ms": self.quantile_ms(0.99),
        }


def matcher_of(register: Register, weights: Weights | None = None) -> Matcher:
    """Return a matcher with the names' frequencies in the register."""
    with register.database.reading() as connection:
        return Matcher(weights or shipped_weights(), load_frequencies(connection, TABLES))


def answers(register: Register, asked: Sequence[Search], matcher: Matcher) -> list[Answer]:
    """Search one after the other; the first hundred twice, so that what is slow once does not count."""
    search = PersonSearch(register.store, matcher, NoNationalRegister())
    made = []
    with _collecting_as_servers_do(), register.database.reading() as connection:
        for each in asked[:100]:
            search.find(connection, each.criteria.profile)
        for each in asked:
            began = time.perf_counter()
            found = search.find(connection, each.criteria.profile)
            took_s = time.perf_counter() - began
            made.append(Answer(each, _rank(found, each), tuple(hit.grade for hit in found.hits), took_s))
    return made


@contextmanager
def _collecting_as_servers_do() -> Iterator[None]:
    """Leave what is there already out of the garbage collector's rounds; the searches to come are a large heap."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 10, 10)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _rank(found: Found, search: Search) -> int:
    if search.truth is None:
        return 0
    numbers = [hit.ssin for hit in found.hits]
    meant = FIRST_NUMBER + search.truth
    return numbers.index(meant) + 1 if meant in numbers else 0


def report(made: Sequence[Answer]) -> Report:
    """Add up answers."""
    result = Report()
    for answer in made:
        result.times_s.append(answer.took_s)
        for place, grade in enumerate(answer.grades, 1):
            result.hits[grade] += 1
            result.right[grade] += place == answer.rank
        if answer.search.truth is None:
            result.new += 1
            for grade in Grade:
                result.alarms[grade] += any(each >= grade for each in answer.grades)
            continue
        result.overall.add(answer.rank)
        result.by_group[answer.search.criteria.group].add(answer.rank)
        for error in answer.search.errors or ("none",):
            result.by_error[error].add(answer.rank)
        for grade in Grade:
            result.flagged[grade] += answer.rank > 0 and answer.grades[answer.rank - 1] >= grade
    return result
