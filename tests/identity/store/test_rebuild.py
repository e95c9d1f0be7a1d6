"""Keys are rebuilt under a new pepper while persons are written and searched, and a check finds keys that are wrong."""

import threading
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.identity.matching.people import person
from tests.identity.registers import Registers, bis, registers_on
from tests.identity.service.registering import Desk, date, desk_on, person_request, twin

from kruispunt.ssin import Ssin
from kruispunt_identity.matching.peppers import FilePeppers, PepperError
from kruispunt_identity.store.key_check import KeyCheck, KeyCheckOutcome
from kruispunt_identity.store.rebuild import KeyRebuild
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.database import Database

PIOTR = person("Kowalski", "Piotr", (1961, 2, 8))
NATIONAL = Ssin.parse("85073003328")


def names(number: int) -> tuple[str, str]:
    return f"{'BDFGKLM'[number % 7]}a{'lmnrst'[number % 6]}o{'ckdgt'[number % 5]}i", "Jan"


@pytest.fixture
def registers(identity_database: Database, identity_tables: IdentityTables, tmp_path: Path) -> Registers:
    """Registers whose peppers are in a file, with 30 persons of ours and one national."""
    peppers = FilePeppers(tmp_path / "peppers")
    peppers.add_random(1)
    made = registers_on(identity_database, identity_tables, peppers)
    for number in range(30):
        made.add(bis(2 * number + 1), person(*names(number), (1940 + number, 5, 6)))
    made.add_national(NATIONAL, PIOTR)
    return made


def rebuild_of(registers: Registers) -> KeyRebuild:
    return KeyRebuild(
        registers.database,
        registers.tables.matching,
        registers.matches.generations,
        registers.national,
    )


def find(registers: Registers, family: str, given: str, birth: tuple[int, int, int]) -> list[Ssin]:
    found = registers.candidates.look(person(family, given, birth))
    return [each.ssin for each in found.strong()]


def generations(registers: Registers) -> list[int]:
    key = registers.tables.matching.match_key
    with registers.database.reading() as connection:
        return sorted(connection.execute(sa.select(key.c.generation).distinct()).scalars())


def keys(registers: Registers) -> set[int]:
    key = registers.tables.matching.match_key
    with registers.database.reading() as connection:
        return set(connection.execute(sa.select(key.c.key)).scalars())


def test_a_new_pepper_replaces_every_key_and_nobody_is_lost(registers: Registers, tmp_path: Path) -> None:
    """Not one hash of before is left, everybody is found, the national person too."""
    before, rebuild = keys(registers), rebuild_of(registers)
    FilePeppers(tmp_path / "peppers").add_random(rebuild.following())

    for _ in rebuild.build(rebuild.begin(), size=7):
        assert [bis(1)] == find(registers, *names(0), (1940, 5, 6))[:1]
    assert 2 == rebuild.switch().number
    for _ in rebuild.purge(size=7):
        assert [bis(1)] == find(registers, *names(0), (1940, 5, 6))[:1]

    assert [2] == generations(registers)
    assert set() == before & keys(registers)
    for number in range(30):
        assert [bis(2 * number + 1)] == find(registers, *names(number), (1940 + number, 5, 6))[:1]
    assert [NATIONAL] == find(registers, "Kowalski", "Piotr", (1961, 2, 8))


def test_without_a_pepper_nothing_begins(registers: Registers) -> None:
    """The generation is not made, so that writers do not look for its pepper."""
    with pytest.raises(PepperError):
        rebuild_of(registers).begin()

    assert (None, None) == rebuild_of(registers).standing()


def test_a_broken_off_rebuild_goes_on_where_it_stopped(registers: Registers, tmp_path: Path) -> None:
    """After one batch the rest is left; another process does it, and then purges."""
    first = rebuild_of(registers)
    FilePeppers(tmp_path / "peppers").add_random(2)
    next(first.build(first.begin(), size=10))

    again = rebuild_of(registers)
    building, retired = again.standing()

    assert building is not None
    assert (2, None) == (building.number, retired)
    assert 21 == again.persons(building.built_to)
    list(again.build(building))
    again.switch()
    next(again.purge(size=10))
    assert 1 == rebuild_of(registers).standing()[1].number  # type: ignore[union-attr]
    list(rebuild_of(registers).purge())
    assert (None, None) == rebuild_of(registers).standing()
    assert [2] == generations(registers)


def test_a_registry_serves_while_its_keys_are_rebuilt(
    identity_database: Database, identity_tables: IdentityTables
) -> None:
    """Persons are registered all the while, none twice and none lost: each is found before and after the switch."""
    desk = desk_on(identity_database, identity_tables)
    numbers: list[str] = []
    done = threading.Event()
    faults: list[BaseException] = []

    def serve() -> None:
        try:
            number = 0
            while not done.is_set() and number < 400:
                numbers.append(_register(desk, number))
                number += 1
        except BaseException as error:  # noqa: BLE001 - told to the test
            faults.append(error)

    numbers.extend(_register(desk, number) for number in range(500, 530))
    server = threading.Thread(target=serve)
    server.start()
    rebuild = rebuild_of(desk.registers)
    for _ in range(2):
        list(rebuild.build(rebuild.begin(), size=5))
        rebuild.switch()
        list(rebuild.purge(size=5))
    done.set()
    server.join()

    assert [] == faults
    assert [3] == generations(desk.registers)
    check = KeyCheck(identity_database, identity_tables, desk.registers.matches, desk.registers.national)
    assert KeyCheckOutcome(len(numbers), 0) == check.run(10 * len(numbers), seed=1)


def _register(desk: Desk, number: int) -> str:
    """Register somebody, see that the same person cannot be registered again, and return the number."""
    request: dict[str, Any] = {"family": f"{names(number)[0]}{'abcdefgh'[number % 8]}s", "given": "Jan"}
    day = (1930 + number % 70, 1 + number % 12, 2 + number % 26)
    distinct: list[Any] = []
    while True:
        first = desk.register(person_request(**request, day=date(*day), distinct=distinct))
        if first.HasField("person"):
            break
        distinct += [twin(each.ssin) for each in first.candidates]
    again = desk.register(person_request(**request, day=date(*day), distinct=distinct))
    assert [first.person.ssin] == [each.ssin for each in again.candidates[:1]]
    return first.person.ssin


def test_the_check_finds_lost_keys_and_a_wrong_profile(
    identity_database: Database, identity_tables: IdentityTables
) -> None:
    """Of three persons one lost a key and one has another's profile: two differ."""
    desk = desk_on(identity_database, identity_tables)
    first, second, _ = (
        int(desk.register(person_request(family, "Jan")).person.ssin)
        for family in ("Kowalski", "Vandermeulen", "Diallo")
    )
    check = KeyCheck(identity_database, identity_tables, desk.registers.matches, desk.registers.national)
    assert KeyCheckOutcome(3, 0) == check.run(100)
    key = identity_tables.matching.match_key

    with identity_database.writing() as connection:
        lost = connection.scalar(sa.select(sa.func.min(key.c.key)).where(key.c.ssin == first))
        connection.execute(sa.delete(key).where(key.c.ssin == first, key.c.key == lost))
        desk.registers.matches.write(connection, second, PIOTR)

    assert KeyCheckOutcome(3, 2) == check.run(100)


def test_an_empty_register_has_nothing_to_check(
    identity_database: Database, identity_tables: IdentityTables
) -> None:
    """Nobody is looked at, and nothing fails."""
    desk = desk_on(identity_database, identity_tables)

    assert KeyCheckOutcome(0, 0) == KeyCheck(
        identity_database, identity_tables, desk.registers.matches, desk.registers.national
    ).run(10)
