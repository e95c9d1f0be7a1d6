"""Which bis numbers may be given out for a birth date and a gender."""

import datetime as dt
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.be import bis

from kruispunt.ssin import Ssin, SsinKind
from kruispunt_identity.domain.issuing import ANY, EVEN, ODD, Series, series_of
from kruispunt_identity.domain.values import Gender, PartialDate

days = st.dates(dt.date(1800, 1, 1), dt.date(2099, 12, 31))
births = st.one_of(
    days.map(lambda day: PartialDate(day.year, day.month, day.day)),
    days.map(lambda day: PartialDate(day.year, day.month)),
    days.map(lambda day: PartialDate(day.year)),
    st.just(PartialDate()),
)
genders = st.sampled_from(Gender)


@pytest.mark.parametrize(
    ("birth", "gender", "first"),
    [
        (PartialDate(1975, 6, 8), Gender.MALE, "754608001"),
        (PartialDate(1975, 6, 8), Gender.FEMALE, "754608002"),
        (PartialDate(1975, 6, 8), Gender.UNKNOWN, "752608001"),
        (PartialDate(2017, 7), Gender.MALE, "174700001"),
        (PartialDate(2017), Gender.UNKNOWN, "172000001"),
        (PartialDate(), Gender.FEMALE, "004001002"),
        (PartialDate(), Gender.UNKNOWN, "002001001"),
    ],
)
def test_the_first_number_says_date_and_gender(birth: PartialDate, gender: Gender, first: str) -> None:
    """Month raised by 40 or 20, unknown parts zero, a date wholly unknown 00 40 01 or 00 20 01."""
    series = next(series_of(birth, gender))

    assert first == str(series.number(next(series.after(0))))[:9]


@given(births, genders)
def test_every_number_is_a_bis_number_of_the_right_century(birth: PartialDate, gender: Gender) -> None:
    """Whatever is given out is structurally valid, of the register's kind, and its check tells the birth century."""
    for series in series_of(birth, gender):
        for sequence in islice(series.after(0), 2):
            number = Ssin.parse(str(series.number(sequence)))
            assert SsinKind.BIS == number.kind
            assert (birth.year >= 2000) == number.born_from_2000
            assert (gender is not Gender.UNKNOWN) == number.sex_is_coded


@given(days.filter(lambda day: 1900 <= day.year < 2026), genders)
def test_the_proper_number_is_valid_to_others(day: dt.date, gender: Gender) -> None:
    """The first number of a whole date is a bis number to python-stdnum, with the same date and gender."""
    series = next(series_of(PartialDate(day.year, day.month, day.day), gender))
    number = str(series.number(next(series.after(0))))

    assert bis.is_valid(number)
    assert day == bis.get_birth_date(number)
    assert {Gender.MALE: "M", Gender.FEMALE: "F", Gender.UNKNOWN: None}[gender] == bis.get_gender(number)


@given(st.sampled_from([ANY, ODD, EVEN]), st.integers(0, 998))
def test_sequences_follow_parity_and_end(parity: int, last: int) -> None:
    """Sequences go up from the last one, odd for men, even for women, never 000, 999 or one twice."""
    sequences = list(Series(854613, from_2000=False, parity=parity).after(last))

    wanted = {ANY: range(1, 999), ODD: range(1, 999, 2), EVEN: range(2, 999, 2)}[parity]
    assert [each for each in wanted if each > last] == sequences


def test_the_last_date_digits_count_on() -> None:
    """When a date's sequences are used up its day counts on, past the end of the month, up to 99."""
    parts = [series.date_part for series in series_of(PartialDate(1985, 7, 30), Gender.MALE)]

    assert [854730, 854731, 854732, 854733] == parts[:4]
    assert 854799 == parts[-1]


def test_unknown_parts_count_on_too() -> None:
    """A month 00 may have a day: the counter of those whose date is not known."""
    of_year = [series.date_part for series in series_of(PartialDate(1985), Gender.UNKNOWN)]
    of_nobody = [series.date_part for series in series_of(PartialDate(), Gender.MALE)]

    assert [852000, 852001, 852002] == of_year[:3]
    assert [4001, 4002, 4003] == of_nobody[:3]
