"""The store of code tables keeps every revision and refuses what does not fit together."""

import datetime as dt
import json
import threading
import uuid
from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa
from tests.directory.knowledge.conftest import (
    CAN_SUPPLY,
    DECISION,
    EVERYTHING,
    FROM_2000,
    MAY_FIRST,
    MAY_OBTAIN,
    NAME,
    PAYMENT,
    PENSION_OFFICE,
    PENSIONS,
    RIGHTS,
    RIGHTS_SET,
)
from tests.support.calls import change_log

from kruispunt.period import Period
from kruispunt_directory.domain.knowledge import DataSetKey, Entry, Knowledge, Labels, Sector
from kruispunt_directory.domain.knowledge_writes import WriteCounts
from kruispunt_directory.store.knowledge import KnowledgeStore
from kruispunt_directory.tables import DirectoryTables
from kruispunt_server.call import Call, InstitutionKey
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database
from kruispunt_server.errors import Reason, RegistryError

DAY = dt.date(2026, 5, 1)
SECOND = dt.timedelta(seconds=1)
Write = Callable[..., WriteCounts]


def test_entries_come_back_as_they_were_written(store: KnowledgeStore, write: Write) -> None:
    """Every kind of entry survives the database unchanged, and entries may refer to later ones."""
    assert WriteCounts(created=9, revised=0, unchanged=0) == write(*EVERYTHING)

    assert set(EVERYTHING) == set(store.latest().all_entries())


def test_an_empty_registry_knows_nothing(store: KnowledgeStore) -> None:
    """Before the first write every look-up answers none."""
    assert [] == store.current().all_entries()
    assert [] == store.at(MAY_FIRST).all_entries()


def test_revisions_are_kept(
    store: KnowledgeStore,
    write: Write,
    clock: FixedClock,
    database: Database,
    directory_tables: DirectoryTables,
) -> None:
    """A second write of a key is revision 2; the first stays, and is what was known before."""
    write(PENSIONS)
    clock.advance(SECOND)
    renamed = replace(PENSIONS, labels=Labels("Anders"))

    assert WriteCounts(created=0, revised=1, unchanged=0) == write(renamed)

    assert [PENSIONS] == store.at(MAY_FIRST).all_entries()
    assert [PENSIONS] == store.at(MAY_FIRST + SECOND / 2).all_entries()
    assert [renamed] == store.at(MAY_FIRST + SECOND).all_entries()
    assert [] == store.at(MAY_FIRST - SECOND).all_entries()
    table = directory_tables.knowledge.sector
    with database.reading() as connection:
        rows = connection.execute(
            sa.select(table.c.revision, table.c.label_nl, table.c.recorded_at).order_by(table.c.revision)
        ).all()
    assert [(1, "Naam", MAY_FIRST), (2, "Anders", MAY_FIRST + SECOND)] == [tuple(row) for row in rows]


def test_an_equal_entry_is_no_revision(
    store: KnowledgeStore, write: Write, database: Database, directory_tables: DirectoryTables
) -> None:
    """What stands already as given writes no row of any kind."""
    write(*EVERYTHING)

    assert WriteCounts(created=0, revised=0, unchanged=9) == write(*EVERYTHING)

    assert 1 == store.latest().number
    with database.reading() as connection:
        assert 9 == connection.scalar(sa.select(sa.func.count()).select_from(directory_tables.shared.change))
        assert 1 == connection.scalar(
            sa.select(sa.func.count()).select_from(directory_tables.knowledge.knowledge_revision)
        )


def test_every_change_is_journalled(
    write: Write, database: Database, directory_tables: DirectoryTables
) -> None:
    """The change log tells what was before and after, of nobody."""
    write(PENSIONS)
    write(replace(PENSIONS, validity=Period(dt.date(2000, 1, 1), dt.date(2027, 1, 1))))
    change = directory_tables.shared.change

    with database.reading() as connection:
        rows = connection.execute(
            sa.select(change.c.kind, change.c.subject, change.c.key_id, change.c.payload).order_by(
                change.c.entry_no
            )
        ).all()

    created, revised = rows
    assert [("sector.created", None, None), ("sector.revised", None, None)] == [
        tuple(row)[:3] for row in (created, revised)
    ]
    assert ["after"] == list(json.loads(created.payload))
    told = json.loads(revised.payload)
    assert (None, "2027-01-01") == (told["before"]["end_day"], told["after"]["end_day"])


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        (replace(PENSION_OFFICE, key=InstitutionKey(6, 1)), "institution.institution.sector"),
        (replace(PAYMENT, sector=6), "capacity.sector"),
        (replace(CAN_SUPPLY, data_set=DataSetKey("PENSION-RIGHTS", 2)), "availability.data_set"),
        (replace(CAN_SUPPLY, sector=6, capacity=0), "availability.sector"),
        (replace(CAN_SUPPLY, institution=9), "availability.institution"),
        (replace(CAN_SUPPLY, capacity=20), "availability.capacity"),
        (replace(MAY_OBTAIN, data_set=DataSetKey("OTHER", 0)), "authorisation.data_set"),
        (replace(MAY_OBTAIN, consumer_sector=6), "authorisation.consumer_sector"),
        (replace(MAY_OBTAIN, consumer_institution=1), "authorisation.consumer_institution"),
        (replace(MAY_OBTAIN, consumer_capacity=100), "authorisation.consumer_capacity"),
        (
            replace(MAY_OBTAIN, supplier_sector=6, supplier_institution=None),
            "authorisation.supplier_sector",
        ),
        (replace(MAY_OBTAIN, supplier_institution=2), "authorisation.supplier_institution"),
        (replace(MAY_OBTAIN, deliberation_id="18/043"), "authorisation.deliberation_id"),
        (replace(MAY_OBTAIN, validity=Period(dt.date(1999, 12, 31))), "authorisation.data_set"),
    ],
)
def test_a_reference_that_leads_nowhere_is_refused(
    store: KnowledgeStore, write: Write, entry: Entry, field: str
) -> None:
    """The refusal names the reference by its path, and nothing of the request is written."""
    write(*EVERYTHING)

    with pytest.raises(RegistryError) as refused:
        write(Sector(99, NAME, FROM_2000), entry)

    assert (Reason.REFERENCE_UNKNOWN, f"entries[1].{field}") == (refused.value.reason, refused.value.field)
    assert set(EVERYTHING) == set(store.latest().all_entries())


def test_an_ended_deliberation_authorises_nothing(store: KnowledgeStore, write: Write) -> None:
    """An authorisation does not outlive its legal basis, though nobody ended it."""
    write(*EVERYTHING)
    consumer = InstitutionKey(17, 3)
    assert [MAY_OBTAIN] == store.latest().authorisations(RIGHTS, consumer, "18/042", DAY)

    write(replace(DECISION, validity=Period(dt.date(2000, 1, 1), DAY)))

    assert [] == store.latest().authorisations(RIGHTS, consumer, "18/042", DAY)


def test_an_entry_can_be_ended_after_what_it_refers_to(store: KnowledgeStore, write: Write) -> None:
    """References are checked for the first day of validity only, so that ending needs no order."""
    write(*EVERYTHING)
    ended = Period(dt.date(2000, 1, 1), DAY)
    write(replace(RIGHTS_SET, validity=ended))

    assert WriteCounts(created=0, revised=1, unchanged=0) == write(replace(CAN_SUPPLY, validity=ended))
    assert [] == store.latest().availabilities(RIGHTS, DAY)


def test_a_view_in_memory_is_refreshed_once_a_second(
    database: Database, directory_tables: DirectoryTables, clock: FixedClock, write: Write
) -> None:
    """What another process wrote is seen when the view is a second old, not before."""
    seconds = [100.0]
    reader = KnowledgeStore(
        database,
        directory_tables,
        change_log(database, directory_tables.shared, clock),
        clock,
        monotonic=lambda: seconds[0],
    )
    assert [] == reader.current().all_entries()
    write(PENSIONS)

    seconds[0] += 0.9
    assert [] == reader.current().all_entries()
    seconds[0] += 0.2
    assert [PENSIONS] == reader.current().all_entries()


def test_an_unchanged_registry_is_not_read_again(store: KnowledgeStore, write: Write) -> None:
    """A refresh that finds the same number keeps the very same view."""
    write(*EVERYTHING)

    assert store.latest() is store.latest()


def test_others_use_the_old_view_while_one_refreshes(
    database: Database, directory_tables: DirectoryTables, clock: FixedClock
) -> None:
    """One refresher at a time; who comes meanwhile does not wait for the database."""
    seconds = [100.0]
    reader = KnowledgeStore(
        database,
        directory_tables,
        change_log(database, directory_tables.shared, clock),
        clock,
        monotonic=lambda: seconds[0],
    )
    old = reader.current()
    asked, answer = threading.Event(), threading.Event()

    def slow_latest() -> Knowledge:
        asked.set()
        assert answer.wait(10)
        return Knowledge([PENSIONS], 1)

    reader.latest = slow_latest  # type: ignore[method-assign]
    seconds[0] += 2
    refreshed: list[Knowledge] = []
    refresher = threading.Thread(target=lambda: refreshed.append(reader.current()))
    refresher.start()
    assert asked.wait(10)

    assert reader.current() is old

    answer.set()
    refresher.join(10)
    assert [[PENSIONS]] == [view.all_entries() for view in refreshed]
    assert reader.current() is refreshed[0]


def test_an_undone_write_leaves_no_trace(database: Database, store: KnowledgeStore, call: Call) -> None:
    """A transaction that fails after the write shows in no view, and its number is given again."""

    def fail_afterwards() -> None:
        with database.writing() as connection:
            store.write(connection, call, [PENSIONS], uuid.uuid4())
            store.write(connection, call, [replace(PENSIONS, labels=Labels("Anders"))], uuid.uuid4())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_afterwards()

    assert [] == store.latest().all_entries()
    with database.writing() as connection:
        store.write(connection, call, [DECISION], uuid.uuid4())
    assert (1, [DECISION]) == (store.latest().number, store.latest().all_entries())


def test_two_writers_do_not_interleave(
    database: Database, store: KnowledgeStore, call: Call, write: Write
) -> None:
    """Writes at the same moment follow each other: each revision is made on the one before."""
    write(PENSIONS)
    failures: list[BaseException] = []

    def rename(name: str) -> None:
        try:
            with database.writing() as connection:
                store.write(connection, call, [replace(PENSIONS, labels=Labels(name))], uuid.uuid4())
        except BaseException as error:  # noqa: BLE001 - told by the assertion
            failures.append(error)

    threads = [threading.Thread(target=rename, args=(f"naam {n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert [] == failures
    assert 9 == store.latest().number


def test_a_clock_that_goes_back_does_not_reorder_the_past(
    store: KnowledgeStore, write: Write, clock: FixedClock
) -> None:
    """A write never counts from before the one that it follows."""
    write(PENSIONS)
    clock.advance(-10 * SECOND)
    write(DECISION)

    assert [] == store.at(MAY_FIRST - SECOND).all_entries()
    assert [PENSIONS, DECISION] == store.at(MAY_FIRST).all_entries()
