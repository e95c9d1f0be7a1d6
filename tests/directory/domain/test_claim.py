"""What an institution believes about a person, compared with the register."""

import pytest

from kruispunt_directory.domain.claim import Claim, PartialDate, first_discrepancy

REGISTER = Claim("Van den Bérghe", ("Anna", "Maria"), PartialDate(1985, 7, 30), 2)


@pytest.mark.parametrize(
    "claim",
    [
        Claim(),
        Claim("VAN DEN BERGHE"),
        Claim("Vandenberghe"),
        Claim("van-den berghe", ("anna",)),
        Claim("", ("Anna", "María")),
        Claim(birth_date=PartialDate(1985, 7, 30)),
        Claim(birth_date=PartialDate(1985)),
        Claim(birth_date=PartialDate(0, 7, 30)),
        Claim(sex=2),
    ],
)
def test_what_agrees_is_taken(claim: Claim) -> None:
    """Case, accents, spaces and punctuation do not count; what is left out or unknown agrees."""
    assert first_discrepancy(claim, REGISTER) is None


@pytest.mark.parametrize(
    ("claim", "path"),
    [
        (Claim("Janssens"), "family_name"),
        (Claim("Van den Berghe", ("Eva",)), "given_names[0]"),
        (Claim("", ("Anna", "Eva")), "given_names[1]"),
        (Claim("", ("Anna", "Maria", "Eva")), "given_names[2]"),
        (Claim(birth_date=PartialDate(1986, 7, 30)), "birth_date"),
        (Claim(birth_date=PartialDate(1985, 8)), "birth_date"),
        (Claim(sex=1), "sex"),
        (Claim("Janssens", ("Eva",), PartialDate(1900), 1), "family_name"),
    ],
)
def test_the_first_discrepancy_is_named(claim: Claim, path: str) -> None:
    """Family name, given names in their order, birth date, sex: the first that disagrees."""
    assert path == first_discrepancy(claim, REGISTER)


def test_what_the_register_does_not_know_agrees() -> None:
    """A register without birth date and sex contradicts neither."""
    assert first_discrepancy(Claim("", (), PartialDate(1985), 1), Claim("Peeters")) is None
