"""Whatever institutions say in whatever order, the directory answers as a model of days does, now and about the past."""

import datetime as dt
import itertools
import uuid
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.directory.store.model import Model, Run, date_of
from tests.support.calls import change_log

from kruispunt.period import Period
from kruispunt.ssin import Ssin
from kruispunt_directory.domain.book import DossierBook, Plan, Registration, Revision, Selection
from kruispunt_directory.domain.dossier import EVERYTHING
from kruispunt_directory.domain.knowledge import NetworkLevel
from kruispunt_directory.store.dossiers import DossierStore
from kruispunt_directory.store.reading import DossierReader
from kruispunt_directory.store.rows import dossier_of
from kruispunt_directory.tables import DirectoryTables
from kruispunt_server.call import Call, InstitutionKey, Participant, Purpose, Role
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database
from kruispunt_server.errors import Reason, RegistryError

PENSIONS = InstitutionKey(5, 1)
START = dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)
CALL = Call(
    method="test",
    participant=Participant("pensions", frozenset({Role.SUPPLIER}), PENSIONS),
    purpose=Purpose("18/042", "clerk", "case"),
    now=START,
    deadline=1e18,
)
DAY = st.integers(0, 29)
SPAN = st.tuples(DAY, st.one_of(st.none(), st.integers(1, 29))).filter(lambda s: s[1] is None or s[0] < s[1])
CAPACITY = st.sampled_from([10, 20])
PHASE = st.sampled_from([1, 2])
COMMAND = st.one_of(
    st.tuples(st.just("register"), CAPACITY, PHASE, SPAN),
    st.tuples(st.just("register"), CAPACITY, PHASE, SPAN),
    st.tuples(st.just("close"), st.integers(0, 5), DAY, st.none()),
    st.tuples(st.just("cut"), st.integers(0, 5), SPAN, st.none()),
    st.tuples(st.just("turn"), st.integers(0, 5), DAY, st.none()),
    st.tuples(st.just("remove"), CAPACITY, PHASE, st.none()),
)
persons = itertools.count(1)


def new_person() -> Ssin:
    """Return a number that no example used before."""
    serial = next(persons)
    return Ssin.assemble(
        850_100 + serial // 900 % 12 * 100 + serial // 10800, serial % 900 + 1, born_from_2000=False
    )


class World:
    """The directory and the model, told the same things."""

    def __init__(self, database: Database, tables: DirectoryTables) -> None:
        self.database = database
        self.clock = FixedClock(START)
        self.store = DossierStore(
            database, tables, change_log(database, tables.shared, self.clock), self.clock
        )
        self.reader = DossierReader(database, tables)
        self.person = new_person()
        self.model = Model()

    def tell(self, work: Callable[[DossierBook], Plan]) -> bool:
        """Carry a command out; false if a rule refused it."""
        try:
            with self.database.writing() as transaction:
                book = self.store.open_book(transaction, self.person, PENSIONS)
                self.store.carry_out(transaction, CALL, [work(book)], uuid.uuid4())
        except RegistryError as refusal:
            if refusal.reason not in (Reason.PHASE_OVERLAP, Reason.OUTSIDE_PERIOD):
                raise
            return False
        return True

    def register(self, capacity: int, phase: int, span: tuple[int, int | None]) -> None:
        registration = Registration(capacity, phase, period(*span), NetworkLevel.PRIMARY, "test")
        done = self.tell(
            lambda book: book.register(
                registration, registered_under=self.person, default_level=NetworkLevel.PRIMARY
            )
        )
        assert self.model.register(capacity, phase, *span) == done

    def close(self, nth: int, day: int) -> None:
        if (run := self.pick(nth)) is None:
            return
        done = self.tell(lambda book: book.close(self.identifier(run), "", date_of(day)))
        assert (run[2] < day and (run[3] is None or day <= run[3])) == done
        if done:
            self.model.clear(run, day, None)

    def cut(self, nth: int, span: tuple[int, int | None]) -> None:
        if (run := self.pick(nth)) is None:
            return
        done = self.tell(lambda book: book.cut(self.identifier(run), "", period(*span)))
        assert period(run[2], run[3]).overlaps(period(*span)) == done
        if done:
            self.model.clear(run, *span)

    def turn(self, nth: int, day: int) -> None:
        if (run := self.pick(nth)) is None:
            return
        capacity, phase, begin, end = run
        revision = Revision(phase=3 - phase, effective_from=date_of(day))
        done = self.tell(lambda book: book.update(self.identifier(run), "", revision))
        assert (begin < day and (end is None or day < end)) == done
        if done:
            self.model.clear(run, day, None)
            assert self.model.register(capacity, 3 - phase, day, end)

    def remove(self, capacity: int, phase: int) -> None:
        assert self.tell(lambda book: book.remove(Selection(capacity=capacity, phase=phase)))
        for run in self.model.runs():
            if run[:2] == (capacity, phase):
                self.model.clear(run, 0, None)

    def pick(self, nth: int) -> Run | None:
        runs = self.model.runs()
        return runs[nth % len(runs)] if runs else None

    def identifier(self, run: Run) -> uuid.UUID:
        return next(
            entry.dossier_id
            for entry in self.listed(None)
            if (entry.capacity, entry.phase, entry.period) == (run[0], run[1], period(run[2], run[3]))
        )

    def listed(self, known_at: dt.datetime | None, valid_at: dt.date | None = None) -> list:
        rows = self.reader.list_page(
            self.person, valid_at=valid_at, known_at=known_at, narrowed=EVERYTHING, after=None, limit=1000
        )
        return [dossier_of(row) for row in rows]


def period(begin: int, end: int | None) -> Period:
    return Period(date_of(begin), None if end is None else date_of(end))


def said(runs: list[Run]) -> list[tuple[int, int, Period]]:
    return [(capacity, phase, period(begin, end)) for capacity, phase, begin, end in runs]


@given(commands=st.lists(COMMAND, min_size=1, max_size=12), day=st.integers(0, 35))
@settings(
    max_examples=60,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_directory_agrees_with_the_model(
    database: Database, directory_tables: DirectoryTables, commands: list[tuple], day: int
) -> None:
    """After any commands, every list as of any recorded instant and any day is what the model says."""
    world = World(database, directory_tables)
    for name, *arguments in commands:
        getattr(world, name)(*(argument for argument in arguments if argument is not None))
        world.model.remember(world.clock.now())
        world.clock.advance(dt.timedelta(hours=1))

    assert said(world.model.runs()) == seen(world.listed(None))
    for instant, runs in world.model.past:
        assert said(runs) == seen(world.listed(instant))
        open_then = [run for run in runs if run[2] <= day and (run[3] is None or day < run[3])]
        assert said(open_then) == seen(world.listed(instant, date_of(day)))
    _, rows = world.reader.list_open(world.person, valid_at=date_of(day), limit=1000)
    assert len(
        [run for run in world.model.runs() if run[2] <= day and (run[3] is None or day < run[3])]
    ) == len(rows)


def seen(dossiers: list) -> list[tuple[int, int, Period]]:
    return [(entry.capacity, entry.phase, entry.period) for entry in dossiers]


def test_before_the_first_record_nothing_was_known(
    database: Database, directory_tables: DirectoryTables
) -> None:
    """What was registered later was not known before."""
    world = World(database, directory_tables)
    world.register(10, 1, (0, None))

    assert [] == world.listed(START - dt.timedelta(microseconds=1))
    assert 1 == len(world.listed(START))


@pytest.mark.parametrize("size", [1, 2, 100])
def test_pages_follow_without_gap_or_double(
    database: Database, directory_tables: DirectoryTables, size: int
) -> None:
    """Keyset pages of any size give every dossier once, in order."""
    world = World(database, directory_tables)
    for begin in range(0, 28, 2):
        world.register(10, 1, (begin, begin + 1))
        world.register(20, 2, (begin, begin + 1))
    collected, after = [], None
    while True:
        rows = world.reader.list_page(
            world.person, valid_at=None, known_at=None, narrowed=EVERYTHING, after=after, limit=size
        )
        collected += [dossier_of(row) for row in rows]
        if len(rows) < size:
            break
        last = collected[-1]
        after = [5, 1, last.capacity, last.period.begin, last.phase]

    expected = [(10, begin) for begin in range(0, 28, 2)] + [(20, begin) for begin in range(0, 28, 2)]
    assert [(capacity, date_of(begin)) for capacity, begin in expected] == [
        (entry.capacity, entry.period.begin) for entry in collected
    ]


@pytest.mark.parametrize("change", ["DELETE FROM dossier_version", "UPDATE dossier_version SET phase = 3"])
def test_versions_cannot_be_rewritten(
    database: Database, directory_tables: DirectoryTables, change: str
) -> None:
    """What was known stays known: the database refuses to change a version."""
    World(database, directory_tables).register(10, 1, (0, None))

    with (
        pytest.raises(sa.exc.IntegrityError, match="dossier_version is append-only"),
        database.writing() as transaction,
    ):
        transaction.execute(sa.text(change))
