"""How far two persons agree, field by field: the levels that the score adds weights for.

Every comparison gives the same whichever side it starts from.
"""

import enum
from functools import lru_cache

from rapidfuzz.distance import OSA, JaroWinkler

from kruispunt_identity.matching.text import NameForm


class Level(enum.StrEnum):
    """How far a field agrees. The values stand in the weights file and in explanations."""

    EXACT = "exact"
    REARRANGED = "same words"
    FIRST = "first name equal"
    SHARED = "shared part"
    SOUNDS_CLOSE = "sounds alike, close"
    SOUNDS = "sounds alike"
    CLOSE = "close"
    SIMILAR = "similar"
    INITIAL = "initial"
    MISSING = "missing"
    DIFFERS = "differs"
    # Birth dates only.
    PARTIAL = "same, partial"
    YEAR_MONTH = "year and month, day unknown"
    YEAR_PARTIAL = "year, rest unknown"
    SWAPPED = "day and month swapped"
    ONE_OFF = "one part off"
    NEAR_YEAR = "near year"
    YEAR_ONLY = "year only"
    BIRTHDAY_ONLY = "day and month only"


# Levels at which a name's rarity counts: one of its sound codes is the same.
SAME_SOUND = frozenset({
    Level.EXACT, Level.REARRANGED, Level.FIRST, Level.SHARED, Level.SOUNDS_CLOSE, Level.SOUNDS,
})  # fmt: skip

_NAME_CHAIN = (
    (Level.EXACT, Level.REARRANGED),
    (Level.REARRANGED, Level.FIRST),
    (Level.REARRANGED, Level.SHARED),
    (Level.FIRST, Level.SHARED),
    (Level.SHARED, Level.SOUNDS_CLOSE),
    (Level.SOUNDS_CLOSE, Level.SOUNDS),
    (Level.SOUNDS_CLOSE, Level.CLOSE),
    (Level.CLOSE, Level.SIMILAR),
    (Level.SOUNDS, Level.SIMILAR),
    (Level.SIMILAR, Level.DIFFERS),
    (Level.SHARED, Level.INITIAL),
    (Level.INITIAL, Level.DIFFERS),
    (Level.SHARED, Level.MISSING),
    (Level.MISSING, Level.DIFFERS),
)
# (better, worse) per field: no weight of a worse level may be above that of a better one.
ORDER: dict[str, tuple[tuple[Level, Level], ...]] = {
    "family": _NAME_CHAIN,
    "given": _NAME_CHAIN,
    "birth_date": (
        (Level.EXACT, Level.SWAPPED),
        (Level.EXACT, Level.PARTIAL),
        (Level.SWAPPED, Level.ONE_OFF),
        (Level.ONE_OFF, Level.NEAR_YEAR),
        (Level.ONE_OFF, Level.YEAR_ONLY),
        (Level.ONE_OFF, Level.BIRTHDAY_ONLY),
        (Level.NEAR_YEAR, Level.DIFFERS),
        (Level.YEAR_ONLY, Level.DIFFERS),
        (Level.BIRTHDAY_ONLY, Level.DIFFERS),
        (Level.PARTIAL, Level.YEAR_MONTH),
        (Level.YEAR_MONTH, Level.YEAR_PARTIAL),
        (Level.YEAR_PARTIAL, Level.DIFFERS),
        (Level.EXACT, Level.MISSING),
        (Level.MISSING, Level.DIFFERS),
    ),
    "gender": ((Level.EXACT, Level.MISSING), (Level.MISSING, Level.DIFFERS)),
    "country": ((Level.EXACT, Level.MISSING), (Level.MISSING, Level.DIFFERS)),
}

_SOUND_CLOSE = 0.85
_CLOSE = 0.90
_SIMILAR = 0.81
_likeness = JaroWinkler.normalized_similarity


def family_level(one: NameForm, other: NameForm) -> Level:
    """Compare two family names."""
    if not one.family_plain or not other.family_plain:
        return Level.MISSING
    if one.family_plain == other.family_plain:
        return Level.EXACT
    if _squeezed(one.family_plain) == _squeezed(other.family_plain) or set(one.family_words) == set(
        other.family_words
    ):
        return Level.REARRANGED
    return _forms_level(one.family_forms, one.family_codes, other.family_forms, other.family_codes)


def given_level(one: NameForm, other: NameForm) -> Level:
    """Compare all given names of two persons."""
    if not one.given_words or not other.given_words:
        return Level.MISSING
    if one.given_words == other.given_words:
        return Level.EXACT
    if set(one.given_words) == set(other.given_words) or _squeezed(one.given_plain) == _squeezed(
        other.given_plain
    ):
        return Level.REARRANGED
    first, first_other = one.given_words[0], other.given_words[0]
    if first == first_other:
        return Level.FIRST if len(first) > 1 else Level.INITIAL
    if len(first) == 1 or len(first_other) == 1:
        return Level.INITIAL if first[0] == first_other[0] else Level.DIFFERS
    return _forms_level(one.given_forms, one.given_codes, other.given_forms, other.given_codes)


def may_be_swapped(one: NameForm, other: NameForm) -> bool:
    """Whether the names sound or begin alike crosswise: the cheap question before `crossed_level`."""
    if not set(one.family_codes).isdisjoint(other.given_codes):
        return True
    if not set(other.family_codes).isdisjoint(one.given_codes):
        return True
    return one.family_plain[:1] == other.given_plain[:1] and other.family_plain[:1] == one.given_plain[:1]


def crossed_level(one: NameForm, other: NameForm) -> Level:
    """Compare the family name of `one` with the given names of `other`, as if the fields were swapped."""
    if not one.family_words or not other.given_words:
        return Level.MISSING
    if one.family_words == other.given_words:
        return Level.EXACT
    return _forms_level(one.family_forms, one.family_codes, other.given_forms, other.given_codes)


def _forms_level(
    forms: tuple[str, ...], codes: tuple[str, ...], forms_other: tuple[str, ...], codes_other: tuple[str, ...]
) -> Level:
    for form in forms:
        if form in forms_other and len(form) > 1:
            return Level.SHARED
    nearest = _nearest(forms, forms_other)
    for code in codes:
        if code in codes_other:
            return Level.SOUNDS_CLOSE if nearest >= _SOUND_CLOSE else Level.SOUNDS
    if nearest >= _CLOSE:
        return Level.CLOSE
    return Level.SIMILAR if nearest >= _SIMILAR else Level.DIFFERS


def _nearest(forms: tuple[str, ...], others: tuple[str, ...]) -> float:
    """Return the greatest likeness of two words, or 0 where it is below what matters."""
    nearest = 0.0
    for one in forms:
        for other in others:
            # In order: the measure depends on the side it starts from.
            first, second = (one, other) if one < other else (other, one)
            likeness = _likeness(first, second, score_cutoff=_SIMILAR)
            if likeness > nearest:  # noqa: PLR1730 - max() takes longer than the likeness itself
                nearest = likeness
    return nearest


def _squeezed(text: str) -> str:
    return text.replace(" ", "")


@lru_cache(1 << 12)
def date_level(one: tuple[int, int, int], other: tuple[int, int, int]) -> Level:
    """Compare two birth dates; 1 January counts as a year of which the rest is unknown."""
    if not one[0] or not other[0]:
        return Level.MISSING
    partial, partial_other = _is_partial(one), _is_partial(other)
    if one == other:
        return Level.PARTIAL if partial else Level.EXACT
    if one[0] == other[0]:
        if partial or partial_other:
            same_month = one[1] != 0 and one[1] == other[1] and not (one[2] and other[2])
            return Level.YEAR_MONTH if same_month else Level.YEAR_PARTIAL
        return _level_in_year(one[1:], other[1:])
    if one[1:] == other[1:] and not partial:
        return Level.ONE_OFF if _slip(one[0], other[0]) else Level.BIRTHDAY_ONLY
    return Level.NEAR_YEAR if abs(one[0] - other[0]) <= 1 else Level.DIFFERS


def _is_partial(birth: tuple[int, int, int]) -> bool:
    return not birth[2] or birth[1:] == (1, 1)


def _level_in_year(one: tuple[int, int], other: tuple[int, int]) -> Level:
    if one == other[::-1]:
        return Level.SWAPPED
    return Level.ONE_OFF if one[0] == other[0] or one[1] == other[1] else Level.YEAR_ONLY


def _slip(year: int, other: int) -> bool:
    """Whether a year looks like the other miswritten."""
    return abs(year - other) in (1, 2, 9, 10, 11) or OSA.distance(f"{year}", f"{other}") <= 1


def gender_level(one: int, other: int) -> Level:
    """Compare two genders."""
    if not one or not other:
        return Level.MISSING
    return Level.EXACT if one == other else Level.DIFFERS


def countries_level(one: frozenset[str], other: frozenset[str]) -> Level:
    """Compare the countries known of two persons: one in common is agreement."""
    if not one or not other:
        return Level.MISSING
    return Level.DIFFERS if one.isdisjoint(other) else Level.EXACT
