"""Decisions on pairs and the work list, on both databases."""

import uuid

import pytest
import sqlalchemy as sa
from tests.identity.registers import NOON, Registers, bis, registers_on

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.decision import DistinctReason
from kruispunt_identity.domain.search import Search
from kruispunt_identity.matching.grade import Grade, grade_of
from kruispunt_identity.matching.score import Part
from kruispunt_identity.matching.suspicion import Suspicion, SuspicionPosition
from kruispunt_identity.store.searches import SearchLog
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.database import Database

from tests.identity.matching.people import person  # isort: skip

JAN = person("Peeters", "Jan")
A, B, C, D = bis(1), bis(3), bis(5), bis(7)


@pytest.fixture
def registers(identity_database: Database, identity_tables: IdentityTables) -> Registers:
    """Registers with four persons of one name."""
    made = registers_on(identity_database, identity_tables)
    for number in (A, B, C, D):
        made.add(number, JAN)
    return made


def decide(registers: Registers, first: Ssin, second: Ssin) -> bool:
    with registers.database.writing() as connection:
        return registers.decisions.record_distinct(
            connection,
            (first, second),
            reason=DistinctReason.TWIN,
            note="",
            participant_id="pensions",
            now=NOON,
        )


def apart(registers: Registers, *roots: Ssin) -> set[tuple[Ssin, Ssin]]:
    with registers.database.reading() as connection:
        return registers.decisions.told_apart(connection, roots)


def suspicion(low: Ssin, high: Ssin, odds: float) -> Suspicion:
    return Suspicion(low, high, grade_of(odds), odds, (Part("family", "exact", odds),), 1, NOON, (low, high))


def suspect(registers: Registers, *suspicions: Suspicion) -> None:
    with registers.database.writing() as connection:
        registers.decisions.suspect(connection, suspicions)


def waiting(registers: Registers, **more: object) -> list[tuple[Ssin, Ssin]]:
    with registers.database.snapshot() as connection:
        return [each.persons for each in registers.decisions.waiting(connection, **more)]  # type: ignore[arg-type]


def test_a_decision_is_new_once(registers: Registers) -> None:
    """The same two numbers in any order are one decision, and the second time it stood already."""
    assert decide(registers, B, A)
    assert not decide(registers, A, B)

    assert {(A, B)} == apart(registers, A, B, C)


def test_a_decision_about_a_replaced_number_counts_for_the_number_that_stands(registers: Registers) -> None:
    """A and B are two persons; B becomes C: then A and C are, and after a split A and B again."""
    decide(registers, A, B)
    registers.replace(B, C)

    assert {(A, C)} == apart(registers, A, C, D)
    assert not decide(registers, A, C)

    registers.split(B)
    assert {(A, B), (A, C)} == apart(registers, A, B, C)


def test_the_work_list_comes_best_first_page_by_page(registers: Registers) -> None:
    """Three pairs in two pages, by odds; the least grade leaves possible ones out."""
    suspect(registers, suspicion(A, B, -1.5), suspicion(A, C, 3.25), suspicion(B, C, 0.5))

    with registers.database.snapshot() as connection:
        first = registers.decisions.waiting(connection, limit=2)
        after = SuspicionPosition.read(SuspicionPosition.of(first[-1]).written())
        second = registers.decisions.waiting(connection, limit=2, after=after)

    assert [(A, C), (B, C)] == [each.persons for each in first]
    assert [(A, B)] == [each.persons for each in second]
    assert (Part("family", "exact", 3.25),) == first[0].parts
    assert [(A, C), (B, C)] == waiting(registers, least=int(Grade.STRONG))


def test_a_pair_found_again_is_renewed_and_waits_once(registers: Registers) -> None:
    """The second time its odds are the new ones."""
    suspect(registers, suspicion(A, B, 1.0))
    suspect(registers, suspicion(A, B, 2.0))

    with registers.database.snapshot() as connection:
        assert [2.0] == [each.log2_odds for each in registers.decisions.waiting(connection)]


def test_a_decision_takes_the_pair_off_the_list_for_ever(registers: Registers) -> None:
    """Decided pairs leave, whichever of the person's numbers was decided on, and do not come back when found again."""
    suspect(registers, suspicion(A, B, 1.0), suspicion(A, C, 2.0))
    registers.replace(B, D)
    decide(registers, A, D)

    assert [(A, C)] == waiting(registers)
    suspect(registers, suspicion(A, B, 1.0), suspicion(A, D, 1.0))
    assert [(A, C)] == waiting(registers)


def test_a_decision_made_before_a_replacement_keeps_the_pair_off_the_list(registers: Registers) -> None:
    """C and B were told apart before A became C: then A and B need nobody's decision."""
    suspect(registers, suspicion(A, B, 1.0))
    decide(registers, B, C)
    registers.replace(A, C)

    assert [] == waiting(registers)


def test_a_replacement_takes_the_pair_off_and_a_split_puts_it_back(registers: Registers) -> None:
    """Two numbers of one person are no suspicion; nothing is lost if that turns out wrong."""
    suspect(registers, suspicion(A, B, 1.0))
    registers.replace(A, B)
    assert [] == waiting(registers)

    registers.split(A)
    assert [(A, B)] == waiting(registers)


def test_a_cancelled_number_is_nobody(registers: Registers) -> None:
    """A pair with a cancelled number waits for nobody."""
    suspect(registers, suspicion(A, B, 1.0), suspicion(C, D, 0.5))
    registers.cancel(B)

    assert [(C, D)] == waiting(registers)


def test_two_persons_of_the_national_register_are_not_ours_to_join(registers: Registers) -> None:
    """A pair of which no number is in our registers is left out; one of which one is stays."""
    national, other = Ssin.parse("85073003328"), Ssin.parse("75060898009")
    suspect(registers, suspicion(other, national, 2.0), suspicion(other, A, 1.0))

    assert [(other, A)] == waiting(registers)


def test_a_search_is_kept_and_cannot_be_changed(registers: Registers) -> None:
    """What was kept comes back, and neither an update nor a delete gets through."""
    log = SearchLog(registers.database, registers.tables)
    search = Search(uuid.uuid4(), "pensions", NOON, 1, b"d" * 16, ((int(A), 3, 4.5),))
    log.keep(search)
    table = registers.tables.registration.search

    with registers.database.reading() as connection:
        assert search == log.find(connection, search.search_id)
        assert log.find(connection, uuid.uuid4()) is None
    for statement in (sa.update(table).values(rules_version=2), sa.delete(table)):
        with (
            pytest.raises(sa.exc.IntegrityError, match="append-only"),
            registers.database.writing() as connection,
        ):
            connection.execute(statement)
