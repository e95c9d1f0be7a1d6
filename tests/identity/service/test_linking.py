"""Foreign identifiers: linked once, to one person at a time, and changed in nothing but their validity."""

import datetime as dt
import threading
import uuid
from typing import Any

import pytest
from google.type.date_pb2 import Date
from tests.identity.service.telling import (
    ANNA,
    BEA,
    NATIONAL,
    NOBODY,
    PENSIONS,
    WELFARE,
    Told,
    call_of,
    date,
    told_on,
)

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.identifier import IdentifierKey, Scheme
from kruispunt_identity.store.link_states import LinkStates
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.database import Database
from kruispunt_server.errors import RegistryError

KEY = IdentifierKey("MA", Scheme.PASSPORT, "EK 42")


@pytest.fixture
def told(identity_database: Database, identity_tables: IdentityTables) -> Told:
    """The servicers on a database with ANNA and BEA, on whom PENSIONS has dossiers."""
    made = told_on(identity_database, identity_tables)
    made.register(ANNA)
    made.register(BEA, "Bea")
    return made


def holders(told: Told, day: dt.date, known_at: dt.datetime | None = None) -> list[Ssin]:
    """Return the numbers that a reader finds by the key on a day."""
    with told.database.reading() as connection:
        links = LinkStates(told.database, told.tables)
        return links.linked(connection, KEY, day=day, known_at=known_at, most=50)


def test_identifier_is_linked(told: Told) -> None:
    """It holds from today on, and is found however it is written; the person's etag rises."""
    response = told.link(ANNA)

    link = response.foreign_identifier
    assert ("MA", 2, "EK 42") == (link.key.country, link.key.scheme, link.key.identifier)
    assert (date(2026, 3, 3), False) == (link.validity.begin, link.validity.HasField("end"))
    assert ("75460898095", "1") == (link.registered_ssin, link.etag)
    assert (False, "75460898095") == (response.already_linked, response.resolution.current_ssin)
    assert [ANNA] == holders(told, dt.date(2026, 3, 3))
    assert [] == holders(told, dt.date(2026, 3, 2))
    assert ["person.identifier_linked"] == told.kinds()
    with told.database.reading() as connection:
        number = told.numbers.find(connection, ANNA)
    assert number is not None
    assert number.version == 2


def test_same_link_again_changes_nothing(told: Told) -> None:
    """Written otherwise, or for a part of its days, it is the same link."""
    first = told.link(ANNA)
    before = told.rows()

    again = told.link(ANNA, "ek-42", validity={"begin": date(2027, 1, 1), "end": date(2028, 1, 1)})

    assert (True, first.foreign_identifier) == (again.already_linked, again.foreign_identifier)
    assert {**before, "idempotency": before["idempotency"] + 1} == told.rows()


def test_identifier_of_another_person_is_taken(told: Told) -> None:
    """Nobody else gets it in a part of its days, and nothing is written; on other days anybody does."""
    told.link(ANNA, validity={"begin": date(2020, 1, 1), "end": date(2022, 1, 1)})
    before = told.rows()

    with pytest.raises(RegistryError) as refusal:
        told.link(BEA, "EK42", validity={"begin": date(2021, 12, 31)})

    assert ("IDENTIFIER_TAKEN", "key") == (refusal.value.reason.label, refusal.value.field)
    assert before == told.rows()
    assert not told.link(BEA, "EK42", validity={"begin": date(2022, 1, 1)}).already_linked
    assert not told.link(BEA, "EK42", validity={"end": date(2020, 1, 1)}).already_linked


@pytest.mark.parametrize("other", [{"country": "FR"}, {"scheme": 6}, {"identifier": "EK 43"}])
def test_other_key_is_another_identifier(told: Told, other: dict[str, Any]) -> None:
    """Country, scheme and identifier together make the key."""
    told.link(ANNA)

    key = {"country": "MA", "scheme": 2, "identifier": "EK 42", **other}
    assert not told.link(BEA, key=key).already_linked


def test_identifier_of_a_former_number_is_the_persons_own(told: Told) -> None:
    """What is linked to one number of a person is linked to the person; what is told by it stands under it."""
    first = told.link(BEA)
    told.replace(BEA, ANNA)

    again = told.link(ANNA)
    other = told.link(BEA, "EK 43")

    assert (True, first.foreign_identifier.link_id) == (
        again.already_linked,
        again.foreign_identifier.link_id,
    )
    assert ("75260898052", "75460898095") == (
        other.foreign_identifier.registered_ssin,
        other.resolution.current_ssin,
    )


def test_identifier_of_a_cancelled_number_is_free(told: Told) -> None:
    """A number that leads to nobody keeps nothing from anybody."""
    told.link(ANNA)
    told.cancel(ANNA)

    assert not told.link(BEA).already_linked


def test_identifier_of_a_national_person_is_linked(told: Told) -> None:
    """Foreign identifiers are supplementary data; the number is written down."""
    told.holders.dossiers.add((PENSIONS.own_institution(), NATIONAL))

    told.link(NATIONAL)

    assert [NATIONAL] == holders(told, dt.date(2026, 3, 3))


def test_link_is_ended(told: Told) -> None:
    """The validity changes and nothing else; what was known before stays known."""
    link = told.link(ANNA).foreign_identifier
    linked_at = told.clock.now() + dt.timedelta(microseconds=1)
    told.clock.advance(dt.timedelta(hours=1))

    ended = told.end(ANNA, link.link_id, date(2026, 4, 1), etag="1").foreign_identifier

    assert (link.link_id, "2", date(2026, 4, 1)) == (ended.link_id, ended.etag, ended.validity.end)
    assert (link.key, link.validity.begin) == (ended.key, ended.validity.begin)
    assert [ANNA] == holders(told, dt.date(2026, 3, 31))
    assert [] == holders(told, dt.date(2026, 4, 1))
    assert [ANNA] == holders(told, dt.date(2026, 4, 1), linked_at)
    assert ["person.identifier_linked", "person.identifier_ended"] == told.kinds()
    assert not told.link(BEA, validity={"begin": date(2026, 4, 1)}).already_linked


def test_same_end_again_changes_nothing(told: Told) -> None:
    """The link has that end already."""
    link = told.link(ANNA).foreign_identifier
    ended = told.end(ANNA, link.link_id, date(2026, 4, 1))
    before = told.rows()

    again = told.end(ANNA, link.link_id, date(2026, 4, 1), etag="2")

    assert ended.foreign_identifier == again.foreign_identifier
    assert {**before, "idempotency": before["idempotency"] + 1} == told.rows()


@pytest.mark.parametrize(
    ("end", "wrong", "reason", "field"),
    [
        (date(2026, 3, 3), {}, "OUTSIDE_PERIOD", "end"),
        (date(2026, 5, 2), {}, "OUTSIDE_PERIOD", "end"),
        (date(2026, 2, 30), {}, "DATE_INVALID", "end"),
        (date(2026, 4), {}, "DATE_INVALID", "end"),
        (None, {}, "FIELD_REQUIRED", "end"),
        (date(2026, 4, 1), {"etag": "7"}, "ETAG_MISMATCH", "etag"),
        (date(2026, 4, 1), {"link_id": str(uuid.UUID(int=5))}, "LINK_UNKNOWN", "link_id"),
        (date(2026, 4, 1), {"link_id": ""}, "FIELD_REQUIRED", "link_id"),
        (date(2026, 4, 1), {"link_id": "x"}, "FIELD_INVALID", "link_id"),
        (date(2026, 4, 1), {"ssin": str(BEA)}, "LINK_UNKNOWN", "link_id"),
        (date(2026, 4, 1), {"ssin": str(NOBODY)}, "PERSON_UNKNOWN", "ssin"),
    ],
)
def test_wrong_end_is_refused(
    told: Told, end: Date | None, wrong: dict[str, Any], reason: str, field: str
) -> None:
    """Each has its own reason and path, and nothing is written."""
    link = told.link(ANNA, validity={"begin": date(2026, 3, 3), "end": date(2026, 5, 1)}).foreign_identifier
    before = told.rows()

    with pytest.raises(RegistryError) as refusal:
        told.end(ANNA, link.link_id, end, **wrong)

    assert (reason, field) == (refusal.value.reason.label, refusal.value.field)
    assert before == told.rows()


@pytest.mark.parametrize(
    ("wrong", "reason", "field"),
    [
        ({"ssin": ""}, "FIELD_REQUIRED", "ssin"),
        ({"ssin": str(NOBODY)}, "PERSON_UNKNOWN", "ssin"),
        ({"key": None}, "FIELD_REQUIRED", "key"),
        ({"key": {"country": "QQ", "scheme": 2, "identifier": "1"}}, "COUNTRY_UNKNOWN", "key.country"),
        ({"key": {"country": "MA", "scheme": 99, "identifier": "1"}}, "CODE_UNKNOWN", "key.scheme"),
        (
            {"key": {"country": "MA", "scheme": 2, "identifier": "1\u202e2"}},
            "TEXT_FORBIDDEN",
            "key.identifier",
        ),
        ({"validity": {"begin": date(2026, 2, 30)}}, "DATE_INVALID", "validity.begin"),
        (
            {"validity": {"begin": date(2026, 2, 3), "end": date(2026, 2, 3)}},
            "PERIOD_INVERTED",
            "validity",
        ),
    ],
)
def test_wrong_link_is_refused(told: Told, wrong: dict[str, Any], reason: str, field: str) -> None:
    """Each has its own reason and path, and nothing is written."""
    before = told.rows()

    with pytest.raises(RegistryError) as refusal:
        told.link(ANNA, **wrong)

    assert (reason, field) == (refusal.value.reason.label, refusal.value.field)
    assert before == told.rows()


def test_institution_without_dossier_links_nothing(told: Told) -> None:
    """Only who holds a dossier on the person writes of them."""
    with pytest.raises(RegistryError) as refusal:
        told.link(ANNA, call=call_of(WELFARE))

    assert ("NO_DOSSIER", "ssin") == (refusal.value.reason.label, refusal.value.field)


def test_rehearsed_link_is_not_there(told: Told) -> None:
    """With validate_only everything is answered and nothing written."""
    before = told.rows()

    assert not told.link(ANNA, validate_only=True).already_linked
    assert before == told.rows()


def test_concurrent_links_of_one_key_leave_one(told: Told) -> None:
    """Of several persons who get the same identifier at once, one has it afterwards."""
    results: list[str] = []

    def write(ssin: Ssin) -> None:
        try:
            told.link(ssin)
            results.append("LINKED")
        except RegistryError as error:
            results.append(error.reason.label)

    threads = [threading.Thread(target=write, args=(ssin,)) for ssin in (ANNA, BEA)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert ["IDENTIFIER_TAKEN", "LINKED"] == sorted(results)
