"""Persons opened for writing: under a lock, and never by a chain that was read before it."""

import threading
import uuid

import pytest
from tests.identity.service.telling import (
    ANNA,
    BEA,
    NATIONAL,
    NOBODY,
    TODAY,
    Told,
    address,
    call_of,
    change,
    told_on,
    update_of,
)

from kruispunt.identity.v1 import registration_service_pb2 as pb
from kruispunt.ssin import Ssin
from kruispunt_identity.domain.fact import Statement
from kruispunt_identity.domain.number import ChangeReason
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.database import Database
from kruispunt_server.errors import RegistryError


@pytest.fixture
def told(identity_database: Database, identity_tables: IdentityTables) -> Told:
    """The stores on a database with ANNA and BEA."""
    made = told_on(identity_database, identity_tables)
    made.register(ANNA)
    made.register(BEA, "Bea")
    return made


def test_person_is_found_by_any_number(told: Told) -> None:
    """Before a transaction, a number says which numbers the person has."""
    told.replace(BEA, ANNA)

    assert (ANNA, BEA) == told.persons.find(BEA).lineage.numbers
    assert (ANNA, BEA) == told.persons.find(ANNA).lineage.numbers
    assert told.persons.find(NATIONAL).only_national
    with pytest.raises(RegistryError) as refusal:
        told.persons.find(NOBODY)
    assert ("PERSON_UNKNOWN", "ssin") == (refusal.value.reason.label, refusal.value.field)


def test_person_who_is_replaced_meanwhile_is_opened_under_the_next_number(told: Told) -> None:
    """Who waited for the lock of a number opens whoever it leads to afterwards."""
    opened: list[Ssin] = []

    def open_bea() -> None:
        with told.database.writing() as connection:
            opened.append(told.persons.open(connection, BEA).ssin)

    with told.database.writing() as connection:
        told.database.lock(connection, int(ANNA))
        told.database.lock(connection, int(BEA))
        found = told.numbers.find_many(connection, [ANNA, BEA])
        waiting = threading.Thread(target=open_bea)
        waiting.start()
        told.changes.replace(
            connection, found[BEA], found[ANNA], ChangeReason.DUPLICATE, TODAY, told.clock.now()
        )
        waiting.join(timeout=0.3)
        assert waiting.is_alive()
    waiting.join(timeout=10)

    assert [ANNA] == opened


def test_an_update_takes_one_connection(identity_url: str, identity_tables: IdentityTables) -> None:
    """An update succeeds on a pool of one connection: nobody who writes waits for a second."""
    database = Database.open(identity_url, pool_size=1, busy_timeout_s=0.5)
    try:
        told = told_on(database, identity_tables)
        told.register(ANNA)
        response = told.updating.UpdatePerson(update_of(ANNA, change(address("A"))), call_of())
        told.link(ANNA)
    finally:
        database.close()

    assert pb.GROUP_OUTCOME_WRITTEN == response.results[0].outcome


def test_empty_plan_writes_nothing(told: Told) -> None:
    """Without anything to write there is no version, no change."""
    before = told.rows()

    with told.database.writing() as connection:
        opened = told.persons.open(connection, ANNA)
        plan = opened.tell(_stands(told), call_of().participant.own_institution(), ANNA).plan
        version = told.persons.carry_out(connection, call_of(), opened, plan, uuid.uuid4(), "person.updated")

    assert version == 1
    assert before == told.rows()


def _stands(told: Told) -> Statement:
    fact = told.standing(ANNA)[0]
    return Statement(fact.group, fact.value, fact.validity)
