"""A follower of the registers without the registers: messages are given to it by hand, on both stores."""

import datetime as dt
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa
from tests.support.calls import change_log

from kruispunt.period import Period
from kruispunt.ssin import Ssin
from kruispunt_directory.domain.book import Registration
from kruispunt_directory.domain.knowledge import NetworkLevel
from kruispunt_directory.domain.told import RegisterChange, RegisterCommit, SignOfLife, SnapshotPart, Told
from kruispunt_directory.following.applying import Applier
from kruispunt_directory.following.effects import Stores
from kruispunt_directory.store.cursors import CursorStore
from kruispunt_directory.store.dossiers import DossierStore
from kruispunt_directory.store.notices import NoticeStore
from kruispunt_directory.store.projection import NumberProjection
from kruispunt_directory.tables import DirectoryTables
from kruispunt_server.call import Call, InstitutionKey, Participant, Purpose, Role
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database
from kruispunt_server.ids import new_id

NOON = dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)
CHANGED = dt.datetime(2026, 3, 3, 11, tzinfo=dt.UTC)
PENSIONS, WELFARE = InstitutionKey(5, 1), InstitutionKey(17, 1)
A, B, C = Ssin.parse("42012205181"), Ssin.parse("75060898009"), Ssin.parse("85073003328")
WHY = Purpose("kruispunt", "directory", "following")

Seen = tuple[InstitutionKey, int, dt.date, dt.date | None]


@dataclass
class World:
    """The follower, what it writes, and institutions that register."""

    database: Database
    tables: DirectoryTables
    clock: FixedClock
    dossiers: DossierStore
    notices: NoticeStore
    applier: Applier
    _places: Iterator[int] = field(default_factory=itertools.count)

    def register(
        self,
        under: Ssin,
        institution: InstitutionKey,
        begin: dt.date,
        end: dt.date | None = None,
        phase: int = 20,
    ) -> None:
        """Register a dossier in capacity 100."""
        self.clock.advance(dt.timedelta(seconds=1))
        call = Call(
            "test", Participant("one", frozenset({Role.SUPPLIER}), institution), WHY, self.clock.now(), 1e18
        )
        with self.database.writing() as transaction:
            resolution = self.dossiers.settle(transaction, under)
            book = self.dossiers.open_book(transaction, resolution.current, institution)
            plan = book.register(
                Registration(100, phase, Period(begin, end), None, None),
                registered_under=under,
                default_level=NetworkLevel.PRIMARY,
            )
            self.dossiers.carry_out(transaction, call, [plan], new_id())

    def told(self, *changes: RegisterChange) -> Told:
        """Return a commit as the next message."""
        place = next(self._places)
        return Told(f"token-{place}", place, RegisterCommit(place, CHANGED, list(changes)))

    def tell(self, *changes: RegisterChange) -> Told:
        """Apply a commit."""
        return self.apply(self.told(*changes))

    def show(self, part: SnapshotPart) -> Told:
        """Apply a part of a snapshot."""
        place = next(self._places)
        return self.apply(Told(f"token-{place}", place, part))

    def beat(self, until: dt.datetime) -> Told:
        """Apply a sign of life."""
        place = next(self._places)
        return self.apply(Told(f"token-{place}", place, SignOfLife(until)))

    def apply(self, message: Told) -> Told:
        """Apply a message right after the one before."""
        self.clock.advance(dt.timedelta(seconds=1))
        cursor = self.applier.cursor()
        self.applier.apply(message, cursor.resume_token if cursor else None)
        return message

    def listed(self, number: Ssin) -> list[Seen]:
        """Return the dossiers that stand under a number."""
        with self.database.reading() as connection:
            standing = self.dossiers.standing(connection, [number])
        return sorted((each.institution, each.phase, each.period.begin, each.period.end) for each in standing)

    def noticed(self, institution: InstitutionKey) -> list[tuple[int, str, Ssin, Ssin]]:
        """Return (number, kind, ssin, current) of an institution's notices."""
        found = self.notices.list_after(institution, 0, 1000)
        return [(each.notice_no, each.kind.name, each.ssin, each.current) for each in found]

    def count(self, table: sa.Table) -> int:
        """Return how many rows a table has."""
        with self.database.reading() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


@pytest.fixture
def world(database: Database, directory_tables: DirectoryTables) -> World:
    """The follower on a database of this test alone."""
    return make_world(database, directory_tables)


def make_world(database: Database, tables: DirectoryTables, **kwargs: Any) -> World:
    """Return a follower on a database."""
    clock = FixedClock(NOON)
    dossiers = DossierStore(database, tables, change_log(database, tables.shared, clock), clock)
    notices = NoticeStore(database, tables)
    stores = Stores(dossiers, NumberProjection(database, tables), notices)
    applier = Applier(database, CursorStore(database, tables), stores, clock, WHY)
    return World(database, tables, clock, dossiers, notices, applier, **kwargs)
