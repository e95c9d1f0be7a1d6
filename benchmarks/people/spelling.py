# ruff: noqa: RUF001, SIM905
"""How names get written otherwise: alphabets, respellings and slips of the pen."""

import random
import re
import unicodedata

_UK = "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя'"
# As Ukrainian passports write it, as Russian passports did, as the French and the Germans hear it.
_SCHEMES = (
    "a b v h g d e ie zh z y i i i k l m n o p r s t u f kh ts ch sh shch - iu ia -".split(),
    "a b v g g d e e zh z i i i i k l m n o p r s t u f kh ts ch sh shch - yu ya -".split(),
    "a b v g g d e ie j z y i i i k l m n o p r s t ou f kh ts tch ch chtch - iou ia -".split(),
    "a b w h g d e je sch s y i ji j k l m n o p r s t u f ch z tsch sch schtsch - ju ja -".split(),
)
_TABLES = [
    dict(zip(_UK, ("" if each == "-" else each for each in scheme), strict=True)) for scheme in _SCHEMES
]
_FIRST = {"є": "ye", "ї": "yi", "й": "y", "ю": "yu", "я": "ya"}  # in the passport's scheme, at the beginning


def latin(text: str, scheme: int) -> str:
    """Write a Ukrainian name in Latin letters by scheme 0 to 3."""
    words = []
    for word in text.lower().split():
        letters = [_TABLES[scheme].get(letter, letter) for letter in word]
        if scheme == 0 and word[0] in _FIRST:
            letters[0] = _FIRST[word[0]]
        words.append("".join(letters).capitalize())
    return " ".join(words)


# (pattern, what it may become), one or two of them at a time.
_RESPELLINGS: dict[str, list[tuple[str, tuple[str, ...]]]] = {
    "nl": [("ij", ("y",)), ("y", ("ij", "i")), ("ae", ("aa",)), ("ck", ("k",)), ("x", ("ks", "cks")), ("gh", ("g",)),
           ("c(?=[loaru])", ("k",)), ("dt$", ("d", "t")), ("s$", ("",)), ("oo", ("o",)), ("ph", ("f",)), ("ts$", ("s",))],
    "fr": [("eau", ("aux", "ot")), ("[éèê]", ("e",)), ("y", ("i",)), ("ll", ("l",)), ("ph", ("f",)), ("th", ("t",)),
           ("s$", ("",)), ("ault$", ("aud",)), ("ss", ("s",)), ("nn", ("n",)), ("c(?=[oa])", ("k",)), ("è", ("ai",)),
           ("t$", ("d",)), ("ier$", ("ié",)), ("x$", ("",))],
    "ar": [("ou", ("u", "o")), ("ch", ("sh",)), ("dj|j", ("dj", "j", "g")), ("k", ("q",)), ("q", ("k",)), ("i$", ("y",)),
           ("ss", ("s",)), ("mm?", ("mm", "m")), ("kh", ("h", "k")), ("ai|aï", ("ay", "ei")), ("a(?=[^a]*$)", ("e",)),
           ("oua", ("wa",)), ("aa", ("a",)), ("gh", ("g",)), ("^h", ("",)), ("dd?", ("dd", "d"))],
    "tr": [("ç", ("c", "ch")), ("ş", ("s", "sh")), ("ğ", ("g", "")), ("ı", ("i",)), ("ö", ("o", "oe")), ("ü", ("u", "ue")),
           ("c", ("dj",)), ("v", ("w",)), ("y", ("j",)), ("k", ("c",))],
    "pl": [("ł", ("l",)), ("ą", ("a", "on")), ("ę", ("e", "en")), ("ó", ("o", "u")), ("ń", ("n",)), ("ś", ("s",)),
           ("[żź]", ("z",)), ("w", ("v",)), ("sz", ("sh", "s")), ("cz", ("ch", "c")), ("rz", ("z",)), ("sk[ia]$", ("sky",)),
           ("j", ("y", "i")), ("c(?=[^hz])", ("ts",)), ("k", ("c",))],
    "ro": [("ă", ("a",)), ("[âî]", ("i", "a")), ("ș", ("s", "sh")), ("ț", ("t", "tz", "ts")), ("gh", ("g",)), ("ea", ("e",)),
           ("c(?=[eia])", ("ch",)), ("escu$", ("esco", "eskou")), ("u$", ("ou",)), ("i$", ("y",)), ("x", ("cs",))],
    "de": [("ü", ("ue", "u")), ("ö", ("oe", "o")), ("ä", ("ae", "a")), ("ß", ("ss", "s")), ("ck", ("k",)), ("ei", ("ey", "ai")),
           ("ai", ("ei",)), ("tz", ("z",)), ("th", ("t",)), ("dt", ("tt", "t")), ("ph", ("f",)), ("nn", ("n",)), ("y", ("i",)),
           ("ff", ("f",)), ("sch", ("sh",))],
    "es": [("z", ("s",)), ("[áéíóú]", ("",)), ("ñ", ("n", "ny")), ("v", ("b",)), ("b", ("v",)), ("j", ("x",)), ("ll", ("y",)),
           ("g(?=[ei])", ("j",)), ("qu", ("k",))],
    "pt": [("ç", ("c", "ss")), ("ã", ("a", "an")), ("õ", ("o",)), ("lh", ("ll", "li")), ("nh", ("n", "gn")), ("es$", ("ez",)),
           ("ou", ("o",)), ("[áéíóúâê]", ("",)), ("s$", ("z",)), ("x", ("ch",))],
}  # fmt: skip
_ACCENTED = dict(zip("áéíóúâê", "aeiouae", strict=True))


def respelled(name: str, group: str, chance: random.Random) -> str:
    """Write a name as another country, another time or another ear would; the same if there is no way."""
    lower = name.lower()
    ways = [(pattern, become) for pattern, become in _RESPELLINGS[group] if re.search(pattern, lower)]
    chance.shuffle(ways)
    for pattern, become in ways[: chance.choice((1, 1, 2))]:
        one = chance.choice(become)

        def write(found: re.Match[str], one: str = one) -> str:
            return one or _ACCENTED.get(found.group(), "")

        lower = re.sub(pattern, write, lower, count=1)
    return lower.title() if lower != name.lower() else name


def bare(name: str) -> str:
    """Return a name without accents."""
    folded = unicodedata.normalize("NFD", name.replace("ł", "l").replace("Ł", "L").replace("ı", "i"))
    return "".join(letter for letter in folded if not unicodedata.combining(letter))


_NEAR = {
    "a": "sqz", "b": "vn", "c": "xv", "d": "sf", "e": "rwz", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
    "k": "jl", "l": "km", "m": "nl", "n": "bm", "o": "ip", "p": "ol", "q": "aw", "r": "et", "s": "ad", "t": "ry",
    "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "xa",
}  # fmt: skip


def slipped(name: str, chance: random.Random) -> str:
    """Return a name with one letter wrong, missing, doubled or exchanged with its neighbour."""
    if len(name) < 2:
        return name
    place = chance.randrange(len(name) - 1)
    kind = chance.randrange(4)
    if kind == 0:
        return name[:place] + name[place + 1] + name[place] + name[place + 2 :]
    if kind == 1 and len(name) > 3:
        return name[:place] + name[place + 1 :]
    if kind == 2:
        return name[:place] + name[place] + name[place:]
    near = _NEAR.get(name[place].lower(), "e")
    return name[:place] + chance.choice(near) + name[place + 1 :]
