"""A registration that states name, birth date or sex, where the identity registers are at hand."""

import uuid
from collections.abc import Callable

import pytest
from google.type.date_pb2 import Date
from tests.directory.service.conftest import ANNA, BEA, call_of_supplier, dossier_servicer

from kruispunt.common.v1 import values_pb2
from kruispunt.directory.v1 import dossier_pb2
from kruispunt.directory.v1 import dossier_service_pb2 as pb
from kruispunt.ssin import Ssin
from kruispunt_directory.domain.claim import Claim, PartialDate, RegisteredPerson
from kruispunt_directory.tables import DirectoryTables
from kruispunt_server.call import Call
from kruispunt_server.database import Database
from kruispunt_server.errors import Reason, RegistryError

Register = Callable[[Ssin, dossier_pb2.PersonClaim | None], pb.RegisterDossierResponse]


class OnePerson:
    """A register that knows Anna."""

    def __init__(self, *, is_replaced: bool = False, is_cancelled: bool = False) -> None:
        self._is_replaced = is_replaced
        self._is_cancelled = is_cancelled

    def find(self, call: Call, number: Ssin, *, with_claim: bool) -> RegisteredPerson | None:  # noqa: ARG002
        anna = Claim("Peeters", ("Anna",), PartialDate(1985, 7, 30), 2)
        return (
            RegisteredPerson(anna if with_claim else None, self._is_replaced, self._is_cancelled)
            if number == ANNA
            else None
        )


def _registering(database: Database, tables: DirectoryTables, registers: OnePerson | None) -> Register:
    servicer = dossier_servicer(database, tables, registers)
    period = values_pb2.Period(begin=Date(year=2020, month=1, day=1))

    def send(person: Ssin, claim: dossier_pb2.PersonClaim | None) -> pb.RegisterDossierResponse:
        request = pb.RegisterDossierRequest(
            request_id=str(uuid.uuid4()), ssin=str(person), capacity=100, period=period, claim=claim
        )
        return servicer.RegisterDossier(request, call_of_supplier())

    return send


AGREES = dossier_pb2.PersonClaim(family_name="PEETERS", given_names=["Anna"], sex=dossier_pb2.SEX_FEMALE)
DISAGREES = dossier_pb2.PersonClaim(family_name="Peeters", birth_date=Date(year=1985, month=7, day=31))


def test_a_claim_that_disagrees_refuses(database: Database, directory_tables: DirectoryTables) -> None:
    """The first discrepancy refuses, names the field, and nothing is written."""
    register = _registering(database, directory_tables, OnePerson())

    with pytest.raises(RegistryError) as refusal:
        register(ANNA, DISAGREES)

    assert (Reason.CLAIM_DISAGREES, "claim.birth_date") == (refusal.value.reason, refusal.value.field)
    assert pb.REGISTRATION_OUTCOME_CREATED == register(ANNA, AGREES).outcome


def test_a_number_that_no_register_knows_refuses(
    database: Database, directory_tables: DirectoryTables
) -> None:
    """With the registers at hand an unknown number is refused."""
    with pytest.raises(RegistryError) as refusal:
        _registering(database, directory_tables, OnePerson())(BEA, AGREES)

    assert (Reason.PERSON_UNKNOWN, "ssin") == (refusal.value.reason, refusal.value.field)


def test_without_registers_a_warning_says_so(database: Database, directory_tables: DirectoryTables) -> None:
    """Nothing can be compared: the dossier is registered, and the answer says what was not done."""
    done = _registering(database, directory_tables, None)(ANNA, DISAGREES)

    assert [values_pb2.WARNING_REASON_CLAIM_NOT_COMPARED] == [warning.reason for warning in done.warnings]


def test_the_registers_vouch_for_the_number(database: Database, directory_tables: DirectoryTables) -> None:
    """With a claim or without, the answer says that the number was looked up; alone, that it was not."""
    asking = _registering(database, directory_tables, OnePerson())
    alone = _registering(database, directory_tables, None)

    assert [
        values_pb2.NUMBER_VERIFICATION_REGISTER,
        values_pb2.NUMBER_VERIFICATION_REGISTER,
        values_pb2.NUMBER_VERIFICATION_CHECKSUM,
    ] == [
        asking(ANNA, AGREES).resolution.verification,
        asking(ANNA, None).resolution.verification,
        alone(ANNA, None).resolution.verification,
    ]


def test_without_a_claim_an_unknown_number_is_refused_too(
    database: Database, directory_tables: DirectoryTables
) -> None:
    """Nobody's dossier can be registered."""
    with pytest.raises(RegistryError) as refusal:
        _registering(database, directory_tables, OnePerson())(BEA, None)

    assert (Reason.PERSON_UNKNOWN, "ssin") == (refusal.value.reason, refusal.value.field)


def test_a_number_that_identity_cancelled_refuses(
    database: Database, directory_tables: DirectoryTables
) -> None:
    """Though the directory has not heard of it yet; nothing is written."""
    with pytest.raises(RegistryError) as refusal:
        _registering(database, directory_tables, OnePerson(is_cancelled=True))(ANNA, None)

    assert (Reason.NUMBER_CANCELLED, "ssin") == (refusal.value.reason, refusal.value.field)
    assert (
        pb.REGISTRATION_OUTCOME_CREATED == _registering(database, directory_tables, None)(ANNA, None).outcome
    )


def test_a_number_that_identity_replaced_is_taken_with_a_warning(
    database: Database, directory_tables: DirectoryTables
) -> None:
    """The dossier stands under the number that was sent until the directory hears of the replacement."""
    done = _registering(database, directory_tables, OnePerson(is_replaced=True))(ANNA, AGREES)

    assert [values_pb2.WARNING_REASON_NUMBER_REPLACED] == [warning.reason for warning in done.warnings]
    assert str(ANNA) == done.dossier.ssin
