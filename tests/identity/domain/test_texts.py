"""Texts and countries as they are registered: one spelling, nothing hidden."""

import pytest

from kruispunt_identity.domain.countries import country_code
from kruispunt_identity.domain.texts import clean_optional_text, clean_text
from kruispunt_server.errors import Reason, RegistryError


@pytest.mark.parametrize(
    ("text", "registered"),
    [
        ("Van den Berg", "Van den Berg"),
        ("  Van  den\u00a0Berg ", "Van den Berg"),
        ("Jose\u0301", "Jos\u00e9"),
        ("\u0645\u062d\u0645\u062f", "\u0645\u062d\u0645\u062f"),
        ("\u738b\u3000\u5c0f\u660e", "\u738b \u5c0f\u660e"),
        ("O'Brien-D\u2019Arc", "O'Brien-D\u2019Arc"),
        ("e\u0301" * 100, "\u00e9" * 100),
        (" " * 100 + "a", "a"),
    ],
)
def test_text_has_one_spelling(text: str, registered: str) -> None:
    """Letters are composed, spaces of any kind are one space, and none stands at an end."""
    assert registered == clean_text(text, "name", 100)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.FIELD_REQUIRED),
        ("   ", Reason.TEXT_FORBIDDEN),
        ("\u00a0\u3000", Reason.TEXT_FORBIDDEN),
        ("x" * 101, Reason.TEXT_TOO_LONG),
        ("x" * 10_240, Reason.TEXT_TOO_LONG),
        ("\u202e" * 10_240, Reason.TEXT_TOO_LONG),
        ("Pee\x00ters", Reason.TEXT_FORBIDDEN),
        ("Pee\tters", Reason.TEXT_FORBIDDEN),
        ("Pee\nters", Reason.TEXT_FORBIDDEN),
        ("Pee\x7fters", Reason.TEXT_FORBIDDEN),
        ("Pee\u0085ters", Reason.TEXT_FORBIDDEN),
        *[
            (f"Pee{mark}ters", Reason.TEXT_FORBIDDEN)
            for mark in "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e"
        ],
        *[(f"Pee{mark}ters", Reason.TEXT_FORBIDDEN) for mark in "\u2066\u2067\u2068\u2069"],
        *[
            (f"Pee{mark}ters", Reason.TEXT_FORBIDDEN)
            for mark in "\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u3164"
        ],
        ("Pee\u2028ters", Reason.TEXT_FORBIDDEN),
        ("Pee\u0378ters", Reason.TEXT_FORBIDDEN),
        ("Pee\uffffters", Reason.TEXT_FORBIDDEN),
        ("Pee\ue000ters", Reason.TEXT_FORBIDDEN),
        ("Pee\ud800ters", Reason.TEXT_FORBIDDEN),
    ],
)
def test_text_that_hides_or_misleads_is_refused(text: str, reason: Reason) -> None:
    """Each wrong text has its reason and its field, and is not in the refusal."""
    with pytest.raises(RegistryError) as refusal:
        clean_text(text, "value.name.family_name", 100)

    assert (reason, "value.name.family_name") == (refusal.value.reason, refusal.value.field)
    assert "Pee" not in refusal.value.message


def test_refusal_of_a_long_text_says_the_limit() -> None:
    """A caller learns how many characters there may be."""
    with pytest.raises(RegistryError) as refusal:
        clean_text("x" * 17, "box", 16)

    assert {"limit": "16"} == refusal.value.metadata


def test_optional_text_may_be_empty_but_not_blank() -> None:
    """Nothing is nothing; a blank is a mistake."""
    assert clean_optional_text("", "box", 16) == ""
    with pytest.raises(RegistryError) as refusal:
        clean_optional_text(" ", "box", 16)
    assert Reason.TEXT_FORBIDDEN is refusal.value.reason


@pytest.mark.parametrize(
    ("text", "country"), [("BE", "BE"), ("150", "BE"), ("MA", "MA"), ("354", "MA"), ("XK", "XK")]
)
def test_country_is_known_by_either_code(text: str, country: str) -> None:
    """Whichever form a country comes in, it is kept as alpha-2."""
    assert country == country_code(text, "country")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.FIELD_REQUIRED),
        ("be", Reason.COUNTRY_UNKNOWN),
        ("QQ", Reason.COUNTRY_UNKNOWN),
        ("BEL", Reason.COUNTRY_UNKNOWN),
        ("999", Reason.COUNTRY_UNKNOWN),
        ("056", Reason.COUNTRY_UNKNOWN),
        ("SU", Reason.COUNTRY_UNKNOWN),
        ("B\u0395", Reason.COUNTRY_UNKNOWN),
    ],
)
def test_unknown_country_is_refused(text: str, reason: Reason) -> None:
    """Small letters, other lists, states of the past and look-alikes are no country."""
    with pytest.raises(RegistryError) as refusal:
        country_code(text, "country")

    assert (reason, "country") == (refusal.value.reason, refusal.value.field)
