"""Eight who register the same human being at the same moment: one person stands afterwards, and seven are told whom.

The short run is part of `make test`; the long one (1,000 rounds) of `make test-full`.
"""

import random
import threading
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from tests.identity.registers import NOON
from tests.identity.service.registering import Desk, call_of, date, desk_on, person_request

from kruispunt.identity.v1 import registration_service_pb2 as service
from kruispunt.ssin import Ssin
from kruispunt_identity.domain.number import Register
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.database import Database

_CLIENTS = 8
_CONSONANTS, _VOWELS = "BDFGKLMNPRSTVZ", "aeiou"


@pytest.fixture
def desk(identity_database: Database, identity_tables: IdentityTables) -> Desk:
    """Servicers on an empty register."""
    return desk_on(identity_database, identity_tables)


def name_of(number: int, syllables: int) -> str:
    """Return another name for each number."""
    choice = random.Random(1000 * number + syllables)
    drawn = (choice.choice(_CONSONANTS) + choice.choice(_VOWELS) for _ in range(syllables))
    return "".join(drawn).capitalize()


def spellings(number: int) -> list[str]:
    """Return eight spellings of one name, as eight clerks write it down: equal, or nearly."""
    name = name_of(number, 4)
    return [
        name,
        name,
        name.upper(),
        name + "h",
        name[:2] + name[1:],
        name.lower(),
        name.replace("k", "c"),
        name,
    ]


def at_once(
    desk: Desk, requests: list[service.RegisterPersonRequest]
) -> list[service.RegisterPersonResponse]:
    barrier = threading.Barrier(len(requests))

    def register(request: service.RegisterPersonRequest) -> service.RegisterPersonResponse:
        barrier.wait()
        return desk.register(request, call_of())

    with ThreadPoolExecutor(len(requests)) as clients:
        return list(clients.map(register, requests))


def race(desk: Desk, rounds: int, *, typos: bool) -> None:
    for number in range(rounds):
        day = date(1930 + number * 7 % 80, 1 + number * 5 % 12, 2 + number * 11 % 27)
        names = spellings(number) if typos else [name_of(number, 4)] * _CLIENTS
        requests = [person_request(name, name_of(number, 3), day) for name in names]

        responses = at_once(desk, requests)

        created = [each.person.ssin for each in responses if each.HasField("person")]
        assert 1 == len(created), f"round {number}"
        told = {
            each.candidates[0].ssin for each in responses if each.outcome == service.PERSON_OUTCOME_CANDIDATES
        }
        assert set(created) == told, f"round {number}"
    assert rounds == desk.count(desk.registers.tables.persons.number)


def test_one_of_eight_equal_registrations_creates(desk: Desk) -> None:
    """Twenty-five rounds: exactly one person each, and the seven others are shown that one."""
    race(desk, 25, typos=False)


def test_one_of_eight_nearly_equal_registrations_creates(desk: Desk) -> None:
    """Ten rounds with spelling mistakes: the locks are on what the spellings share."""
    race(desk, 10, typos=True)


def test_a_number_that_an_import_takes_meanwhile_is_passed_over(desk: Desk) -> None:
    """The next number of the counter is written down by a transaction still running: the person gets the one after."""
    first = desk.register(person_request("Peeters", "An", date(1991, 4, 17))).person.ssin
    prefix, sequence = int(first[:6]), int(first[6:9])
    next_, after = (Ssin.assemble(prefix, sequence + step, born_from_2000=False) for step in (2, 4))
    database, numbers = desk.registers.database, desk.registers.numbers
    request = person_request("Diallo", "Mariam", date(1991, 4, 17))

    with ThreadPoolExecutor(1) as clients:
        with database.writing() as transaction:
            numbers.insert_many(transaction, [(next_, Register.BIS)], NOON)
            registering = clients.submit(desk.register, request, call_of())
            assert not wait([registering], timeout=1.0).done

        assert str(after) == registering.result().person.ssin


@pytest.mark.full
def test_one_of_eight_equal_registrations_creates_a_thousand_times(desk: Desk) -> None:
    """A thousand rounds."""
    race(desk, 1000, typos=False)
