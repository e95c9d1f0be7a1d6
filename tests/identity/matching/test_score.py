"""The score: what agrees, what does not, and why."""

import math
import tomllib
from dataclasses import replace
from importlib import resources
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.identity.matching.people import person

from kruispunt_identity.matching.frequencies import MatchFrequencies
from kruispunt_identity.matching.grade import Grade, grade_of
from kruispunt_identity.matching.keys import KeyMaker
from kruispunt_identity.matching.levels import Level, countries_level, date_level, family_level, given_level
from kruispunt_identity.matching.profile import MatchName, MatchProfile
from kruispunt_identity.matching.score import Matcher, outline_of
from kruispunt_identity.matching.text import form_of
from kruispunt_identity.matching.weights import Weights, shipped_weights

FREQUENCIES = MatchFrequencies(10_000, {"PTR": 400, "BRK": 20, "SLK": 3}, {"YN": 300, "AN": 200, "MHMT": 3})
MATCHER = Matcher(shipped_weights(), FREQUENCIES)

FAMILIES = [
    "Peeters",
    "Peters",
    "Van den Berg",
    "Vandenberghe",
    "Çelik",
    "El Amrani",
    "Amrani Benali",
    "Nowak",
    "",
]
GIVENS = ["Jan", "Jean", "Jan Pieter", "Pieter", "J", "Anna", "Mohamed", "Mohammed Ali", ""]
names = st.builds(
    lambda family, first: MatchName(family, tuple(first.split())),
    st.sampled_from(FAMILIES),
    st.sampled_from(GIVENS),
)
births = st.builds(
    lambda year, rest: (year, *rest),
    st.sampled_from([0, 1979, 1980, 1981, 1990]),
    st.sampled_from([(0, 0), (1, 1), (3, 0), (3, 4), (4, 3), (3, 14), (12, 14)]),
).map(lambda birth: birth if birth[0] else (0, 0, 0))
profiles = st.builds(
    MatchProfile,
    st.lists(names, min_size=1, max_size=3).map(tuple),
    births,
    st.sampled_from([0, 1, 2]),
    st.sets(st.sampled_from(["BE", "MA", "TR"])).map(frozenset),
)


@given(profiles, profiles)
@settings(max_examples=400, deadline=None)
def test_the_score_is_the_same_from_either_side(one: MatchProfile, other: MatchProfile) -> None:
    """Comparing A with B says what comparing B with A says."""
    assert math.isclose(
        MATCHER.score(one, other).log2_odds, MATCHER.score(other, one).log2_odds, abs_tol=1e-9
    )


@given(profiles, profiles)
@settings(max_examples=400, deadline=None)
def test_the_parts_are_the_score(one: MatchProfile, other: MatchProfile) -> None:
    """The explanation adds up."""
    score = MATCHER.score(one, other)

    assert math.isclose(score.log2_odds, math.fsum(part.weight for part in score.parts), abs_tol=1e-9)


@given(profiles, profiles)
@settings(max_examples=400, deadline=None)
def test_nobody_is_more_alike_than_the_person(one: MatchProfile, other: MatchProfile) -> None:
    """A person compared with another never scores above the person compared with itself, criteria being equal."""
    query = replace(one, names=one.names[:1])
    other = replace(other, names=other.names[:1])
    if not all(query.names[0].given) or not query.names[0].family or not query.names[0].given:
        return
    complete = replace(query, birth=(1980, 3, 14), gender=1, countries=frozenset(["BE"]))
    rarity = sum(
        part.weight for part in MATCHER.score(complete, other).parts if part.field.startswith("rarity")
    )

    assert (
        MATCHER.score(complete, other).log2_odds - rarity
        <= MATCHER.score(complete, complete).log2_odds + 1e-9
    )


def disagreeing(query: MatchProfile, known: MatchProfile, field: str) -> MatchProfile:
    name = query.names[0]
    if field == "family":
        return replace(query, names=(MatchName("Quaghebeur", name.given),))
    if field == "given":
        return replace(query, names=(MatchName(name.family, ("Xenophon",)),))
    if field == "birth_date":
        return replace(query, birth=(1931, 11, 27))
    if field == "gender":
        return replace(query, gender=3 - known.gender if known.gender else 1)
    return replace(query, countries=frozenset(["ZW"]))


@given(profiles, profiles, st.sampled_from(["family", "given", "birth_date", "gender", "country"]))
@settings(max_examples=800, deadline=None)
def test_a_disagreement_never_raises_a_score(one: MatchProfile, other: MatchProfile, field: str) -> None:
    """Making one field differ from what is known of a candidate never makes the two more alike."""
    query, known = replace(one, names=one.names[:1]), replace(other, names=other.names[:1])

    changed = MATCHER.score(disagreeing(query, known, field), known).log2_odds

    assert changed <= MATCHER.score(query, known).log2_odds + 1e-9


@given(profiles)
@settings(max_examples=200, deadline=None)
def test_swapping_the_name_fields_never_raises(one: MatchProfile) -> None:
    """Family and given name in each other's place are found, but never better than in their own."""
    name = one.names[0]
    swapped = replace(one, names=(MatchName(" ".join(name.given), (name.family,)),))
    straight = replace(one, names=(name,))

    assert MATCHER.score(swapped, straight).log2_odds <= MATCHER.score(straight, straight).log2_odds + 1e-9


@given(profiles)
@settings(max_examples=300, deadline=None)
def test_a_person_shares_its_keys_with_itself(one: MatchProfile) -> None:
    """A search asks for all keys that the person is kept under, but one per name that is left to vague searches."""
    maker = KeyMaker(b"p" * 32)
    left = set(maker.keys_of(one)) - {each.key for each in maker.query_keys(one)}

    assert len(left) <= sum(bool(name.family and name.given) for name in one.names)


@given(profiles, st.lists(profiles, max_size=40))
@settings(max_examples=100, deadline=None)
def test_the_shortlist_keeps_the_person(one: MatchProfile, others: list[MatchProfile]) -> None:
    """The first stage leaves the person itself in, first or tied."""
    single = replace(one, names=one.names[:1])
    if not single.names[0].family:
        return
    candidates = [outline_of(number, each, 10.0) for number, each in enumerate(others, 2)]
    kept = MATCHER.shortlist(single, [outline_of(1, single, 30.0), *candidates], keep=5)

    assert 1 in [each.number for each in kept]


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("Peeters", "PEETERS", Level.EXACT),
        ("Van den Berg", "Vandenberg", Level.REARRANGED),
        ("García López", "Lopez Garcia", Level.REARRANGED),
        ("García López", "Garcia", Level.SHARED),
        ("Peeters", "Peters", Level.SOUNDS_CLOSE),
        ("Nowak", "Novac", Level.SOUNDS),
        ("Willems", "Willens", Level.CLOSE),
        ("Peeters", "Nowak", Level.DIFFERS),
        ("", "Nowak", Level.MISSING),
    ],
)
def test_levels_of_family_names(one: str, other: str, level: Level) -> None:
    """Each level by an example."""
    assert level == family_level(form_of(MatchName(one, ())), form_of(MatchName(other, ())))


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("Anna Maria", "ANNA MARIA", Level.EXACT),
        ("Anna Maria", "Maria Anna", Level.REARRANGED),
        ("Anna Maria", "Anna", Level.FIRST),
        ("Anna Maria", "Maria", Level.SHARED),
        ("Mohamed", "Mohammed", Level.SOUNDS_CLOSE),
        ("Mohamed", "Muhammad", Level.SOUNDS),
        ("Anna", "A", Level.INITIAL),
        ("Anna", "B", Level.DIFFERS),
        ("Anna", "Piet", Level.DIFFERS),
        ("Anna", "", Level.MISSING),
    ],
)
def test_levels_of_given_names(one: str, other: str, level: Level) -> None:
    """Each level by an example."""
    assert level == given_level(
        form_of(MatchName("", tuple(one.split()))), form_of(MatchName("", tuple(other.split())))
    )


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ((1980, 3, 14), (1980, 3, 14), Level.EXACT),
        ((1980, 3, 4), (1980, 4, 3), Level.SWAPPED),
        ((1980, 3, 14), (1980, 3, 15), Level.ONE_OFF),
        ((1980, 3, 14), (1981, 3, 14), Level.ONE_OFF),
        ((1980, 3, 14), (1908, 3, 14), Level.ONE_OFF),
        ((1980, 3, 14), (1935, 3, 14), Level.BIRTHDAY_ONLY),
        ((1980, 3, 14), (1980, 7, 2), Level.YEAR_ONLY),
        ((1980, 3, 14), (1981, 7, 2), Level.NEAR_YEAR),
        ((1980, 3, 14), (1985, 7, 2), Level.DIFFERS),
        ((1980, 0, 0), (1980, 0, 0), Level.PARTIAL),
        ((1980, 1, 1), (1980, 3, 14), Level.YEAR_PARTIAL),
        ((1980, 3, 0), (1980, 3, 14), Level.YEAR_MONTH),
        ((0, 0, 0), (1980, 3, 14), Level.MISSING),
    ],
)
def test_levels_of_birth_dates(one: tuple[int, int, int], other: tuple[int, int, int], level: Level) -> None:
    """Each level by an example, from either side."""
    assert level == date_level(one, other)
    assert level == date_level(other, one)


def test_one_country_in_common_is_agreement() -> None:
    """A person has several countries."""
    assert Level.EXACT == countries_level(frozenset(["BE", "MA"]), frozenset(["BE"]))
    assert Level.DIFFERS == countries_level(frozenset(["BE", "MA"]), frozenset(["TR"]))


def test_a_twin_is_less_likely_than_a_misspelling() -> None:
    """All the same but the given name is rather another person."""
    jan = person("Peeters", "Jan", gender=1)

    twin = MATCHER.score(person("Peeters", "Karel", gender=1), jan)
    slip = MATCHER.score(person("Peeters", "Jna", gender=1), jan)

    assert "twin" in [part.field for part in twin.parts]
    assert twin.log2_odds < slip.log2_odds


def test_one_name_in_the_field_of_the_other_is_seen_though_the_other_differs() -> None:
    """Nicolle Heath is likelier Gus Nicolle, born the same day, than Gus Miller is; less than Gus Heath is."""
    registered = person("Heath", "Nicolle")

    def odds(family: str, given: str) -> float:
        return MATCHER.score(person(family, given), registered).log2_odds

    crossed = MATCHER.score(person("Nicolle", "Gus"), registered)
    assert odds("Miller", "Gus") + 5 < odds("Nicolle", "Gus") < odds("Heath", "Gus")
    assert [("given", "differs"), ("swapped", "")] == [
        (part.field, part.level) for part in crossed.parts if part.field in ("given", "swapped")
    ]
    assert Grade.WEAK is grade_of(crossed.log2_odds)


def test_a_rare_name_in_common_says_more() -> None:
    """Two persons called Çelik are likelier one than two called Peeters, in a register where that is rare."""
    rare = MATCHER.score(person("Çelik", "Jan"), person("Celik", "Jan"))
    common = MATCHER.score(person("Peeters", "Jan"), person("Peeters", "Jan"))

    assert rare.log2_odds - common.log2_odds > 0.5


def test_grades() -> None:
    """Odds of one to one are strong, of one to sixteen possible."""
    assert [Grade.STRONG, Grade.STRONG, Grade.POSSIBLE, Grade.POSSIBLE, Grade.WEAK] == [
        grade_of(odds) for odds in (3.0, 0.0, -0.01, -4.0, -4.01)
    ]


def test_weights_that_reward_a_disagreement_are_refused() -> None:
    """A weights file in which a worse level weighs more does not load."""
    written = tomllib.loads(
        resources.files("kruispunt_identity").joinpath("data/match_weights.toml").read_text("utf-8")
    )
    written["gender"]["differs"] = 9.0

    with pytest.raises(ValueError, match='weights of gender: "differs" is above "missing"'):
        Weights.read(written)


def test_nothing_personal_is_printed() -> None:
    """Neither profile nor name tells what it holds."""
    shown = repr(person("Peeters", "Jan", gender=1, countries="BE"))

    assert "MatchProfile()" == shown
    assert "MatchName()" == repr(MatchName("Peeters", ("Jan",)))


def test_the_shortlist_is_in_order() -> None:
    """The likeliest come first; those that cannot be told apart by number."""
    query = person("Peeters", "Jan")
    others = [outline_of(n, person("Nowak", "Piotr", (1950, 1, 2))) for n in (9, 4, 7)]
    kept = MATCHER.shortlist(query, [*others, outline_of(99, query)], keep=3)

    assert [99, 4, 7] == [each.number for each in kept]
    assert all(one.number != two.number for one, two in pairwise(kept))


def test_a_family_name_alone_is_compared_by_its_beginning() -> None:
    """With a slip in it, it is not buried under those who share a word with it: given names do not count."""
    query = person("Pothelees", "", (1974, 11, 0))
    meant = outline_of(1, person("Pothelers", "Christian Alain Romain", (1974, 11, 9)))
    others = [outline_of(n, person("Potters", "Leen", (1974, 11, n % 28 + 1))) for n in range(2, 60)]

    assert [meant] == MATCHER.shortlist(query, [*others, meant], keep=1)


def test_a_slip_at_the_beginning_leads_back() -> None:
    """A first sound that is another, missing or too many: asked for, without the key of the code itself."""
    maker = KeyMaker(b"p" * 32)

    def meets(written: str, kept: str) -> bool:
        asked = {each.key for each in maker.slip_keys(person(written, "", (2011, 1, 0)))}
        return bool(asked & set(maker.keys_of(person(kept, "", (2011, 1, 8)))))

    assert [True, True, True, True, False, False] == [
        meets("Lortir", "Mortir"),
        meets("tevens", "Stevens"),
        meets("uCubex", "Cubex"),
        meets("acquex", "Macquex"),
        meets("Mortir", "Mortir"),
        meets("Mortir", "Peeters"),
    ]


@pytest.mark.parametrize(
    ("persons", "bits"),
    [(0, 0.0), (1, 3.32), (100_000, 3.32), (500_000, 1.0), (1_000_000, 0.0), (4_000_000, -2.0)],
)
def test_the_odds_follow_the_size_of_the_register(persons: int, bits: float) -> None:
    """Twice as many persons halve the odds; below 100,000, and before anybody counted, nothing is read into the size."""
    weights = replace(shipped_weights(), persons=1_000_000)
    matcher = Matcher(weights, MatchFrequencies())
    one, other = person("Peeters", "Jan"), person("Nowak", "Anna")
    before = matcher.score(one, other)
    matcher.take(MatchFrequencies(persons))
    after = matcher.score(one, other)

    assert bits == pytest.approx(after.log2_odds - before.log2_odds, abs=0.005)
    assert bits == pytest.approx(matcher.size_bits, abs=0.005)
    assert ["base"] == [
        new.field for old, new in zip(before.parts, after.parts, strict=True) if old != new
    ] or not bits


def test_weights_of_nobody_are_refused() -> None:
    """Weights say how many persons they were fitted on."""
    text = resources.files("kruispunt_identity").joinpath("data/match_weights.toml").read_text("utf-8")
    written = tomllib.loads(text)

    with pytest.raises(ValueError, match="persons"):
        Weights.read({name: value for name, value in written.items() if name != "persons"})
    with pytest.raises(ValueError, match="nobody"):
        Weights.read(written | {"persons": 0})
