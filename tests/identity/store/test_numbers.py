"""Numbers lead where they should, for ever and as of any instant, and never in a circle."""

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.lineage import Lineage, numbers_below
from kruispunt_identity.domain.number import (
    ChangeReason,
    EventKind,
    NumberStatus,
    Outcome,
    Register,
    Replacement,
    Resolved,
)
from kruispunt_identity.store.number_changes import NumberChanges
from kruispunt_identity.store.numbers import NumberStore
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.database import Database
from kruispunt_server.errors import Reason, RegistryError

T0 = dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)
DAY = dt.date(2026, 3, 1)
HOUR = dt.timedelta(hours=1)
A, B, C, D = (Ssin.assemble(854730, sequence, born_from_2000=False) for sequence in (1, 3, 5, 7))
ANNA = Ssin.parse("85073003328")
DUPLICATE = ChangeReason.DUPLICATE


@dataclass
class Numbers:
    """Numbers on one database, changed hour by hour."""

    database: Database
    tables: IdentityTables
    hour: int = 0

    def __post_init__(self) -> None:
        self.store = NumberStore(self.database, self.tables)
        self.changes = NumberChanges(self.database, self.tables)

    def at(self, hour: int) -> dt.datetime:
        return T0 + hour * HOUR

    def insert(self, *ssins: Ssin, register: Register = Register.BIS) -> None:
        with self.database.writing() as transaction:
            for ssin in ssins:
                self.store.insert(transaction, ssin, register, self.at(self.hour))

    def replace(self, former: Ssin, next_: Ssin) -> Replacement:
        self.hour += 1
        with self.database.writing() as transaction:
            found = self.store.find_many(transaction, [former, next_])
            return self.changes.replace(
                transaction, found[former], found[next_], DUPLICATE, DAY, self.at(self.hour)
            )

    def split(self, ssin: Ssin) -> None:
        self.hour += 1
        with self.database.writing() as transaction:
            number = self.store.find(transaction, ssin)
            assert number is not None
            root = self.store.find(transaction, number.root)
            assert root is not None
            below = numbers_below(self.store.lineage(transaction, number.root), ssin)
            self.changes.split(transaction, number, root, below, DAY, self.at(self.hour))

    def leads(self, *ssins: Ssin, known_at: dt.datetime | None = None) -> dict[int, Resolved]:
        with self.database.snapshot() as connection:
            return self.store.resolve_many(connection, ssins, known_at)

    def lineage(self, root: Ssin, known_at: dt.datetime | None = None) -> tuple[Ssin, ...]:
        with self.database.snapshot() as connection:
            return self.store.lineage(connection, root, known_at).numbers


@pytest.fixture
def numbers(identity_database: Database, identity_tables: IdentityTables) -> Numbers:
    """Four bis numbers on a database of this test alone."""
    made = Numbers(identity_database, identity_tables)
    made.insert(A, B, C, D)
    return made


def test_a_number_is_registered_once(numbers: Numbers) -> None:
    """A number that stands there is refused, and the transaction goes on."""
    with numbers.database.writing() as transaction:
        with pytest.raises(RegistryError) as refused:
            numbers.store.insert(transaction, A, Register.BIS, T0)
        numbers.store.insert(transaction, ANNA, Register.NATIONAL, T0)

    assert Reason.NUMBER_TAKEN is refused.value.reason
    assert [ANNA] == list(numbers.leads(ANNA))


def test_many_are_registered_at_once(numbers: Numbers) -> None:
    """A batch stands as each of it alone would, with its first event."""
    more = [Ssin.assemble(854731, sequence, born_from_2000=False) for sequence in range(1, 100)]
    with numbers.database.writing() as transaction:
        numbers.store.insert_many(transaction, [(ssin, Register.BIS) for ssin in more], T0)
    with numbers.database.reading() as connection:
        found = numbers.store.find_many(connection, more)
        events = numbers.store.events(connection, more)

    assert [(NumberStatus.ACTIVE, Register.BIS, 1)] * 99 == [
        (each.status, each.register, each.version) for each in found.values()
    ]
    assert [(ssin, EventKind.REGISTERED, dt.date(2026, 3, 3)) for ssin in more] == [
        (event.ssin, event.kind, event.effective_on) for event in events
    ]


def test_touching_raises_the_version(numbers: Numbers) -> None:
    """The version goes up by one and the instant is kept: the etag of the person."""
    with numbers.database.writing() as transaction:
        assert [2, 3] == [numbers.store.touch(transaction, A, T0 + HOUR) for _ in range(2)]
        number = numbers.store.find(transaction, A)

    assert number is not None
    assert ("3", T0 + HOUR) == (number.etag, number.recorded_at)


def test_a_chain_is_followed_to_its_end(numbers: Numbers) -> None:
    """Every number of a chain leads to the last one, with each step, its reason and its dates."""
    first = numbers.replace(A, B)
    second = numbers.replace(B, C)
    found = numbers.leads(A, B, C, D, ANNA)

    assert Resolved(A, Outcome.REPLACED, C, Register.BIS, (first, second)) == found[A]
    assert Resolved(B, Outcome.REPLACED, C, Register.BIS, (second,)) == found[B]
    assert Resolved(C, Outcome.CURRENT, C, Register.BIS) == found[C]
    assert Resolved(D, Outcome.CURRENT, D, Register.BIS) == found[D]
    assert ANNA not in found
    assert Replacement(A, B, DUPLICATE, DAY, T0 + HOUR) == first


def test_a_number_that_leads_to_a_cancelled_one_says_so(numbers: Numbers) -> None:
    """The outcome of a whole chain is cancelled when its end is; the past is as it was."""
    numbers.replace(A, B)
    with numbers.database.writing() as transaction:
        found = numbers.store.find(transaction, B)
        assert found is not None
        numbers.changes.cancel(transaction, found, numbers.at(2))

    assert [Outcome.CANCELLED] * 2 == [each.outcome for each in numbers.leads(A, B).values()]
    past = numbers.leads(A, B, known_at=numbers.at(1))
    assert [Outcome.REPLACED, Outcome.CURRENT] == [past[A].outcome, past[B].outcome]


def test_what_was_known_is_answered(numbers: Numbers) -> None:
    """Where numbers led at an instant does not change by what happens later."""
    numbers.replace(A, B)
    numbers.replace(B, C)
    numbers.split(B)
    told = [
        {ssin: (found[ssin].current, len(found[ssin].chain)) for ssin in found}
        for hour in range(4)
        for found in [numbers.leads(A, B, C, known_at=numbers.at(hour))]
    ]

    assert {} == numbers.leads(A, known_at=T0 - HOUR)
    assert [
        {A: (A, 0), B: (B, 0), C: (C, 0)},
        {A: (B, 1), B: (B, 0), C: (C, 0)},
        {A: (C, 2), B: (C, 1), C: (C, 0)},
        {A: (B, 1), B: (B, 0), C: (C, 0)},
    ] == told
    assert told[3] == {ssin: (each.current, len(each.chain)) for ssin, each in numbers.leads(A, B, C).items()}


def test_lineages_are_known_as_of_an_instant(numbers: Numbers) -> None:
    """Who led to a number, today and before, in the order of replacement."""
    numbers.replace(A, B)
    numbers.replace(D, C)
    numbers.replace(B, C)
    numbers.split(B)

    assert (C, D) == numbers.lineage(C)
    assert (B, A) == numbers.lineage(B)
    assert (C,) == numbers.lineage(C, numbers.at(1))
    assert (C, A, D, B) == numbers.lineage(C, numbers.at(3))
    assert (C, D) == numbers.lineage(C, numbers.at(4))
    with numbers.database.snapshot() as connection:
        both = numbers.store.lineages(connection, [B, C])
    assert {B, C} == set(both)
    assert Lineage(C, both[C].replacements) == both[C]


def test_a_split_and_replaced_number_may_lead_again(numbers: Numbers) -> None:
    """After a split the numbers may be joined the other way round, heights notwithstanding."""
    numbers.replace(A, B)
    numbers.replace(B, C)
    numbers.split(B)
    numbers.replace(C, B)
    numbers.split(A)
    numbers.replace(B, A)

    assert [A] * 3 == [each.current for each in numbers.leads(A, B, C).values()]


CIRCLES = [
    # A number that stands leads to one that leads to it, by every way of writing it.
    "UPDATE number SET {to_a}, root_ssin = {a} WHERE ssin = {b}",
    "UPDATE number SET {to_a}, root_ssin = {b} WHERE ssin = {b}",
    "UPDATE number SET replaced_by = {a}, replaced_by_height = 0 WHERE ssin = {b}",
    # A number leads to itself.
    "UPDATE number SET replaced_by = {a} WHERE ssin = {a}",
    "UPDATE number SET root_ssin = {a} WHERE ssin = {a}",
    # A height is made to fit.
    "UPDATE number SET height = 0 WHERE ssin = {b}",
    "UPDATE number SET height = 9 WHERE ssin = {a}",
    "UPDATE number SET replaced_by_height = 7 WHERE ssin = {a}",
    # A number stands and leads on, or does neither.
    "UPDATE number SET stands = {true} WHERE ssin = {a}",
    "UPDATE number SET status = 1 WHERE ssin = {a}",
    "UPDATE number SET stands = {false}, status = 2 WHERE ssin = {b}",
    "UPDATE number SET root_stands = {false} WHERE ssin = {a}",
    # What others lead to goes away.
    "DELETE FROM number WHERE ssin = {b}",
    "UPDATE number SET ssin = {d} + 1 WHERE ssin = {b}",
    # It leads to nobody.
    "UPDATE number SET root_ssin = {d} + 1, replaced_by = {d} + 1 WHERE ssin = {a}",
]


@pytest.mark.parametrize("attempt", CIRCLES)
def test_the_database_refuses_what_leads_in_a_circle_or_nowhere(numbers: Numbers, attempt: str) -> None:
    """Whoever writes, with whatever statement: the rows refuse it, and A still leads to B."""
    numbers.replace(A, B)
    true, false = ("true", "false") if numbers.database.dialect == "postgresql" else ("1", "0")
    to_a = f"stands = {false}, status = 2, replaced_by = {int(A)}, replaced_by_height = 0"
    statement = attempt.format(a=int(A), b=int(B), d=int(D), to_a=to_a, true=true, false=false)
    with pytest.raises(sa.exc.IntegrityError), numbers.database.writing() as transaction:
        transaction.exec_driver_sql(statement)

    assert [B, B] == [each.current for each in numbers.leads(A, B).values()]


def test_no_statement_closes_a_circle_of_three(numbers: Numbers) -> None:
    """A to B to C: neither replacing C by A, with heights raised, nor in one statement for all, is taken."""
    numbers.replace(A, B)
    numbers.replace(B, C)
    false = "false" if numbers.database.dialect == "postgresql" else "0"
    for root in (A, B, C):
        with pytest.raises(sa.exc.IntegrityError), numbers.database.writing() as transaction:
            transaction.exec_driver_sql(
                f"UPDATE number SET height = height + 1, root_ssin = {int(root)}, stands = {false}, status = 2, "
                f"replaced_by = coalesce(replaced_by, {int(A)}), "
                f"replaced_by_height = coalesce(replaced_by_height + 1, 1) "
                f"WHERE ssin IN ({int(A)}, {int(B)}, {int(C)})"
            )

    assert [C] * 3 == [each.current for each in numbers.leads(A, B, C).values()]


def test_two_who_take_no_lock_close_no_circle(numbers: Numbers) -> None:
    """A by B and B by A, both from what stood before, at the same moment and without a lock: one is refused."""
    with numbers.database.reading() as connection:
        before = numbers.store.find_many(connection, [A, B])
    start = threading.Barrier(2)

    def run(former: Ssin, next_: Ssin) -> bool:
        start.wait()
        try:
            with numbers.database.writing() as transaction:
                numbers.changes.replace(
                    transaction, before[former], before[next_], DUPLICATE, DAY, numbers.at(1)
                )
        except (sa.exc.IntegrityError, RegistryError):  # by a constraint, or as the one of two in a deadlock
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(run, (A, B), (B, A)))

    assert [False, True] == sorted(done)
    assert [B if done[0] else A] * 2 == [each.current for each in numbers.leads(A, B).values()]


def test_what_happened_is_kept(numbers: Numbers) -> None:
    """Every change of a number is an event, and no event can be changed or deleted."""
    numbers.replace(A, B)
    numbers.split(A)
    with numbers.database.writing() as transaction:
        found = numbers.store.find(transaction, A)
        assert found is not None
        numbers.changes.cancel(transaction, found, numbers.at(3))
    with numbers.database.reading() as connection:
        events = numbers.store.events(connection, [A])

    assert [
        (1, EventKind.REGISTERED, None, None),
        (2, EventKind.REPLACED, B, ChangeReason.DUPLICATE),
        (3, EventKind.SPLIT, B, ChangeReason.WRONGLY_REPLACED),
        (4, EventKind.CANCELLED, None, ChangeReason.GIVEN_BY_MISTAKE),
    ] == [(each.event_no, each.kind, each.other, each.reason) for each in events]
    for change in ("DELETE FROM number_event", "UPDATE number_event SET kind = 1"):
        with pytest.raises(sa.exc.IntegrityError), numbers.database.writing() as transaction:
            transaction.exec_driver_sql(change)


def test_ten_thousand_are_resolved_in_few_statements(numbers: Numbers) -> None:
    """A batch of ten thousand numbers costs two statements, whatever their chains."""
    more = [
        Ssin.assemble(day, sequence, born_from_2000=False)
        for day in range(854801, 854811)
        for sequence in range(999)
    ]
    with numbers.database.writing() as transaction:
        numbers.store.insert_many(transaction, [(ssin, Register.BIS) for ssin in more], T0)
    for position in range(0, 20, 2):
        numbers.replace(more[position], more[position + 1])
    seen: list[str] = []
    sa.event.listen(
        numbers.database.engine, "before_cursor_execute", lambda _c, _k, statement, *_: seen.append(statement)
    )
    found = numbers.leads(*more)

    assert (9990, 10) == (len(found), sum(each.outcome is Outcome.REPLACED for each in found.values()))
    assert 2 == sum(statement.startswith("SELECT") for statement in seen)
