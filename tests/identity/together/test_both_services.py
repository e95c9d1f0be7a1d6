"""What the two services do for each other, from an institution's side."""

import datetime as dt
import uuid
from typing import Any

import pytest
from tests.identity.imports import wide_rows
from tests.identity.registers import bis
from tests.identity.service.conftest import REGISTRAR, WELFARE
from tests.identity.together.conftest import Both

from kruispunt import Period, Ssin
from kruispunt.errors import ClaimDisagrees, KruispuntError, NumberCancelled, PersonUnknown
from kruispunt.facts import Birth, ContactAddress, Evidence, EvidenceKind, Gender, Name, Place, Statement
from kruispunt.persons import NumberChangeReason
from kruispunt.registering import GroupOutcome, ImportRow, RowOutcome
from kruispunt.values import NumberVerification, PartialDate, PersonClaim, Sex, WarningReason

NOBODY = bis(9)
HOME = Statement(ContactAddress("BE", street="Wetstraat", house_number="1"))
IMPORT_ID = uuid.UUID("0193f1a2-0000-7000-8000-00000000000a")
PASSPORT = Evidence(EvidenceKind.PASSPORT, "AB1", "MA")


def statements(family: str, given: str = "Anna") -> tuple[Statement, ...]:
    return (
        Statement(Name(family, (given,)), evidence=PASSPORT),
        Statement(Birth(PartialDate(1985, 7, 30), Place("MA", municipality_name="Tanger"))),
        Statement(Gender.FEMALE),
    )


def registered(both: Both, family: str = "Peeters", given: str = "Anna") -> Ssin:
    """Register a person at identity, as an institution does."""
    done = both.identity.client(WELFARE).register_person(statements(family, given))
    assert done.person is not None
    return done.person.ssin


def dossier(both: Both, person: Ssin, **more: Any) -> Any:
    """Register a dossier at the directory."""
    return both.directory.client(WELFARE).register_dossier(
        person, capacity=2, period=Period(dt.date(2026, 1, 1)), **more
    )


def test_a_dossier_opens_the_door_to_the_person(both: Both) -> None:
    """Before it the institution cannot write of the person, after it it can; the claim is compared on the way."""
    person = registered(both)
    identity = both.identity.client(WELFARE)

    with pytest.raises(KruispuntError, match="NO_DOSSIER"):
        identity.update_person(person, [HOME])
    done = dossier(both, person, claim=PersonClaim("PEETERS", ("Anna",), PartialDate(1985, 7), Sex.FEMALE))
    updated = identity.update_person(person, [HOME])

    assert (NumberVerification.REGISTER, ()) == (done.resolution.verification, done.warnings)
    assert [GroupOutcome.WRITTEN] == [each.outcome for each in updated.results]


def test_a_claim_about_somebody_else_refuses(both: Both) -> None:
    """The first discrepancy with what identity says."""
    person = registered(both)

    with pytest.raises(ClaimDisagrees) as refusal:
        dossier(both, person, claim=PersonClaim("Peeters", ("Anna",), PartialDate(1985, 7, 31)))

    assert "claim.birth_date" == refusal.value.field
    assert [] == list(both.directory.client(WELFARE).list_dossiers(person))


@pytest.mark.parametrize("claim", [None, PersonClaim("Peeters")])
def test_nobody_has_a_dossier_whom_identity_does_not_know(both: Both, claim: PersonClaim | None) -> None:
    """With a claim or without."""
    with pytest.raises(PersonUnknown):
        dossier(both, NOBODY, claim=claim)


def test_numbers_that_identity_replaced_and_cancelled(both: Both) -> None:
    """A replaced one is taken, with a warning, and compared with the person it leads to; a cancelled one is not."""
    former, next_, gone = (
        registered(both, "Peeters"),
        registered(both, "Vandenbroucke", "Wilhelmina"),
        registered(both, "Oyelaran", "Folasade"),
    )
    desk = both.identity.client(REGISTRAR)
    desk.replace_number(former, next_, reason=NumberChangeReason.DUPLICATE)
    desk.cancel_number(gone)

    done = dossier(both, former, claim=PersonClaim("Vandenbroucke", ("Wilhelmina",)))
    with pytest.raises(NumberCancelled):
        dossier(both, gone)

    assert [WarningReason.NUMBER_REPLACED] == [each.reason for each in done.warnings]
    # Under either number: identity asks for both.
    outcome = both.identity.client(WELFARE).update_person(next_, [HOME]).results[0].outcome
    assert GroupOutcome.WRITTEN == outcome


def test_an_import_and_an_export_go_over_the_wire(both: Both) -> None:
    """A thousand rows, sent twice, and given out again in order."""
    numbers = sorted(each.ssin for each in wide_rows(1000))
    rows = [ImportRow(statements("Peeters"), ssin=number) for number in numbers]
    desk = both.identity.client(REGISTRAR)
    name = both.identity.tables.registration.import_row

    first = list(desk.import_persons(rows[:600], import_id=IMPORT_ID))
    again = list(desk.import_persons(rows, import_id=IMPORT_ID))
    exported = [str(person.ssin) for person in desk.export_persons()]

    assert [RowOutcome.IMPORTED] * 600 == [each.outcome for each in first]
    assert [RowOutcome.REPEATED] * 600 + [RowOutcome.IMPORTED] * 400 == [each.outcome for each in again]
    assert numbers == exported
    assert 1000 == both.identity.count(name)
