"""The persons, one after another, from one seed."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from kruispunt.persons import Register
from kruispunt.sandbox.careers import SandboxDossier, dossiers_of
from kruispunt.sandbox.names import COMMUNITIES, Community
from kruispunt.sandbox.numbers import CAPACITY, Numbers, Slot
from kruispunt.ssin import Ssin, SsinKind
from kruispunt.values import PartialDate, Sex

__all__ = ["SandboxDossier", "SandboxPerson", "population"]

_TWINS = 0.03
_HOMONYMS = 0.015
_BORN_ABROAD = 0.5  # of those whose community comes from abroad
_STRUCK_OFF = 0.02  # of those with a national number
_TWO_NUMBERS = 0.1  # of those with a bis number
_BELGIAN = {
    each.language: each for each in reversed(COMMUNITIES) if each.country == "BE"
}  # by language of contact
_NEIGHBOURS = {
    "nl": ("NL", ("Breda", "Maastricht", "Rotterdam", "Sluis")),
    "fr": ("FR", ("Lille", "Metz", "Roubaix", "Valenciennes")),
    "de": ("DE", ("Aachen", "Köln", "Trier")),
}  # where those with a bis number come from whose community is at home in Belgium


@dataclass(frozen=True, slots=True)
class SandboxPerson:
    """Somebody who does not exist.

    Attributes:
        ssin: the number, structurally valid.
        family_name, given_names: as the registers write them.
        birth_date: unknown parts are 0.
        sex: UNSPECIFIED for a bis number given out with the sex unknown.
        language: of contact: nl, fr or de.
        pair: "twin" or "homonym" (same name, same birth date) of the person before or after; empty for others.
        dossiers: by institution, capacity and begin.
        register: where the identification is kept; some national numbers are in RAD.
        birth_country, birth_place: where they were born.
        nationalities: ISO 3166-1 alpha-2.
        former_ssin: a bis number that they had before, by mistake, if they had one.
        former_family_name: the name that they were known by under it.
    """

    ssin: Ssin
    family_name: str = field(repr=False)
    given_names: tuple[str, ...] = field(repr=False)
    birth_date: PartialDate
    sex: Sex
    language: str
    pair: str
    dossiers: tuple[SandboxDossier, ...]
    register: Register
    birth_country: str
    birth_place: str
    nationalities: tuple[str, ...]
    former_ssin: Ssin | None
    former_family_name: str = field(repr=False)


def population(persons: int, seed: int) -> Iterator[SandboxPerson]:
    """Yield the population, holding one birth at a time.

    Args:
        persons: how many; a smaller population is the beginning of a larger one.
        seed: any whole number.

    Raises:
        ValueError: `persons` is negative, or more than there are numbers for (about ten million).
    """
    if not 0 <= persons <= CAPACITY:
        raise ValueError(f"persons must be 0 to {CAPACITY}")
    return itertools.islice(_everybody(seed), persons)


def _everybody(seed: int) -> Iterator[SandboxPerson]:
    numbers = Numbers(seed)
    weights = list(itertools.accumulate(each.weight for each in COMMUNITIES))
    for birth in range(CAPACITY):
        chance = random.Random(f"{seed}/{birth}")  # noqa: S311 - synthetic
        slot = numbers.slot(birth)
        (community,) = chance.choices(COMMUNITIES, cum_weights=weights)
        origin = random.Random(f"{seed}/{birth}/origin")  # noqa: S311 - synthetic; apart, so that the rest stays
        yield from _birth(chance, origin, slot, community)


def _birth(
    chance: random.Random, origin: random.Random, slot: Slot, community: Community
) -> Iterator[SandboxPerson]:
    """Yield the one or two persons of a slot."""
    draw = chance.random()
    known = slot.kind.known == 3 and slot.kind.month_class != 20
    pair = "twin" if known and draw < _TWINS else "homonym" if known and draw < _TWINS + _HOMONYMS else ""
    family = _frequent(chance, community.family)
    female = chance.random() < 0.5
    given = _given(chance, community, female=female)
    yield _person(chance, origin, slot, community, pair, (family, given), female=female, second=False)
    if not pair:
        return
    if pair == "twin":
        female = chance.random() < 0.5
        given = _other_given(chance, community, given, female=female)
    yield _person(chance, origin, slot, community, pair, (family, given), female=female, second=True)


def _person(
    chance: random.Random,
    origin: random.Random,
    slot: Slot,
    community: Community,
    pair: str,
    name: tuple[str, tuple[str, ...]],
    *,
    female: bool,
    second: bool,
) -> SandboxPerson:
    sex = Sex.UNSPECIFIED if slot.kind.month_class == 20 else Sex.FEMALE if female else Sex.MALE
    ssin = slot.number(female=female, second=second)
    country, towns = _home(origin, ssin, community)
    two = ssin.kind is SsinKind.BIS and not pair and origin.random() < _TWO_NUMBERS
    return SandboxPerson(
        ssin=ssin,
        family_name=name[0],
        given_names=name[1],
        birth_date=slot.born,
        sex=sex,
        language=community.language,
        pair=pair,
        dossiers=tuple(dossiers_of(chance, slot.born)),
        register=_register(origin, ssin),
        birth_country=country,
        birth_place=origin.choice(towns),
        nationalities=_nationalities(origin, ssin, community, country),
        former_ssin=slot.number(female=female, second=True) if two else None,
        former_family_name=_frequent(origin, community.family) if two else "",
    )


def _register(origin: random.Random, ssin: Ssin) -> Register:
    if ssin.kind is SsinKind.BIS:
        return Register.BIS
    return Register.RAD if origin.random() < _STRUCK_OFF else Register.NATIONAL


def _home(origin: random.Random, ssin: Ssin, community: Community) -> tuple[str, tuple[str, ...]]:
    """Return where somebody was born: country and its towns."""
    if ssin.kind is SsinKind.BIS and community.country == "BE":
        return _NEIGHBOURS[community.language]
    abroad = ssin.kind is SsinKind.BIS or origin.random() < _BORN_ABROAD
    home = community if abroad else _BELGIAN[community.language]
    return home.country, home.towns


def _nationalities(origin: random.Random, ssin: Ssin, community: Community, country: str) -> tuple[str, ...]:
    if ssin.kind is SsinKind.BIS or community.country == "BE":
        return (country,)
    return ("BE", community.country) if origin.random() < _BORN_ABROAD else (community.country,)


def _frequent(chance: random.Random, names: tuple[str, ...]) -> str:
    """Draw a name, those in front far oftener."""
    return names[int(len(names) * chance.random() ** 2)]


def _given(chance: random.Random, community: Community, *, female: bool) -> tuple[str, ...]:
    names = community.female if female else community.male
    first = _frequent(chance, names)
    second = _frequent(chance, names)
    return (first, second) if second != first and chance.random() < 0.3 else (first,)


def _other_given(
    chance: random.Random, community: Community, given: tuple[str, ...], *, female: bool
) -> tuple[str, ...]:
    names = community.female if female else community.male
    return (chance.choice([name for name in names if name != given[0]]),)
