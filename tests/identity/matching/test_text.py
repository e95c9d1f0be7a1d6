# ruff: noqa: RUF001
"""Names as letters and sound codes."""

import pytest
from tests.identity.matching.people import person

from kruispunt_identity.matching.keys import KeyMaker
from kruispunt_identity.matching.profile import MatchName
from kruispunt_identity.matching.text import form_of, plain, sound_codes, tokens


@pytest.mark.parametrize(
    ("written", "letters"),
    [
        ("Çelik", "celik"),
        ("Łukasz-Świętosław", "lukasz swietoslaw"),
        ("Шевченко", "shevchenko"),
        ("  Van   den Berg ", "van den berg"),
        ("O'Brien", "o brien"),
        ("D’Hondt", "d hondt"),
        ("Mar'yana", "maryana"),
        ("Weiß", "weiss"),
        ("\u202eJan\x00", "jan"),
        ("", ""),
        ("123", ""),
    ],
)
def test_letters(written: str, letters: str) -> None:
    """Case, accents, script and what is no letter are gone."""
    assert letters == plain(written)


def test_a_name_of_ten_thousand_letters_is_cut() -> None:
    """Nobody can make the comparison expensive by a long name."""
    assert 200 == len(plain("a" * 10_000))


def test_particles_are_set_aside() -> None:
    """Particles are no words of a name, unless it has no other."""
    assert ("berg",) == tokens("van den Berg")
    assert ("de", "la") == tokens("de la")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Shevchenko", "Chevtchenko"),
        ("Shevchenko", "Schewtschenko"),
        ("Kowalski", "Covalsky"),
        ("Hryhorenko", "Grigorenko"),
        ("Çakır", "Chakir"),
        ("Çakır", "Cakir"),
        ("Müller", "Mueller"),
        ("Peeters", "Peeter"),
        ("Philips", "Filips"),
        ("Oualid", "Walid"),
        ("Djamal", "Jamal"),
        ("Declercq", "Declerck"),
        ("Georgescu", "Georgesco"),
        ("Gonçalves", "Gonsalves"),
    ],
)
def test_spellings_of_one_sound_share_a_code(one: str, other: str) -> None:
    """A name written in another country keeps a sound code."""
    assert set(form_of(MatchName(one, ())).family_codes) & set(form_of(MatchName(other, ())).family_codes)


def test_sound_codes() -> None:
    """The first sound and the consonants, at most six."""
    assert ("PTR",) == sound_codes("peeters")
    assert ("KRKRNK", "RNK") == sound_codes("grigorenko")
    assert ("AMN",) == sound_codes("eymen")


@pytest.mark.parametrize(
    "written", ["Van den Berg", "VAN DEN BERG", "Vandenberg", "van-den-berg", "Van Den Bérg"]
)
def test_particle_spacing_case_and_accents_do_not_change_keys(written: str) -> None:
    """The keys are those of the name, however its particles, case and accents are written."""
    maker = KeyMaker(b"p" * 32)

    assert maker.keys_of(person("van den berg", "an")) == maker.keys_of(person(written, "ÁN"))


def test_keys_are_those_written_down() -> None:
    """The keys of rules version 1: changing them asks for a new version, and for a rebuild of every register."""
    profile = person("Van den Berg", "Anna Maria", (1980, 3, 14))
    keys = KeyMaker(b"p" * 32).keys_of(profile)

    assert KEYS_OF_ANNA == keys


def test_another_pepper_gives_other_keys() -> None:
    """Without the pepper the keys cannot be made."""
    profile = person("Van den Berg", "Anna")

    assert set(KeyMaker(b"p" * 32).keys_of(profile)).isdisjoint(KeyMaker(b"q" * 32).keys_of(profile))


def test_the_first_of_january_needs_an_initial() -> None:
    """Who is born on 1 January of an unknown day meets by date only those with an initial in common."""
    maker = KeyMaker(b"p" * 32)

    def by_date(family: str, other: str) -> bool:
        one = {
            each.key for each in maker.query_keys(person(family, "", (1980, 1, 1))) if "initial" in each.name
        }
        return bool(one & set(maker.keys_of(person(other, "", (1980, 1, 1)))))

    assert by_date("Peeters", "Paulissen")
    assert not by_date("Peeters", "Willems")


KEYS_OF_ANNA = [
    -8361160595887903225,
    -7069869721590988940,
    -6164252886023269039,
    -5834683900422373005,
    -5809421314507979829,
    -5494450705087023542,
    -5313914031186761105,
    -5135273536744119294,
    -5130747369957470852,
    -454223139936342290,
    2171909814249227493,
    2227665328148876161,
    3210581850773826040,
    8182552151757174439,
    8373024456231672226,
]
