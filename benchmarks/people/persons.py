# ruff: noqa: RUF001
"""A register of invented persons: the same for the same seed and count."""

import calendar
import random
import re
from bisect import bisect
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import accumulate

from benchmarks.people.names import GROUPS
from benchmarks.people.spelling import latin
from kruispunt_identity.matching.profile import MatchName, MatchProfile

_VOCABULARY = 25_000
_GIVEN_VOCABULARY = 300
_HEAD_FAMILY = 30  # the higher, the flatter the head of the distribution
_HEAD_GIVEN = 5
_SPLIT = re.compile(r"(?<=[aeiouyáéíóúäöüăâîąęıаеиіоуюяєї])(?=[^aeiouyáéíóúäöüăâîąęıаеиіоуюяєї -])")


@dataclass(frozen=True, slots=True)
class Person:
    """One invented person.

    Attributes:
        group: language.
        family: as the register writes it.
        given: in order.
        gender: 1 male, 2 female.
        birth: year, month, day; unknown parts 0.
        countries: ISO codes known.
        native: family and given names in their own script, where that is not Latin.
    """

    group: str
    family: str
    given: tuple[str, ...]
    gender: int
    birth: tuple[int, int, int]
    countries: frozenset[str]
    native: tuple[str, tuple[str, ...]] | None = None

    @property
    def profile(self) -> MatchProfile:
        """What the service would keep."""
        return MatchProfile((MatchName(self.family, self.given),), self.birth, self.gender, self.countries)


class _Drawn:
    """Names by rank: the n-th is drawn in proportion to 1 / (n + head)."""

    def __init__(self, names: Sequence[str], head: int) -> None:
        self._names = names
        self._until = list(accumulate(1 / (rank + head) for rank in range(len(names))))

    def draw(self, chance: random.Random) -> str:
        return self._names[bisect(self._until, chance.random() * self._until[-1])]


@cache
def _families(group: str) -> _Drawn:
    names = GROUPS[group].families
    return _Drawn(_spliced(names, _VOCABULARY, f"family {group}"), _HEAD_FAMILY)


@cache
def _given(group: str, gender: int) -> _Drawn:
    names = GROUPS[group].men if gender == 1 else GROUPS[group].women
    return _Drawn(_spliced(names, _GIVEN_VOCABULARY, f"given {group} {gender}"), _HEAD_GIVEN)


def _spliced(names: Sequence[str], count: int, seed: str) -> list[str]:
    """Return the names and, up to `count`, others made of the head of one, the middle and the tail of others."""
    chance = random.Random(seed)
    made = dict.fromkeys(names)
    heads = [_SPLIT.split(name) for name in names]
    for _ in range(count * 20):
        if len(made) >= count:
            break
        first, middle, last = chance.choice(heads), chance.choice(heads), chance.choice(heads)
        inner = middle[1:-1] if chance.random() < 0.6 else []
        name = "".join([first[0], *inner, last[-1] if len(last) > 1 else ""])
        if 3 <= len(name) <= 18 and name.count(" ") < 4 and not name.endswith((" ", "-", "'")):
            made[name] = None
    return list(made)


class People:
    """The persons of a register, by their place from 0; invented anew each time that they are asked for.

    Three million of them would need gigabytes.
    """

    def __init__(self, count: int, seed: int) -> None:
        self._count = count
        self._seed = seed

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Person]:
        return persons(self._count, self._seed)

    def at(self, places: Collection[int]) -> dict[int, Person]:
        """Return the persons at some places: one pass over all."""
        wanted = frozenset(places)
        return {place: person for place, person in enumerate(self) if place in wanted}


def persons(count: int, seed: int) -> Iterator[Person]:
    """Invent `count` persons; one in a hundred has a twin, and one a parent of the same name."""
    chance = random.Random(seed)
    groups, until = list(GROUPS), list(accumulate(names.share for names in GROUPS.values()))
    held: list[Person] = []
    for _ in range(count):
        luck = chance.random()
        if held and luck < 0.005:
            yield twin_of(held.pop(), chance)
            continue
        if held and luck < 0.015:
            yield namesake_of(held.pop(), chance)
            continue
        person = one_of(groups[bisect(until, chance.random() * until[-1])], chance)
        if luck > 0.98:
            held = [*held[-20:], person]
        yield person


def one_of(group: str, chance: random.Random) -> Person:
    """Invent one person of a group."""
    gender = 1 if chance.random() < 0.5 else 2
    given = [_given(group, gender).draw(chance)]
    while len(given) < 4 and chance.random() < _MORE_GIVEN.get(group, 0.1):
        another = _given(group, gender).draw(chance)
        if another not in given:
            given.append(another)
    family = _family(group, gender, chance)
    native = None
    if group == "uk":
        native = (family, tuple(given))
        scheme = chance.choice((0, 0, 0, 1, 2))
        family, given = latin(family, scheme), [latin(each, scheme) for each in given]
    birth = _birth(group, chance)
    return Person(group, family, tuple(given), gender, birth, _countries(group, chance), native)


_MORE_GIVEN = {"nl": 0.45, "fr": 0.5, "de": 0.3, "es": 0.35, "pt": 0.45, "pl": 0.25, "ro": 0.35}


def _family(group: str, gender: int, chance: random.Random) -> str:
    family = _families(group).draw(chance)
    if group in ("es", "pt"):
        return f"{family} {_families(group).draw(chance)}"
    if group == "pl" and gender == 2:
        family = re.sub("(sk|ck|dzk)i$", r"\1a", family)
    if group in ("nl", "fr", "de") and chance.random() < 0.02:
        return f"{family}-{_families(group).draw(chance)}"
    return family


def _birth(group: str, chance: random.Random) -> tuple[int, int, int]:
    year = 2026 - int(90 * chance.betavariate(1.3, 1.5)) - chance.randrange(2)
    foreign = GROUPS[group].country != "BE"
    luck = chance.random()
    if foreign and luck < 0.03:
        return year, 0, 0
    if foreign and luck < 0.05:
        return year, chance.randint(1, 12), 0
    if luck < (0.11 if group in ("ar", "tr") else 0.003):
        return year, 1, 1
    return day_in(year, chance)


def day_in(year: int, chance: random.Random) -> tuple[int, int, int]:
    """Return a day of a year."""
    month = chance.randint(1, 12)
    return year, month, chance.randint(1, calendar.monthrange(year, month)[1])


def _countries(group: str, chance: random.Random) -> frozenset[str]:
    home = GROUPS[group].country
    if home == "BE":
        return (
            frozenset(("BE",))
            if chance.random() < 0.95
            else frozenset(("BE", chance.choice(("FR", "NL", "DE"))))
        )
    luck = chance.random()
    if luck < 0.25:
        return frozenset(("BE",))
    return frozenset((home, "BE")) if luck < 0.6 else frozenset((home,))


def twin_of(person: Person, chance: random.Random) -> Person:
    """Return a person of the same family and day, of another given name."""
    return _renamed(person, chance, 1 if chance.random() < 0.5 else 2)


def sibling_of(person: Person, chance: random.Random) -> Person:
    """Return a person of the same family, some years apart."""
    year = person.birth[0] + chance.choice((-6, -5, -4, -3, -2, 2, 3, 4, 5, 6))
    return replace(_renamed(person, chance, chance.choice((1, 2))), birth=day_in(min(year, 2026), chance))


def namesake_of(person: Person, chance: random.Random) -> Person:
    """Return a child that is called as its parent."""
    return replace(person, birth=day_in(min(person.birth[0] + chance.randint(20, 38), 2026), chance))


def _renamed(person: Person, chance: random.Random, gender: int) -> Person:
    other = one_of(person.group, chance)
    while other.gender != gender or other.given[0] == person.given[0]:
        other = one_of(person.group, chance)
    native = None
    if person.native and other.native:
        native = (person.native[0], other.native[1])
    return replace(person, given=other.given, gender=other.gender, native=native)
