"""Names as letters, tokens and sound codes: what stays the same however a name is written.

Everything here is remembered for the names met last, in bounded memory: 1 µs for a name seen before, about 40 µs
for a new one.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from anyascii import anyascii

from kruispunt_identity.matching.profile import MatchName

_KEPT_NAMES = 1 << 16  # families, and as many given names of one person
_KEPT_TEXTS = 1 << 15
_KEPT_TOKENS = 1 << 17
_LONGEST = 200  # letters of a name that are looked at

# Words that are written or left out, together or apart: Dutch, French, Arabic, German, Iberian, Turkish.
PARTICLES = frozenset(
    [
        "van",
        "von",
        "der",
        "den",
        "de",
        "het",
        "t",
        "la",
        "le",
        "les",
        "du",
        "des",
        "el",
        "al",
        "ad",
        "as",
        "ar",
        "an",
        "ibn",
        "bin",
        "ben",
        "bint",
        "ait",
        "aid",
        "op",
        "ter",
        "ten",
        "te",
        "zu",
        "zum",
        "zur",
        "d",
        "l",
        "o",
        "da",
        "dos",
        "do",
        "das",
        "del",
        "della",
        "di",
        "oglu",
        "y",
        "e",
        "e",
    ]
)
_GLUED = re.compile(
    r"^(?:vanden|vander|vande|ver(?=schu)|van|von|el|al|ben|ait|bou|abou|den|der|de|le|la|ter|ten|du|d(?=h[aeou]))"
    r"(?=.{4,})"
)
_ELISION = re.compile(r"(?<![a-z])([dlot])'(?=[a-z])")
_NOT_LETTERS = re.compile(r"[^a-z]+")

# Several letters for one sound, and letters whose sound depends on the next; longer ones first. Capital S stands
# for every hiss and its affricates.
_SPELLED = re.compile(
    r"(ch$)|(c(?=[eiy]))|schtsch|shch|chtch|stsch|tsch|tch|dzh|sch|chr|sh|ch|cz|sz|rz|zh|tz|ts|cs|zs|ss|dz|ph|th|kh|gh"
    r"|dt$|dj|eaux?$|ck|cq|qu|q|c|x|g(?=[eiy])|^i(?=[aeou])|ou(?=[aei])|m(?=[bp])"
)
_SOUND_OF = {
    "chr": "kr", "ph": "f", "th": "t", "kh": "", "gh": "", "dt": "t", "dj": "y", "eau": "o", "eaux": "o", "ck": "k",
    "cq": "k", "qu": "k", "q": "k", "c": "k", "x": "kS", "g": "y", "i": "y", "ou": "f", "m": "n",
}  # fmt: skip
# One letter for those that are heard alike.
_ALIKE = str.maketrans("szvwdgj", "SSfftky")
_SILENT = str.maketrans("", "", "aeiouyh")
_DOUBLED = re.compile(r"(.)\1+")

# Letters that stand for different sounds in different languages get a second code: the Ukrainian he (h or g), the
# Turkish ç and ş that lost their cedilla, the Turkish c (French dj).
_SECOND = [
    (re.compile(pattern), sound)
    for pattern, sound in ((r"kh|gh|^g(?![eiy])|g(?=[aou])", "h"), (r"c(?=[aou])", "ch"), (r"dj", "c"))
]


@lru_cache(_KEPT_TEXTS)
def plain(text: str) -> str:
    """Return `text` as letters a to z in words with one space between: case, accents and script are gone."""
    ascii_ = (text if text.isascii() else anyascii(text))[:_LONGEST].lower().replace("`", "'")
    if "'" in ascii_:
        ascii_ = _ELISION.sub(r"\1 ", ascii_).replace("'", "")
    return _NOT_LETTERS.sub(" ", ascii_).strip()


@lru_cache(_KEPT_TEXTS)
def tokens(text: str) -> tuple[str, ...]:
    """Return the words of a name without its particles; with them if there is nothing else."""
    words = plain(text).split()
    return tuple(word for word in words if word not in PARTICLES) or tuple(words)


@lru_cache(_KEPT_TOKENS)
def sound_codes(token: str) -> tuple[str, ...]:
    """Return one sound code of a word, or two where its letters may stand for different sounds.

    A code has at most six letters: the first sound and the consonants, the same for most spellings of a sound in
    the Latin alphabets of the Belgian registers' languages.
    """
    first = _sound(token)
    second = token
    for pattern, sound in _SECOND:
        second = pattern.sub(sound, second)
    return (first,) if second == token else tuple(dict.fromkeys((first, _sound(second))))


def _sound(token: str) -> str:
    folded = _SPELLED.sub(_sound_of, token).translate(_ALIKE)
    folded = folded.lstrip("h") or folded
    head = "a" if folded[:1] in ("a", "e", "i", "o", "u") else folded[:1]
    code = _DOUBLED.sub(r"\1", head + folded[1:].translate(_SILENT)).upper()
    if len(code) > 3 and code[-1] == "S":  # Peeters and Peeter, Dubois and Duboi, López and Lope
        code = code[:-1]
    return code[:6] or token[:3].upper()


def _sound_of(found: re.Match[str]) -> str:
    if found.lastindex:
        return "k" if found.lastindex == 1 else "S"
    return _SOUND_OF.get(found.group(), "S")


class NameForm(NamedTuple):
    """What is compared of one name: words, words with glued particles taken off, sound codes.

    Attributes:
        family_plain: letters of the whole family name.
        family_words: its words without particles.
        family_forms: those, the same without a glued particle, and all written as one word.
        family_codes: sound codes of the forms.
        given_plain: letters of all given names.
        given_words: their words.
        given_forms: those, and a given name of several words written as one.
        given_codes: sound codes of the forms that are more than an initial.
    """

    family_plain: str
    family_words: tuple[str, ...]
    family_forms: tuple[str, ...]
    family_codes: tuple[str, ...]
    given_plain: str
    given_words: tuple[str, ...]
    given_forms: tuple[str, ...]
    given_codes: tuple[str, ...]

    def __repr__(self) -> str:
        """Return the kind only: names are nobody's business."""
        return "NameForm()"


_Form = tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]


def form_of(name: MatchName) -> NameForm:
    """Return the form of a name; family and given names are remembered apart, for they meet in many pairs."""
    return NameForm._make(_family_form(name.family) + _given_form(name.given))


@lru_cache(_KEPT_NAMES)
def _family_form(family: str) -> _Form:
    forms = _family_forms(family)
    return plain(family), tokens(family), forms, _codes(forms)


@lru_cache(_KEPT_NAMES)
def _given_form(given: tuple[str, ...]) -> _Form:
    words = tuple(dict.fromkeys(word for each in given[:8] for word in tokens(each)))
    forms = dict.fromkeys(words)
    for each in given[:2]:
        if " " in plain(each):
            forms[plain(each).replace(" ", "")] = None
    return " ".join(words), words, tuple(forms), _codes(word for word in forms if len(word) > 1)


def _family_forms(family: str) -> tuple[str, ...]:
    words = tokens(family)
    forms: dict[str, None] = {}
    for word in words:
        glued = _GLUED.match(word)
        if glued:  # before the whole: the same order as of a name written apart
            forms[word[glued.end() :]] = None
        forms[word] = None
    if len(words) == 1 and " " in plain(family):
        forms[plain(family).replace(" ", "")] = None
    return tuple(forms)


def _codes(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code for word in words for code in sound_codes(word)))
