"""The social security number: what is valid, and what a number tells."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from stdnum.be import bis, nn, ssn

from kruispunt.ssin import Ssin, SsinError, SsinFault, SsinKind

VALID = [
    ("42012205181", SsinKind.NATIONAL, False, False),
    ("85073003328", SsinKind.NATIONAL, False, False),
    ("17073003384", SsinKind.NATIONAL, True, False),
    ("75060898009", SsinKind.NATIONAL, False, False),
    ("75460898095", SsinKind.BIS, False, False),
    ("75260898052", SsinKind.BIS, False, False),
    ("00000100166", SsinKind.NATIONAL, False, True),
    ("00010000135", SsinKind.NATIONAL, True, True),
    ("85073500107", SsinKind.NATIONAL, False, True),
]


@pytest.mark.parametrize(("text", "kind", "from_2000", "unusual"), VALID)
def test_valid_numbers_tell_what_they_are(text: str, kind: SsinKind, from_2000: bool, unusual: bool) -> None:
    """Kind by the month, century by the check, oddities as a warning."""
    number = Ssin.parse(text)

    assert (text, kind, from_2000, unusual) == (
        str(number),
        number.kind,
        number.born_from_2000,
        number.is_unusual,
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("12345678901", SsinFault.MONTH),
        ("85133000105", SsinFault.MONTH),
        ("87601500150", SsinFault.MONTH),
        ("8506130017", SsinFault.DIGITS),
        ("850613001717", SsinFault.DIGITS),
        ("8506130017A", SsinFault.DIGITS),
        ("85.07.30-033.28", SsinFault.DIGITS),
        ("٨٥٠٧٣٠٠٣٣٢٨", SsinFault.DIGITS),
        ("", SsinFault.DIGITS),
        ("00000000000", SsinFault.DIGITS),
        ("85073000061", SsinFault.SEQUENCE),
        ("85073003329", SsinFault.CHECK),
        ("85073003300", SsinFault.CHECK),
        ("85073003398", SsinFault.CHECK),
    ],
)
def test_invalid_numbers_say_why(text: str, fault: SsinFault) -> None:
    """The fault is named; the text is in no message."""
    with pytest.raises(SsinError) as refusal:
        Ssin.parse(text)

    assert fault == refusal.value.fault
    assert not text or text not in str(refusal.value)


def test_a_number_is_shown_in_groups_and_hidden_in_a_repr() -> None:
    """People read groups; a repr, which may reach a log, shows nothing."""
    number = Ssin.parse("00010000135")

    assert ("00.01.00-001.35", "00010000135", "Ssin(***)") == (number.display, str(number), repr(number))


@pytest.mark.parametrize(
    ("text", "coded"), [("75460898095", True), ("75260898052", False), ("85073003328", True)]
)
def test_parity_means_nothing_when_the_sex_was_unknown(text: str, coded: bool) -> None:
    """Month + 20: the sex was not known at assignment."""
    assert coded == Ssin.parse(text).sex_is_coded


MONTH = st.one_of(st.integers(0, 12), st.integers(20, 32), st.integers(40, 52))


@given(st.integers(0, 99), MONTH, st.integers(0, 99), st.integers(1, 999), st.booleans())
def test_an_assembled_number_is_valid_in_one_century_only(
    year: int, month: int, day: int, sequence: int, from_2000: bool
) -> None:
    """The check fixes the century: no number is right in both."""
    number = Ssin.assemble(year * 10_000 + month * 100 + day, sequence, born_from_2000=from_2000)

    assert from_2000 == number.born_from_2000
    assert number == Ssin.parse(str(number))


@given(st.integers(0, 25), MONTH, st.integers(1, 28), st.integers(1, 998), st.booleans())
def test_the_second_opinion_agrees_on_the_check(
    year: int, month: int, day: int, sequence: int, from_2000: bool
) -> None:
    """python-stdnum finds the same century; it takes no birth after today, so years up to 25 only."""
    number = Ssin.assemble(year * 10_000 + month * 100 + day, sequence, born_from_2000=from_2000)

    assert (2000 if from_2000 else 1900) == nn._checksum(str(number))


@given(st.text("0123456789", min_size=11, max_size=11))
@example("85073003328")
@example("75460898095")
@example("75260898052")
def test_whatever_the_second_opinion_takes_is_taken(text: str) -> None:
    """python-stdnum is stricter about dates, never laxer about structure."""
    if any(opinion.is_valid(text) for opinion in (nn, bis, ssn)):
        assert text == str(Ssin.parse(text))
