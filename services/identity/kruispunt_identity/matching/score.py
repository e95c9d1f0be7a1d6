"""Two stages of comparison: a cheap one that picks few of many candidates, and the score that explains itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import NamedTuple

from rapidfuzz import fuzz, process

from kruispunt_identity.matching.frequencies import MatchFrequencies
from kruispunt_identity.matching.levels import (
    SAME_SOUND,
    Level,
    countries_level,
    crossed_level,
    date_level,
    family_level,
    gender_level,
    given_level,
    may_be_swapped,
)
from kruispunt_identity.matching.profile import MatchName, MatchProfile
from kruispunt_identity.matching.text import NameForm, form_of, plain
from kruispunt_identity.matching.weights import FIELDS, Weights

_NAMES_COMPARED = 8


class Part(NamedTuple):
    """One term of a score.

    Attributes:
        field: what was compared: "family", "given", "birth_date", "gender", "country"; or "base" and what fields
            say together: "rarity_family", "rarity_given", "swapped", "twin", "namesake", "old_name".
        level: how far it agrees; empty for the others.
        weight: what it adds, in powers of two of the odds.
    """

    field: str
    level: str
    weight: float


@dataclass(frozen=True, slots=True)
class Score:
    """How likely two persons are one.

    Attributes:
        log2_odds: sum of the parts.
        parts: the explanation.
        old_name: another name than the person's current one agrees best.
    """

    log2_odds: float
    parts: tuple[Part, ...]
    old_name: bool


class Outline(NamedTuple):
    """What the first stage compares of a candidate.

    Attributes:
        number: under which the person stands.
        names: letters of all names, family and given, as `plain` gives.
        birth: year, month and day as one number YYYYMMDD, unknown parts 0.
        likely: how much the keys say already, in bits: the candidates' order where nothing else decides.
    """

    number: int
    names: str
    birth: int
    likely: float


def outline_of(number: int, profile: MatchProfile, likely: float = 0.0) -> Outline:
    """Return the outline of a profile."""
    year, month, day = profile.birth
    text = " ".join(f"{name.family} {' '.join(name.given)}" for name in profile.names)
    return Outline(number, plain(text), year * 10_000 + month * 100 + day, likely)


class Matcher:
    """Compares persons. Safe to share between threads; makes no difference between the two sides.

    Attributes:
        size_bits: what the size of the register adds to every score, against that of the weights.

    Args:
        weights: of the levels.
        frequencies: of names in the register.
    """

    def __init__(self, weights: Weights, frequencies: MatchFrequencies) -> None:
        self._weights = weights
        self.take(frequencies)
        # Every part that does not depend on more than a level, made once: a search has thousands.
        parts = {
            name: {level: Part(name, level, weights.of(name, level)) for level in Level} for name in FIELDS
        }
        self._family, self._given = parts["family"], parts["given"]
        self._date, self._gender, self._country = parts["birth_date"], parts["gender"], parts["country"]
        self._swapped = Part("swapped", "", weights.swapped)
        self._old_name = Part("old_name", "", weights.old_name)

    def take(self, frequencies: MatchFrequencies) -> None:
        """Weigh names by these frequencies, and grades by the size of the register, from the next comparison on."""
        base = self._weights.base_among(frequencies.persons)
        self._frequencies = frequencies
        self._base = Part("base", "", base)
        self.size_bits = base - self._weights.base

    def shortlist(self, query: MatchProfile, candidates: Sequence[Outline], keep: int = 80) -> list[Outline]:
        """Return the `keep` candidates that a score is worth it for, most likely first; ties by number.

        About 1 µs per candidate.
        """
        if len(candidates) <= keep:
            return sorted(candidates, key=lambda each: (-each.likely, each.number))
        alike = _likenesses(query, [candidate[1] for candidate in candidates])
        asked, dates = query.birth, dict[int, float]()
        ranked = []
        for place, ((number, _, birth, likely), likeness) in enumerate(zip(candidates, alike, strict=True)):
            points = dates.get(birth)
            if points is None:
                points = dates[birth] = _DATE_POINTS[date_level(asked, _parts(birth))]
            ranked.append((-(likeness * _NAME_POINT + points + likely * _KEY_POINT), number, place))
        return [candidates[place] for _, _, place in nsmallest(keep, ranked)]

    def score(self, query: MatchProfile, profile: MatchProfile) -> Score:
        """Return how likely the two are one person, by the pair of their names that agrees best.

        About 10 µs per pair of names.
        """
        common = self._common(query, profile)
        best: tuple[float, list[Part], bool] | None = None
        for asked_place, asked in enumerate(query.names[:_NAMES_COMPARED]):
            for place, name in enumerate(profile.names[:_NAMES_COMPARED]):
                parts = self._named(asked, name, common)
                if asked_place or place:
                    parts.append(self._old_name)
                parts += common
                total = _sum(parts)
                if best is None or total > best[0]:
                    best = (total, parts, place > 0)
        assert best is not None  # a profile has a name
        return Score(best[0], tuple(best[1]), best[2])

    def _common(self, query: MatchProfile, profile: MatchProfile) -> list[Part]:
        """Return the parts that do not depend on which names are compared; the birth date's first."""
        return [
            self._date[date_level(query.birth, profile.birth)],
            self._gender[gender_level(query.gender, profile.gender)],
            self._country[countries_level(query.countries, profile.countries)],
            self._base,
        ]

    def _named(self, asked: MatchName, name: MatchName, common: list[Part]) -> list[Part]:
        one, other = form_of(asked), form_of(name)
        family, given = family_level(one, other), given_level(one, other)
        parts = self._straight(one, other, family, given)
        self._add_doubts(parts, family, given, common[0])
        if (family in _UNLIKE or given in _UNLIKE) and may_be_swapped(one, other):
            crossed = self._crossed(one, other, common[0])
            if crossed and _sum(crossed) > _sum(parts):
                return crossed
        return parts

    def _straight(self, one: NameForm, other: NameForm, family: Level, given: Level) -> list[Part]:
        weights, rarity = self._weights, self._frequencies
        parts = [self._family[family], self._given[given]]
        if family in SAME_SOUND:
            codes = other.family_codes
            bits = rarity.family_rarity([code for code in one.family_codes if code in codes])
            parts.append(Part("rarity_family", "", weights.rarity_family * bits))
        if given in SAME_SOUND:
            codes = other.given_codes
            bits = rarity.given_rarity([code for code in one.given_codes if code in codes])
            parts.append(Part("rarity_given", "", weights.rarity_given * bits))
        return parts

    def _crossed(self, one: NameForm, other: NameForm, date: Part) -> list[Part]:
        """Weigh the names as if family and given name were swapped on one side: never better than straight.

        One of the two may be another name altogether, or missing: which weighs no more than another.
        """
        levels = crossed_level(one, other), crossed_level(other, one)
        first, second = (_NO_SWAP.get(level, level) for level in levels)
        if first is second is Level.DIFFERS:
            return []
        weights = (min(self._family[level].weight, self._given[level].weight) for level in (first, second))
        parts = [Part("family", first, next(weights)), Part("given", second, next(weights)), self._swapped]
        if Level.DIFFERS in (first, second):
            parts += self._twin(self._family[second if first is Level.DIFFERS else first], date)
        return parts

    def _add_doubts(self, parts: list[Part], family: Level, given: Level, date: Part) -> None:
        """Weigh what looks like a twin or a namesake.

        A doubt fades by as much as the fields that raise it agree less: so a further disagreement never raises
        the sum, where a doubt that vanished at once would.
        """
        other_date = date.level in _OTHER_DATE and family is not Level.MISSING and given is not Level.MISSING
        if given is not Level.DIFFERS and not other_date:
            return
        if given is Level.DIFFERS:
            parts += self._twin(self._family[family], date)
        if other_date:
            lost_family = self._family[Level.EXACT].weight - self._family[family].weight
            lost_given = self._given[Level.EXACT].weight - self._given[given].weight
            doubt = self._weights.namesake + lost_family + lost_given
            if doubt < 0:
                parts.append(Part("namesake", "", doubt))

    def _twin(self, agreeing: Part, date: Part) -> list[Part]:
        lost = (
            self._family[Level.EXACT].weight - agreeing.weight + self._date[Level.EXACT].weight - date.weight
        )
        doubt = self._weights.twin + lost
        return [Part("twin", "", doubt)] if doubt < 0 else []


_OTHER_DATE = frozenset({Level.DIFFERS, Level.BIRTHDAY_ONLY, Level.YEAR_ONLY})


_UNLIKE = frozenset({Level.DIFFERS, Level.SIMILAR})
_NO_SWAP = {Level.MISSING: Level.DIFFERS}


def _likenesses(query: MatchProfile, texts: list[str]) -> list[float]:
    """Return how alike the names are, 0 to 100."""
    own = outline_of(0, query).names
    found = process.extract_iter(own, texts, scorer=fuzz.token_set_ratio, processor=None)
    alike = [likeness for _, likeness, _ in found]
    if any(name.given for name in query.names):
        return alike
    # A family name alone, with a slip in it, resembles no name with all given names: their beginnings are compared.
    beginnings = [text[: len(own) + 1] for text in texts]
    found = process.extract_iter(own, beginnings, scorer=fuzz.ratio, processor=None)
    return [max(likeness, beginning) for likeness, (_, beginning, _) in zip(alike, found, strict=True)]


def _sum(parts: list[Part]) -> float:
    total = 0.0
    for part in parts:
        total += part[2]
    return total


def _parts(birth: int) -> tuple[int, int, int]:
    return birth // 10_000, birth // 100 % 100, birth % 100


# The first stage's points; a name that agrees wholly has 30.
_NAME_POINT = 0.3
_KEY_POINT = 0.15
_DATE_POINTS: Mapping[str, float] = {
    Level.EXACT: 12.0,
    Level.PARTIAL: 10.0,
    Level.SWAPPED: 11.0,
    Level.ONE_OFF: 8.0,
    Level.YEAR_MONTH: 10.0,
    Level.YEAR_PARTIAL: 7.0,
    Level.NEAR_YEAR: 3.0,
    Level.YEAR_ONLY: 3.0,
    Level.BIRTHDAY_ONLY: 4.0,
    Level.MISSING: 4.0,
    Level.DIFFERS: 0.0,
}
