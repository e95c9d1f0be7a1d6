"""Persons on the wire."""

import datetime as dt
import uuid

import pytest

from kruispunt.identity.v1 import person_pb2 as pb
from kruispunt.ssin import Ssin
from kruispunt_identity.domain.fact import Fact, Statement
from kruispunt_identity.domain.values import (
    ALWAYS,
    TIMELESS,
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
    Value,
)
from kruispunt_identity.messages.persons import fact_message, parse_data_groups
from kruispunt_identity.messages.statements import parse_statement
from kruispunt_server.call import InstitutionKey
from kruispunt_server.errors import RegistryError

ANNA = Ssin.parse("75460898095")
TODAY = dt.date(2026, 3, 3)
PERIOD = Validity(dt.date(2020, 1, 1), dt.date(2024, 7, 1))
EVIDENCE = Evidence(EvidenceKind.PASSPORT, "EH 123", "MA")

VALUES: list[tuple[DataGroup, Value]] = [
    (DataGroup.NAME, Name("Van den Berg", ("Anna", "Maria"))),
    (DataGroup.BIRTH, Birth(PartialDate(1975, 6), Place("MA", municipality_name="Tanger"))),
    (DataGroup.BIRTH, Birth(PartialDate())),
    (DataGroup.DECEASE, Decease(PartialDate(2024), Place("BE", 11002))),
    (DataGroup.GENDER, Gender.FEMALE),
    (DataGroup.GENDER, Gender.UNKNOWN),
    (DataGroup.NATIONALITIES, Nationalities(("MA", "FR"))),
    (DataGroup.NATIONALITIES, Nationalities()),
    (DataGroup.CIVIL_STATE, CivilState(20, partner_ssin=Ssin.parse("85073003328"))),
    (DataGroup.CIVIL_STATE, CivilState(20, partner_name=Name("Peeters"))),
    (DataGroup.RESIDENTIAL_ADDRESS, Address("FR", 0, "Lille", "59000", "rue Nationale", "1", "2")),
    (DataGroup.CONTACT_ADDRESS, Address("BE", 11002, "Antwerpen")),
]


@pytest.mark.parametrize(("group", "value"), VALUES)
def test_what_was_told_is_shown(group: DataGroup, value: Value) -> None:
    """A fact that is shown, told again as it is shown, says the same."""
    validity = ALWAYS if group in TIMELESS else PERIOD
    fact = Fact(uuid.UUID(int=1), ANNA, group, value, validity, InstitutionKey(5, 1), EVIDENCE, None)
    message = fact_message(fact)
    told = pb.FactStatement(
        value=message.value,
        validity=None if group in TIMELESS else message.validity,
        evidence=message.evidence,
    )

    assert Statement(group, value, validity, EVIDENCE) == parse_statement(told, "fact", TODAY)


def test_fact_says_when_and_by_what_it_was_superseded() -> None:
    """A corrected fact shows when it was corrected, by what, and no visible days."""
    at = dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)
    fact = Fact(
        uuid.UUID(int=1), ANNA, DataGroup.NAME, Name("X"), PERIOD, InstitutionKey(5, 1), None, at, at,
        uuid.UUID(int=2),
    )  # fmt: skip
    message = fact_message(fact)

    assert "00000000-0000-0000-0000-000000000001" == message.fact_id
    assert "75460898095" == message.registered_ssin
    assert (5, 1) == (message.source.sector, message.source.institution)
    assert (1772539200, 1772539200) == (message.record_time.seconds, message.supersede_time.seconds)
    assert "00000000-0000-0000-0000-000000000002" == message.superseded_by_fact_id
    assert not message.HasField("visible")
    assert not message.HasField("evidence")


def test_no_groups_are_all_groups() -> None:
    """Who names no data group wants every one."""
    assert frozenset(DataGroup) == parse_data_groups([], "data_groups")
    assert frozenset({DataGroup.BIRTH}) == parse_data_groups([2], "data_groups")


@pytest.mark.parametrize(
    ("said", "reason", "field"),
    [
        ([1, 9], "CODE_UNKNOWN", "data_groups[1]"),
        ([0], "CODE_UNKNOWN", "data_groups[0]"),
        ([1, 2, 1], "FIELD_INVALID", "data_groups[2]"),
    ],
)
def test_wrong_groups_are_refused(said: list[int], reason: str, field: str) -> None:
    """A group that does not exist, or that stands there twice, is refused with its place."""
    with pytest.raises(RegistryError) as refused:
        parse_data_groups(said, "data_groups")

    assert (reason, field) == (refused.value.reason.label, refused.value.field)
