"""A store of code tables on each database, a few entries, and somebody who writes them."""

import datetime as dt
import time
import uuid
from collections.abc import Callable

import pytest
from tests.support.calls import change_log

from kruispunt.period import Period
from kruispunt_directory.domain.knowledge import (
    Authorisation,
    Availability,
    Capacity,
    DataSet,
    DataSetKey,
    Deliberation,
    Entry,
    Institution,
    Labels,
    NetworkLevel,
    Phase,
    Sector,
)
from kruispunt_directory.domain.knowledge_writes import WriteCounts
from kruispunt_directory.servicer.knowledge import KnowledgeServicer
from kruispunt_directory.store.knowledge import KnowledgeStore
from kruispunt_directory.tables import DirectoryTables
from kruispunt_server.call import Call, InstitutionKey, Participant, Role
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database
from kruispunt_server.tokens import PageTokens
from kruispunt_server.writes import Writes

MAY_FIRST = dt.datetime(2026, 5, 1, 10, 0, tzinfo=dt.UTC)
ADMINISTRATOR = Participant("administration", frozenset({Role.ADMINISTRATOR}), None)
FROM_2000 = Period(dt.date(2000, 1, 1))
NAME = Labels("Naam", "Nom", "Name", "Name", ("en",))
RIGHTS = DataSetKey("PENSION-RIGHTS", 1)

PENSIONS = Sector(5, NAME, FROM_2000)
WELFARE = Sector(17, NAME, FROM_2000)
PENSION_OFFICE = Institution(InstitutionKey(5, 1), NAME, "0206731645", NetworkLevel.PRIMARY, FROM_2000)
PAYMENT = Capacity(5, 100, NAME, (Phase(0, NAME), Phase(20, NAME)), FROM_2000)
DEFINITIVE = Capacity(None, 0, NAME, (), FROM_2000)
RIGHTS_SET = DataSet(RIGHTS, NAME, FROM_2000)
DECISION = Deliberation("18/042", NAME, "https://example.org/18/042", FROM_2000)
CAN_SUPPLY = Availability("AV-1", RIGHTS, 5, None, 100, 20, FROM_2000)
MAY_OBTAIN = Authorisation("AU-1", RIGHTS, 17, None, 0, 0, 5, 1, "18/042", FROM_2000)
EVERYTHING: tuple[Entry, ...] = (
    MAY_OBTAIN,  # what it refers to comes later on purpose
    CAN_SUPPLY,
    PENSIONS,
    WELFARE,
    PENSION_OFFICE,
    PAYMENT,
    DEFINITIVE,
    RIGHTS_SET,
    DECISION,
)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MAY_FIRST)


@pytest.fixture
def store(database: Database, directory_tables: DirectoryTables, clock: FixedClock) -> KnowledgeStore:
    return KnowledgeStore(
        database, directory_tables, change_log(database, directory_tables.shared, clock), clock
    )


@pytest.fixture
def call(clock: FixedClock) -> Call:
    return Call("test", ADMINISTRATOR, None, clock.now(), time.monotonic() + 60)


@pytest.fixture
def write(database: Database, store: KnowledgeStore, call: Call) -> Callable[..., WriteCounts]:
    """Writes the entries it is given, in a transaction of its own."""

    def write_entries(*entries: Entry) -> WriteCounts:
        with database.writing() as connection:
            return store.write(connection, call, entries, uuid.uuid4())

    return write_entries


@pytest.fixture
def servicer(
    database: Database, directory_tables: DirectoryTables, store: KnowledgeStore, clock: FixedClock
) -> KnowledgeServicer:
    writes = Writes(database, directory_tables.shared, clock)
    return KnowledgeServicer(store, writes, PageTokens(b"0123456789abcdef"), clock)
