"""Searches with labelled errors: for persons of the register, and for persons that are not in it."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from benchmarks.people.names import GROUPS, NICKNAMES
from benchmarks.people.persons import People, Person, day_in, one_of, sibling_of, twin_of
from benchmarks.people.spelling import bare, latin, respelled, slipped
from kruispunt_identity.matching.text import PARTICLES

Change = Callable[[Person, random.Random], Person | None]


@dataclass(frozen=True, slots=True)
class Search:
    """One search, and what is known about it.

    Attributes:
        criteria: what is searched by.
        truth: index of the person meant; none: the person is new.
        errors: how the criteria differ from the register; for new persons "hard" or nothing.
    """

    criteria: Person
    truth: int | None
    errors: tuple[str, ...]


def _family_typo(person: Person, chance: random.Random) -> Person:
    return replace(person, family=slipped(person.family, chance))


def _given_typo(person: Person, chance: random.Random) -> Person:
    return replace(person, given=(slipped(person.given[0], chance), *person.given[1:]))


def _family_respelled(person: Person, chance: random.Random) -> Person:
    if person.native:
        return replace(person, family=latin(person.native[0], chance.randrange(4)))
    return replace(person, family=respelled(person.family, person.group, chance))


def _given_respelled(person: Person, chance: random.Random) -> Person:
    if person.native:
        scheme = chance.randrange(4)
        return replace(person, given=tuple(latin(each, scheme) for each in person.native[1]))
    return replace(person, given=(respelled(person.given[0], person.group, chance), *person.given[1:]))


def _accents(person: Person, _: random.Random) -> Person:
    return replace(person, family=bare(person.family), given=tuple(map(bare, person.given)))


def _script(person: Person, _: random.Random) -> Person | None:
    return replace(person, family=person.native[0], given=person.native[1]) if person.native else None


def _particle(person: Person, chance: random.Random) -> Person | None:
    words = person.family.split()
    if len(words) < 2 or words[0].lower() not in PARTICLES:
        return None
    if chance.random() < 0.7:
        return replace(person, family="".join(words).capitalize())
    core = [word for word in words if word.lower() not in PARTICLES]
    return replace(person, family=" ".join(core or words))


def _double(person: Person) -> list[str]:
    words = person.family.replace("-", " ").split()
    return words if len(words) == 2 and words[0].lower() not in PARTICLES else []


def _double_cut(person: Person, chance: random.Random) -> Person | None:
    words = _double(person)
    return replace(person, family=chance.choice(words)) if words else None


def _double_reversed(person: Person, _: random.Random) -> Person | None:
    words = _double(person)
    return replace(person, family=" ".join(words[::-1])) if words else None


def _swapped(person: Person, _: random.Random) -> Person:
    return replace(person, family=person.given[0], given=(person.family,))


def _given_missing(person: Person, _: random.Random) -> Person:
    return replace(person, given=())


def _initial(person: Person, _: random.Random) -> Person:
    return replace(person, given=(person.given[0][0],))


def _second_only(person: Person, _: random.Random) -> Person | None:
    return replace(person, given=(person.given[1],)) if len(person.given) > 1 else None


def _nickname(person: Person, chance: random.Random) -> Person | None:
    native = person.native[1][0] if person.native else person.given[0]
    known = NICKNAMES.get(native)
    if not known:
        return None
    name = chance.choice(known)
    return replace(person, given=(latin(name, 0) if person.native else name, *person.given[1:]))


def _year_only(person: Person, _: random.Random) -> Person:
    return replace(person, birth=(person.birth[0], 0, 0))


def _year_month(person: Person, _: random.Random) -> Person | None:
    year, month, day = person.birth
    return replace(person, birth=(year, month, 0)) if day else None


def _day_month(person: Person, _: random.Random) -> Person | None:
    year, month, day = person.birth
    return replace(person, birth=(year, day, month)) if 0 < day <= 12 and day != month else None


def _date_digit(person: Person, chance: random.Random) -> Person | None:
    year, month, day = person.birth
    if not day:
        return None
    kind = chance.randrange(3)
    if kind == 0:
        return replace(person, birth=(year, month, chance.choice([d for d in range(1, 29) if d != day])))
    if kind == 1:
        return replace(
            person, birth=(year, chance.choice([m for m in range(1, 13) if m != month]), min(day, 28))
        )
    off = chance.choice((-30, -20, -10, 10, 20, 30, -2, 2, -3, 3))
    return replace(person, birth=(year + off, month, min(day, 28)))


def _year_off(person: Person, chance: random.Random) -> Person:
    year, month, day = person.birth
    return replace(person, birth=(year + chance.choice((-1, 1)), month, min(day, 28)))


def _first_of_january(person: Person, _: random.Random) -> Person:
    return replace(person, birth=(person.birth[0], 1, 1))


def _gender_missing(person: Person, _: random.Random) -> Person:
    return replace(person, gender=0)


def _gender_wrong(person: Person, _: random.Random) -> Person:
    return replace(person, gender=3 - person.gender)


def _country_missing(person: Person, _: random.Random) -> Person:
    return replace(person, countries=frozenset())


def _country_wrong(person: Person, chance: random.Random) -> Person:
    others = sorted({names.country for names in GROUPS.values()} - person.countries)
    return replace(person, countries=frozenset((chance.choice(others),)))


# Name of the error, how often, what it does. Field by field: no two errors of one field in one search.
_ERRORS: dict[str, dict[str, tuple[float, Change]]] = {
    "family": {
        "family typo": (5, _family_typo), "family respelled": (5, _family_respelled), "particle": (8, _particle),
        "double cut": (6, _double_cut), "double reversed": (4, _double_reversed),
    },
    "given": {
        "given typo": (4, _given_typo), "given respelled": (4, _given_respelled), "given missing": (2, _given_missing),
        "initial": (2, _initial), "second given name": (5, _second_only), "nickname": (8, _nickname),
    },
    "both": {"swapped": (2, _swapped), "accents": (2, _accents), "script": (20, _script)},
    "birth": {
        "year only": (2, _year_only), "year and month": (1.5, _year_month), "day and month": (4, _day_month),
        "date digit": (3, _date_digit), "year off": (2, _year_off), "first of January": (1.5, _first_of_january),
    },
    "gender": {"gender missing": (2, _gender_missing), "gender wrong": (0.5, _gender_wrong)},
    "country": {"country missing": (2, _country_missing), "country wrong": (1, _country_wrong)},
}  # fmt: skip
_COUNTS = ((0, 0.15), (1, 0.40), (2, 0.28), (3, 0.12), (4, 0.05))
ERROR_CLASSES = tuple(name for changes in _ERRORS.values() for name in changes)


def _with_errors(person: Person, chance: random.Random) -> tuple[Person, tuple[str, ...]]:
    count = chance.choices([each for each, _ in _COUNTS], [share for _, share in _COUNTS])[0]
    menu = [
        (field, name, weight, change)
        for field, each in _ERRORS.items()
        for name, (weight, change) in each.items()
    ]
    done: dict[str, str] = {}
    for _ in range(count * 6):
        if len(done) == count:
            break
        field, name, _, change = chance.choices(menu, [weight for _, _, weight, _ in menu])[0]
        taken = done.keys() & ({"family", "given", "both"} if field == "both" else {field, "both"})
        if taken and field not in ("birth", "gender", "country"):
            continue
        if field in done:
            continue
        changed = change(person, chance)
        if changed is not None and changed != person:
            person, done[field] = changed, name
    return person, tuple(done.values())


def searches(people: People, known: int, new: int, seed: int) -> list[Search]:
    """Return searches for `known` persons of the register and for `new` persons, a fifth of them hard.

    Hard ones are a sibling or a twin of somebody in the register. Of given names all or only the first are given.
    """
    chance = random.Random(seed)
    made: list[Search] = []
    meant = chance.sample(range(len(people)), known)
    relatives = [chance.randrange(len(people)) for _ in range(0, new, 5)]
    found = people.at({*meant, *relatives})
    for truth in meant:
        person = found[truth]
        if chance.random() < 0.5:
            person = replace(person, given=person.given[:1] if chance.random() < 0.8 else person.given)
        criteria, errors = _with_errors(person, chance)
        made.append(Search(criteria, truth, errors))
    groups, shares = list(GROUPS), [names.share for names in GROUPS.values()]
    for place in range(new):
        if place % 5 == 0:
            maker = chance.choice((twin_of, sibling_of))
            relative = maker(found[relatives[place // 5]], chance)
            made.append(Search(_with_errors(relative, chance)[0], None, ("hard",)))
            continue
        stranger = one_of(chance.choices(groups, shares)[0], chance)
        if not stranger.birth[0]:
            stranger = replace(stranger, birth=day_in(1980, chance))
        made.append(Search(_with_errors(stranger, chance)[0], None, ()))
    return made
