"""The sweep finds duplicates, keeps its place, and never merges."""

import datetime as dt

import pytest
import sqlalchemy as sa
from tests.identity.matching.people import person
from tests.identity.registers import NOON, Registers, bis, registers_on

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.decision import DistinctReason
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.database import Database

ANNA = person("Van den Berg", "Anna Maria", (1980, 3, 14), gender=2, countries="BE")
ANNA_AGAIN = person("Vandenbergh", "Anna", (1980, 3, 14), gender=2, countries="BE")
PIOTR = person("Kowalski", "Piotr", (1961, 2, 8), gender=1, countries="PL")
PIOTR_AGAIN = person("Kovalski", "Piotr", (1961, 8, 2), gender=1, countries="PL")
OTHERS = [
    person("Wouters", "Els", (1970, 1, 2)),
    person("Çelik", "Mehmet", (1975, 7, 2)),
    person("Dubois", "Marie", (1990, 12, 24)),
    person("Popescu", "Ion", (1955, 5, 5)),
]
NATIONAL = Ssin.parse("85073003328")


@pytest.fixture
def registers(identity_database: Database, identity_tables: IdentityTables) -> Registers:
    """Registers with four persons who are nobody else."""
    made = registers_on(identity_database, identity_tables)
    for place, profile in enumerate(OTHERS):
        made.add(bis(901 + 2 * place), profile)
    return made


def swept(registers: Registers, size: int = 200, *, own_only: bool = False) -> tuple[int, int]:
    batches = list(registers.sweep(own_only=own_only).run(size))
    return sum(each.persons for each in batches), sum(each.pairs for each in batches)


def waiting(registers: Registers) -> set[tuple[Ssin, Ssin]]:
    with registers.database.snapshot() as connection:
        return {each.persons for each in registers.decisions.waiting(connection)}


def test_a_sweep_finds_planted_duplicates_and_merges_nothing(registers: Registers) -> None:
    """Two pairs of six persons are found, one of them with a national person; every number stands as before."""
    registers.add(bis(1), ANNA)
    registers.add(bis(3), ANNA_AGAIN)
    registers.add(bis(5), PIOTR_AGAIN)
    registers.add_national(NATIONAL, PIOTR)
    number = registers.tables.persons.number
    standing = sa.select(number.c.ssin).where(number.c.stands).order_by(number.c.ssin)
    with registers.database.reading() as connection:
        before = connection.execute(standing).scalars().all()

    persons, pairs = swept(registers)

    assert (8, 2) == (persons, pairs)
    assert {(bis(1), bis(3)), (bis(5), NATIONAL)} == waiting(registers)
    with registers.database.reading() as connection:
        assert before == connection.execute(standing).scalars().all()


def test_a_sweep_goes_on_where_the_last_one_stopped(registers: Registers) -> None:
    """Only who changed since is searched again, and finds who was there before."""
    registers.add(bis(1), ANNA)
    swept(registers)
    registers.clock.advance(dt.timedelta(hours=1))
    swept(registers)  # what might still have been in a transaction the first time
    registers.clock.advance(dt.timedelta(hours=1))
    registers.add(bis(3), ANNA_AGAIN)

    assert 1 == registers.sweep().waiting()
    assert (1, 1) == swept(registers)
    assert {(bis(1), bis(3))} == waiting(registers)


def test_a_broken_off_sweep_goes_on(registers: Registers) -> None:
    """After one batch of two the rest is left, and the second run does it."""
    registers.clock.advance(dt.timedelta(hours=1))

    first = next(registers.sweep().run(2))

    assert 2 == first.persons
    assert 2 == registers.sweep().waiting()
    assert (2, 0) == swept(registers)


def test_the_last_minute_is_swept_again(registers: Registers) -> None:
    """A change may be committed after the sweep passed the instant it bears: so that is no end."""
    assert (4, 0) == swept(registers)
    assert (4, 0) == swept(registers)

    registers.clock.advance(dt.timedelta(minutes=2))
    assert (4, 0) == swept(registers)
    assert (0, 0) == swept(registers)


def test_a_sweep_anew_begins_with_everybody(registers: Registers) -> None:
    """After the place is forgotten everybody is searched once more."""
    registers.clock.advance(dt.timedelta(hours=1))
    swept(registers)
    assert 0 == registers.sweep().waiting()

    registers.sweep().start_anew()

    assert (4, 0) == swept(registers)


def test_decided_pairs_are_not_found_again(registers: Registers) -> None:
    """Twins that somebody told apart come on no list."""
    registers.add(bis(1), ANNA)
    registers.add(bis(3), ANNA_AGAIN)
    with registers.database.writing() as connection:
        registers.decisions.record_distinct(
            connection,
            (bis(1), bis(3)),
            reason=DistinctReason.TWIN,
            note="",
            participant_id="pensions",
            now=NOON,
        )

    assert (6, 0) == swept(registers)
    assert set() == waiting(registers)


def test_numbers_of_one_person_are_no_duplicates(registers: Registers) -> None:
    """A replaced number and the one it leads to are not compared; a third one is found once for both."""
    for number, profile in ((bis(1), ANNA), (bis(3), ANNA_AGAIN), (bis(5), ANNA)):
        registers.add(number, profile)
    registers.replace(bis(1), bis(3))

    swept(registers)

    with registers.database.snapshot() as connection:
        found = [each.persons for each in registers.decisions.waiting(connection)]
    assert [(bis(3), bis(5))] == found


def test_own_only_starts_from_our_persons(registers: Registers) -> None:
    """National persons are no starting point then, but still are candidates."""
    registers.add(bis(5), PIOTR_AGAIN)
    registers.add_national(NATIONAL, PIOTR)

    assert (5, 1) == swept(registers, own_only=True)
    assert {(bis(5), NATIONAL)} == waiting(registers)
