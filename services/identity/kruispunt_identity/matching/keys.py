"""Keys under which a person is found: keyed hashes of sound codes and parts of the birth date.

Two spellings of one person share at least one key nearly always; the table of keys tells nothing to who does not
have the pepper. Source: matching.md §1 and §4.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from kruispunt_identity.matching.profile import MatchName, MatchProfile
from kruispunt_identity.matching.text import form_of, sound_codes

# Raised when the keys of some person change: the keys are then rebuilt as a new generation.
RULES_VERSION = 1

_MOST_NAMES = 8
_LONGEST_CODE = 6  # letters; as `sound_codes` cuts them
_MOST_FAMILY_CODES = 4
_MOST_GIVEN_CODES = 4

PAIR = "two names"
YEAR = "name and birth year"
NEAR_YEAR = "name and a near birth year"
DATE = "birth date"
DATE_INITIAL = "first of January and an initial"
SWAPPED_DATE = "birth date, day and month swapped"
DAY_MONTH = "name and birthday"
SWAPPED_DAY_MONTH = "name and birthday, day and month swapped"
INITIALS_YEAR = "initials and birth year"
INITIAL_YEAR = "family initial and birth year"
NO_YEAR = "family name, no birth year on file"
OTHER_START_YEAR = "name that begins otherwise and birth year"
OTHER_START_DAY = "name that begins otherwise and birthday"

# Every sound that a code may begin with.
_FIRST_SOUNDS = "ABFHKLMNPRSTY"


@dataclass(frozen=True, slots=True)
class QueryKey:
    """A key that a search asks for.

    Attributes:
        key: the hash, a signed 64-bit number.
        name: what it is made of, in words that may be shown: no value of the person.
    """

    key: int
    name: str


class KeyMaker:
    """Makes the keys of one generation. About 25 µs per person; safe to share between threads.

    Args:
        pepper: 16 to 64 secret bytes; who has it and the table can find out names by trying them.
    """

    def __init__(self, pepper: bytes) -> None:
        self._hash = hashlib.blake2b(digest_size=8, key=pepper)

    def keys_of(self, profile: MatchProfile) -> list[int]:
        """Return the keys under which the person is kept: signed 64-bit, sorted, distinct, over all names.

        About 5 to 12 for a person with one name.
        """
        texts: dict[str, str] = {}
        for name in profile.names[:_MOST_NAMES]:
            texts.update(_kept(name, profile.birth))
            texts.update(_vague(name, profile.birth))
        return sorted({self._key(text) for text in texts})

    def query_keys(self, query: MatchProfile, year_tolerance: int = 1) -> list[QueryKey]:
        """Return the keys to look under, the strongest kinds first: about 15 to 30.

        Args:
            query: what is searched by.
            year_tolerance: how many years the birth year may be off; 0 to 10.
        """
        texts: dict[str, str] = {}
        for name in query.names[:_MOST_NAMES]:
            texts.update(_kept(name, query.birth))
        for name in query.names[:_MOST_NAMES]:
            for text, kind in _asked_too(name, query.birth, year_tolerance):
                texts.setdefault(text, kind)
            if not form_of(name).given_words:
                texts.update(_vague(name, query.birth))
        return [QueryKey(self._key(text), kind) for text, kind in texts.items()]

    def slip_keys(self, query: MatchProfile) -> list[QueryKey]:
        """Return the keys to look under where those of `query_keys` led to nobody likely: about 60 to 120.

        The current name with a slip of the pen at its first letter, which changes sound code and initials at once.
        """
        name, (year, month, day) = query.names[0], query.birth
        family, given = _codes(name)
        texts: dict[str, str] = {}
        if year:
            for code in dict.fromkeys(family + given):
                texts.update((f"Y|{other}|{year}", OTHER_START_YEAR) for other in _beginning_otherwise(code))
        if day and (month, day) != (1, 1):
            for code in family:
                for other in _beginning_otherwise(code):
                    texts[f"M|{other}|{month:02}{day:02}"] = OTHER_START_DAY
        return [QueryKey(self._key(text), kind) for text, kind in texts.items()]

    def lock_keys(self, profile: MatchProfile) -> list[int]:
        """Return the few hashes on which two registrations of one human being meet, sorted.

        The whole birth date, and each sound code of the family name with the birth year: who spells the name or
        the date otherwise, but not both, meets.
        """
        year, month, day = profile.birth
        texts = {f"lock|{code}|{year}" for code in _codes(profile.names[0])[0]}
        if day:
            texts.add(f"lock|{year}|{month}|{day}")
        return sorted({self._key(text) for text in texts})

    def _key(self, text: str) -> int:
        hashed = self._hash.copy()
        hashed.update(text.encode())
        return int.from_bytes(hashed.digest(), "big", signed=True)


def _codes(name: MatchName) -> tuple[tuple[str, ...], tuple[str, ...]]:
    form = form_of(name)
    return form.family_codes[:_MOST_FAMILY_CODES], form.given_codes[:_MOST_GIVEN_CODES]


def _beginning_otherwise(code: str) -> Iterable[str]:
    """Return the codes that become `code` by one sound that is another, missing or too many at the beginning."""
    rest = code[1:]
    for sound in _FIRST_SOUNDS:
        if sound == code[0]:
            continue
        yield (sound + code)[:_LONGEST_CODE]
        if rest and rest[0] != sound:
            yield sound + rest
    if len(rest) > 1:
        yield rest


def _initials(name: MatchName) -> str:
    """Return the first sounds of the family name and of the first given name, in order of the alphabet, or nothing."""
    form = form_of(name)
    if not form.family_codes or not form.given_words:
        return ""
    return "".join(sorted((form.family_codes[0][0], sound_codes(form.given_words[0])[0][0])))


def _kept(name: MatchName, birth: tuple[int, int, int]) -> dict[str, str]:
    """Return the texts under which a person of this name is kept, with what each is made of."""
    family, given = _codes(name)
    year = birth[0]
    texts: dict[str, str] = {}
    for one in family:
        for other in given:
            texts[f"P|{one}|{other}" if one < other else f"P|{other}|{one}"] = PAIR
    codes = dict.fromkeys(family + given)
    texts.update(_dated(codes, birth))
    if year:
        for code in codes:
            texts[f"Y|{code}|{year}"] = YEAR
        if family and (initials := _initials(name)):
            texts[f"I|{initials}|{year}"] = INITIALS_YEAR
    else:
        for code in family:
            texts[f"N|{code}"] = NO_YEAR
    return texts


def _vague(name: MatchName, birth: tuple[int, int, int]) -> dict[str, str]:
    """Return the text of a key that only searches without given names ask for: many persons share it."""
    family = form_of(name).family_codes
    return {f"F|{family[0][0]}|{birth[0]}": INITIAL_YEAR} if family and birth[0] else {}


def _dated(codes: Iterable[str], birth: tuple[int, int, int]) -> dict[str, str]:
    year, month, day = birth
    if not day:
        return {}
    if (month, day) == (1, 1):  # stands for "unknown" far too often
        initials = dict.fromkeys(code[0] for code in codes)
        return {f"D|{year}0101|{initial}": DATE_INITIAL for initial in initials}
    texts = {f"D|{year}{month:02}{day:02}": DATE}
    texts.update((f"M|{code}|{month:02}{day:02}", DAY_MONTH) for code in codes)
    return texts


def _asked_too(name: MatchName, birth: tuple[int, int, int], tolerance: int) -> Iterable[tuple[str, str]]:
    """Return the texts that a search asks for beside those that it would be kept under."""
    family, given = _codes(name)
    year, month, day = birth
    codes = dict.fromkeys(family + given)
    if year:
        if month and 0 < day <= 12 and month != day:
            yield f"D|{year}{day:02}{month:02}", SWAPPED_DATE
        for code in family:
            yield f"N|{code}", NO_YEAR
        for off in range(1, tolerance + 1):
            for code in codes:
                yield f"Y|{code}|{year - off}", NEAR_YEAR
                yield f"Y|{code}|{year + off}", NEAR_YEAR
    if month and 0 < day <= 12 and month != day:
        for code in codes:
            yield f"M|{code}|{day:02}{month:02}", SWAPPED_DAY_MONTH
