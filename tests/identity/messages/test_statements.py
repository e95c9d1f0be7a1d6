"""What comes in is read as it is registered, and whatever is wrong has a reason and a path of its own."""

import datetime as dt
from typing import Any

import pytest
from google.type.date_pb2 import Date
from hypothesis import given
from hypothesis import strategies as st

from kruispunt.identity.v1 import person_pb2 as pb
from kruispunt.ssin import Ssin
from kruispunt_identity.domain.fact import Statement
from kruispunt_identity.domain.identifier import IdentifierKey, Scheme
from kruispunt_identity.domain.values import (
    ALWAYS,
    Address,
    Birth,
    CivilState,
    DataGroup,
    Decease,
    Evidence,
    EvidenceKind,
    Gender,
    Name,
    Nationalities,
    PartialDate,
    Place,
    Validity,
)
from kruispunt_identity.messages.statements import parse_statement
from kruispunt_identity.messages.values import parse_identifier_key
from kruispunt_server.errors import RegistryError

TODAY = dt.date(2026, 3, 3)
SSIN = "75460898095"


def date(year: int = 0, month: int = 0, day: int = 0) -> Date:
    return Date(year=year, month=month, day=day)


def said(value: dict[str, Any], **more: Any) -> pb.FactStatement:
    return pb.FactStatement(value=value, **more)  # type: ignore[arg-type]


NAME = {"name": {"family_name": "Peeters"}}
ADDRESS = {"country": "BE"}


def test_statement_is_read_whole() -> None:
    """Value, period and evidence come as they were said; spaces and composed letters as they are registered."""
    statement = said(
        {"name": {"family_name": " Pe\u0301 ", "given_names": ["Anna", "Maria"]}},
        validity={"begin": date(2020, 1, 1), "end": date(2021, 1, 1)},
        evidence={"kind": 1, "document_number": "EK 42", "issuing_country": "354"},
    )

    read = parse_statement(statement, "facts[0]", TODAY)

    assert (
        Statement(
            DataGroup.NAME,
            Name("P\u00e9", ("Anna", "Maria")),
            Validity(dt.date(2020, 1, 1), dt.date(2021, 1, 1)),
            Evidence(EvidenceKind.PASSPORT, "EK 42", "MA"),
        )
        == read
    )


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ({"birth": {"date": date(1980)}}, Birth(PartialDate(1980))),
        ({"birth": {"date": date()}}, Birth(PartialDate())),
        ({"birth": {"date": date(1980, 2), "place": {}}}, Birth(PartialDate(1980, 2))),
        (
            {"birth": {"date": date(1980, 2, 29), "place": {"municipality_code": 21004}}},
            Birth(PartialDate(1980, 2, 29), Place("", 21004)),
        ),
        ({"birth": {"date": date(2026, 3, 3)}}, Birth(PartialDate(2026, 3, 3))),
        ({"birth": {"date": date(2026)}}, Birth(PartialDate(2026))),
        (
            {"decease": {"date": date(2025), "place": {"country": "150", "municipality_name": "Gent"}}},
            Decease(PartialDate(2025), Place("BE", 0, "Gent")),
        ),
        ({"gender": 0}, Gender.UNKNOWN),
        ({"gender": 2}, Gender.FEMALE),
        ({"nationalities": {}}, Nationalities()),
        ({"nationalities": {"countries": ["MA", "150"]}}, Nationalities(("MA", "BE"))),
        ({"civil_state": {"code": 10}}, CivilState(10)),
        ({"civil_state": {"code": 20, "partner_ssin": SSIN}}, CivilState(20, Ssin.parse(SSIN))),
        (
            {"civil_state": {"code": 60, "partner_name": {"family_name": "B"}}},
            CivilState(60, None, Name("B")),
        ),
        (
            {
                "contact_address": {
                    "country": "BE",
                    "municipality_code": 21004,
                    "postal_code": "1000",
                    "box": "b",
                }
            },
            Address("BE", 21004, "", "1000", "", "", "b"),
        ),
        ({"residential_address": {"country": "MA", "street": "Rue 1"}}, Address("MA", street="Rue 1")),
    ],
)
def test_value_is_read(value: dict[str, Any], read: object) -> None:
    """Every data group has its type; codes of countries become alpha-2; what says nothing is none."""
    assert read == parse_statement(said(value), "facts[0]", TODAY).value


def test_period_of_a_statement() -> None:
    """Absent it begins today; without begin it has held since before anybody knows; a life has none."""
    assert Validity(TODAY) == parse_statement(said(NAME), "", TODAY).validity
    assert ALWAYS == parse_statement(said(NAME, validity={}), "", TODAY).validity
    assert ALWAYS == parse_statement(said({"birth": {"date": date()}}), "", TODAY).validity


WRONG: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
    ({}, {}, "FIELD_REQUIRED", "value"),
    ({"name": {}}, {}, "FIELD_REQUIRED", "value.name.family_name"),
    ({"name": {"family_name": "x" * 10_240}}, {}, "TEXT_TOO_LONG", "value.name.family_name"),
    ({"name": {"family_name": "a\x00b"}}, {}, "TEXT_FORBIDDEN", "value.name.family_name"),
    ({"name": {"family_name": "a\u202eb"}}, {}, "TEXT_FORBIDDEN", "value.name.family_name"),
    ({"name": {"family_name": "  "}}, {}, "TEXT_FORBIDDEN", "value.name.family_name"),
    (
        {"name": {"family_name": "A", "given_names": ["b", "x" * 51]}},
        {},
        "TEXT_TOO_LONG",
        "value.name.given_names[1]",
    ),
    ({"name": {"family_name": "A", "given_names": [""]}}, {}, "FIELD_REQUIRED", "value.name.given_names[0]"),
    (
        {"name": {"family_name": "A", "given_names": ["b"] * 11}},
        {},
        "TOO_MANY_ELEMENTS",
        "value.name.given_names",
    ),
    ({"birth": {}}, {}, "FIELD_REQUIRED", "value.birth.date"),
    ({"birth": {"date": date(1981, 2, 29)}}, {}, "DATE_INVALID", "value.birth.date"),
    ({"birth": {"date": date(1981, 13)}}, {}, "DATE_INVALID", "value.birth.date"),
    ({"birth": {"date": date(1981, 0, 5)}}, {}, "DATE_INVALID", "value.birth.date"),
    ({"birth": {"date": date(0, 5)}}, {}, "DATE_INVALID", "value.birth.date"),
    ({"birth": {"date": date(1799)}}, {}, "DATE_INVALID", "value.birth.date"),
    ({"birth": {"date": date(-5)}}, {}, "DATE_INVALID", "value.birth.date"),
    ({"birth": {"date": date(1981, -1)}}, {}, "DATE_INVALID", "value.birth.date"),
    ({"birth": {"date": date(2026, 3, 4)}}, {}, "TIME_IN_FUTURE", "value.birth.date"),
    ({"birth": {"date": date(2027)}}, {}, "TIME_IN_FUTURE", "value.birth.date"),
    (
        {"birth": {"date": date(), "place": {"country": "QQ"}}},
        {},
        "COUNTRY_UNKNOWN",
        "value.birth.place.country",
    ),
    (
        {"birth": {"date": date(), "place": {"municipality_code": 9}}},
        {},
        "CODE_UNKNOWN",
        "value.birth.place.municipality_code",
    ),
    (
        {"birth": {"date": date(), "place": {"country": "MA", "municipality_code": 21004}}},
        {},
        "FIELD_INVALID",
        "value.birth.place.municipality_code",
    ),
    (
        {"birth": {"date": date(), "place": {"municipality_name": "a\u2066"}}},
        {},
        "TEXT_FORBIDDEN",
        "value.birth.place.municipality_name",
    ),
    ({"birth": {"date": date()}}, {"validity": {}}, "FIELD_INVALID", "validity"),
    ({"decease": {}}, {}, "FIELD_REQUIRED", "value.decease.date.year"),
    ({"decease": {"date": date(2027)}}, {}, "TIME_IN_FUTURE", "value.decease.date"),
    ({"decease": {"date": date(2020, 4, 31)}}, {}, "DATE_INVALID", "value.decease.date"),
    ({"gender": 3}, {}, "CODE_UNKNOWN", "value.gender"),
    (
        {"nationalities": {"countries": ["BE", "QQ"]}},
        {},
        "COUNTRY_UNKNOWN",
        "value.nationalities.countries[1]",
    ),
    (
        {"nationalities": {"countries": ["BE", "150"]}},
        {},
        "FIELD_INVALID",
        "value.nationalities.countries[1]",
    ),
    ({"nationalities": {"countries": [""]}}, {}, "FIELD_REQUIRED", "value.nationalities.countries[0]"),
    ({"nationalities": {"countries": ["BE"] * 11}}, {}, "TOO_MANY_ELEMENTS", "value.nationalities.countries"),
    ({"civil_state": {}}, {}, "FIELD_REQUIRED", "value.civil_state.code"),
    ({"civil_state": {"code": 11}}, {}, "CODE_UNKNOWN", "value.civil_state.code"),
    (
        {"civil_state": {"code": 20, "partner_ssin": "75460898096"}},
        {},
        "NUMBER_MALFORMED",
        "value.civil_state.partner_ssin",
    ),
    (
        {"civil_state": {"code": 20, "partner_name": {}}},
        {},
        "FIELD_REQUIRED",
        "value.civil_state.partner_name.family_name",
    ),
    (
        {"civil_state": {"code": 20, "partner_ssin": SSIN, "partner_name": {"family_name": "A"}}},
        {},
        "FIELD_INVALID",
        "value.civil_state.partner_name",
    ),
    (
        {"civil_state": {"code": 10, "partner_ssin": SSIN}},
        {},
        "FIELD_INVALID",
        "value.civil_state.partner_ssin",
    ),
    ({"residential_address": {}}, {}, "FIELD_REQUIRED", "value.residential_address.country"),
    ({"contact_address": {"country": "be"}}, {}, "COUNTRY_UNKNOWN", "value.contact_address.country"),
    *[
        (
            {"contact_address": {**ADDRESS, name: "x" * (most + 1)}},
            {},
            "TEXT_TOO_LONG",
            f"value.contact_address.{name}",
        )
        for name, most in (
            ("municipality_name", 100),
            ("postal_code", 16),
            ("street", 100),
            ("house_number", 16),
            ("box", 16),
        )
    ],
    (
        {"contact_address": {**ADDRESS, "municipality_code": 100_000}},
        {},
        "CODE_UNKNOWN",
        "value.contact_address.municipality_code",
    ),
    (NAME, {"validity": {"begin": date(2020, 2, 30)}}, "DATE_INVALID", "validity.begin"),
    (NAME, {"validity": {"begin": date(2020, 2)}}, "DATE_INVALID", "validity.begin"),
    (NAME, {"validity": {"end": date()}}, "DATE_INVALID", "validity.end"),
    (
        NAME,
        {"validity": {"begin": date(2020, 2, 2), "end": date(2020, 2, 1)}},
        "PERIOD_INVERTED",
        "validity",
    ),
    (
        NAME,
        {"validity": {"begin": date(2020, 2, 2), "end": date(2020, 2, 2)}},
        "PERIOD_INVERTED",
        "validity",
    ),
    (NAME, {"evidence": {}}, "FIELD_REQUIRED", "evidence.kind"),
    (NAME, {"evidence": {"kind": 9}}, "CODE_UNKNOWN", "evidence.kind"),
    (
        NAME,
        {"evidence": {"kind": 1, "document_number": "x" * 41}},
        "TEXT_TOO_LONG",
        "evidence.document_number",
    ),
    (NAME, {"evidence": {"kind": 1, "issuing_country": "QQ"}}, "COUNTRY_UNKNOWN", "evidence.issuing_country"),
]


@pytest.mark.parametrize(("value", "more", "reason", "field"), WRONG)
def test_wrong_statement_is_refused(
    value: dict[str, Any], more: dict[str, Any], reason: str, field: str
) -> None:
    """Each has its own reason and the whole path to what is wrong."""
    with pytest.raises(RegistryError) as refusal:
        parse_statement(said(value, **more), "facts[2]", TODAY)

    assert (reason, f"facts[2].{field}") == (refusal.value.reason.label, refusal.value.field)


def test_identifier_is_read() -> None:
    """It is kept as it was written, and compared without separators and case."""
    key = parse_identifier_key(
        pb.IdentifierKey(country="150", scheme=pb.IDENTIFIER_SCHEME_PASSPORT, identifier=" ek-42/b "), "key"
    )

    assert IdentifierKey("BE", Scheme.PASSPORT, "ek-42/b") == key
    assert key.folded == "EK42B"


@pytest.mark.parametrize(
    ("key", "reason", "field"),
    [
        ({}, "FIELD_REQUIRED", "key.country"),
        ({"country": "QQ", "scheme": 1, "identifier": "1"}, "COUNTRY_UNKNOWN", "key.country"),
        ({"country": "BE", "identifier": "1"}, "FIELD_REQUIRED", "key.scheme"),
        ({"country": "BE", "scheme": 10, "identifier": "1"}, "CODE_UNKNOWN", "key.scheme"),
        ({"country": "BE", "scheme": 1}, "FIELD_REQUIRED", "key.identifier"),
        ({"country": "BE", "scheme": 1, "identifier": "x" * 65}, "TEXT_TOO_LONG", "key.identifier"),
        ({"country": "BE", "scheme": 1, "identifier": "\u00df" * 40}, "TEXT_TOO_LONG", "key.identifier"),
        ({"country": "BE", "scheme": 1, "identifier": "1\x002"}, "TEXT_FORBIDDEN", "key.identifier"),
        ({"country": "BE", "scheme": 1, "identifier": "-- //"}, "FIELD_INVALID", "key.identifier"),
    ],
)
def test_wrong_identifier_is_refused(key: dict[str, Any], reason: str, field: str) -> None:
    """Each has its own reason and path."""
    with pytest.raises(RegistryError) as refusal:
        parse_identifier_key(pb.IdentifierKey(**key), "key")

    assert (reason, field) == (refusal.value.reason.label, refusal.value.field)


@given(st.integers(-1, 3001), st.integers(-1, 14), st.integers(-1, 33))
def test_birth_date_is_read_or_refused(year: int, month: int, day: int) -> None:
    """Whatever three numbers come in, they are kept as they are, or refused with one of two reasons."""
    statement = said({"birth": {"date": date(year, month, day)}})
    reasons: list[str] = []
    try:
        value = parse_statement(statement, "facts[0]", TODAY).value
    except RegistryError as refusal:
        reasons.append(refusal.reason.label)

    if reasons:
        assert reasons in (["DATE_INVALID"], ["TIME_IN_FUTURE"])
    else:
        assert Birth(PartialDate(year, month, day)) == value
        assert (year, month, day) <= (2026, 3, 3)
